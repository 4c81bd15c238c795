//! Where a task stands, with the evidence for it.
//!
//! ```text
//! Queued ─► Working ─► Applying ─► Checking ─► Delivered ─► Closed
//!   ▲          │           │          │           │  ▲
//!   └──────────┴───────────┴──────────┘           ▼  │
//!    another attempt                             Paused (a person took over)
//! ```
//! Beside them *Staged*: the commit is written and on no branch; a person's approval leads back to
//! *Applying*, which puts it there. And *Asking*: an attempt ended with a question and no change. An answer leads to
//! *Queued*, a week without one to *Closed*. A check that reports late leads from *Delivered*
//! back to *Checking*.

use serde::{Deserialize, Serialize};

use super::attempt::Phase;
use crate::domain::ci::watch::Watch;
use crate::domain::ids::{AttemptNumber, Number, Oid, Sha256Hex};
use crate::domain::time::Timestamp;

/// Where a task stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "stage")]
pub enum Stage {
    /// A run is asked for; waits for its runner.
    Queued {
        /// The attempt.
        attempt: AttemptNumber,
        /// Without a runner by then, it is given up.
        until: Timestamp,
    },
    /// A runner holds the lease.
    Working {
        /// The attempt.
        attempt: AttemptNumber,
        /// What it is doing.
        phase: Phase,
        /// Without a sign of life by then, the runner is lost.
        until: Timestamp,
    },
    /// A change came back and is being validated and written.
    Applying {
        /// The attempt.
        attempt: AttemptNumber,
        /// SHA-256 of the stored result.
        result: Sha256Hex,
    },
    /// The agent changed nothing and asked something; waits for a person's answer.
    Asking {
        /// The attempt that asked.
        attempt: AttemptNumber,
        /// Without an answer by then, it is given up.
        until: Timestamp,
    },
    /// A commit is written and on no branch yet; waits for a person's approval of CI (X62).
    Staged {
        /// The attempt whose change it is.
        attempt: AttemptNumber,
        /// The commit.
        head: Oid,
        /// When people are reminded; `None` once they were.
        until: Option<Timestamp>,
    },
    /// Our commit is at the head of the pull request; its checks are waited for.
    Checking {
        /// The pull request.
        pull: Number,
        /// Our commit.
        head: Oid,
        /// How they are waited for.
        watch: Watch,
    },
    /// The pull request is there; the task only listens.
    Delivered {
        /// The pull request.
        pull: Number,
        /// Its head as we know it: our commit, or a person's that a failed fix went on from.
        head: Oid,
    },
    /// A person took the branch over.
    Paused {
        /// The pull request, where there is one.
        pull: Option<Number>,
        /// The branch's tip as the person left it; `None` where the branch is gone.
        head: Option<Oid>,
    },
    /// It is over.
    Closed {
        /// How it ended.
        outcome: Outcome,
    },
}

/// How a task ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// A person merged the pull request.
    Merged,
    /// A person closed the pull request.
    Declined,
    /// A person stopped it, or ended its issue.
    Stopped,
    /// The agent changed nothing.
    Unchanged,
    /// The agent changed nothing, and handed over a report.
    Reported,
    /// The agent changed nothing, and nobody answered its question.
    Unanswered,
    /// It could not be done.
    Failed,
    /// The change was refused.
    Refused,
    /// The text changed before the start: asked again.
    AskedAgain,
    /// The pull request that was to be mended is merged or closed.
    Moot,
    /// We may no longer work here.
    AccessLost,
}

impl Stage {
    /// The stage's name, as it stands in the store, in logs and on pages.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Queued { .. } => "queued",
            Self::Working { .. } => "working",
            Self::Applying { .. } => "applying",
            Self::Asking { .. } => "asking",
            Self::Staged { .. } => "staged",
            Self::Checking { .. } => "checking",
            Self::Delivered { .. } => "delivered",
            Self::Paused { .. } => "paused",
            Self::Closed { .. } => "closed",
        }
    }

    /// When the task must be looked at again, if nothing happens until then.
    #[must_use]
    pub const fn deadline(&self) -> Option<Timestamp> {
        match self {
            Self::Queued { until, .. }
            | Self::Working { until, .. }
            | Self::Asking { until, .. } => Some(*until),
            Self::Staged { until, .. } => *until,
            Self::Checking { watch, .. } => Some(watch.look_at),
            Self::Applying { .. }
            | Self::Delivered { .. }
            | Self::Paused { .. }
            | Self::Closed { .. } => None,
        }
    }

    /// Whether an attempt is under way.
    #[must_use]
    pub const fn is_busy(&self) -> bool {
        match self {
            Self::Queued { .. } | Self::Working { .. } | Self::Applying { .. } => true,
            Self::Asking { .. }
            | Self::Staged { .. }
            | Self::Checking { .. }
            | Self::Delivered { .. }
            | Self::Paused { .. }
            | Self::Closed { .. } => false,
        }
    }

    /// Whether nothing moves it any more (I7).
    #[must_use]
    pub const fn is_closed(&self) -> bool {
        matches!(self, Self::Closed { .. })
    }

    /// The attempt that is under way.
    #[must_use]
    pub const fn attempt(&self) -> Option<AttemptNumber> {
        match self {
            Self::Queued { attempt, .. }
            | Self::Working { attempt, .. }
            | Self::Applying { attempt, .. } => Some(*attempt),
            Self::Asking { .. }
            | Self::Staged { .. }
            | Self::Checking { .. }
            | Self::Delivered { .. }
            | Self::Paused { .. }
            | Self::Closed { .. } => None,
        }
    }
}
