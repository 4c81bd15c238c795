//! The moves of a task that people and their repository bring about, one method each, for
//! [`super::decide`].

use super::attempt::{Attempt, Feedback};
use super::because::Because;
use super::decision::Decision;
use super::moves::Next;
use super::stage::{Outcome, Stage};
use crate::domain::effect::{Effect, ReactionTarget};
use crate::domain::ids::{CommentId, Oid};
use crate::guard::{self, Guard};

impl Next<'_> {
    pub(super) fn lose_requester(self) -> Decision {
        if !self.task.stage.is_busy() {
            return self.stays(Because::Outdated);
        }
        self.end_attempt(Because::RequesterLostAccess, Outcome::Refused)
    }

    pub(super) fn close(mut self, because: Because, outcome: Outcome) -> Decision {
        self.cancel_run();
        self.end_waiting(because);
        self.change_last(|last| {
            last.ended
                .get_or_insert_with(|| because.sentence().to_owned());
        });
        self.task.stage = Stage::Closed { outcome };
        match outcome {
            // Where access is lost there is nobody to tell and no way to do it (H16).
            Outcome::AccessLost => {
                self.effects.clear();
                self.stays(because)
            }
            Outcome::Merged
            | Outcome::Declined
            | Outcome::Stopped
            | Outcome::Unchanged
            | Outcome::Reported
            | Outcome::Unanswered
            | Outcome::Failed
            | Outcome::Refused
            | Outcome::AskedAgain
            | Outcome::Moot => self.told(because),
        }
    }

    /// Somebody moved the branch: it is theirs (H1, H2, H3).
    pub(super) fn yield_branch(mut self, head: Option<Oid>) -> Decision {
        let known = self.task.pull.as_ref().map(|pull| &pull.head);
        // A push that is heard of late may be the one that `/agent fix` went on from.
        if known.is_some() && head.as_ref() == known {
            return self.stays(Because::Outdated);
        }
        if let Stage::Paused { head: known, .. } = &self.task.stage
            && *known == head
        {
            return self.stays(Because::Outdated);
        }
        self.cancel_run();
        let because = if head.is_some() {
            Because::PersonTookOver
        } else {
            Because::BranchDeleted
        };
        self.end_waiting(because);
        if self.task.stage.is_busy() {
            self.change_last(|last| {
                last.ended
                    .get_or_insert_with(|| because.sentence().to_owned());
            });
        }
        // Without a pull request there is nothing that anybody could take back.
        if self.task.pull.is_none() {
            return self.end_attempt(because, Outcome::Failed);
        }
        self.task.stage = Stage::Paused {
            pull: self.task.pull.as_ref().map(|pull| pull.number),
            head,
        };
        self.told(because)
    }

    /// One more attempt, on the branch as it is. A comment asks for one only (D3, D4).
    ///
    /// Where the last attempt asked something, it is the answer; while that attempt is under way
    /// the answer is kept for the next one.
    pub(super) fn fix(mut self, mut feedback: Feedback, head: &Oid) -> Decision {
        let asked = |attempt: &Attempt| {
            let mut known = attempt.feedback.iter().chain(&attempt.answer);
            known.any(|known| known.comment.is_some() && known.comment == feedback.comment)
        };
        if guard::holds(Guard::Request) && self.task.attempts.iter().any(asked) {
            return self.stays(Because::Outdated);
        }
        if let Some(last) = self.task.last_attempt() {
            feedback.questions.clone_from(&last.questions);
        }
        let can_be_kept = !feedback.questions.is_empty() && self.task.has_attempts_left();
        if self.task.stage.is_busy() && can_be_kept {
            return self.keep_answer(feedback);
        }
        if self.task.stage.is_busy() {
            return self.stays(Because::AlreadyBusy);
        }
        // Said no to before anything is touched: the task stays as it is, and so does the branch.
        if !self.task.has_attempts_left() {
            return self.stays(Because::BudgetSpent);
        }
        let mut merge = None;
        if let Some(pull) = &mut self.task.pull {
            // The base is still to be taken in, where that is what is missing.
            merge = pull.unmerged.take().filter(|_| pull.head == *head);
            pull.head = head.clone();
        } else {
            self.task.base.oid = head.clone();
        }
        self.end_waiting(Because::FixAsked);
        self.acknowledge_said(feedback.comment);
        self.start_merge(head.clone(), Some(feedback), merge, Because::FixAsked)
    }

    pub(super) fn stop(mut self, comment: Option<CommentId>) -> Decision {
        self.acknowledge_said(comment);
        self.close(Because::StopAsked, Outcome::Stopped)
    }

    /// With the move itself, so that a crash in between leaves nobody unheard.
    pub(super) fn acknowledge(&mut self, comment: CommentId) {
        let target = ReactionTarget::Comment { id: comment };
        self.effects.push(Effect::Acknowledge { target });
    }

    /// The same; a button is clicked on what changes before the clicker's eyes.
    pub(super) fn acknowledge_said(&mut self, comment: Option<CommentId>) {
        if let Some(comment) = comment {
            self.acknowledge(comment);
        }
    }

    pub(super) fn reread(mut self, difference: &str) -> Decision {
        let first = self.task.attempts.len() == 1;
        if first && matches!(self.task.stage, Stage::Queued { .. }) {
            let body = super::status::asked_again(difference);
            self.effects.push(Effect::Say {
                number: self.task.issue,
                key: "asked-again".to_owned(),
                body,
            });
            return self.close(Because::EditedBeforeStart, Outcome::AskedAgain);
        }
        if self.task.edited_since {
            return self.stays(Because::EditedAfterStart);
        }
        self.task.edited_since = true;
        self.told(Because::EditedAfterStart)
    }

    pub(super) fn unlabel(self) -> Decision {
        let waits = self.task.stage.is_busy()
            || matches!(self.task.stage, Stage::Asking { .. } | Stage::Staged { .. });
        if self.task.pull.is_some() || !waits {
            return self.stays(Because::Outdated);
        }
        self.close(Because::LabelRemoved, Outcome::Stopped)
    }

    /// With a pull request the issue may well be closed; the work goes on there.
    pub(super) fn end_issue(self, how: &str) -> Decision {
        if self.task.mended().is_some() {
            return self.end_mended(how);
        }
        if self.task.pull.is_some() {
            return self.stays(Because::Outdated);
        }
        self.close(Because::IssueEnded, Outcome::Stopped)
    }
}
