//! The App's own failed deliveries, which GitHub sends once more (W2, W3).

use super::super::{Engine, EngineError};
use super::DELIVERIES_KEPT_S;
use crate::domain::time::Timestamp;

impl Engine {
    /// Asks for every delivery again that we did not take. GitHub keeps the GUID, so one that
    /// we did take after all is known.
    pub(super) async fn sweep_deliveries(&self, now: Timestamp) -> Result<(), EngineError> {
        let github = self.github()?;
        let since = now.plus_s(-DELIVERIES_KEPT_S);
        let listed = github.deliveries_since(since).await?;
        let mut asked = std::collections::HashSet::new();
        for delivery in &listed {
            let taken = listed
                .iter()
                .any(|other| other.taken && other.guid == delivery.guid);
            if !taken && asked.insert(delivery.guid.as_str()) {
                let asked = github
                    .redeliver(delivery.id)
                    .await
                    .map_err(EngineError::from);
                self.bear("a redelivery", asked)?;
            }
        }
        Ok(())
    }
}
