//! The workflow file of a repository, executed by act on this machine.
//!
//! act is <https://github.com/nektos/act>, in its host mode: each step is a process of ours.
//! What it does not model is listed in FIDELITY.md. Knows how a run is laid out for it.

use std::path::Path;
use std::sync::Arc;

use serde_json::json;
use tempfile::TempDir;

use super::YardError;
use super::ci::checkout;
use super::identity::ISSUER_PATH;
use super::jobs::{Act, HeldRun, Program};
use super::shared::Shared;

/// The line that act's schema does not know yet, and GitHub does since September 2026.
const UNKNOWN_TO_ACT: &str = "cache-mode: none";

impl Act {
    /// Lays a run out: the commit that it was dispatched on, and act's command line. The folder
    /// must live as long as the run.
    pub(super) fn lay(
        &self,
        shared: &Arc<Shared>,
        held: &HeldRun,
    ) -> Result<(TempDir, Program), YardError> {
        let folder = tempfile::Builder::new()
            .prefix("castellan-act-")
            .tempdir_in(&self.scratch)?;
        let (repo, id) = (held.repo, held.run_id.0);
        let (git, head, workflow, branch, id_token, server) = shared.look(|world| {
            let known = world.repo(repo)?;
            let run = known.runs.get(&id).ok_or(YardError::NoSuch("run"))?;
            let (workflow, branch) = (run.workflow.clone(), known.default_branch.clone());
            let (head, id_token) = (run.head.clone(), run.id_token_request.clone());
            let server = world.base_url.clone();
            Ok::<_, YardError>((known.git.clone(), head, workflow, branch, id_token, server))
        })?;
        let dir = folder.path().join("repository");
        checkout(&git, &head, &dir)?;
        let file = format!(".github/workflows/{workflow}");
        without_what_act_refuses(&dir.join(&file))?;
        let event = folder.path().join("event.json");
        let what = json!({
            "inputs": held.inputs, "ref": format!("refs/heads/{branch}"),
            "repository": {"full_name": held.repository, "default_branch": branch},
        });
        std::fs::write(&event, what.to_string())?;
        // In a file, because arguments can be read by every process of this machine.
        let variables = folder.path().join("variables");
        let mut of_run = format!(
            "GITHUB_RUN_ID={id}\nGITHUB_RUN_ATTEMPT={}\n\
             ACTIONS_ID_TOKEN_REQUEST_URL={server}{ISSUER_PATH}/request?run={id}\n\
             ACTIONS_ID_TOKEN_REQUEST_TOKEN={id_token}\n",
            held.run_attempt
        );
        for (name, value) in &self.variables {
            of_run.push_str(&format!("{name}={value}\n"));
        }
        std::fs::write(&variables, of_run)?;
        let argv = [
            self.program.display().to_string(),
            "workflow_dispatch".to_owned(),
            "--platform=ubuntu-24.04=-self-hosted".to_owned(),
            "--no-cache-server".to_owned(),
            format!("--eventpath={}", event.display()),
            format!("--workflows={file}"),
            format!("--env-file={}", variables.display()),
            // Named only: its value is in act's own environment.
            "--secret=GITHUB_TOKEN".to_owned(),
        ];
        let home = folder.path().display().to_string();
        let env = [
            ("PATH", self.path.clone()),
            ("HOME", home.clone()),
            ("XDG_CACHE_HOME", format!("{home}/cache")),
            ("XDG_CONFIG_HOME", format!("{home}/config")),
        ];
        let program = Program {
            argv: argv.to_vec(),
            env: env.map(|(name, value)| (name.to_owned(), value)).to_vec(),
            dir,
            enters: None,
        };
        Ok((folder, program))
    }
}

/// Takes that one line out of the file that act reads; nothing else differs.
fn without_what_act_refuses(file: &Path) -> Result<(), YardError> {
    let text = std::fs::read_to_string(file)?;
    let kept = text.lines().filter(|line| *line != UNKNOWN_TO_ACT);
    let kept: String = kept.flat_map(|line| [line, "\n"]).collect();
    std::fs::write(file, kept)?;
    Ok(())
}
