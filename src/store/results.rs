//! What attempts returned, byte for byte, by its hash.

use sqlx::Row as _;

use super::{Store, StoreError, failed};
use crate::domain::ids::{AttemptNumber, Sha256Hex, TaskId};
use crate::domain::time::Timestamp;

/// A result to keep.
#[derive(Clone, Copy, Debug)]
pub struct Kept<'a> {
    /// Whose.
    pub attempt: AttemptNumber,
    /// Hash of the bytes.
    pub sha256: &'a Sha256Hex,
    /// The bytes.
    pub body: &'a [u8],
}

impl Store {
    /// The bytes of a result, where it is kept.
    ///
    /// # Errors
    /// The database did not answer.
    pub async fn result(
        &self,
        task: &TaskId,
        attempt: AttemptNumber,
        sha256: &Sha256Hex,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        sqlx::query("SELECT body FROM results WHERE task_id = $1 AND attempt = $2 AND sha256 = $3")
            .bind(task.as_str())
            .bind(i64::from(attempt.0))
            .bind(sha256.as_str())
            .fetch_optional(&self.pool)
            .await
            .and_then(|row| row.map(|row| row.try_get(0)).transpose())
            .map_err(failed("read a result"))
    }

    /// Keeps a result that came too late to count, as evidence only (U2): the first of an
    /// attempt, so that a runner that keeps coming back does not fill the database.
    ///
    /// # Errors
    /// The database did not answer.
    pub async fn keep_late_result(
        &self,
        task: &TaskId,
        kept: Kept<'_>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut connection = self.pool.acquire().await.map_err(failed("keep a result"))?;
        if is_late_kept(&mut connection, task, kept.attempt).await? {
            return Ok(());
        }
        put(&mut connection, task, kept, now, true).await
    }
}

async fn is_late_kept(
    connection: &mut sqlx::AnyConnection,
    task: &TaskId,
    attempt: AttemptNumber,
) -> Result<bool, StoreError> {
    sqlx::query("SELECT 1 FROM results WHERE task_id = $1 AND attempt = $2 AND late = 1 LIMIT 1")
        .bind(task.as_str())
        .bind(i64::from(attempt.0))
        .fetch_optional(connection)
        .await
        .map(|row| row.is_some())
        .map_err(failed("look for a late result"))
}

/// Keeps a result, within a recording.
pub(super) async fn put(
    connection: &mut sqlx::AnyConnection,
    task: &TaskId,
    kept: Kept<'_>,
    now: Timestamp,
    late: bool,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO results (task_id, attempt, sha256, received_at, late, body)
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (task_id, attempt, sha256) DO NOTHING",
    )
    .bind(task.as_str())
    .bind(i64::from(kept.attempt.0))
    .bind(kept.sha256.as_str())
    .bind(now.0)
    .bind(i64::from(late))
    .bind(kept.body)
    .execute(connection)
    .await
    .map(drop)
    .map_err(failed("keep a result"))
}
