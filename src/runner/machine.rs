//! The machine of a job: what the sandbox needs on it, looked for and installed where we may.
//!
//! Hosted machines of GitHub Actions come without bubblewrap, and Ubuntu's AppArmor keeps user
//! namespaces from it; `sudo` asks for no password there. Elsewhere nothing is installed: the
//! remedy is named, and nothing runs without a sandbox (U14).

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

use super::WorkOptions;
use super::failure::Failure;
use crate::protocol::progress::Phase;
use crate::sandbox::{Sandbox, Unavailable, clean_line, locate};

/// Lets bubblewrap make user namespaces; the same file is there to be installed by hand.
const PROFILE: &str = include_str!("../../deploy/apparmor/bwrap");
/// Where profiles are; the folder is there only where AppArmor is.
const PROFILES: &str = "/etc/apparmor.d";
/// Longest that one step may take: a package and its lists over a slow line.
const STEP_MAX: Duration = Duration::from_secs(180);

/// The sandbox of this machine, installed where it is missing and we may.
pub(super) async fn sandbox(options: &WorkOptions) -> Result<Sandbox, Failure> {
    let failed = |no: Unavailable| Failure::new(Phase::Sandbox, no.what, no.remedy);
    let missing = match Sandbox::find(&options.search).await {
        Ok(sandbox) => return Ok(sandbox),
        Err(missing) => missing,
    };
    let Some(sudo) = options.may_install.then(|| locate("sudo", &options.search)) else {
        return Err(failed(missing));
    };
    tracing::warn!(missing = %missing.what, "the sandbox cannot start; installing what it needs");
    if let Err(said) = install(options, sudo.as_deref()).await {
        let what = format!("{}; installing what it needs failed: {said}", missing.what);
        return Err(Failure::new(Phase::Sandbox, what, missing.remedy));
    }
    Sandbox::find(&options.search).await.map_err(failed)
}

/// Installs bubblewrap where it is missing, and its profile where AppArmor is.
async fn install(options: &WorkOptions, sudo: Option<&Path>) -> Result<(), String> {
    let root = Root {
        sudo: (!rustix::process::geteuid().is_root())
            .then_some(sudo)
            .flatten(),
        search: &options.search,
    };
    if locate("bwrap", &options.search).is_none() {
        root.runs(&["apt-get", "-qq", "update"]).await?;
        let packages = ["bubblewrap", "util-linux"];
        let install = [
            "apt-get",
            "-qq",
            "install",
            "--yes",
            "--no-install-recommends",
        ];
        root.runs(&[&install[..], &packages[..]].concat()).await?;
    }
    if Path::new(PROFILES).is_dir() && locate("apparmor_parser", &options.search).is_some() {
        let file = tempfile::NamedTempFile::new().map_err(|error| error.to_string())?;
        std::fs::write(file.path(), PROFILE).map_err(|error| error.to_string())?;
        let from = file.path().display().to_string();
        let to = PathBuf::from(PROFILES).join("bwrap").display().to_string();
        root.runs(&["install", "-m", "644", &from, &to]).await?;
        root.runs(&["apparmor_parser", "--replace", &to]).await?;
    }
    Ok(())
}

/// Runs programs as root: by itself, or by a sudo that asks nothing.
struct Root<'a> {
    sudo: Option<&'a Path>,
    search: &'a [PathBuf],
}

impl Root<'_> {
    async fn runs(&self, words: &[&str]) -> Result<(), String> {
        let shown = words.join(" ");
        let mut command = match self.sudo {
            Some(sudo) => {
                let mut command = Command::new(sudo);
                // What root runs, only root can end.
                let seconds = (STEP_MAX.as_secs() - 10).to_string();
                command.args(["-n", "DEBIAN_FRONTEND=noninteractive", "timeout", &seconds]);
                command.args(words);
                command
            }
            None => {
                let program = locate(words[0], self.search);
                let program = program.ok_or_else(|| format!("{} is not installed", words[0]))?;
                let mut command = Command::new(program);
                command.args(&words[1..]);
                command
            }
        };
        let path = std::env::join_paths(self.search).map_err(|error| error.to_string())?;
        command.env_clear().env("PATH", path);
        command.env("DEBIAN_FRONTEND", "noninteractive");
        command.stdin(Stdio::null()).kill_on_drop(true);
        let ended = tokio::time::timeout(STEP_MAX, command.output()).await;
        let output = ended
            .map_err(|_| format!("`{shown}` took more than {} s", STEP_MAX.as_secs()))?
            .map_err(|error| format!("`{shown}` could not be started ({error})"))?;
        if output.status.success() {
            return Ok(());
        }
        let said = clean_line(&String::from_utf8_lossy(&output.stderr), 300);
        Err(format!("`{shown}` failed: {said}"))
    }
}
