//! Requests that had their answer, be it a task or a polite no: none is answered twice.

use super::{Store, StoreError, failed};
use crate::domain::ids::RepositoryId;
use crate::domain::time::Timestamp;

impl Store {
    /// Whether a request (see [`crate::domain::request::Request::key`]) had its answer.
    ///
    /// # Errors
    /// The database did not answer.
    pub async fn is_answered(
        &self,
        repository: RepositoryId,
        request: &str,
    ) -> Result<bool, StoreError> {
        sqlx::query("SELECT 1 FROM requests WHERE repository_id = $1 AND request_key = $2")
            .bind(repository.0)
            .bind(request)
            .fetch_optional(&self.pool)
            .await
            .map(|row| row.is_some())
            .map_err(failed("look for a request"))
    }

    /// Notes that a request had its answer; the first one stays.
    ///
    /// # Errors
    /// The database did not answer.
    pub async fn put_answered(
        &self,
        repository: RepositoryId,
        request: &str,
        answer: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO requests (repository_id, request_key, answer, answered_at)
             VALUES ($1, $2, $3, $4) ON CONFLICT (repository_id, request_key) DO NOTHING",
        )
        .bind(repository.0)
        .bind(request)
        .bind(answer)
        .bind(now.0)
        .execute(&self.pool)
        .await
        .map(drop)
        .map_err(failed("note a request"))
    }
}
