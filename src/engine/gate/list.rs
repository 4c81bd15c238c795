//! Open pull requests that no delivery told of: they are found four times a day, and judged.

use super::super::{Engine, EngineError};
use crate::domain::ids::RepositoryId;
use crate::domain::time::Timestamp;
use crate::github::Target;

/// Seconds between two lists of a repository.
const EVERY_S: i64 = 6 * 3_600;

impl Engine {
    /// Has open pull requests judged that are not known yet.
    pub(in super::super) async fn list_pulls(&self, target: &Target) -> Result<(), EngineError> {
        let now = self.clock.now();
        let name = name_of(target.repository);
        let last = self.store.cursor(&name).await?;
        let last = last.and_then(|text| text.parse().ok()).map(Timestamp);
        if last.is_some_and(|last| last.plus_s(EVERY_S) > now) {
            return Ok(());
        }
        let open = self.github()?.open_pulls(target).await?;
        for number in open {
            self.store.add_pull(target.repository, number, now).await?;
        }
        self.store.set_cursor(&name, &now.0.to_string()).await?;
        self.bell.notify_waiters();
        Ok(())
    }
}

fn name_of(repository: RepositoryId) -> String {
    format!("gate:listed:{repository}")
}
