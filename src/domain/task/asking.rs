//! The moves of a task that an agent's questions and reports bring about, one method each, for
//! [`super::decide`].

use super::attempt::Feedback;
use super::because::Because;
use super::decision::Decision;
use super::moves::Next;
use super::question::{self, QUESTIONS_MAX, Question};
use super::stage::{Outcome, Stage};
use crate::domain::effect::Effect;
use crate::domain::ids::{AttemptNumber, Number, Oid};

/// Longest wait for an answer: a week, in which everybody works once.
const ANSWER_LIMIT_S: i64 = 7 * 24 * 3600;

impl Next<'_> {
    /// All that the attempt has asked so far: what is new in it is told, each by one comment.
    pub(super) fn ask(mut self, attempt: AttemptNumber, asked: &[Question]) -> Decision {
        let Some(last) = self.task.attempts.last_mut() else {
            return self.stays(Because::Outdated);
        };
        let known = last.questions.len();
        let new = asked.get(known..QUESTIONS_MAX.min(asked.len()));
        let new = new.unwrap_or_default();
        let is_working = matches!(self.task.stage, Stage::Working { .. });
        if new.is_empty() || !is_working {
            return self.stays(Because::Outdated);
        }
        last.questions.extend_from_slice(new);
        let number = self.where_people_are();
        for (at, one) in new.iter().enumerate() {
            self.effects.push(Effect::Say {
                number,
                key: format!("question-{attempt}-{}", known + at + 1),
                body: question::comment(attempt, one),
            });
        }
        self.stays(Because::QuestionAsked)
    }

    /// The pull request, where there is one; before that the issue.
    pub(super) fn where_people_are(&self) -> Number {
        let pull = self.task.pull.as_ref().map(|pull| pull.number);
        pull.unwrap_or(self.task.issue)
    }

    /// The attempt is over without a change: what it handed over instead is posted, and where it
    /// asked something, people have a week to answer.
    pub(super) fn end_unchanged(mut self, attempt: AttemptNumber, has_report: bool) -> Decision {
        self.post_report(attempt, has_report);
        self.answer_threads(attempt, None);
        if self.is_answered() {
            return self.go_on_with_answer(Because::NothingChanged);
        }
        let asks = self
            .task
            .last_attempt()
            .is_some_and(|last| !last.questions.is_empty());
        if asks && self.task.has_attempts_left() {
            let ended = Because::AnswerAwaited.sentence().to_owned();
            self.change_last(|last| last.ended = Some(ended));
            self.task.stage = Stage::Asking {
                attempt,
                until: self.event.at.plus_s(ANSWER_LIMIT_S),
            };
            return self.told(Because::AnswerAwaited);
        }
        if has_report {
            return self.end_attempt(Because::ReportGiven, Outcome::Reported);
        }
        // Nothing could come of an answer any more.
        if asks {
            return self.end_attempt(Because::BudgetSpent, Outcome::Unanswered);
        }
        self.end_attempt(Because::NothingChanged, Outcome::Unchanged)
    }

    /// The report of an attempt is posted, once.
    pub(super) fn post_report(&mut self, attempt: AttemptNumber, has_report: bool) {
        if has_report {
            let number = self.where_people_are();
            self.effects.push(Effect::Report { number, attempt });
        }
    }

    /// Keeps an answer that came while the attempt is under way: the next one begins with it.
    pub(super) fn keep_answer(mut self, answer: Feedback) -> Decision {
        self.acknowledge_said(answer.comment);
        self.change_last(|last| last.answer = Some(answer));
        self.stays(Because::AnswerKept)
    }

    /// Whether an answer is kept that another attempt can be told.
    pub(super) fn is_answered(&self) -> bool {
        let last = self.task.last_attempt();
        last.is_some_and(|last| last.answer.is_some()) && self.task.has_attempts_left()
    }

    /// The next attempt, from where the last one began or the branch is now, with the answer.
    pub(super) fn go_on_with_answer(mut self, because: Because) -> Decision {
        self.change_last(|last| {
            last.ended
                .get_or_insert_with(|| because.sentence().to_owned());
        });
        let last = self.task.last_attempt();
        let answer = last.and_then(|last| last.answer.clone());
        let start = last.map_or_else(|| self.task.base.oid.clone(), |last| last.start.clone());
        let start: Oid = match &self.task.pull {
            Some(pull) => pull.head.clone(),
            None => start,
        };
        let merge = last.and_then(|last| last.merge.clone());
        // What has been written holds the base already.
        let merge = merge.filter(|merge| merge.tip != self.task.base.oid);
        self.start_merge(start, answer, merge, Because::AnswerGiven)
    }
}
