//! Why a task moved: one value and one sentence each.
//!
//! The same value moves the machine, stands in the history, and explains it to people.

use serde::{Deserialize, Serialize};

/// Why a decision was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Because {
    /// The request was accepted.
    RequestAccepted,
    /// GitHub took the dispatch.
    RunDispatched,
    /// GitHub will not start a run.
    RunNotStarted,
    /// The run proved who it is.
    RunSignedIn,
    /// A runner traded the ticket.
    RunnerEntered,
    /// The runner is alive.
    RunnerAlive,
    /// The runner turned to another phase.
    PhaseChanged,
    /// A used ticket came with another key.
    TicketReplayed,
    /// The policy refuses the run's machine.
    MachineRefused,
    /// A change came back.
    ChangeReturned,
    /// The agent changed nothing.
    NothingChanged,
    /// The agent asked people something.
    QuestionAsked,
    /// The agent changed nothing and waits for an answer.
    AnswerAwaited,
    /// An answer came while the attempt is under way.
    AnswerKept,
    /// The next attempt begins with an answer.
    AnswerGiven,
    /// Nobody answered.
    Unanswered,
    /// The agent handed over a report instead of a change.
    ReportGiven,
    /// The attempt failed on the runner.
    AttemptFailed,
    /// The change is in a pull request.
    ChangeApplied,
    /// The change was written when the task was ended.
    AlreadyWritten,
    /// The change is on its branch and in no pull request.
    NotProposed,
    /// The change was refused.
    ChangeRefused,
    /// The base moved under the change.
    BaseMoved,
    /// A person moved the branch.
    PersonTookOver,
    /// The branch is gone.
    BranchDeleted,
    /// The requester has no write access any more.
    RequesterLostAccess,
    /// A person said stop.
    StopAsked,
    /// A person asked for another attempt.
    FixAsked,
    /// A person asked for another attempt while one is under way.
    AlreadyBusy,
    /// No attempt is left.
    BudgetSpent,
    /// The text was edited before the start.
    EditedBeforeStart,
    /// The text was edited after the start.
    EditedAfterStart,
    /// The label was taken off.
    LabelRemoved,
    /// The issue is closed or gone.
    IssueEnded,
    /// The pull request was merged.
    Merged,
    /// The pull request was closed.
    PullClosed,
    /// The run ended without a result.
    RunEndedEarly,
    /// Somebody cancelled the run.
    RunCancelled,
    /// We may no longer work here.
    AccessLost,
    /// The repository belongs to another account.
    OwnerChanged,
    /// No runner came.
    NoRunner,
    /// The runner gave no sign of life.
    RunnerLost,
    /// It no longer matters.
    Outdated,
}

impl Because {
    /// All values, for tables and tests.
    pub const ALL: &'static [Self] = &[
        Self::RequestAccepted,
        Self::RunDispatched,
        Self::RunNotStarted,
        Self::RunSignedIn,
        Self::RunnerEntered,
        Self::RunnerAlive,
        Self::PhaseChanged,
        Self::TicketReplayed,
        Self::MachineRefused,
        Self::ChangeReturned,
        Self::NothingChanged,
        Self::QuestionAsked,
        Self::AnswerAwaited,
        Self::AnswerKept,
        Self::AnswerGiven,
        Self::Unanswered,
        Self::ReportGiven,
        Self::AttemptFailed,
        Self::ChangeApplied,
        Self::AlreadyWritten,
        Self::NotProposed,
        Self::ChangeRefused,
        Self::BaseMoved,
        Self::PersonTookOver,
        Self::BranchDeleted,
        Self::RequesterLostAccess,
        Self::StopAsked,
        Self::FixAsked,
        Self::AlreadyBusy,
        Self::BudgetSpent,
        Self::EditedBeforeStart,
        Self::EditedAfterStart,
        Self::LabelRemoved,
        Self::IssueEnded,
        Self::Merged,
        Self::PullClosed,
        Self::RunEndedEarly,
        Self::RunCancelled,
        Self::AccessLost,
        Self::OwnerChanged,
        Self::NoRunner,
        Self::RunnerLost,
        Self::Outdated,
    ];

    /// One sentence for people.
    #[must_use]
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::RequestAccepted => "The request was accepted and a run is asked for.",
            Self::RunDispatched => "GitHub took the dispatch; a runner will come.",
            Self::RunNotStarted => "GitHub did not start a run.",
            Self::RunSignedIn => "The run proved that it is the one that was asked for.",
            Self::RunnerEntered => "A runner took the task.",
            Self::RunnerAlive => "The runner is alive.",
            Self::PhaseChanged => "The runner turned to its next phase.",
            Self::TicketReplayed => {
                "The ticket of this attempt was presented a second time with another key, so the attempt was ended."
            }
            Self::MachineRefused => {
                "The policy lets agents run on GitHub's own machines only (`runners: hosted`), and the run was not on one; name one such as `ubuntu-24.04` in `runs-on` of the workflow file, or write `runners: any` in `.github/castellan.yml`."
            }
            Self::ChangeReturned => "A change came back and is being checked.",
            Self::NothingChanged => "The agent ended without changing a file.",
            Self::QuestionAsked => {
                "The agent asked people something, and goes on with its default."
            }
            Self::AnswerAwaited => {
                "The agent ended with a question and without a change; an answer starts the next attempt."
            }
            Self::AnswerKept => "The answer is kept; the next attempt begins with it.",
            Self::AnswerGiven => "The next attempt begins with the answer that was given.",
            Self::Unanswered => "Nobody answered the agent's question within a week.",
            Self::ReportGiven => "The agent handed over a report and changed no file.",
            Self::AttemptFailed => "The attempt could not be completed.",
            Self::ChangeApplied => "The change was accepted and is in a draft pull request.",
            Self::AlreadyWritten => {
                "The change was on its branch already when the task was ended; close its pull request if it is not wanted."
            }
            Self::NotProposed => {
                "The change is on its branch, but GitHub did not open a pull request for it."
            }
            Self::ChangeRefused => "The change was refused; nothing was written.",
            Self::BaseMoved => "The base moved under the change, so it has to be made anew.",
            Self::PersonTookOver => {
                "A person moved the branch, so it is theirs now; `/agent fix` takes it back, on top of their commits."
            }
            Self::BranchDeleted => "The branch was deleted; it is not made again unless asked.",
            Self::RequesterLostAccess => {
                "The person who asked no longer has write access, so nothing was written."
            }
            Self::StopAsked => "A person said stop.",
            Self::FixAsked => "A person asked for another attempt.",
            Self::AlreadyBusy => "An attempt is already under way.",
            Self::BudgetSpent => "All attempts of the contract's budget are used.",
            Self::EditedBeforeStart => {
                "The text was edited before the agent started, so it has to be approved again."
            }
            Self::EditedAfterStart => {
                "The text was edited after the agent started; the approved text stays in force."
            }
            Self::LabelRemoved => "The label was taken off.",
            Self::IssueEnded => "The issue was closed or is gone.",
            Self::Merged => "A person merged the pull request.",
            Self::PullClosed => "A person closed the pull request.",
            Self::RunEndedEarly => "The run ended without returning a result.",
            Self::RunCancelled => "The run was cancelled on GitHub; nothing starts unasked.",
            Self::AccessLost => "Castellan may no longer work on this repository.",
            Self::OwnerChanged => {
                "The repository belongs to another account now; the task would need a new approval there."
            }
            Self::NoRunner => "No runner took the task in time.",
            Self::RunnerLost => "The runner gave no sign of life in time.",
            Self::Outdated => "The task had moved on, so this changed nothing.",
        }
    }
}
