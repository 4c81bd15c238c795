//! What deliveries may have missed, found from GitHub, not from our rows.
//!
//! First the App's own failed `deliveries`, which GitHub sends once more (W2, W3); then, for
//! each enrolled `repository`, labels and comments, and of each live `task` its issue, branch,
//! pull request and run. All of it becomes notices, which go the way of every delivery. Once a
//! day the `installations` are compared. A repository at rest costs two calls a sweep, so that
//! it stays below five an hour.

mod deliveries;
mod installations;
mod pulls;
mod repository;
mod task;

pub(super) use installations::enrolled_since;

use super::error::Remedy;
use super::{Engine, EngineError};
use crate::domain::event::Fact;
use crate::domain::task::SILENCE_LIMIT_S;
use crate::domain::task::stage::Stage;
use crate::domain::time::Timestamp;
use crate::store::{Cause, StoreError};

/// GitHub delivers again what is at most this old (W3), with an hour to spare.
const DELIVERIES_KEPT_S: i64 = (3 * 24 - 1) * 3600;
/// Overlap with what was swept before: GitHub's lists lag behind its writes.
const OVERLAP_S: i64 = 300;
/// Seconds between two looks at the App's deliveries.
const DELIVERIES_EVERY_S: i64 = 600;
/// Seconds between two looks at the App's installations.
const INSTALLATIONS_EVERY_S: i64 = 24 * 3600;
/// Seconds until what could not be swept is due again.
const AGAIN_S: i64 = 600;
/// Days for which digests of failed checks are kept; no task corrects one that is older.
const FAILURES_KEPT_DAYS: i64 = 90;
/// Repositories that are swept in one go.
const REPOSITORIES_MAX: u32 = 20;

impl Engine {
    /// Sweeps what is due. Gives whether anything was.
    ///
    /// # Errors
    /// The store or GitHub did not answer; what was not swept is due again.
    pub async fn sweep_next(&self) -> Result<bool, EngineError> {
        if self.github.is_none() {
            return Ok(false);
        }
        let now = self.clock.now();
        let mut swept = false;
        if self
            .is_due("installations", INSTALLATIONS_EVERY_S, now)
            .await?
        {
            // Set before, too: a crash on the way must not make it due again at once.
            self.mark("installations", INSTALLATIONS_EVERY_S, Ok(false))
                .await?;
            let all = self.sweep_installations().await;
            self.mark("installations", INSTALLATIONS_EVERY_S, all)
                .await?;
            let old = now.plus_s(-FAILURES_KEPT_DAYS * 24 * 3600);
            self.store.drop_failures(old).await?;
            swept = true;
        }
        if self.is_due("deliveries", DELIVERIES_EVERY_S, now).await? {
            self.mark("deliveries", DELIVERIES_EVERY_S, Ok(false))
                .await?;
            let all = self.sweep_deliveries(now).await.map(|()| true);
            self.mark("deliveries", DELIVERIES_EVERY_S, all).await?;
            swept = true;
        }
        for repository in self
            .store
            .repositories_to_sweep(now, REPOSITORIES_MAX)
            .await?
        {
            self.sweep_repository(&repository, now).await?;
            swept = true;
        }
        Ok(swept)
    }

    /// Lets every task whose deadline has passed decide what follows, and looks at the checks
    /// that are due for a look. Gives whether there was one.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn pass_deadlines(&self) -> Result<bool, EngineError> {
        let now = self.clock.now();
        let overdue = self.store.overdue_tasks(now, 100).await?;
        // While we were away nobody could hear them (A19).
        let deaf_until = self.started_at.plus_s(SILENCE_LIMIT_S);
        let mut passed = false;
        for stored in &overdue {
            if now < deaf_until && matches!(stored.task.stage, Stage::Working { .. }) {
                continue;
            }
            passed = true;
            if matches!(stored.task.stage, Stage::Checking { .. }) {
                self.observe(stored).await?;
                continue;
            }
            self.record(&stored.task.id, Fact::DeadlinePassed, Cause::None)
                .await?;
        }
        Ok(passed)
    }

    async fn is_due(&self, name: &str, every_s: i64, now: Timestamp) -> Result<bool, EngineError> {
        let last = self.store.cursor(&format!("sweep:{name}")).await?;
        let last: Option<i64> = last.and_then(|value| value.parse().ok());
        Ok(last.is_none_or(|last| Timestamp(last).plus_s(every_s) <= now))
    }

    /// Sets when `name` is due again: soon where something of it failed, which must not hold
    /// up the rest of the sweep, and not before GitHub's own time where it asks to wait.
    async fn mark(
        &self,
        name: &str,
        every_s: i64,
        swept: Result<bool, EngineError>,
    ) -> Result<(), EngineError> {
        let now = self.clock.now();
        let soon = now.plus_s(AGAIN_S);
        let next = match &swept {
            Ok(true) => now.plus_s(every_s),
            Ok(false) => soon,
            Err(error) => match error.remedy(1, now) {
                Remedy::Pause(until) => until.max(soon),
                Remedy::Again(_) | Remedy::Park => soon,
            },
        };
        self.bear(name, swept)?;
        let last = next.plus_s(-every_s).0.to_string();
        self.store
            .set_cursor(&format!("sweep:{name}"), &last)
            .await?;
        Ok(())
    }

    /// A part of a sweep that failed is told and done again in its turn; only the store's
    /// own trouble ends the sweep. Gives whether the part went well.
    fn bear<T>(&self, part: &str, swept: Result<T, EngineError>) -> Result<bool, EngineError> {
        match swept {
            Ok(_) => Ok(true),
            Err(error @ EngineError::Store(StoreError::Database { .. })) => Err(error),
            Err(error) => {
                let said = error.chain();
                tracing::warn!(sweep.part = part, error = said, "a sweep was cut short");
                Ok(false)
            }
        }
    }

    /// The same, but for an error that asks to send nothing more: it ends the sweep (W11).
    fn bear_unless_paused<T>(
        &self,
        part: &str,
        swept: Result<T, EngineError>,
    ) -> Result<bool, EngineError> {
        match swept {
            Err(error) if matches!(error.remedy(1, self.clock.now()), Remedy::Pause(_)) => {
                Err(error)
            }
            swept => self.bear(part, swept),
        }
    }
}
