//! The moves of a task while a runner holds its lease: it enters, and says how it goes.

use super::attempt::{Entered, Going, Phase, RunIdentity};
use super::because::Because;
use super::decision::Decision;
use super::moves::{GRACE_S, Next, SILENCE_LIMIT_S};
use super::stage::Stage;
use crate::domain::effect::Effect;
use crate::domain::ids::{AttemptNumber, Sha256Hex};
use crate::domain::time::Timestamp;

impl Next<'_> {
    pub(super) fn enter(
        mut self,
        attempt: AttemptNumber,
        run: RunIdentity,
        key: &Sha256Hex,
        work_s: u32,
    ) -> Decision {
        if !matches!(self.task.stage, Stage::Queued { .. }) {
            return self.stays(Because::Outdated);
        }
        let at = self.event.at;
        let entered = Entered {
            run,
            key: key.clone(),
            at,
            deadline: at.plus_s(i64::from(work_s) + GRACE_S),
        };
        let since = at;
        self.change_last(|last| {
            last.entered = Some(entered);
            last.going = Some(Going { since, note: None });
        });
        self.task.stage = Stage::Working {
            attempt,
            phase: Phase::Sandbox,
            until: at.plus_s(SILENCE_LIMIT_S),
        };
        self.told(Because::RunnerEntered)
    }

    /// A sign of life. The comment is edited when it is time for that, and the page says it at once.
    pub(super) fn report(
        mut self,
        attempt: AttemptNumber,
        phase: Phase,
        note: Option<&str>,
    ) -> Decision {
        let Stage::Working { phase: before, .. } = self.task.stage else {
            return self.stays(Because::Outdated);
        };
        let deadline = self.deadline_of_last();
        let until = self.event.at.plus_s(SILENCE_LIMIT_S).min(deadline);
        self.task.stage = Stage::Working {
            attempt,
            phase,
            until,
        };
        let is_new = before != phase;
        let at = self.event.at;
        self.change_last(|last| {
            let known = last.going.take().filter(|_| !is_new);
            last.going = Some(Going {
                since: known.as_ref().map_or(at, |known| known.since),
                note: note
                    .map(str::to_owned)
                    .or_else(|| known.and_then(|known| known.note)),
            });
        });
        self.effects.push(Effect::Progress);
        if is_new {
            self.stays(Because::PhaseChanged)
        } else {
            self.stays(Because::RunnerAlive)
        }
    }

    fn deadline_of_last(&self) -> Timestamp {
        self.task
            .last_attempt()
            .and_then(|attempt| attempt.entered.as_ref())
            .map_or(self.event.at, |entered| entered.deadline)
    }
}
