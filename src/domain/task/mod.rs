//! A task: one request, its contract, and how far it has come.
//!
//! - [`stage`]: where it stands, with the evidence for it.
//! - [`kind`]: what it was asked on.
//! - [`attempt`]: one run of the agent, numbered and fenced.
//! - [`decide`]: the pure function that moves it.
//! - [`because`]: why it moved, one value and one sentence each.
//! - [`correction`], [`said`]: what CI said, for attempts and people, and for pages.
//! - [`staged`]: a commit that waits for a person before CI runs it.
//! - [`question`], [`report`]: what an agent asks, and what it hands over beside a change.
//! - [`thread`]: what reviewers say, thread by thread, and what is replied.
//! - [`proposal`]: what its pull request says.
//! - [`reach`]: what that says of the network.
//! - [`status`]: what people are told of it, and [`going`] while its agent works.

mod asking;
pub mod attempt;
pub mod because;
mod checking;
pub mod commit;
pub mod correction;
pub mod decide;
mod decision;
pub mod going;
mod handoff;
mod judging;
pub mod kind;
mod merging;
mod moves;
mod people;
pub mod prompt;
pub mod proposal;
pub mod question;
pub mod reach;
pub mod report;
mod reviewed;
pub mod said;
pub(in crate::domain) mod shown;
pub mod sign_in;
pub mod stage;
pub mod staged;
pub mod status;
pub mod thread;
pub mod timeline;
mod working;
mod written;

use serde::{Deserialize, Serialize};

use super::ci::stuck::Entry;
use super::ids::{FullName, InstallationId, Number, Oid, RepositoryId, Sha256Hex, TaskId, UserId};
use super::notice::IssueText;
use super::request::contract::Contract;
use super::request::policy::Policy;
use super::request::{Person, Request};
use super::time::Timestamp;
use attempt::{Attempt, Merge};
pub use commit::Written;
use kind::Kind;
pub use merging::CONFLICTS_MAX;
pub use moves::{GRACE_S, HEARTBEAT_S, QUEUE_LIMIT_S, SILENCE_LIMIT_S};
use stage::Stage;

/// A task as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// Its name.
    pub id: TaskId,
    /// Where it works.
    pub repository: RepositoryId,
    /// GitHub's node id of it, which GraphQL's mutations ask for.
    pub node: String,
    /// The repository's name when we last looked.
    pub name: FullName,
    /// The account that owned the repository when the task was opened (H12).
    pub owner: UserId,
    /// By which installation.
    pub installation: InstallationId,
    /// The issue that asked, or the pull request that is to be mended.
    pub issue: Number,
    /// Which of the two it is.
    #[serde(default)]
    pub kind: Kind,
    /// Who asked, and how.
    pub request: Request,
    /// The approved text, as it was.
    pub text: IssueText,
    /// What it may do and must show.
    pub contract: Contract,
    /// What was removed or completed while the contract was read, one sentence each.
    pub notes: Vec<String>,
    /// The policy that it started under (C7).
    pub policy: Policy,
    /// The branch that our pull request goes to, and its tip when the task was opened.
    pub base: Base,
    /// Where it stands.
    pub stage: Stage,
    /// The attempts so far, in order.
    pub attempts: Vec<Attempt>,
    /// The pull request, once there is one.
    pub pull: Option<Pull>,
    /// What CI said of our commits, oldest first.
    #[serde(default)]
    pub ledger: Vec<Entry>,
    /// Whether the text was edited after the first dispatch; the snapshot stays (H19).
    pub edited_since: bool,
    /// When it was opened.
    pub opened_at: Timestamp,
}

/// A branch and the commit that it pointed to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Base {
    /// The branch, without `refs/heads/`.
    pub branch: String,
    /// The commit.
    pub oid: Oid,
}

/// The pull request of a task, and our commits on its branch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pull {
    /// Its number.
    pub number: Number,
    /// The tip of the branch as we know it: our last commit, or what `/agent fix` went on from
    /// since, which may be a person's.
    pub head: Oid,
    /// Our commits, oldest first.
    pub commits: Vec<Oid>,
    /// What is known of the last of them.
    #[serde(default)]
    pub written: Written,
    /// The base's commit that does not merge with this head, where people were told of it.
    #[serde(default)]
    pub unmerged: Option<Merge>,
}

impl Task {
    /// The attempt that is under way or was last.
    #[must_use]
    pub fn last_attempt(&self) -> Option<&Attempt> {
        self.attempts.last()
    }

    /// Whether another attempt is within the budget.
    #[must_use]
    pub fn has_attempts_left(&self) -> bool {
        let used = u32::try_from(self.attempts.len()).unwrap_or(u32::MAX);
        used < self.contract.budget.attempts
    }

    /// What a link to the task's page carries where strangers may reach the server: nobody
    /// can guess it who was not shown the link. `None` before the first attempt.
    #[must_use]
    pub fn page_key(&self) -> Option<String> {
        let first = self.attempts.first()?;
        let key = Sha256Hex::of(format!("page:{}:{}", self.id, first.seed));
        Some(key.as_str().chars().take(32).collect())
    }

    /// Who let CI run on commits of this task, in order: they have steered it.
    pub fn approvers(&self) -> impl Iterator<Item = &Person> {
        let approved = self.attempts.iter().filter_map(|one| one.approved.as_ref());
        approved.map(|approval| &approval.by)
    }

    /// The attempt of this number.
    #[must_use]
    pub fn attempt(&self, number: super::ids::AttemptNumber) -> Option<&Attempt> {
        self.attempts
            .iter()
            .find(|attempt| attempt.number == number)
    }
}
