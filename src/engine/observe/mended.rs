//! What fails on a person's pull request that is to be mended. Nothing is run again for it, and the
//! base is not looked at: whoever asks for it wants it mended, wherever it comes from.

use super::super::{Engine, EngineError};
use super::Head;
use super::failures::{Base, plain};
use crate::domain::ci::classify::{Known, classify};
use crate::domain::ci::failure::READ_MAX;
use crate::domain::ci::watch::Watch;
use crate::domain::task::Task;
use crate::domain::task::correction::{self, Correction};
use crate::github::Target;

/// What fails on the head that a task is to start from.
pub(in super::super) struct Failing {
    /// What an agent may mend.
    pub(in super::super) own: Option<Correction>,
    /// What no change mends, one sentence each for people.
    pub(in super::super) excused: Vec<String>,
    /// Whether there is more to come, or more than could be seen.
    pub(in super::super) pending: bool,
}

impl Engine {
    /// What fails on the base of a task that is not recorded yet. The digests are kept under its
    /// name, for its first attempt.
    pub(in super::super) async fn failing(&self, task: &Task) -> Result<Failing, EngineError> {
        let watch = Watch::begins(self.clock.now(), false, 0);
        let looked = Head {
            task,
            target: Target::from(task),
            pull: task.issue,
            oid: &task.base.oid,
            watch: &watch,
        };
        let observed = self.checks_now(&looked.target, looked.oid).await?;
        let mut failing = Failing {
            own: None,
            excused: Vec::new(),
            pending: !observed.whole
                || !observed.checks.iter().all(|check| check.standing.is_over()),
        };
        let base = Base {
            observed: None,
            runs: &observed.runs,
        };
        let mut own: Vec<String> = Vec::new();
        let failed = observed
            .checks
            .iter()
            .filter(|check| check.standing.fails());
        for check in failed.take(READ_MAX) {
            let mut failure = plain(check);
            self.read_failure(&looked, &base, check, &[], &mut failure)
                .await?;
            let asked = Known {
                asked: true,
                again: true,
            };
            let whose = classify(&failure, asked);
            if !whose.wakes() {
                failing.excused.push(correction::excuse(whose, &failure));
            } else if !own.contains(&failure.check) {
                own.push(failure.check);
            }
        }
        failing.own = (!own.is_empty()).then(|| Correction::asked(looked.oid, own));
        Ok(failing)
    }
}
