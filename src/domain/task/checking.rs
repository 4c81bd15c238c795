//! The moves of a task that the checks of its head bring about, one method each, for
//! [`super::decide`]: they are waited for, and settle. What follows from a failure stands in
//! `judging`.

use super::because::Because;
use super::correction;
use super::decision::Decision;
use super::moves::Next;
use super::stage::{Outcome, Stage};
use crate::domain::ci::classify::Whose;
use crate::domain::ci::failure::Failure;
use crate::domain::ci::reading::{self, Awaited, Reading, Wait};
use crate::domain::ci::stuck::{Entry, Verdict};
use crate::domain::ci::watch::{LOOK_EVERY_S, Watch};
use crate::domain::effect::Effect;
use crate::domain::ids::{Number, Oid, RunId};

/// The watched head of a task that is checking.
pub(super) struct Watched {
    pub(super) pull: Number,
    pub(super) head: Oid,
    pub(super) watch: Watch,
}

impl Next<'_> {
    /// Something was reported: it is looked at soon. A late report reopens what was settled.
    pub(super) fn hear_checks(mut self, reported: &Oid) -> Decision {
        let at = self.event.at;
        match &mut self.task.stage {
            Stage::Checking { head, watch, .. } if head == reported => {
                let before = watch.look_at;
                watch.hear(at);
                if watch.look_at == before {
                    return self.stays(Because::Outdated);
                }
            }
            Stage::Delivered { pull, head } if head == reported => {
                let last = self.task.ledger.iter().rev();
                let Some(entry) = last.into_iter().find(|entry| entry.head == *head) else {
                    return self.stays(Because::Outdated);
                };
                let mut watch = entry.watch.clone();
                watch.since = at;
                watch.look_at = at.plus_s(LOOK_EVERY_S);
                watch.hear(at);
                self.task.stage = Stage::Checking {
                    pull: *pull,
                    head: head.clone(),
                    watch,
                };
            }
            _ => return self.stays(Because::Outdated),
        }
        self.stays(Because::ChecksReported)
    }

    /// The look failed: it is taken again, later each time.
    pub(super) fn miss_checks(self, missed: &Oid) -> Decision {
        let Some(mut watched) = self.watched(missed) else {
            return self.stays(Because::Outdated);
        };
        watched.watch.see_nothing(self.event.at);
        self.wait_on(watched, Vec::new(), Because::ChecksUnread)
    }

    pub(super) fn refuse_rerun(mut self, run: RunId) -> Decision {
        let at = self.event.at;
        let Stage::Checking { watch, .. } = &mut self.task.stage else {
            return self.stays(Because::Outdated);
        };
        let Some(rerun) = watch.reruns.iter_mut().find(|rerun| rerun.run == run) else {
            return self.stays(Because::Outdated);
        };
        rerun.refused = true;
        watch.look_at = at;
        self.stays(Because::RerunRefused)
    }

    pub(super) fn read_checks(
        self,
        read: &Oid,
        reading: &Reading,
        failures: &[Failure],
        draft: Option<bool>,
    ) -> Decision {
        let Some(mut watched) = self.watched(read) else {
            return self.stays(Because::Outdated);
        };
        let at = self.event.at;
        let pause_s = i64::from(self.task.policy.ci.settle_s);
        if reading.skipped && draft == Some(true) && self.may_be_ready(&watched.watch) {
            return self.make_ready(watched, reading);
        }
        let settled = watched.watch.is_settled(reading, at, pause_s);
        let next_s = match &reading.outcome {
            reading::Outcome::Waiting { .. } | reading::Outcome::Unknown => LOOK_EVERY_S,
            reading::Outcome::Nothing
            | reading::Outcome::Passed { .. }
            | reading::Outcome::Failed { .. } => pause_s,
        };
        match reading.outcome {
            reading::Outcome::Unknown => watched.watch.see_nothing(at),
            _ => watched.watch.see(at, &reading.stands, next_s),
        }
        match &reading.outcome {
            reading::Outcome::Unknown => self.wait_on(watched, Vec::new(), Because::ChecksUnread),
            reading::Outcome::Waiting { on } => {
                self.wait_on(watched, on.clone(), Because::ChecksAwaited)
            }
            _ if !settled => self.wait_on(watched, Vec::new(), Because::ChecksAwaited),
            reading::Outcome::Nothing => self.conclude(watched, Verdict::None, Vec::new()),
            reading::Outcome::Passed { .. } => {
                let reran = watched.watch.reruns.iter();
                let flaky = reran.flat_map(|rerun| rerun.failures.iter().cloned());
                let flaky: Vec<(Whose, Failure)> =
                    flaky.map(|failure| (Whose::Flaky, failure)).collect();
                self.conclude(watched, Verdict::Passed, flaky)
            }
            reading::Outcome::Failed { .. } => self.judge(watched, failures),
        }
    }

    /// The watched head, where the task waits for the checks of just this commit.
    fn watched(&self, read: &Oid) -> Option<Watched> {
        match &self.task.stage {
            Stage::Checking { pull, head, watch } if head == read => Some(Watched {
                pull: *pull,
                head: head.clone(),
                watch: watch.clone(),
            }),
            _ => None,
        }
    }

    /// Goes on waiting, or gives up where that took too long. A run that waits for a person is
    /// told at once.
    pub(super) fn wait_on(
        mut self,
        mut watched: Watched,
        on: Vec<Awaited>,
        because: Because,
    ) -> Decision {
        let limit_s = i64::from(self.task.policy.ci.minutes) * 60;
        if watched.watch.since.plus_s(limit_s) <= self.event.at {
            if !on.is_empty() {
                watched.watch.awaited = on;
            }
            return self.conclude(watched, Verdict::Unsettled, Vec::new());
        }
        let asks = |on: &[Awaited]| on.iter().any(|one| one.why == Wait::Approval);
        let is_new = asks(&on) && !asks(&watched.watch.awaited);
        let is_first = !watched.watch.expects && watched.watch.awaited.is_empty();
        watched.watch.awaited = on;
        self.watch(watched);
        match is_new {
            true => self.told(Because::ApprovalAwaited),
            // Where nothing was expected nobody was told to wait yet.
            false if is_first => self.told(because),
            false => self.stays(because),
        }
    }

    pub(super) fn watch(&mut self, watched: Watched) {
        self.task.stage = Stage::Checking {
            pull: watched.pull,
            head: watched.head,
            watch: watched.watch,
        };
    }

    fn may_be_ready(&self, watch: &Watch) -> bool {
        let written = self.task.pull.as_ref().map(|pull| &pull.written);
        !watch.readied && written.is_some_and(|written| written.accepted)
    }

    /// Workflows that leave drafts out run once the pull request is ready, and the acceptance
    /// commands have passed on it.
    fn make_ready(mut self, mut watched: Watched, reading: &Reading) -> Decision {
        watched.watch.readied = true;
        let next_s = i64::from(self.task.policy.ci.settle_s);
        watched.watch.see(self.event.at, &reading.stands, next_s);
        self.effects.push(Effect::Ready {
            pull: watched.pull,
            head: watched.head.clone(),
        });
        self.watch(watched);
        self.stays(Because::MadeReady)
    }

    /// People are told once of what is not the change's own failure.
    pub(super) fn tell_excused(&mut self, entry: &Entry) {
        if let Some((key, body)) = correction::excused(&entry.failures) {
            let number = self.where_people_are();
            self.effects.push(Effect::Say { number, key, body });
        }
    }

    /// People are told once of a head whose checks did not come to an end.
    fn tell_unsettled(&mut self, entry: &Entry) {
        self.effects.push(Effect::Say {
            number: self.where_people_are(),
            key: format!("unsettled-{}", entry.head.short()),
            body: correction::unsettled(entry, self.task.policy.ci.minutes),
        });
    }

    /// The checks have settled and nobody is woken.
    pub(super) fn conclude(
        mut self,
        watched: Watched,
        verdict: Verdict,
        failures: Vec<(Whose, Failure)>,
    ) -> Decision {
        let entry = self.entry(&watched, verdict, failures);
        let same = |known: &&Entry| {
            known.head == entry.head && known.verdict == verdict && known.failures == entry.failures
        };
        let is_known = self.task.ledger.iter().any(|known| same(&known));
        match verdict {
            Verdict::Excused => self.tell_excused(&entry),
            Verdict::Unsettled => self.tell_unsettled(&entry),
            Verdict::Passed | Verdict::Failed | Verdict::None => {}
        }
        self.note(entry);
        self.rest(Outcome::Failed);
        if is_known {
            return self.stays(Because::ChecksUnchanged);
        }
        self.told(match verdict {
            Verdict::Passed => Because::ChecksPassed,
            Verdict::Excused => Because::ChecksExcused,
            Verdict::Failed => Because::ChecksFailed,
            Verdict::None => Because::NoChecks,
            Verdict::Unsettled => Because::ChecksUnsettled,
        })
    }

    pub(super) fn entry(
        &self,
        watched: &Watched,
        verdict: Verdict,
        failures: Vec<(Whose, Failure)>,
    ) -> Entry {
        let written = self.task.pull.as_ref().map(|pull| pull.written.clone());
        let written = written.unwrap_or_default();
        let last = self.task.last_attempt();
        Entry {
            head: watched.head.clone(),
            attempt: last.map_or(crate::domain::ids::AttemptNumber(0), |last| last.number),
            at: self.event.at,
            tree: written.tree,
            bytes: written.bytes,
            verdict,
            failures,
            awaited: watched.watch.awaited.clone(),
            watch: watched.watch.clone(),
            other_approach: false,
        }
    }

    /// A line of the ledger; the newest of a head replaces what was known of it.
    pub(super) fn note(&mut self, entry: Entry) {
        self.task.ledger.retain(|known| known.head != entry.head);
        self.task.ledger.push(entry);
    }
}
