//! The moves of a task that its runs bring about, one method each, for [`super::decide`].

use super::Task;
use super::attempt::{Attempt, Feedback, Machine, RunIdentity, SignedIn};
use super::because::Because;
use super::decision::Decision;
use super::stage::{Outcome, Stage};
use crate::domain::effect::{Effect, ReactionTarget};
use crate::domain::event::{Ending, Event};
use crate::domain::ids::{AttemptNumber, Fence, Oid, RunId, Sha256Hex};
use crate::domain::request::Origin;

/// Longest wait for a runner: GitHub keeps a job queued for a day at most.
pub const QUEUE_LIMIT_S: i64 = 24 * 3600;
/// Longest that a repository's own set-up steps may take, from signing in to the exchange.
const SETUP_LIMIT_S: i64 = 3600;
/// Digits of a nonce: enough to be the only one.
const NONCE_CHARS: usize = 24;
/// Longest silence of a runner.
pub const SILENCE_LIMIT_S: i64 = 180;
/// Seconds between two signs of life: three may be lost before the runner counts as lost.
pub const HEARTBEAT_S: u32 = 45;
/// Seconds beyond what the brief grants: for the sandbox's start, the checkout and the upload.
pub const GRACE_S: i64 = 900;

/// Of a draw, what may be seen of it.
fn nonce_of(draw: &str) -> String {
    let hash = Sha256Hex::of(format!("nonce:{draw}"));
    hash.as_str().chars().take(NONCE_CHARS).collect()
}

/// The decision in the making.
///
/// A move changes the task and ends in one of these: [`Next::stays`], where nobody needs to be
/// told, be the task moved or not; [`Next::told`], where the status comment is written anew.
/// Where an attempt is over, [`Next::rest`] before it sets the stage: back to the pull request,
/// or closed. [`Next::end_attempt`] and [`Next::fail`] are both in one.
pub(super) struct Next<'a> {
    pub(super) task: Task,
    pub(super) event: &'a Event,
    pub(super) effects: Vec<Effect>,
}

impl<'a> Next<'a> {
    pub(super) fn of(task: &Task, event: &'a Event) -> Self {
        Self {
            task: task.clone(),
            event,
            effects: Vec::new(),
        }
    }

    /// Nobody needs to be told.
    pub(super) fn stays(self, because: Because) -> Decision {
        Decision {
            task: self.task,
            effects: self.effects,
            because,
        }
    }

    /// The status comment is written anew.
    pub(super) fn told(mut self, because: Because) -> Decision {
        self.effects.push(Effect::Status);
        self.stays(because)
    }

    pub(super) fn open(mut self) -> Decision {
        if !self.task.attempts.is_empty() {
            return self.stays(Because::Outdated);
        }
        let target = match self.task.request.origin {
            Origin::Label { .. } | Origin::Button { .. } => ReactionTarget::Issue {
                number: self.task.issue,
            },
            Origin::Comment { id } => ReactionTarget::Comment { id },
        };
        self.effects.push(Effect::Acknowledge { target });
        let start = self.task.base.oid.clone();
        let mended = self.task.mended();
        let failed = mended.and_then(|mended| mended.failed.clone());
        self.start_correction(start, None, failed, Because::RequestAccepted)
    }

    /// Asks for a run of one more attempt, or says that none is left.
    pub(super) fn start_attempt(
        mut self,
        start: Oid,
        feedback: Option<Feedback>,
        because: Because,
    ) -> Decision {
        if !self.task.has_attempts_left() {
            self.rest(Outcome::Failed);
            return self.told(Because::BudgetSpent);
        }
        let at = self.event.at;
        let last = self.task.last_attempt();
        let number = AttemptNumber(last.map_or(1, |attempt| attempt.number.0.saturating_add(1)));
        let fence = Fence(last.map_or(at.0, |attempt| at.0.max(attempt.fence.0.saturating_add(1))));
        // As long as nothing of ours is there, what is to be mended is what it was.
        let correction = match self.task.pull {
            Some(_) => None,
            None => last.and_then(|last| last.correction.clone()),
        };
        self.task.attempts.push(Attempt {
            number,
            fence,
            seed: Sha256Hex::of(&self.event.draw),
            nonce: nonce_of(&self.event.draw),
            start,
            feedback,
            asked_at: at,
            run: None,
            signed_in: None,
            entered: None,
            going: None,
            result: None,
            ended: None,
            questions: Vec::new(),
            answer: None,
            correction,
            merge: None,
            staged: None,
            approved: None,
        });
        self.task.stage = Stage::Queued {
            attempt: number,
            until: at.plus_s(QUEUE_LIMIT_S),
        };
        self.effects.push(Effect::Dispatch {
            attempt: number,
            fence,
        });
        self.told(because)
    }

    /// Whoever holds the lease may not be who was meant: its run is cancelled, too (X86).
    pub(super) fn expel(mut self) -> Decision {
        self.cancel_run();
        self.end_attempt(Because::TicketReplayed, Outcome::Failed)
    }

    /// The run is the attempt's from now on, and has until the set-up limit to trade its ticket.
    /// One that signs in again, because the answer was lost, gets another ticket (K8).
    pub(super) fn sign_in(
        mut self,
        run: RunIdentity,
        ticket: &Sha256Hex,
        machine: Option<Machine>,
    ) -> Decision {
        let until = self.event.at.plus_s(SETUP_LIMIT_S);
        let is_waiting = matches!(self.task.stage, Stage::Queued { .. });
        let is_others = self.task.last_attempt().is_some_and(|last| {
            let other = last.current_run().is_some_and(|known| known != run.run_id);
            other || last.entered.is_some()
        });
        if !is_waiting || is_others {
            return self.stays(Because::Outdated);
        }
        self.change_last(|last| {
            last.signed_in = Some(SignedIn {
                run,
                ticket: ticket.clone(),
                until,
                machine,
            });
        });
        self.stays(Because::RunSignedIn)
    }

    /// Another run would be on such a machine, too: it is not tried again (U15).
    pub(super) fn refuse_machine(self) -> Decision {
        let is_in = |last: &Attempt| last.signed_in.is_some();
        if !matches!(self.task.stage, Stage::Queued { .. })
            || self.task.last_attempt().is_some_and(is_in)
        {
            return self.stays(Because::Outdated);
        }
        self.end_attempt(Because::MachineRefused, Outcome::Failed)
    }

    /// Once a run signed in, it is the one that counts (K6).
    pub(super) fn note_run(mut self, run: Option<RunId>) -> Decision {
        self.change_last(|last| {
            if last.signed_in.is_none() {
                last.run = run.or(last.run);
            }
        });
        self.stays(Because::RunDispatched)
    }

    /// GitHub will not start a run; where one entered all the same, it may go on (A2).
    pub(super) fn refuse_run(self, cause: &str, remedy: &str) -> Decision {
        let is_in = |last: &Attempt| last.signed_in.is_some();
        if !matches!(self.task.stage, Stage::Queued { .. })
            || self.task.last_attempt().is_some_and(is_in)
        {
            return self.stays(Because::Outdated);
        }
        let words = with_remedy(cause, remedy);
        self.fail(Because::RunNotStarted, Outcome::Failed, words)
    }

    /// The attempt is over for a reason that somebody put in words.
    pub(super) fn fail(mut self, because: Because, outcome: Outcome, words: String) -> Decision {
        self.change_last(|last| last.ended = Some(words));
        self.end_attempt(because, outcome)
    }

    pub(super) fn take_result(
        mut self,
        attempt: AttemptNumber,
        result: &Sha256Hex,
        ending: &Ending,
        has_report: bool,
    ) -> Decision {
        if !matches!(self.task.stage, Stage::Working { .. }) {
            return self.stays(Because::Outdated);
        }
        self.change_last(|last| last.result = Some(result.clone()));
        match ending {
            Ending::Changed { blobs } => {
                let Some(fence) = self.task.last_attempt().map(|last| last.fence) else {
                    return self.stays(Because::Outdated);
                };
                self.task.stage = Stage::Applying {
                    attempt,
                    result: result.clone(),
                };
                let blobs = *blobs;
                self.effects.push(Effect::Apply {
                    attempt,
                    fence,
                    blobs,
                });
                self.stays(Because::ChangeReturned)
            }
            Ending::Unchanged => self.end_unchanged(attempt, has_report),
            Ending::Failed {
                phase,
                cause,
                remedy,
            } => {
                let words = format!("While {}: {}", phase.words(), with_remedy(cause, remedy));
                self.post_report(attempt, has_report);
                if self.is_answered() {
                    self.change_last(|last| last.ended = Some(words));
                    return self.go_on_with_answer(Because::AttemptFailed);
                }
                self.fail(Because::AttemptFailed, Outcome::Failed, words)
            }
        }
    }

    /// The attempt is over: back to the pull request where there is one, else the end.
    pub(super) fn end_attempt(mut self, because: Because, outcome: Outcome) -> Decision {
        self.change_last(|last| {
            last.ended
                .get_or_insert_with(|| because.sentence().to_owned());
        });
        self.rest(outcome);
        self.told(because)
    }

    /// Stands still: with the pull request where there is one, else closed.
    pub(super) fn rest(&mut self, outcome: Outcome) {
        self.task.stage = match &self.task.pull {
            Some(pull) => Stage::Delivered {
                pull: pull.number,
                head: pull.head.clone(),
            },
            None => Stage::Closed { outcome },
        };
    }

    pub(super) fn cancel_run(&mut self) {
        if !self.task.stage.is_busy() {
            return;
        }
        let run = self.task.last_attempt().and_then(Attempt::current_run);
        if let Some(run) = run {
            self.effects.push(Effect::Cancel { run });
        }
    }

    /// A run that ended after its result was returned says nothing new.
    pub(super) fn end_run(self, run: RunId, conclusion: &str) -> Decision {
        let current = self.task.last_attempt().and_then(Attempt::current_run);
        let waits = matches!(
            self.task.stage,
            Stage::Queued { .. } | Stage::Working { .. }
        );
        if current != Some(run) || !waits {
            return self.stays(Because::Outdated);
        }
        // Our own cancels concern attempts that are over: this one was a person's (U7).
        if conclusion == "cancelled" {
            return self.end_attempt(Because::RunCancelled, Outcome::Stopped);
        }
        let conclusion = crate::domain::text::line(conclusion, 40);
        let ended =
            format!("Run {run} ended ({conclusion}) without returning a result; its log says why.");
        self.retry_or_end(Because::RunEndedEarly, ended)
    }

    pub(super) fn pass_deadline(mut self) -> Decision {
        let Some(until) = self.task.stage.deadline() else {
            return self.stays(Because::Outdated);
        };
        if self.event.at < until {
            return self.stays(Because::Outdated);
        }
        match self.task.stage {
            Stage::Queued { .. } => {
                self.cancel_run();
                self.end_attempt(Because::NoRunner, Outcome::Failed)
            }
            Stage::Working { .. } => {
                self.cancel_run();
                let ended = Because::RunnerLost.sentence().to_owned();
                self.retry_or_end(Because::RunnerLost, ended)
            }
            Stage::Asking { .. } => {
                self.rest(Outcome::Unanswered);
                self.told(Because::Unanswered)
            }
            Stage::Staged { .. } => self.remind(),
            Stage::Applying { .. }
            | Stage::Checking { .. }
            | Stage::Delivered { .. }
            | Stage::Paused { .. }
            | Stage::Closed { .. } => self.stays(Because::Outdated),
        }
    }

    /// A runner that vanished is the machine's fault: once more where the budget allows (U1).
    fn retry_or_end(mut self, because: Because, ended: String) -> Decision {
        self.change_last(|last| last.ended = Some(ended));
        match self.task.has_attempts_left() {
            true => self.try_again(because),
            false => self.end_attempt(because, Outcome::Failed),
        }
    }

    pub(super) fn change_last(&mut self, change: impl FnOnce(&mut Attempt)) {
        if let Some(last) = self.task.attempts.last_mut() {
            change(last);
        }
    }
}

/// What happened and what can be done about it, as one sentence.
fn with_remedy(cause: &str, remedy: &str) -> String {
    let (cause, remedy) = (cause.trim(), remedy.trim());
    let mut first = cause.chars();
    let capital = first.next().map(|c| c.to_uppercase().to_string());
    let mut second = remedy.chars();
    let small = second.next().map(|c| c.to_lowercase().to_string());
    format!(
        "{}{}; {}{}.",
        capital.unwrap_or_default(),
        first.as_str().trim_end_matches('.'),
        small.unwrap_or_default(),
        second.as_str().trim_end_matches('.')
    )
}
