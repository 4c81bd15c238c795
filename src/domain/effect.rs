//! What `decide` and the gate ask for: effects on GitHub, of two kinds. Nothing else may write there,
//! but for the gate's own check, which is published under a lease of its head.
//!
//! *Desired state* is keyed by its target: the newest replaces what has not been sent yet,
//! and sending twice is harmless. *One-shot* effects have an idempotency key and a
//! look-before-create probe, and carry the attempt's fence.

use serde::{Deserialize, Serialize};

use super::ids::{AttemptNumber, CommentId, Fence, Number, Oid, ReviewId, RunId, TaskId};

/// One effect on GitHub.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "effect")]
pub enum Effect {
    /// Desired: the task's status comment reads as the task stands when this is sent.
    Status,
    /// Desired: the same comment says how the attempt goes. Never before anything else, and not
    /// often: what it would say stands on the task's page meanwhile.
    Progress,
    /// One-shot: the request is acknowledged by a reaction.
    Acknowledge {
        /// What is reacted to.
        target: ReactionTarget,
    },
    /// One-shot: a new comment, where a person is needed.
    Say {
        /// Issue or pull request.
        number: Number,
        /// Distinguishes it from other comments; part of the hidden marker.
        key: String,
        /// Markdown, already neutral.
        body: String,
    },
    /// One-shot: a new comment with the report that an attempt returned.
    Report {
        /// Issue or pull request.
        number: Number,
        /// The attempt.
        attempt: AttemptNumber,
    },
    /// One-shot: an attempt's answer in a review thread.
    Reply {
        /// The pull request.
        pull: Number,
        /// The review that asked.
        review: ReviewId,
        /// The thread, by its first comment.
        thread: CommentId,
        /// The attempt that was told of it.
        attempt: AttemptNumber,
        /// What it committed; `None`: nothing.
        commit: Option<Oid>,
    },
    /// One-shot: a run is started.
    Dispatch {
        /// The attempt.
        attempt: AttemptNumber,
        /// Its fence.
        fence: Fence,
    },
    /// One-shot: the returned change is validated and written.
    Apply {
        /// The attempt.
        attempt: AttemptNumber,
        /// Its fence.
        fence: Fence,
        /// Blobs that have to be written, for the allowance.
        #[serde(default)]
        blobs: u32,
    },
    /// One-shot: an approved commit goes on to its branch, and is proposed.
    Release {
        /// The attempt.
        attempt: AttemptNumber,
        /// Its fence.
        fence: Fence,
        /// The comment that approved it.
        comment: CommentId,
    },
    /// One-shot: the ref of a commit that nobody waits for any more is taken away.
    Unstage {
        /// The commit.
        head: Oid,
    },
    /// One-shot: the failed jobs of a run are run once more.
    Rerun {
        /// The run.
        run: RunId,
    },
    /// One-shot: the pull request is marked as ready, so that its checks run.
    Ready {
        /// The pull request.
        pull: Number,
        /// The head that is meant.
        head: Oid,
    },
    /// One-shot: a run that nobody waits for any more is cancelled.
    Cancel {
        /// The run.
        run: RunId,
    },
}

/// What a reaction is put on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "on")]
pub enum ReactionTarget {
    /// An issue or pull request.
    Issue {
        /// Its number.
        number: Number,
    },
    /// A comment.
    Comment {
        /// The comment.
        id: CommentId,
    },
}

/// Which writes go first when the allowance is short: lower goes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Priority {
    /// Stops something.
    Cancel = 0,
    /// Tells a person that they were heard.
    Acknowledge = 1,
    /// Moves a task on.
    Task = 2,
    /// Shows where a task stands.
    Show = 3,
    /// Shows how it goes.
    Progress = 4,
}

impl Effect {
    /// What goes first.
    #[must_use]
    pub const fn priority(&self) -> Priority {
        match self {
            Self::Cancel { .. } => Priority::Cancel,
            Self::Acknowledge { .. } => Priority::Acknowledge,
            Self::Say { .. }
            | Self::Report { .. }
            | Self::Reply { .. }
            | Self::Dispatch { .. }
            | Self::Apply { .. }
            | Self::Release { .. }
            | Self::Rerun { .. }
            | Self::Ready { .. } => Priority::Task,
            Self::Status | Self::Unstage { .. } => Priority::Show,
            Self::Progress => Priority::Progress,
        }
    }

    /// Whether the newest replaces what has not been sent.
    #[must_use]
    pub const fn is_desired_state(&self) -> bool {
        match self {
            Self::Status | Self::Progress => true,
            Self::Acknowledge { .. }
            | Self::Say { .. }
            | Self::Report { .. }
            | Self::Reply { .. }
            | Self::Dispatch { .. }
            | Self::Apply { .. }
            | Self::Release { .. }
            | Self::Unstage { .. }
            | Self::Rerun { .. }
            | Self::Ready { .. }
            | Self::Cancel { .. } => false,
        }
    }

    /// The key under which the effect exists once, for `task` or, without one, by its own words.
    #[must_use]
    pub fn key(&self, task: Option<&TaskId>) -> String {
        let owner = task.map_or("-", TaskId::as_str);
        match self {
            Self::Status => format!("status:{owner}"),
            Self::Progress => format!("progress:{owner}"),
            Self::Acknowledge { target } => match target {
                ReactionTarget::Issue { number } => format!("acknowledge:{owner}:issue:{number}"),
                ReactionTarget::Comment { id } => format!("acknowledge:{owner}:comment:{id}"),
            },
            Self::Say { number, key, .. } => format!("say:{owner}:{number}:{key}"),
            Self::Reply { review, thread, .. } => format!("reply:{owner}:{review}:{thread}"),
            Self::Report { attempt, .. } => format!("report:{owner}:{attempt}"),
            Self::Dispatch { attempt, .. } => format!("dispatch:{owner}:{attempt}"),
            Self::Apply { attempt, .. } => format!("apply:{owner}:{attempt}"),
            Self::Release { comment, .. } => format!("release:{owner}:{comment}"),
            Self::Unstage { head } => format!("unstage:{owner}:{head}"),
            Self::Rerun { run } => format!("rerun:{owner}:{run}"),
            Self::Ready { head, .. } => format!("ready:{owner}:{head}"),
            Self::Cancel { run } => format!("cancel:{owner}:{run}"),
        }
    }
}
