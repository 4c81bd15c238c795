//! Whether a run that proved who it is may have the ticket of an attempt.
//!
//! Any job of the repository with `id-token: write` can have a token for us: what counts is
//! that it is of the workflow file that we dispatched, from the branch on which only reviewed
//! files are, by our own event, in the run that we asked for (X21 to X25). Names are compared
//! nowhere: repositories are renamed, and their names used again.

use super::attempt::{Attempt, Machine, RunIdentity};
use super::because::Because;
use crate::domain::ids::{RepositoryId, UserId};
use crate::domain::request::policy::Runners;
use crate::domain::time::Timestamp;

/// Where the workflow stands in each repository.
pub const WORKFLOW_PATH: &str = ".github/workflows/castellan.yml";

/// What GitHub says of a job that signs in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The token's own number (`jti`): it counts once (X20).
    pub token: String,
    /// No token of that number is believed after this time.
    pub expires_at: Timestamp,
    /// The repository.
    pub repository: RepositoryId,
    /// The account that owns it.
    pub owner: UserId,
    /// Owner and name, as they were when the token was made.
    pub repository_name: String,
    /// `OWNER/NAME/PATH@REF` of the workflow's file.
    pub workflow: String,
    /// The event that started the run.
    pub event: String,
    /// The branch or tag that it runs on.
    pub git_ref: String,
    /// The run.
    pub run: RunIdentity,
    /// Whose machine it is on, where GitHub says so.
    pub machine: Option<Machine>,
}

/// Why it may not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stranger {
    /// Another repository, or one that was deleted and made again.
    Repository,
    /// The repository belongs to another account than the one that installed the App.
    Owner,
    /// Not a dispatch.
    Event,
    /// Another workflow of the repository.
    Workflow,
    /// Another branch, whose file nobody may have reviewed.
    Branch,
    /// Another run than the one that we asked for, or that signed in first.
    Run,
    /// The run was started again by hand (U6).
    RunAttempt,
    /// It does not know what we dispatched it with.
    Nonce,
    /// The policy refuses its machine (U15).
    Machine,
}

impl Stranger {
    /// For the log of the job.
    #[must_use]
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::Repository => "this run is of another repository than the task",
            Self::Owner => "the repository belongs to another account than the App's installation",
            Self::Event => "only a run that Castellan dispatched may sign in",
            Self::Workflow => "only .github/workflows/castellan.yml may sign in",
            Self::Branch => "only the workflow file of the default branch may sign in",
            Self::Run => "the attempt belongs to another run",
            Self::RunAttempt => {
                "a run that was started again cannot go on; comment `/agent fix` or `/agent run` instead"
            }
            Self::Nonce => "this run was not dispatched for the attempt",
            Self::Machine => Because::MachineRefused.sentence(),
        }
    }
}

/// Whether `identity` is the run that `attempt` waits for, on `branch` of this repository of this
/// owner. That it knows the attempt's nonce has been seen before.
///
/// # Errors
/// The first thing that is not so.
pub fn admit(
    identity: &Identity,
    attempt: &Attempt,
    repository: RepositoryId,
    owner: UserId,
    branch: &str,
) -> Result<(), Stranger> {
    let is = |right: bool, stranger: Stranger| if right { Ok(()) } else { Err(stranger) };
    let git_ref = format!("refs/heads/{branch}");
    let workflow = format!("{}/{WORKFLOW_PATH}@{git_ref}", identity.repository_name);
    is(identity.repository == repository, Stranger::Repository)?;
    is(identity.owner == owner, Stranger::Owner)?;
    is(identity.event == "workflow_dispatch", Stranger::Event)?;
    is(identity.git_ref == git_ref, Stranger::Branch)?;
    is(identity.workflow == workflow, Stranger::Workflow)?;
    is(identity.run.run_attempt == 1, Stranger::RunAttempt)?;
    let run = attempt.current_run();
    is(
        run.is_none_or(|run| run == identity.run.run_id),
        Stranger::Run,
    )
}

/// Whether the policy lets agents run on this machine. One that GitHub does not speak of is not
/// known to be thrown away.
#[must_use]
pub fn takes(policy: Runners, machine: Option<Machine>) -> bool {
    match policy {
        Runners::Any => true,
        Runners::Hosted => machine == Some(Machine::GithubHosted),
    }
}
