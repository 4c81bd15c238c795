//! Installs a known agent, outside of the sandbox and before anything of the repository runs.
//!
//! npm fetches exactly what our lockfile names, by its hashes, and runs no script of any package.
//! What was installed before is used as it is. npm finds its registry by the machine's own
//! configuration, which is not known here.

use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use super::presets::{Recipe, recipe};
use crate::protocol::brief::Preset;
use crate::protocol::progress::Phase;
use crate::runner::WorkOptions;
use crate::runner::failure::Failure;
use crate::sandbox::{clean_line, locate};

/// Time for npm: some hundred megabytes on a slow line.
const INSTALL: Duration = Duration::from_secs(10 * 60);
/// Characters of npm's words that are repeated.
const WORDS_CHARS: usize = 300;

/// What npm is told.
const CLEAN_INSTALL: [&str; 7] = [
    "ci",
    "--ignore-scripts",
    "--no-audit",
    "--no-fund",
    "--no-update-notifier",
    "--no-progress",
    "--loglevel=error",
];

/// What stands in our environment and is none of npm's business.
const NOT_FOR_NPM: [&str; 7] = [
    "CASTELLAN_TICKET",
    "CASTELLAN_READ_TOKEN",
    "GITHUB_TOKEN",
    "ACTIONS_RUNTIME_TOKEN",
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
    "ACTIONS_ID_TOKEN_REQUEST_URL",
    "NODE_OPTIONS",
];

/// The folder `node_modules` that holds the agent, which is installed where it is not yet.
pub(in crate::runner) async fn install(
    options: &WorkOptions,
    preset: Preset,
) -> Result<PathBuf, Failure> {
    let recipe = recipe(preset);
    let name = preset.as_str();
    let folder = options.agents.join(format!("{name}-{}", recipe.version));
    if !folder.exists() {
        fetch(options, name, recipe, &folder).await?;
    }
    ours(&folder, recipe)?;
    Ok(folder.join("node_modules"))
}

/// Installs into a folder beside, which gets its name only when it is whole.
async fn fetch(
    options: &WorkOptions,
    name: &str,
    recipe: &Recipe,
    folder: &Path,
) -> Result<(), Failure> {
    let npm = locate("npm", &options.search).ok_or_else(|| {
        failure(
            format!("npm is not installed on the runner, which {name} is installed with"),
            "install Node.js with npm before `castellan work`, or give --agents \
             (CASTELLAN_AGENTS) a folder in which the agent is installed",
        )
    })?;
    let broken = |error: io::Error| {
        Failure::of_machine(Phase::Setup, "making a folder for the agent", &error)
    };
    open_folders(&options.agents).map_err(broken)?;
    let partial = tempfile::Builder::new()
        .prefix(&format!("{name}-partial-"))
        .tempdir_in(&options.agents)
        .map_err(broken)?;
    std::fs::write(partial.path().join("package.json"), recipe.manifest).map_err(broken)?;
    std::fs::write(partial.path().join("package-lock.json"), recipe.lockfile).map_err(broken)?;
    let mut command = tokio::process::Command::new(npm);
    command.args(CLEAN_INSTALL).current_dir(partial.path());
    command.stdin(Stdio::null()).kill_on_drop(true);
    for variable in NOT_FOR_NPM {
        command.env_remove(variable);
    }
    match tokio::time::timeout(INSTALL, command.output()).await {
        Err(_) => {
            return Err(failure(
                format!(
                    "installing {name} took more than {} minutes",
                    INSTALL.as_secs() / 60
                ),
                "look at the network between the runner and npm's registry, or give --agents \
                 (CASTELLAN_AGENTS) a folder in which the agent is installed",
            ));
        }
        Ok(Err(error)) => return Err(Failure::of_machine(Phase::Setup, "starting npm", &error)),
        Ok(Ok(output)) if !output.status.success() => return Err(refused(name, recipe, &output)),
        Ok(Ok(_)) => {}
    }
    let mode = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(partial.path(), mode).map_err(broken)?;
    match std::fs::rename(partial.path(), folder) {
        Ok(()) => {
            // It has another name now, under which nothing removes it.
            let _ = partial.keep();
            Ok(())
        }
        // Another attempt on this machine was faster; ours is removed.
        Err(_) if folder.exists() => Ok(()),
        Err(error) => Err(broken(error)),
    }
}

/// Makes a folder that the sandbox's account can pass.
fn open_folders(path: &Path) -> io::Result<()> {
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o755)
        .create(path)
}

/// What is run for the agent must be nobody's to change but ours, and what the lockfile says.
fn ours(folder: &Path, recipe: &Recipe) -> Result<(), Failure> {
    let shown = folder.display();
    let found = folder.metadata();
    let found = found.map_err(|error| {
        Failure::of_machine(Phase::Setup, "looking at the agent's folder", &error)
    })?;
    let us = rustix::process::geteuid();
    let owner = found.uid();
    if (owner != us.as_raw() && owner != 0) || found.mode() & 0o022 != 0 {
        return Err(failure(
            format!("{shown} can be changed by other accounts of the runner"),
            "remove it, or give --agents (CASTELLAN_AGENTS) a folder of the runner's own account",
        ));
    }
    let manifest = folder
        .join("node_modules")
        .join(package_here(recipe))
        .join("package.json");
    let version = std::fs::read(&manifest)
        .ok()
        .and_then(|text| serde_json::from_slice::<serde_json::Value>(&text).ok())
        .and_then(|manifest| manifest["version"].as_str().map(str::to_owned));
    match version {
        Some(version) if version == recipe.version => Ok(()),
        Some(version) => Err(failure(
            format!("{shown} holds version {version}, not {}", recipe.version),
            "remove that folder: it is installed again",
        )),
        None => Err(failure(
            format!("{shown} does not hold {}", package_here(recipe)),
            "remove that folder: it is installed again; not every agent is made for every processor",
        )),
    }
}

/// The recipe's package, as it is named for this machine's processor.
fn package_here(recipe: &Recipe) -> String {
    match recipe.package.strip_suffix("-x64") {
        Some(name) => format!("{name}-{}", super::presets::PROCESSOR),
        None => recipe.package.to_owned(),
    }
}

/// What npm's last words mean.
fn refused(name: &str, recipe: &Recipe, output: &Output) -> Failure {
    let said = String::from_utf8_lossy(&output.stderr);
    let has = |codes: &[&str]| codes.iter().any(|code| said.contains(code));
    let remedy = if has(&["EINTEGRITY"]) {
        "what the registry gave is not what was pinned: look at the registry before anything else"
    } else if has(&[
        "ENOTFOUND",
        "ECONNREFUSED",
        "ETIMEDOUT",
        "EAI_AGAIN",
        "ECONNRESET",
        "network",
    ]) {
        "let the runner reach npm's registry before `castellan work`, or give --agents \
         (CASTELLAN_AGENTS) a folder in which the agent is installed"
    } else if has(&["E404", "ETARGET"]) {
        "the registry has not that version: see which registry the runner's npm is told to use"
    } else if has(&["EUSAGE", "EBADENGINE"]) {
        "install npm 8 or newer before `castellan work`"
    } else {
        "read npm's words; try `npm ci --ignore-scripts` by hand in a copy of deploy/agents"
    };
    let words = clean_line(&said, WORDS_CHARS);
    failure(
        format!("npm could not install {name} {}: {words}", recipe.version),
        remedy,
    )
}

fn failure(cause: impl AsRef<str>, remedy: &str) -> Failure {
    Failure::new(Phase::Setup, cause, remedy)
}
