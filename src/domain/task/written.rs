//! The moves of a task that the writing of its change brings about, one method each, for
//! [`super::decide`].

use super::attempt::Attempt;
use super::because::Because;
use super::decision::Decision;
use super::moves::Next;
use super::stage::{Outcome, Stage};
use super::{Pull, Written};
use crate::domain::ci::watch::Watch;
use crate::domain::ids::{AttemptNumber, Number, Oid};

impl Next<'_> {
    /// The change was on the branch already when the task was ended: people are told, and the
    /// pull request is known as ours (C4, C5).
    pub(super) fn note_written(
        mut self,
        attempt: AttemptNumber,
        pull: Number,
        head: &Oid,
        written: &Written,
    ) -> Decision {
        let known = self.task.pull.as_ref();
        let is_known = known.is_some_and(|known| known.commits.contains(head));
        if is_known || !self.may_have_been_written(attempt) {
            return self.stays(Because::Outdated);
        }
        self.own(pull, head, written);
        let ended = Because::AlreadyWritten.sentence().to_owned();
        self.change_last(|last| last.ended = Some(ended));
        self.told(Because::AlreadyWritten)
    }

    /// The same, where GitHub would open no pull request for it.
    pub(super) fn note_unproposed(
        mut self,
        attempt: AttemptNumber,
        head: &Oid,
        cause: &str,
    ) -> Decision {
        let words = self.left_on_branch(head, cause);
        let told = self
            .task
            .last_attempt()
            .and_then(|last| last.ended.as_ref());
        if told == Some(&words) || self.task.pull.is_some() || !self.may_have_been_written(attempt)
        {
            return self.stays(Because::Outdated);
        }
        self.change_last(|last| last.ended = Some(words));
        self.told(Because::NotProposed)
    }

    /// Whether the task is at rest and the change of its last attempt was on its way before.
    fn may_have_been_written(&self, attempt: AttemptNumber) -> bool {
        let returned = self
            .task
            .last_attempt()
            .is_some_and(|last| last.number == attempt && last.result.is_some());
        // What asks has changed nothing, and what waits for approval is on no branch.
        let asks = matches!(self.task.stage, Stage::Asking { .. } | Stage::Staged { .. });
        returned && !asks && !self.task.stage.is_busy()
    }

    /// The commit is there and nothing proposes it: people are told where it lies.
    pub(super) fn leave_branch(self, head: &Oid, cause: &str) -> Decision {
        let words = self.left_on_branch(head, cause);
        self.fail(Because::NotProposed, Outcome::Failed, words)
    }

    fn left_on_branch(&self, head: &Oid, cause: &str) -> String {
        format!(
            "The change is on the branch `{}` at `{}`, but GitHub did not open a pull request for it ({cause}). Open one from that branch, or delete it.",
            self.task.id.branch(),
            head.short()
        )
    }

    pub(super) fn deliver(mut self, pull: Number, head: &Oid, written: &Written) -> Decision {
        self.own(pull, head, written);
        let last = self.task.last_attempt().map(|last| last.number);
        if let Some(attempt) = last {
            self.answer_threads(attempt, Some(head));
        }
        let because = Because::ChangeApplied;
        self.change_last(|last| {
            last.ended
                .get_or_insert_with(|| because.sentence().to_owned());
        });
        let pause_s = i64::from(self.task.policy.ci.settle_s);
        self.task.stage = Stage::Checking {
            pull,
            head: head.clone(),
            watch: Watch::begins(self.event.at, written.has_workflows, pause_s),
        };
        if self.is_answered() {
            return self.go_on_with_answer(because);
        }
        match written.has_workflows {
            true => self.told(because),
            // The first look follows at once, and most often is the last one.
            false => self.stays(because),
        }
    }

    /// Our commit is at the head of our pull request.
    fn own(&mut self, pull: Number, head: &Oid, written: &Written) {
        let mut commits = self.task.pull.take().map_or_else(Vec::new, |p| p.commits);
        commits.push(head.clone());
        self.task.pull = Some(Pull {
            number: pull,
            head: head.clone(),
            commits,
            written: written.clone(),
            unmerged: None,
        });
        // From here on it is compared with the base that it holds.
        if let Some(merged) = &written.merged {
            self.task.base.oid = merged.clone();
        }
    }

    /// The change was refused. Where the agent can do better it goes again, and is told why.
    pub(super) fn refuse_change(mut self, sentences: &[String], again: bool) -> Decision {
        let words = sentences.join(" ");
        let because = Because::ChangeRefused;
        if !again || !self.task.has_attempts_left() {
            return self.fail(because, Outcome::Refused, words);
        }
        self.change_last(|last| last.ended = Some(words));
        self.try_again(because)
    }

    /// The same attempt again, on the base as it is now.
    pub(super) fn rebase(mut self, tip: &Oid) -> Decision {
        let ended = Because::BaseMoved.sentence().to_owned();
        self.change_last(|last| last.ended = Some(ended));
        self.task.base.oid = tip.clone();
        let last = self.task.last_attempt();
        let feedback = last.and_then(Attempt::next_feedback);
        let correction = last.and_then(|last| last.correction.clone());
        self.start_correction(tip.clone(), feedback, correction, Because::BaseMoved)
    }
}
