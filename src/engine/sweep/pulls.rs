//! Open pull requests that no delivery told of: they are found four times a day, and judged.

use super::super::{Engine, EngineError};
use crate::domain::time::Timestamp;
use crate::github::Target;

/// Seconds between two lists of a repository.
const EVERY_S: i64 = 6 * 3_600;

impl Engine {
    /// Has open pull requests judged that are not known yet, where it is time for that.
    pub(super) async fn sweep_pulls(
        &self,
        target: &Target,
        now: Timestamp,
    ) -> Result<(), EngineError> {
        let name = format!("pulls:{}", target.repository);
        if !self.is_due(&name, EVERY_S, now).await? {
            return Ok(());
        }
        let listed = self.list_pulls(target, now).await;
        self.mark(&name, EVERY_S, listed.map(|()| true)).await
    }

    async fn list_pulls(&self, target: &Target, now: Timestamp) -> Result<(), EngineError> {
        for number in self.github()?.open_pulls(target).await? {
            self.store.add_pull(target.repository, number, now).await?;
        }
        // A queue that no delivery told of is looked for where the gate judges for its branch.
        for base in self.store.judged_bases(target.repository).await? {
            self.fill_groups(target, &base).await?;
        }
        self.bell.notify_waiters();
        Ok(())
    }
}
