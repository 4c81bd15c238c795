//! What a task does next: total, synchronous, infallible, and the only place where a task moves.
//!
//! Facts about an attempt that is not the one under way change nothing (I5), nor does any
//! fact change a closed task (I7). How each stage answers each fact is one snapshot, kept
//! with the tests; the moves themselves stand in `moves` (what runs bring about), `written` and `people`.

use super::Task;
use super::attempt::Feedback;
use super::because::Because;
pub use super::decision::Decision;
use super::moves::Next;
use super::stage::{Outcome, Stage};
use crate::domain::event::{Event, Fact};

/// What `task` does about `event`.
#[must_use]
pub fn decide(task: &Task, event: &Event) -> Decision {
    super::staged::let_go(answer(task, event))
}

fn answer(task: &Task, event: &Event) -> Decision {
    let next = Next::of(task, event);
    let late = event
        .fact
        .attempt()
        .is_some_and(|attempt| task.stage.attempt() != Some(attempt));
    if late || task.stage.is_closed() || is_out_of_turn(task, &event.fact) {
        return hear_late(next, &event.fact);
    }
    match &event.fact {
        Fact::Opened => next.open(),
        fact @ (Fact::Dispatched { .. }
        | Fact::DispatchRefused { .. }
        | Fact::SignedIn { .. }
        | Fact::MachineRefused { .. }
        | Fact::Entered { .. }
        | Fact::TicketReplayed { .. }
        | Fact::Reported { .. }
        | Fact::Asked { .. }
        | Fact::Returned { .. }) => hear_of_runner(next, fact),
        fact @ (Fact::Applied { .. }
        | Fact::Unproposed { .. }
        | Fact::ChangeRefused { .. }
        | Fact::BaseMoved { .. }
        | Fact::BaseConflicts { .. }) => hear_of_writing(next, fact),
        Fact::Staged { staged, .. } => next.put_aside(staged),
        Fact::CiApproved {
            by,
            comment,
            said_at,
        } => next.approve_ci(by, *comment, *said_at),
        Fact::ApprovalVoid { .. } => next.void_approval(),
        fact @ (Fact::ChecksReported { .. }
        | Fact::ChecksRead { .. }
        | Fact::ChecksUnread { .. }
        | Fact::RerunRefused { .. }) => hear_of_checks(next, fact),
        Fact::BranchMoved { head, .. } => next.yield_branch(head.clone()),
        Fact::RequesterLostAccess => next.lose_requester(),
        Fact::StopAsked { comment, .. } => next.stop(*comment),
        Fact::FixAsked {
            by,
            comment,
            words,
            head,
        } => next.fix(Feedback::of(by, *comment, words.as_deref()), head),
        Fact::ChangesRequested {
            by,
            review,
            words,
            threads,
            left_out,
            head,
        } => {
            let feedback = Feedback::of_review(by, *review, words.as_deref(), threads);
            next.rework(feedback, *left_out, head)
        }
        Fact::HandoffAsked { by, comment, page } => next.hand_off(by, *comment, page.as_deref()),
        fact @ (Fact::BaseRenamed { .. }
        | Fact::TextEdited { .. }
        | Fact::LabelRemoved { .. }
        | Fact::IssueEnded { .. }
        | Fact::PullEnded { .. }
        | Fact::RunEnded { .. }
        | Fact::AccessLost { .. }
        | Fact::OwnerChanged { .. }) => hear_of_surroundings(next, fact),
        Fact::DeadlinePassed => next.pass_deadline(),
    }
}

/// What the attempt's run and its runner say.
fn hear_of_runner(next: Next<'_>, fact: &Fact) -> Decision {
    match fact {
        Fact::Dispatched { run, .. } => next.note_run(*run),
        Fact::DispatchRefused { cause, remedy, .. } => next.refuse_run(cause, remedy),
        Fact::SignedIn {
            run,
            ticket,
            machine,
            ..
        } => next.sign_in(*run, ticket, *machine),
        Fact::MachineRefused { .. } => next.refuse_machine(),
        Fact::Entered {
            attempt,
            run,
            key,
            work_s,
        } => next.enter(*attempt, *run, key, *work_s),
        Fact::TicketReplayed { .. } => next.expel(),
        Fact::Reported {
            attempt,
            phase,
            note,
        } => next.report(*attempt, *phase, note.as_deref()),
        Fact::Asked { attempt, questions } => next.ask(*attempt, questions),
        Fact::Returned {
            attempt,
            result,
            ending,
            has_report,
        } => next.take_result(*attempt, result, ending, *has_report),
        _ => next.stays(Because::Outdated),
    }
}

/// What the checks of the head say.
fn hear_of_checks(next: Next<'_>, fact: &Fact) -> Decision {
    match fact {
        Fact::ChecksReported { head } => next.hear_checks(head),
        Fact::ChecksRead {
            head,
            reading,
            failures,
            draft,
        } => next.read_checks(head, reading, failures, *draft),
        Fact::ChecksUnread { head } => next.miss_checks(head),
        Fact::RerunRefused { run } => next.refuse_rerun(*run),
        _ => next.stays(Because::Outdated),
    }
}

/// What came of a change being written.
fn hear_of_writing(next: Next<'_>, fact: &Fact) -> Decision {
    match fact {
        Fact::Applied {
            pull,
            head,
            written,
            ..
        } => next.deliver(*pull, head, written),
        Fact::Unproposed { head, cause, .. } => next.leave_branch(head, cause),
        Fact::ChangeRefused {
            sentences, again, ..
        } => next.refuse_change(sentences, *again),
        Fact::BaseMoved { tip, .. } => next.rebase(tip),
        Fact::BaseConflicts { head, merge } => next.meet_base(head, merge),
        _ => next.stays(Because::Outdated),
    }
}

/// What happens around the task.
fn hear_of_surroundings(next: Next<'_>, fact: &Fact) -> Decision {
    match fact {
        Fact::TextEdited { difference } => next.reread(difference),
        Fact::LabelRemoved { .. } => next.unlabel(),
        Fact::BaseRenamed { branch } => next.rename_base(branch),
        Fact::IssueEnded { how } => next.end_issue(how),
        Fact::PullEnded { merged: true } => next.close(Because::Merged, Outcome::Merged),
        Fact::PullEnded { merged: false } => next.close(Because::PullClosed, Outcome::Declined),
        Fact::RunEnded { run, conclusion } => next.end_run(*run, conclusion),
        Fact::AccessLost { .. } => next.close(Because::AccessLost, Outcome::AccessLost),
        Fact::OwnerChanged { .. } => next.close(Because::OwnerChanged, Outcome::AccessLost),
        _ => next.stays(Because::Outdated),
    }
}

/// What was written is told even where the task has moved on; nothing else is.
fn hear_late(next: Next<'_>, fact: &Fact) -> Decision {
    match fact {
        Fact::Applied {
            attempt,
            pull,
            head,
            written,
        } => next.note_written(*attempt, *pull, head, written),
        Fact::Unproposed {
            attempt,
            head,
            cause,
        } => next.note_unproposed(*attempt, head, cause),
        Fact::Staged { attempt, staged } => next.drop_late(*attempt, staged),
        _ => next.stays(Because::Outdated),
    }
}

/// What comes of a change being written is heard only while one is being written.
fn is_out_of_turn(task: &Task, fact: &Fact) -> bool {
    let is_of_writing = matches!(
        fact,
        Fact::Applied { .. }
            | Fact::Staged { .. }
            | Fact::ApprovalVoid { .. }
            | Fact::Unproposed { .. }
            | Fact::ChangeRefused { .. }
            | Fact::BaseMoved { .. }
    );
    is_of_writing && !matches!(task.stage, Stage::Applying { .. })
}
