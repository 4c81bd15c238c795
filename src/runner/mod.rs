//! What runs inside of one GitHub Actions job, or of a process on this machine that stands for one.
//!
//! It trades its ticket for a lease, asks what to do, and goes one file a step: `enter`,
//! `checkout`, `commands` (set-up), `agent`, `collect`, `acceptance`, `upload`; the heartbeat goes
//! beside them. All foreign code runs in the [`crate::sandbox`]; what it reaches from there stands
//! in `ways`: its `model`, the hosts of `egress`, its tools (`mcp`). Its `home` outlives it. The
//! runner knows the messages and the sandbox, and nothing of stores, GitHub, engine or server.

mod acceptance;
mod agent;
mod attempt;
mod checkout;
mod client;
mod collect;
mod commands;
mod egress;
mod enter;
mod failure;
mod folder;
mod headers;
mod heartbeat;
mod home;
mod instructions;
mod machine;
mod mcp;
mod measure;
mod merge;
mod model;
mod pristine;
mod tools;
mod upload;
mod ways;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use url::Url;

use crate::domain::ids::{AttemptNumber, Sha256Hex, TaskId};
use crate::protocol::enter::RunIdentity;

pub use client::CallError;
pub use egress::{Fixed, Resolve};

/// What `castellan work` needs to know.
#[derive(Clone)]
pub struct WorkOptions {
    /// Where the server is; the messages' paths are put behind it.
    pub server: Url,
    /// The single-use ticket.
    pub ticket: String,
    /// Which run this is.
    pub run: RunIdentity,
    /// Token to read the repository with, the job's own; none for a public one.
    pub read_token: Option<String>,
    /// Folder for this attempt's folders, which are removed afterwards. Where we are root it
    /// must be open to strangers (`/var/tmp`, not below a home of mode 0700).
    pub scratch: PathBuf,
    /// Folders in which `git`, `bwrap` and the agent's program are looked up, in that order.
    pub search: Vec<PathBuf>,
    /// Whether what the sandbox needs may be installed with sudo: on a machine that is thrown
    /// away after the job.
    pub may_install: bool,
    /// Folders that sandboxed programs may read, at the same path inside: tool caches,
    /// toolchains, an agent that is more than one file.
    pub read_only: Vec<PathBuf>,
    /// Folder in which the agents that we know are installed, and looked for before that. The
    /// sandbox's account must be able to pass it.
    pub agents: PathBuf,
    /// The program that knows [`crate::sandbox::RELAY_SUBCOMMAND`]: this one.
    pub relay_program: Option<PathBuf>,
    /// The secret of a tool server of the policy, by the variable that the policy names.
    pub secret_of: SecretOf,
    /// Whether tool servers on this machine's loopback may be spoken with without https: in tests.
    pub plain_tool_servers: bool,
    /// How patient it is.
    pub pace: Pace,
    /// Who looks up the names of allowed hosts: this machine, other than in tests.
    pub resolve: Resolve,
}

/// Gives the value of a variable that holds a secret.
pub type SecretOf = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// How patient a runner is.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Tries of a call that must reach the server.
    pub tries: u32,
    /// Wait after the first failed try; it doubles with each further one.
    pub first_wait: Duration,
    /// Longest wait between two tries.
    pub longest_wait: Duration,
    /// Time for one call.
    pub call: Duration,
    /// Time for an agent to answer `initialize` and `session/new`.
    pub agent_start: Duration,
}

impl Default for Pace {
    /// Outlasts a server's restart of some minutes.
    fn default() -> Self {
        Self {
            tries: 10,
            first_wait: Duration::from_secs(1),
            longest_wait: Duration::from_secs(30),
            call: Duration::from_secs(60),
            agent_start: Duration::from_secs(120),
        }
    }
}

/// How the work ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// The task.
    pub task: TaskId,
    /// The attempt.
    pub attempt: AttemptNumber,
    /// What became of it.
    pub ended: Ended,
}

/// What became of an attempt, as far as its runner knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The server has the result.
    Returned {
        /// `changed`, `unchanged` or `failed`.
        outcome: &'static str,
        /// SHA-256 of the result that the server keeps.
        sha256: Sha256Hex,
    },
    /// The server wants no result: the attempt is over, or another has taken its place.
    Stopped {
        /// The server's sentence.
        because: String,
    },
}

/// Why nothing could be returned.
#[derive(Debug, thiserror::Error)]
pub enum WorkError {
    /// The HTTP client could not be made.
    #[error("preparing calls to the server failed")]
    Prepare(#[source] CallError),
    /// The ticket was not accepted, or the server not reached.
    #[error("trading the ticket for a lease failed")]
    Enter(#[source] CallError),
    /// The brief did not arrive.
    #[error("asking for the brief failed")]
    Brief(#[source] CallError),
    /// The result was not accepted, or the server not reached.
    #[error("returning the result failed")]
    Upload(#[source] CallError),
}

/// Does one attempt, from its ticket to its result.
///
/// What goes wrong in the sandbox, with the code or with the agent is a result, too; only what
/// keeps a result from the server is an error. Dropping the future ends all that it started.
///
/// # Errors
/// [`WorkError`].
pub async fn work(options: WorkOptions) -> Result<Summary, WorkError> {
    let began = Instant::now();
    let client = client::Client::new(&options).map_err(WorkError::Prepare)?;
    let (client, lease) = enter::enter(client, &options).await?;
    let brief = client.brief().await.map_err(WorkError::Brief)?;
    let (voice, mut heart) = heartbeat::start(client.clone(), &lease);
    let returned = tokio::select! {
        returned = attempt::run(&options, &client, &lease, &brief, &voice, began) => Ok(returned),
        because = heart.stopped() => Err(because),
    };
    let ended = match returned {
        Ok(returned) => upload::upload(&client, returned).await?,
        Err(because) => Ended::Stopped { because },
    };
    Ok(Summary {
        task: lease.task,
        attempt: lease.attempt,
        ended,
    })
}
