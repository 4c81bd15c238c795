//! `castellan work`, and the relay that it starts inside of a sandbox.

use std::path::PathBuf;
use std::process::ExitCode;

use castellan::domain::ids::RunId;
use castellan::protocol::enter::RunIdentity;
use castellan::runner::{self, Ended, WorkOptions};
use clap::Args;
use url::Url;

/// Work on one attempt.
#[derive(Args)]
pub(crate) struct Work {
    /// Address of the Castellan server
    #[arg(long, env = "CASTELLAN_SERVER")]
    server: Url,
    /// The single-use ticket of this run
    #[arg(long, env = "INPUT_TICKET", hide_env_values = true)]
    ticket: String,
    /// Number of this workflow run
    #[arg(long, env = "GITHUB_RUN_ID")]
    run_id: i64,
    /// Attempt of this workflow run
    #[arg(long, env = "GITHUB_RUN_ATTEMPT", default_value_t = 1)]
    run_attempt: u32,
    /// Token to read the repository with
    #[arg(long, env = "GITHUB_TOKEN", hide_env_values = true)]
    read_token: Option<String>,
    /// Folder for this attempt's files
    #[arg(long, env = "CASTELLAN_SCRATCH", default_value = "/var/tmp")]
    scratch: PathBuf,
    /// Folders that the agent and the commands may read, comma-separated
    #[arg(long, env = "CASTELLAN_READ_ONLY", value_delimiter = ',')]
    read_only: Vec<PathBuf>,
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
        let options = WorkOptions {
            server: self.server,
            ticket: self.ticket,
            run: RunIdentity {
                run_id: RunId(self.run_id),
                run_attempt: self.run_attempt,
            },
            read_token: self.read_token,
            scratch: self.scratch,
            search: beside.into_iter().chain(folders).collect(),
            read_only: self.read_only,
            relay_program: Some(own),
            pace: runner::Pace::default(),
        };
        let summary = super::runtime()?.block_on(async {
            tokio::select! {
                // Asked first, so that a signal finds somebody from the beginning on.
                biased;
                // Dropping the work ends what it started and removes its folders.
                () = super::serve::ended() => anyhow::bail!("told to end; the server will give the attempt up when its time is over"),
                summary = runner::work(options) => Ok(summary?),
            }
        })?;
        let (task, attempt) = (&summary.task, summary.attempt);
        match summary.ended {
            Ended::Returned { outcome, .. } => {
                println!("task {task}, attempt {attempt}: returned, {outcome}");
            }
            Ended::Stopped { because } => {
                println!("task {task}, attempt {attempt}: stopped, {because}");
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Relay a loopback port to a socket, and run a command beside it.
#[derive(Args)]
pub(crate) struct RelayInside {
    port: u16,
    socket: PathBuf,
    #[arg(last = true, required = true)]
    command: Vec<std::ffi::OsString>,
}

impl RelayInside {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let runtime = super::runtime()?;
        let code = runtime.block_on(castellan::sandbox::relay_inside(
            self.port,
            self.socket,
            self.command,
        ))?;
        Ok(ExitCode::from(u8::try_from(code).unwrap_or(1)))
    }
}
