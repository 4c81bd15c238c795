//! Why a task moved: one value and one sentence each.
//!
//! The same value moves the machine, stands in the history, and explains it to people.

use serde::{Deserialize, Serialize};

/// Each reason once: what it means for the code, its name, its sentence for people.
macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident: $sentence:literal;)*) => {
        /// Why a decision was taken.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Because {
            $($(#[$doc])* $name,)*
        }

        impl Because {
            /// All values, for tables and tests.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// One sentence for people.
            #[must_use]
            pub const fn sentence(self) -> &'static str {
                match self {
                    $(Self::$name => $sentence,)*
                }
            }
        }
    };
}

reasons! {
    /// The request was accepted.
    RequestAccepted: "The request was accepted and a run is asked for.";
    /// GitHub took the dispatch.
    RunDispatched: "GitHub took the dispatch; a runner will come.";
    /// GitHub will not start a run.
    RunNotStarted: "GitHub did not start a run.";
    /// The run proved who it is.
    RunSignedIn: "The run proved that it is the one that was asked for.";
    /// A runner traded the ticket.
    RunnerEntered: "A runner took the task.";
    /// The runner is alive.
    RunnerAlive: "The runner is alive.";
    /// The runner turned to another phase.
    PhaseChanged: "The runner turned to its next phase.";
    /// A used ticket came with another key.
    TicketReplayed: "The ticket of this attempt was presented a second time with another key, so the attempt was ended.";
    /// The policy refuses the run's machine.
    MachineRefused: "The policy lets agents run on GitHub's own machines only (`runners: hosted`), and the run was not on one; name one such as `ubuntu-24.04` in `runs-on` of the workflow file, or write `runners: any` in `.github/castellan.yml`.";
    /// A change came back.
    ChangeReturned: "A change came back and is being checked.";
    /// The agent changed nothing.
    NothingChanged: "The agent ended without changing a file.";
    /// The agent asked people something.
    QuestionAsked: "The agent asked people something, and goes on with its default.";
    /// The agent changed nothing and waits for an answer.
    AnswerAwaited: "The agent ended with a question and without a change; an answer starts the next attempt.";
    /// An answer came while the attempt is under way.
    AnswerKept: "The answer is kept; the next attempt begins with it.";
    /// The next attempt begins with an answer.
    AnswerGiven: "The next attempt begins with the answer that was given.";
    /// Nobody answered.
    Unanswered: "Nobody answered the agent's question within a week.";
    /// The agent handed over a report instead of a change.
    ReportGiven: "The agent handed over a report and changed no file.";
    /// The attempt failed on the runner.
    AttemptFailed: "The attempt could not be completed.";
    /// The change is in a pull request.
    ChangeApplied: "The change was accepted and is in a draft pull request.";
    /// The change was written when the task was ended.
    AlreadyWritten: "The change was on its branch already when the task was ended; close its pull request if it is not wanted.";
    /// The change waits for a person's approval.
    ChangeStaged: "The change passed every rule and waits for approval; it is on no branch yet.";
    /// Another commit waits than the one that was approved.
    StagedAnew: "The workflows of the base changed meanwhile, so the change was laid upon the base as it is now; this other commit waits for an approval of its own.";
    /// People are reminded of it.
    StagedReminded: "The change still waits for approval; people were reminded once.";
    /// A person lets CI run on it.
    CiApproved: "A person approved the commit; it goes on to its branch, and CI runs.";
    /// Who approved may not write any more.
    ApprovalVoid: "The person who approved no longer has write access, so the commit still waits.";
    /// The approval was said before the commit was there.
    ApprovalOutdated: "The approval is older than the commit that waits.";
    /// No commit waits for approval.
    NothingToApprove: "No commit waits for an approval.";
    /// The commit was put aside when the task had moved on.
    StagedDropped: "The change was written when the task had moved on; its commit is dropped.";
    /// The change is on its branch and in no pull request.
    NotProposed: "The change is on its branch, but GitHub did not open a pull request for it.";
    /// The change was refused.
    ChangeRefused: "The change was refused; nothing was written.";
    /// The base moved under the change.
    BaseMoved: "The base moved under the change, so it has to be made anew.";
    /// A person moved the branch.
    PersonTookOver: "A person moved the branch, so it is theirs now; `/agent fix` takes it back, on top of their commits.";
    /// The branch is gone.
    BranchDeleted: "The branch was deleted; it is not made again unless asked.";
    /// The requester has no write access any more.
    RequesterLostAccess: "The person who asked no longer has write access, so nothing was written.";
    /// A person said stop.
    StopAsked: "A person said stop.";
    /// A person asked for another attempt.
    FixAsked: "A person asked for another attempt.";
    /// A person asked for another attempt while one is under way.
    AlreadyBusy: "An attempt is already under way.";
    /// No attempt is left.
    BudgetSpent: "All attempts of the contract's budget are used.";
    /// The text was edited before the start.
    EditedBeforeStart: "The text was edited before the agent started, so it has to be approved again.";
    /// The text was edited after the start.
    EditedAfterStart: "The text was edited after the agent started; the approved text stays in force.";
    /// The label was taken off.
    LabelRemoved: "The label was taken off.";
    /// The issue is closed or gone.
    IssueEnded: "The issue was closed or is gone.";
    /// The pull request was merged.
    Merged: "A person merged the pull request.";
    /// The pull request was closed.
    PullClosed: "A person closed the pull request.";
    /// The run ended without a result.
    RunEndedEarly: "The run ended without returning a result.";
    /// Somebody cancelled the run.
    RunCancelled: "The run was cancelled on GitHub; nothing starts unasked.";
    /// We may no longer work here.
    AccessLost: "Castellan may no longer work on this repository.";
    /// The repository belongs to another account.
    OwnerChanged: "The repository belongs to another account now; the task would need a new approval there.";
    /// No runner came.
    NoRunner: "No runner took the task in time.";
    /// The runner gave no sign of life.
    RunnerLost: "The runner gave no sign of life in time.";
    /// Something was reported about the checks of the head.
    ChecksReported: "CI reported; the truth is looked at.";
    /// The checks are not over, or have not settled.
    ChecksAwaited: "The checks of the commit are waited for.";
    /// The checks could not be read.
    ChecksUnread: "What CI says could not be read; it is looked at again.";
    /// A run waits for a person's approval.
    ApprovalAwaited: "A run of CI waits until somebody approves it on GitHub.";
    /// Failed jobs are run once more.
    RerunAsked: "Checks failed; their jobs are run once more before anybody is woken.";
    /// GitHub will not run them again.
    RerunRefused: "GitHub did not run the failed jobs again.";
    /// Workflows leave drafts out.
    MadeReady: "The workflows leave drafts out, so the pull request was marked as ready: the acceptance commands have passed on it.";
    /// All that counts passed.
    ChecksPassed: "CI passed.";
    /// What failed is not the change's.
    ChecksExcused: "CI failed, and not because of this change; no agent was woken.";
    /// The change's own failure.
    ChecksFailed: "CI failed because of this change; the agent goes again, and is told how.";
    /// Corrections led nowhere.
    AnotherApproach: "The corrections lead nowhere, so the agent goes once more with a fresh mind and is told what failed.";
    /// They led nowhere twice.
    Stuck: "The corrections lead nowhere, with another approach, too; a person is needed.";
    /// There are none.
    NoChecks: "No check was reported for the commit, so CI says nothing about it.";
    /// They did not end in time.
    ChecksUnsettled: "CI did not come to an end in time; a person has to look at it.";
    /// They say what they said before.
    ChecksUnchanged: "The checks say what they said before.";
    /// A person takes the task over.
    HandedOff: "The task was handed over to a person; `/agent fix` takes it back, on top of their commits.";
    /// There is nothing to hand over.
    NothingToHandOff: "There is no pull request yet that could be handed over.";
    /// A review requests changes.
    ChangesRequested: "A review requests changes; the agent goes again, with its threads.";
    /// The pull request that was to be mended is merged or closed.
    MendedPullEnded: "The pull request that this was for was merged or closed.";
    /// The base has another name.
    BaseRenamed: "The base branch was renamed; the task goes on with its new name.";
    /// The base changed the same places as the branch.
    BaseConflicts: "The base changed the same places as this pull request; the agent goes again, to bring both together.";
    /// The same, and nobody but a person can bring both together.
    ConflictLeft: "The base changed the same places as this pull request; a person has to bring both together.";
    /// It no longer matters.
    Outdated: "The task had moved on, so this changed nothing.";
}
