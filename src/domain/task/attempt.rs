//! One run of the agent for a task.

use serde::{Deserialize, Serialize};

use super::Written;
use super::correction::Correction;
use super::question::Question;
use super::thread::{THREADS_MAX, Thread};
use crate::domain::ids::{AttemptNumber, CommentId, Fence, Oid, ReviewId, RunId, Sha256Hex};
use crate::domain::request::Person;
use crate::domain::time::Timestamp;

/// An attempt as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// Its number, from 1.
    pub number: AttemptNumber,
    /// Its fence.
    pub fence: Fence,
    /// SHA-256 of the draw that came with it: what nobody can guess is made of it.
    #[serde(alias = "ticket")]
    pub seed: Sha256Hex,
    /// What its run is dispatched with, so that it can be told from others: no secret.
    #[serde(default)]
    pub nonce: String,
    /// The commit that it starts from.
    pub start: Oid,
    /// What it is told beside the contract.
    pub feedback: Option<Feedback>,
    /// When it was asked for.
    pub asked_at: Timestamp,
    /// The run that was dispatched, where GitHub said so.
    pub run: Option<RunId>,
    /// The run that proved who it is, and its ticket.
    #[serde(default)]
    pub signed_in: Option<SignedIn>,
    /// The runner that traded the ticket.
    pub entered: Option<Entered>,
    /// How it goes, as its runner said last.
    #[serde(default)]
    pub going: Option<Going>,
    /// SHA-256 of its result, once there is one.
    pub result: Option<Sha256Hex>,
    /// How it ended, in one sentence.
    pub ended: Option<String>,
    /// What its agent asked people; foreign text, bounded.
    #[serde(default)]
    pub questions: Vec<Question>,
    /// What somebody answered while it was under way: the next attempt is told it.
    #[serde(default)]
    pub answer: Option<Feedback>,
    /// What it has to mend, where CI sent it back.
    #[serde(default)]
    pub correction: Option<Correction>,
    /// The base's commit that it takes in, where the base conflicts with the branch.
    #[serde(default)]
    pub merge: Option<Merge>,
    /// Its commit that waits, or waited, for a person's approval of CI.
    #[serde(default)]
    pub staged: Option<Staged>,
    /// Who let CI run on its commit, where the policy asks for that.
    #[serde(default)]
    pub approved: Option<Approval>,
}

/// A commit of the base that does not merge by itself with a branch of ours (H6).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Merge {
    /// The base's tip when that was seen.
    pub tip: Oid,
    /// The last commit that both have.
    pub base: Oid,
    /// Files that both changed in the same places: foreign names, bounded.
    pub paths: Vec<String>,
}

impl Attempt {
    /// Whether its run was dispatched with this nonce. Attempts of older versions have none.
    #[must_use]
    pub fn is_dispatched_with(&self, nonce: &str) -> bool {
        !self.nonce.is_empty() && self.nonce == nonce
    }

    /// What an attempt in this one's place is told: an answer is newer than what this one was told.
    #[must_use]
    pub fn next_feedback(&self) -> Option<Feedback> {
        self.answer.clone().or_else(|| self.feedback.clone())
    }

    /// The run that counts: the one that signed in, before that the one that was
    /// dispatched. A dispatch that was tried twice may have started another (K6).
    #[must_use]
    pub fn current_run(&self) -> Option<RunId> {
        let signed_in = self.signed_in.as_ref().map(|one| one.run.run_id);
        signed_in.or(self.run)
    }
}

/// A commit that was written and put on no branch (X62).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Staged {
    /// The commit.
    pub head: Oid,
    /// The commit below it.
    pub parent: Oid,
    /// What is known of it.
    pub written: Written,
    /// Some of the files that it changes; foreign text, bounded.
    pub files: Vec<String>,
    /// How many files it changes.
    pub count: usize,
    /// Address at which people see it.
    pub page: String,
    /// When it became known: who spoke before cannot have meant it.
    pub at: Timestamp,
    /// Whether its ref is ours no longer: it went on to the branch, or was dropped.
    #[serde(default)]
    pub gone: bool,
}

/// A person let CI run on one commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// Who.
    pub by: Person,
    /// By which comment: it counts once.
    pub comment: CommentId,
}

/// What the next attempt is told, and by whom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Feedback {
    /// Who asked for the attempt.
    pub by: Person,
    /// The comment that asked: it counts once (D3, D4).
    #[serde(default)]
    pub comment: Option<CommentId>,
    /// The review that asked, where one did: it counts once, too.
    #[serde(default)]
    pub review: Option<ReviewId>,
    /// The threads that stood open when it did.
    #[serde(default)]
    pub threads: Vec<Thread>,
    /// Their words; foreign text of somebody with write access.
    pub words: Option<String>,
    /// The questions of the attempt before that stood open when they said so.
    #[serde(default)]
    pub questions: Vec<Question>,
}

impl Feedback {
    /// What a review asks for.
    pub(super) fn of_review(
        by: &Person,
        review: ReviewId,
        words: Option<&str>,
        threads: &[Thread],
    ) -> Self {
        Self {
            by: by.clone(),
            comment: None,
            review: Some(review),
            threads: threads.iter().take(THREADS_MAX).cloned().collect(),
            words: words.map(str::to_owned),
            questions: Vec::new(),
        }
    }

    /// What a person said in a comment, or by a button, as an answer to nothing yet.
    pub(super) fn of(by: &Person, comment: Option<CommentId>, words: Option<&str>) -> Self {
        Self {
            by: by.clone(),
            comment,
            review: None,
            threads: Vec::new(),
            words: words.map(str::to_owned),
            questions: Vec::new(),
        }
    }
}

/// A run that proved who it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedIn {
    /// Which run.
    pub run: RunIdentity,
    /// SHA-256 of the secret of the ticket that it was given last.
    pub ticket: Sha256Hex,
    /// The ticket is good until this time.
    pub until: Timestamp,
    /// Whose machine the run is on, where GitHub said so.
    #[serde(default)]
    pub machine: Option<Machine>,
}

/// Whose machine a run is on, as its token says (`runner_environment`, U15).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Machine {
    /// GitHub's, thrown away after the job.
    GithubHosted,
    /// Somebody's own, which may hold what earlier jobs left.
    SelfHosted,
}

impl Machine {
    /// For people, behind "Ran on".
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::GithubHosted => "a machine of GitHub's that is thrown away after the job",
            Self::SelfHosted => "a self-hosted machine, which may hold what earlier jobs left",
        }
    }
}

/// A runner that traded the ticket for the lease.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entered {
    /// Which run.
    pub run: RunIdentity,
    /// SHA-256 of the key that is its lease.
    pub key: Sha256Hex,
    /// When.
    pub at: Timestamp,
    /// The attempt is over at this time.
    pub deadline: Timestamp,
}

/// How an attempt goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Going {
    /// When its phase began.
    pub since: Timestamp,
    /// The last tool or command of this phase: one line, foreign.
    pub note: Option<String>,
}

/// Which run of GitHub Actions a runner is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunIdentity {
    /// `GITHUB_RUN_ID`.
    pub run_id: RunId,
    /// `GITHUB_RUN_ATTEMPT`, from 1.
    pub run_attempt: u32,
}

/// What a runner is doing, in the order in which it happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Looks whether the sandbox can start.
    Sandbox,
    /// Fetches the code.
    Checkout,
    /// Runs the contract's set-up commands.
    Setup,
    /// The agent works.
    Agent,
    /// Runs the contract's acceptance commands.
    Acceptance,
    /// Returns the result.
    Upload,
}

impl Phase {
    /// What a person is told that the runner is doing.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Sandbox => "starting the sandbox",
            Self::Checkout => "checking out the code",
            Self::Setup => "setting up",
            Self::Agent => "the agent is working",
            Self::Acceptance => "running the acceptance commands",
            Self::Upload => "returning the result",
        }
    }
}
