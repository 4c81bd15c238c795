//! `castellan work`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use castellan::domain::ids::RunId;
use castellan::protocol::enter::RunIdentity;
use castellan::runner::{self, Ended, WorkOptions};
use castellan::sandbox::{Sandbox, locate, without_commands};
use clap::Args;
use url::Url;

/// Work on one attempt.
#[derive(Args)]
pub(crate) struct Work {
    /// Address of the Castellan server
    #[arg(long, env = "CASTELLAN_SERVER", required_unless_present = "check")]
    server: Option<Url>,
    /// The single-use ticket of this run
    #[arg(
        long,
        env = "CASTELLAN_TICKET",
        hide_env_values = true,
        required_unless_present = "check"
    )]
    ticket: Option<String>,
    /// Number of this workflow run
    #[arg(long, env = "GITHUB_RUN_ID", required_unless_present = "check")]
    run_id: Option<i64>,
    /// Attempt of this workflow run
    #[arg(long, env = "GITHUB_RUN_ATTEMPT", default_value_t = 1)]
    run_attempt: u32,
    /// Token to read the repository with
    #[arg(long, env = "CASTELLAN_READ_TOKEN", hide_env_values = true)]
    read_token: Option<String>,
    /// Folder for this attempt's files
    #[arg(long, env = "CASTELLAN_SCRATCH", default_value = "/var/tmp")]
    scratch: PathBuf,
    /// Folders that the agent and the commands may read, comma-separated
    #[arg(long, env = "CASTELLAN_READ_ONLY", value_delimiter = ',')]
    read_only: Vec<PathBuf>,
    /// Folder in which agents are installed [default: castellan-agents in the folder for scratch]
    #[arg(long, env = "CASTELLAN_AGENTS")]
    agents: Option<PathBuf>,
    /// Install what the sandbox needs where it is missing, with sudo: for hosted machines
    #[arg(long, env = "CASTELLAN_INSTALL")]
    install: bool,
    /// Only say what this machine lacks for the work, and how to get it
    #[arg(long)]
    check: bool,
    /// Folders in which programs are looked up
    #[arg(long, env = "PATH", hide_env_values = true, hide = true)]
    search: Option<std::ffi::OsString>,
}

impl Work {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        super::log_to_stderr("info")?;
        let own = std::env::current_exe()?;
        // An agent that lies beside this program is found first.
        let beside = own.parent().map(PathBuf::from);
        // A relative one would be looked for in what the repository brought.
        let folders = self.search.as_deref().map(std::env::split_paths);
        let folders = folders
            .into_iter()
            .flatten()
            .filter(|path| path.is_absolute());
        let search: Vec<PathBuf> = beside.into_iter().chain(folders).collect();
        if self.check {
            return super::runtime()?.block_on(check(&search, &self.scratch));
        }
        let options = WorkOptions {
            server: self.server.context("--server is needed")?,
            ticket: self.ticket.context("--ticket is needed")?,
            run: RunIdentity {
                run_id: RunId(self.run_id.context("--run-id is needed")?),
                run_attempt: self.run_attempt,
            },
            read_token: self.read_token,
            agents: self
                .agents
                .unwrap_or_else(|| self.scratch.join("castellan-agents")),
            scratch: self.scratch,
            search,
            may_install: self.install,
            read_only: self.read_only,
            relay_program: Some(own),
            secret_of: Arc::new(castellan::settings::tool_secret),
            plain_tool_servers: false,
            pace: runner::Pace::default(),
            resolve: runner::Resolve::default(),
        };
        let summary = super::runtime()?.block_on(async {
            tokio::select! {
                // Asked first, so that a signal finds somebody from the beginning on.
                biased;
                // Dropping the work ends what it started and removes its folders.
                () = super::serve::ended() => anyhow::bail!("told to end; the server will give the attempt up when its time is over"),
                summary = runner::work(options) => Ok(summary?),
            }
        });
        // The server's words stand in the chain.
        let summary = summary.map_err(|error| {
            let said = without_commands(&format!("{error:#}"));
            anyhow::anyhow!(said)
        })?;
        let how = match summary.ended {
            Ended::Returned { outcome, .. } => format!("returned, {outcome}"),
            Ended::Stopped { because } => format!("stopped, {because}"),
        };
        let (task, attempt) = (&summary.task, summary.attempt);
        let said = format!("task {task}, attempt {attempt}: {how}");
        println!("{}", without_commands(&said));
        Ok(ExitCode::SUCCESS)
    }
}

/// Says what this machine lacks, with the remedy for each.
async fn check(search: &[PathBuf], scratch: &Path) -> anyhow::Result<ExitCode> {
    let mut lacks = Vec::new();
    if locate("git", search).is_none() {
        lacks.push(
            "git is not installed: install it, for example with `sudo apt-get install git`"
                .to_owned(),
        );
    }
    match Sandbox::find(search).await {
        Ok(sandbox) => {
            if let Err(error) = sandbox.folder(scratch, "castellan-check-") {
                lacks.push(format!("{}: {error}", scratch.display()));
            }
        }
        Err(no) => lacks.push(format!("{}: {}", no.what, no.remedy)),
    }
    for lack in &lacks {
        println!("{lack}");
    }
    if lacks.is_empty() {
        println!("This machine has what the work needs: git, and a sandbox that starts.");
        return Ok(ExitCode::SUCCESS);
    }
    Ok(ExitCode::FAILURE)
}
