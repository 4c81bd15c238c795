//! The checks of one commit as they were observed at one moment.
//!
//! Two systems report on a commit: check runs, of Apps, and commit statuses, of anybody. Both
//! are here in one list. Nothing here knows which of them count: that is [`super::reading`].

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::ids::{AppId, JobId, Oid, RunId};
use crate::domain::time::Timestamp;

/// The App of GitHub Actions on github.com. On an Enterprise Server it has another number: there,
/// as here, a check is known as a job by its [`Check::run`].
pub const ACTIONS_APP: AppId = AppId(15_368);

/// All that was seen of a commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observed {
    /// The commit.
    pub head: Oid,
    /// The newest check of each name, App and suite, all jobs of one name that may be two, and
    /// the newest status of each context. Our own are not among them.
    pub checks: Vec<Check>,
    /// The runs of workflows for this commit, but for those of our own workflow.
    pub runs: Vec<WorkflowRun>,
    /// Whether each list was read to its end and agreed with its own count. Otherwise it says
    /// nothing about what it lacks (A10, D13).
    pub whole: bool,
}

/// A check run or a commit status.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// Its name, or the status's context; foreign, one line.
    pub name: String,
    /// Who reports it.
    pub source: Source,
    /// How it stands.
    pub standing: Standing,
    /// The suite of a check run: two suites may have a check of one name (G6).
    pub suite: Option<i64>,
    /// The workflow run whose job it is, where it is one of GitHub Actions.
    pub run: Option<RunId>,
    /// The job, where it is one of GitHub Actions: it has a log.
    pub job: Option<JobId>,
    /// What it says of itself: the summary, or the status's description; foreign, bounded.
    pub summary: String,
    /// Address of its page; foreign.
    pub url: Option<String>,
    /// When it began; a commit status says nothing of that.
    #[serde(default)]
    pub started_at: Option<Timestamp>,
    /// When it was concluded.
    pub ended_at: Option<Timestamp>,
}

/// Who reports a check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "by")]
pub enum Source {
    /// An App, by a check run.
    App {
        /// Its number.
        id: AppId,
        /// Its name in addresses; foreign.
        slug: String,
    },
    /// A commit status, which anybody with write access can set.
    Status,
}

impl Source {
    /// The App's number, where it is one.
    #[must_use]
    pub const fn app(&self) -> Option<AppId> {
        match self {
            Self::App { id, .. } => Some(*id),
            Self::Status => None,
        }
    }
}

/// How a check or a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(
    rename_all = "snake_case",
    tag = "standing",
    content = "conclusion",
    deny_unknown_fields
)]
pub enum Standing {
    /// Asked for, and not begun: `queued`, `requested`, a status that is `pending`.
    NotBegun,
    /// Waits for a person to approve it: `waiting`, or a run that is `action_required`.
    AwaitsApproval,
    /// Under way.
    Running,
    /// Over.
    Ended(Conclusion),
}

impl Standing {
    /// Whether it is over.
    #[must_use]
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Ended(_))
    }

    /// Whether it is over, and GitHub counts it as passed.
    #[must_use]
    pub const fn passes(self) -> bool {
        matches!(self, Self::Ended(end) if end.passes())
    }

    /// Whether it is over, and GitHub does not count it as passed.
    #[must_use]
    pub const fn fails(self) -> bool {
        self.is_over() && !self.passes()
    }

    /// Whether it is over and was not skipped: it says something.
    #[must_use]
    pub const fn has_run(self) -> bool {
        self.is_over() && !matches!(self, Self::Ended(Conclusion::Skipped))
    }
}

/// How a check ended, in GitHub's words.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Conclusion {
    /// It passed.
    Success,
    /// It says neither; GitHub lets it pass.
    Neutral,
    /// It was not run; GitHub lets it pass (G1).
    Skipped,
    /// It failed; of a status: `failure` or `error`.
    Failure,
    /// It took too long.
    TimedOut,
    /// Somebody, or a newer run, cancelled it.
    Cancelled,
    /// It asks a person for something.
    ActionRequired,
    /// The workflow could not be started at all.
    StartupFailure,
    /// GitHub gave up waiting for it, after two weeks (G15).
    Stale,
    /// A word that did not exist when this was written: never a pass.
    Other,
}

impl Conclusion {
    /// Whether GitHub counts it as passed (G1).
    #[must_use]
    pub const fn passes(self) -> bool {
        matches!(self, Self::Success | Self::Neutral | Self::Skipped)
    }

    /// For people.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Success => "passed",
            Self::Neutral => "is neutral",
            Self::Skipped => "was skipped",
            Self::Failure => "failed",
            Self::TimedOut => "timed out",
            Self::Cancelled => "was cancelled",
            Self::ActionRequired => "asks a person for something",
            Self::StartupFailure => "could not be started",
            Self::Stale => "was given up by GitHub",
            Self::Other => "ended in a way that Castellan does not know",
        }
    }
}

/// A run of a workflow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkflowRun {
    /// The run.
    pub id: RunId,
    /// Path of its file, without a suffix of the form `@ref`; foreign.
    pub path: String,
    /// Its name; foreign, one line.
    pub name: String,
    /// What started it, as in `pull_request`.
    pub event: String,
    /// The suite of its jobs' checks.
    pub suite: Option<i64>,
    /// From 1; grows with each re-run.
    pub attempt: u32,
    /// How it stands.
    pub standing: Standing,
}

/// What a branch's rules require of CI before a pull request can be merged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Demanded {
    /// Checks, by name.
    pub checks: Vec<Required>,
    /// Whether our own check of the gate is: it is not among the others.
    pub ours: bool,
    /// Whether whole workflows are required, too: which checks those have no rule says.
    pub workflows: bool,
    /// Seconds that its merge queue waits for the checks of a group; `None` where no rule
    /// says so.
    pub queue_s: Option<i64>,
}

/// A check that must have passed before a pull request can be merged.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Required {
    /// Its name or context.
    pub name: String,
    /// The App that has to report it, where the rule names one (G5).
    pub app: Option<AppId>,
}
