//! The moves of a task that a review of its pull request brings about, for [`super::decide`].

use super::attempt::Feedback;
use super::because::Because;
use super::decision::Decision;
use super::moves::Next;
use super::stage::Stage;
use super::thread;
use crate::domain::effect::Effect;
use crate::domain::ids::{AttemptNumber, Oid};

impl Next<'_> {
    /// One more attempt, for a review that requests changes: once for each review, and only while
    /// the head is ours. One that comes while an attempt is under way is found by the sweep later.
    pub(super) fn rework(mut self, feedback: Feedback, left_out: u32, head: &Oid) -> Decision {
        let known =
            |known: Option<&Feedback>| known.is_some_and(|known| known.review == feedback.review);
        let mut attempts = self.task.attempts.iter();
        if attempts.any(|one| known(one.feedback.as_ref())) {
            return self.stays(Because::Outdated);
        }
        if self.task.stage.is_busy() {
            return self.stays(Because::AlreadyBusy);
        }
        let is_ours = self
            .task
            .pull
            .as_ref()
            .is_some_and(|pull| pull.head == *head);
        let listens = matches!(
            self.task.stage,
            Stage::Checking { .. } | Stage::Delivered { .. }
        );
        if !is_ours || !listens {
            return self.stays(Because::Outdated);
        }
        if !self.task.has_attempts_left() {
            return self.stays(Because::BudgetSpent);
        }
        if let Some(note) = thread::left_out(left_out)
            && !self.task.notes.contains(&note)
        {
            self.task.notes.push(note);
        }
        self.start_attempt(head.clone(), Some(feedback), Because::ChangesRequested)
    }

    /// The threads that an attempt was told of are replied in, each once for a review.
    pub(super) fn answer_threads(&mut self, attempt: AttemptNumber, commit: Option<&Oid>) {
        let Some(pull) = self.task.pull.as_ref().map(|pull| pull.number) else {
            return;
        };
        let found = self.task.attempt(attempt);
        let Some(feedback) = found.and_then(|one| one.feedback.as_ref()) else {
            return;
        };
        let Some(review) = feedback.review else {
            return;
        };
        let replies = feedback.threads.iter().map(|thread| Effect::Reply {
            pull,
            review,
            thread: thread.root,
            attempt,
            commit: commit.cloned(),
        });
        self.effects.extend(replies);
    }
}
