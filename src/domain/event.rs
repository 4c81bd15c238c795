//! Facts that [`super::task::decide::decide`] receives.
//!
//! An event brings along what a pure function cannot have: the time, and a draw of random
//! bytes for the nonce of an attempt that it may start.

use serde::{Deserialize, Serialize};

use super::ci::failure::Failure;
use super::ci::reading::Reading;
use super::ids::{AttemptNumber, CommentId, Number, Oid, ReviewId, RunId, Sha256Hex, UserId};
use super::request::Person;
use super::task::attempt::{Machine, Merge, Phase, RunIdentity, Staged};
use super::task::commit::Written;
use super::task::question::Question;
use super::task::thread::Thread;
use super::time::Timestamp;

/// A fact, when it became known, and 32 random bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Our clock when the fact became known.
    pub at: Timestamp,
    /// Fresh random bytes, as 64 hexadecimal digits.
    pub draw: String,
    /// What happened.
    pub fact: Fact,
}

/// What happened to a task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "fact")]
pub enum Fact {
    /// The task was opened.
    Opened,
    /// GitHub took the dispatch.
    Dispatched {
        /// Which attempt's.
        attempt: AttemptNumber,
        /// The run, where GitHub said so.
        run: Option<RunId>,
    },
    /// GitHub will not start a run.
    DispatchRefused {
        /// Which attempt's.
        attempt: AttemptNumber,
        /// What GitHub said.
        cause: String,
        /// What a person can do.
        remedy: String,
    },
    /// A run proved who it is and was given a ticket.
    SignedIn {
        /// Which attempt's.
        attempt: AttemptNumber,
        /// The run.
        run: RunIdentity,
        /// SHA-256 of the ticket's secret.
        ticket: Sha256Hex,
        /// Whose machine it is on, where GitHub said so.
        #[serde(default)]
        machine: Option<Machine>,
    },
    /// The run that was dispatched is on a machine that the policy refuses (U15).
    MachineRefused {
        /// Which attempt's.
        attempt: AttemptNumber,
    },
    /// A runner traded the ticket.
    Entered {
        /// Which attempt's.
        attempt: AttemptNumber,
        /// The run that did.
        run: RunIdentity,
        /// SHA-256 of the key that is its lease.
        key: Sha256Hex,
        /// Seconds that its brief grants: set-up, agent and acceptance together.
        #[serde(default)]
        work_s: u32,
    },
    /// A used ticket came with another key (X86).
    TicketReplayed {
        /// Which attempt's.
        attempt: AttemptNumber,
    },
    /// A runner said how it goes.
    Reported {
        /// Which attempt.
        attempt: AttemptNumber,
        /// What it is doing.
        phase: Phase,
        /// The last tool or command: one line, cleaned and bounded, and still foreign.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<String>,
    },
    /// An agent asked people something.
    Asked {
        /// Which attempt's.
        attempt: AttemptNumber,
        /// All that it has asked so far, in order, in bounds.
        questions: Vec<Question>,
    },
    /// A runner returned its result, which is stored.
    Returned {
        /// Which attempt.
        attempt: AttemptNumber,
        /// SHA-256 under which it is stored.
        result: Sha256Hex,
        /// How it ended.
        ending: Ending,
        /// Whether a report is in it.
        #[serde(default)]
        has_report: bool,
    },
    /// The change is on the branch and in a pull request.
    Applied {
        /// Which attempt's.
        attempt: AttemptNumber,
        /// The pull request.
        pull: Number,
        /// Our commit.
        head: Oid,
        /// What is known of what was written.
        #[serde(default)]
        written: Written,
    },
    /// The change is a commit on no branch, where it waits for a person (X62).
    Staged {
        /// Which attempt's.
        attempt: AttemptNumber,
        /// The commit.
        staged: Box<Staged>,
    },
    /// Who approved may not write any more, so the commit still waits.
    ApprovalVoid {
        /// Which attempt's.
        attempt: AttemptNumber,
    },
    /// The change is on the branch, and GitHub will open no pull request for it.
    Unproposed {
        /// Which attempt's.
        attempt: AttemptNumber,
        /// Our commit.
        head: Oid,
        /// What GitHub said.
        cause: String,
    },
    /// The change was refused, whole.
    ChangeRefused {
        /// Which attempt's.
        attempt: AttemptNumber,
        /// One sentence each.
        sentences: Vec<String>,
        /// Whether the agent can do better: another attempt is told them.
        #[serde(default)]
        again: bool,
    },
    /// Something was reported about the checks of a commit.
    ChecksReported {
        /// The commit.
        head: Oid,
    },
    /// The checks of a commit were looked at.
    ChecksRead {
        /// The commit.
        head: Oid,
        /// What they say.
        reading: Reading,
        /// What was found out about those that failed, once they have settled.
        failures: Vec<Failure>,
        /// Whether the pull request is a draft, where that was asked for.
        draft: Option<bool>,
    },
    /// The checks of a commit could not be looked at.
    ChecksUnread {
        /// The commit.
        head: Oid,
    },
    /// GitHub will not run the failed jobs of a run again.
    RerunRefused {
        /// The run.
        run: RunId,
    },
    /// The code under the change moved so that it has to be made anew (H6, H26).
    BaseMoved {
        /// Which attempt's change.
        attempt: AttemptNumber,
        /// The commit to start from now.
        tip: Oid,
    },
    /// The base moved so that it does not merge with the branch by itself (H6, H26).
    BaseConflicts {
        /// Our commit at the branch's head.
        head: Oid,
        /// The base's commit, and where both meet.
        merge: Merge,
    },
    /// The base has another name, and the pull request went along with it (H4).
    BaseRenamed {
        /// The branch now, without `refs/heads/`.
        branch: String,
    },
    /// The branch is not where we left it: somebody pushed, forced it back, or deleted it.
    BranchMoved {
        /// Its tip now; `None` where it is gone.
        head: Option<Oid>,
        /// Who, where known.
        by: Option<Person>,
    },
    /// The person who asked has no write access any more (H21).
    RequesterLostAccess,
    /// Somebody with write access said stop.
    StopAsked {
        /// Who.
        by: Person,
        /// By which comment; a button has none, nor has what was recorded before it was kept.
        #[serde(default)]
        comment: Option<CommentId>,
    },
    /// Somebody with write access asked for another attempt.
    FixAsked {
        /// Who.
        by: Person,
        /// By which comment; a button has none.
        #[serde(default)]
        comment: Option<CommentId>,
        /// In which words.
        words: Option<String>,
        /// The branch's tip as it is now, which the attempt starts from.
        head: Oid,
    },
    /// Somebody with write access requested changes, and the policy says that this starts an attempt.
    ChangesRequested {
        /// Who.
        by: Person,
        /// By which review.
        review: ReviewId,
        /// What it says in all; cleaned.
        words: Option<String>,
        /// The threads that stand open, of people with write access.
        threads: Vec<Thread>,
        /// How many were left out.
        left_out: u32,
        /// The branch's tip as it is now.
        head: Oid,
    },
    /// Somebody with write access takes the task over.
    HandoffAsked {
        /// Who.
        by: Person,
        /// By which comment; a button has none.
        #[serde(default)]
        comment: Option<CommentId>,
        /// Address of the task's page, where there is one.
        page: Option<String>,
    },
    /// Somebody with write access lets CI run on the commit that waits.
    CiApproved {
        /// Who.
        by: Person,
        /// By which comment.
        comment: CommentId,
        /// When it was said, as GitHub has it.
        said_at: Timestamp,
    },
    /// The issue's text was edited after it was approved.
    TextEdited {
        /// How it differs, as a diff.
        difference: String,
    },
    /// The label was taken off by somebody with write access.
    LabelRemoved {
        /// Who.
        by: Person,
    },
    /// The issue is closed or gone.
    IssueEnded {
        /// As in `closed`, `deleted`, `transferred`.
        how: String,
    },
    /// The pull request is closed.
    PullEnded {
        /// Whether it was merged.
        merged: bool,
    },
    /// The workflow run is over.
    RunEnded {
        /// The run.
        run: RunId,
        /// GitHub's conclusion.
        conclusion: String,
    },
    /// We may no longer work here.
    AccessLost {
        /// Why, as in `the App was uninstalled`.
        why: String,
    },
    /// The repository belongs to another account (H12).
    OwnerChanged {
        /// The account now.
        owner: UserId,
    },
    /// The stage's deadline has passed.
    DeadlinePassed,
}

impl Fact {
    /// The attempt that the fact is about, where it is about one.
    #[must_use]
    pub const fn attempt(&self) -> Option<AttemptNumber> {
        match self {
            Self::Dispatched { attempt, .. }
            | Self::DispatchRefused { attempt, .. }
            | Self::SignedIn { attempt, .. }
            | Self::Entered { attempt, .. }
            | Self::TicketReplayed { attempt }
            | Self::MachineRefused { attempt }
            | Self::Reported { attempt, .. }
            | Self::Asked { attempt, .. }
            | Self::Returned { attempt, .. }
            | Self::Applied { attempt, .. }
            | Self::Staged { attempt, .. }
            | Self::ApprovalVoid { attempt }
            | Self::Unproposed { attempt, .. }
            | Self::ChangeRefused { attempt, .. }
            | Self::BaseMoved { attempt, .. } => Some(*attempt),
            Self::Opened
            | Self::BaseConflicts { .. }
            | Self::BaseRenamed { .. }
            | Self::BranchMoved { .. }
            | Self::RequesterLostAccess
            | Self::StopAsked { .. }
            | Self::FixAsked { .. }
            | Self::ChangesRequested { .. }
            | Self::HandoffAsked { .. }
            | Self::CiApproved { .. }
            | Self::TextEdited { .. }
            | Self::LabelRemoved { .. }
            | Self::IssueEnded { .. }
            | Self::PullEnded { .. }
            | Self::RunEnded { .. }
            | Self::AccessLost { .. }
            | Self::OwnerChanged { .. }
            | Self::ChecksReported { .. }
            | Self::ChecksRead { .. }
            | Self::ChecksUnread { .. }
            | Self::RerunRefused { .. }
            | Self::DeadlinePassed => None,
        }
    }
}

/// How an attempt ended, without the files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "ending")]
pub enum Ending {
    /// With a change.
    Changed {
        /// Blobs that have to be written for it.
        #[serde(default)]
        blobs: u32,
    },
    /// Without one.
    Unchanged,
    /// It could not be done.
    Failed {
        /// Where.
        phase: Phase,
        /// What happened.
        cause: String,
        /// What a person can do.
        remedy: String,
    },
}
