//! The moves of a task whose head failed its checks: whose failure it is, and what follows.
//!
//! A head leads to one correction at most: the next attempt has another head, and what was given
//! up stays given up until a person asks (K17, I10).

use super::attempt::Feedback;
use super::because::Because;
use super::checking::Watched;
use super::correction::{self, Correction, GaveUp};
use super::decision::Decision;
use super::moves::Next;
use super::stage::{Outcome, Stage};
use crate::domain::ci::classify::{Known, Whose, classify, is_named};
use crate::domain::ci::failure::{Failure, Said};
use crate::domain::ci::stuck::{Entry, Stuck, Verdict, stuck};
use crate::domain::ci::watch::{Again, Rerun};
use crate::domain::effect::Effect;
use crate::domain::ids::Oid;

/// Runs whose failed jobs are run again for one look.
const RERUNS_MAX: usize = 5;

impl Next<'_> {
    /// Something failed. Before an agent is woken, the failed jobs of GitHub Actions are run
    /// once more.
    pub(super) fn judge(mut self, mut watched: Watched, failures: &[Failure]) -> Decision {
        let at = self.event.at;
        let seen: Vec<(Again, Failure)> = failures
            .iter()
            .map(|failure| (watched.watch.seen_again(failure, at), failure.clone()))
            .collect();
        if seen.is_empty() || seen.iter().any(|(again, _)| *again == Again::Awaited) {
            let on = watched.watch.awaited.clone();
            return self.wait_on(watched, on, Because::ChecksAwaited);
        }
        let classified: Vec<(Whose, Again, Failure)> = seen
            .into_iter()
            .map(|(again, failure)| {
                let known = Known {
                    asked: self.is_asked(&failure),
                    again: again == Again::Failed,
                };
                (classify(&failure, known), again, failure)
            })
            .collect();
        if self.rerun(&mut watched, &classified) {
            self.watch(watched);
            return self.stays(Because::RerunAsked);
        }
        let classified: Vec<(Whose, Failure)> = classified
            .into_iter()
            .map(|(whose, _, failure)| (whose, failure))
            .collect();
        if classified.iter().any(|(whose, _)| whose.wakes()) {
            return self.correct(watched, classified);
        }
        self.conclude(watched, Verdict::Excused, classified)
    }

    /// Asks for the failed jobs once more, where that was not done yet and may tell something.
    fn rerun(&mut self, watched: &mut Watched, failures: &[(Whose, Again, Failure)]) -> bool {
        let mut asked = false;
        for (whose, again, failure) in failures {
            let worth = whose.is_worth_a_rerun() && *again == Again::NotAsked;
            let Some(run) = failure.run.filter(|_| worth && failure.job.is_some()) else {
                continue;
            };
            let reruns = &mut watched.watch.reruns;
            let is_full = reruns.len() >= RERUNS_MAX;
            match reruns.iter_mut().find(|rerun| rerun.run == run) {
                Some(rerun) => rerun.failures.push(failure.clone()),
                None if is_full => continue,
                None => {
                    self.effects.push(Effect::Rerun { run });
                    reruns.push(Rerun {
                        run,
                        at: self.event.at,
                        refused: false,
                        failures: vec![failure.clone()],
                    });
                }
            }
            asked = true;
        }
        asked
    }

    /// Whether the contract or a person asked for this check to be mended.
    fn is_asked(&self, failure: &Failure) -> bool {
        if self.task.was_failing(failure) {
            return true;
        }
        if !matches!(failure.said, Said::Code | Said::Unknown) {
            return false;
        }
        let by_person =
            |feedback: &Feedback| feedback.questions.is_empty() && feedback.review.is_none();
        let last = self.task.last_attempt();
        let fix = last.and_then(|last| last.feedback.as_ref());
        let contract = &self.task.contract;
        let words = format!("{}\n{}", contract.title, contract.objective);
        is_named(&words, &failure.check) || (self.task.pull.is_some() && fix.is_some_and(by_person))
    }

    /// The agent goes again; where that led nowhere before, a person is called.
    fn correct(mut self, watched: Watched, failures: Vec<(Whose, Failure)>) -> Decision {
        let mut entry = self.entry(&watched, Verdict::Failed, failures);
        let known = |known: &&Entry| known.head == entry.head && known.is_own();
        // A head that was given up, and whose late report says no more than that it fails.
        if self.task.ledger.iter().any(|one| known(&one)) {
            self.rest(Outcome::Failed);
            return self.stays(Because::ChecksUnchanged);
        }
        self.tell_excused(&entry);
        let stuck = stuck(&self.task.ledger, &entry);
        let tried = self.task.ledger.iter().any(|entry| entry.other_approach);
        let gave_up = match stuck {
            Some(stuck) if tried => Some(GaveUp::Stuck(stuck)),
            _ if !self.task.has_attempts_left() => Some(GaveUp::BudgetSpent),
            _ => None,
        };
        entry.other_approach = gave_up.is_none() && stuck.is_some();
        self.note(entry.clone());
        match gave_up {
            Some(gave_up) => self.escalate(&entry, gave_up),
            None => self.send_back(&entry, stuck),
        }
    }

    fn send_back(self, entry: &Entry, stuck: Option<Stuck>) -> Decision {
        let correction = Correction::of(entry, stuck);
        let last = self.task.last_attempt();
        let feedback = last.and_then(|last| last.next_feedback());
        let because = match stuck {
            None => Because::ChecksFailed,
            Some(_) => Because::AnotherApproach,
        };
        self.start_correction(entry.head.clone(), feedback, Some(correction), because)
    }

    fn escalate(mut self, entry: &Entry, gave_up: GaveUp) -> Decision {
        let body = correction::escalation(&self.task, entry, gave_up);
        self.effects.push(Effect::Say {
            number: self.where_people_are(),
            key: format!("escalated-{}", entry.head.short()),
            body,
        });
        self.rest(Outcome::Failed);
        self.told(match gave_up {
            GaveUp::Stuck(_) => Because::Stuck,
            GaveUp::BudgetSpent => Because::BudgetSpent,
        })
    }

    /// One more attempt, with what it has to mend.
    pub(super) fn start_correction(
        self,
        start: Oid,
        feedback: Option<Feedback>,
        correction: Option<Correction>,
        because: Because,
    ) -> Decision {
        let mut decision = self.start_attempt(start, feedback, because);
        let is_queued = matches!(decision.task.stage, Stage::Queued { .. });
        if let Some(last) = decision.task.attempts.last_mut().filter(|_| is_queued) {
            last.correction = correction;
        }
        decision
    }
}
