//! Every decision that changed something, in order.

use sqlx::Row as _;

use super::{Store, StoreError, failed, unreadable};
use crate::domain::event::Fact;
use crate::domain::ids::TaskId;
use crate::domain::task::because::Because;
use crate::domain::time::Timestamp;

/// One decision of a task.
#[derive(Clone, Debug)]
pub struct HistoryEntry {
    /// When.
    pub at: Timestamp,
    /// On which fact.
    pub fact: Fact,
    /// Why.
    pub because: Because,
    /// Name of the stage afterwards.
    pub stage: String,
}

impl Store {
    /// The history of a task, oldest first.
    ///
    /// # Errors
    /// The database did not answer, or a row is not readable.
    pub async fn history(&self, task: &TaskId) -> Result<Vec<HistoryEntry>, StoreError> {
        let rows = sqlx::query(
            "SELECT at, fact, because, stage FROM history WHERE task_id = $1 ORDER BY seq",
        )
        .bind(task.as_str())
        .fetch_all(&self.pool)
        .await
        .map_err(failed("read a history"))?;
        let mut entries = Vec::with_capacity(rows.len());
        for row in &rows {
            let operation = "read a history";
            let fact: String = row.try_get("fact").map_err(failed(operation))?;
            let because: String = row.try_get("because").map_err(failed(operation))?;
            entries.push(HistoryEntry {
                at: Timestamp(row.try_get("at").map_err(failed(operation))?),
                fact: serde_json::from_str(&fact).map_err(unreadable("a fact"))?,
                because: serde_json::from_str(&because).map_err(unreadable("a reason"))?,
                stage: row.try_get("stage").map_err(failed(operation))?,
            });
        }
        Ok(entries)
    }
}
