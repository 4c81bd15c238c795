//! What one job said: its log, foreign and bounded; nothing here reads what it means.
//!
//! Source: GitHub's "REST API endpoints for workflow jobs".

use http::{Method, StatusCode};
use serde_json::Value;

use super::answer::{GithubError, Kind, unexpected};
use super::app_auth::Scope;
use super::client::{Client, Target};
pub use super::storage::LogBytes;
use crate::domain::ids::JobId;

/// Bytes of a log that are kept: the first 8 MiB and the last 24 MiB.
pub const LOG_BYTES_MAX: usize = 32 * 1024 * 1024;

impl Client {
    /// The log of a job, of which `limit_bytes` are kept: a quarter of its beginning, the rest of
    /// its end. `None` where it is gone, or not there yet.
    ///
    /// # Errors
    /// GitHub, or the host where it keeps logs, did not answer as documented.
    pub async fn job_log(
        &self,
        target: &Target,
        job: JobId,
        limit_bytes: usize,
    ) -> Result<Option<LogBytes>, GithubError> {
        let operation = "read a job's log";
        let path = format!("/actions/jobs/{job}/logs");
        let answer = self
            .answer(operation, target, Scope::Reports, Method::GET, &path, None)
            .await?;
        if answer.status != StatusCode::FOUND {
            let other: Result<Value, GithubError> = answer.read(operation, self.shared.clock.now());
            return match other {
                Err(error) if error.kind == Kind::NotFound => Ok(None),
                Err(error) => Err(error),
                Ok(_) => Err(unexpected(operation, "no address of a log".to_owned())),
            };
        }
        let address = answer.headers.get(http::header::LOCATION);
        let address = address
            .and_then(|address| address.to_str().ok())
            .ok_or_else(|| unexpected(operation, "no address of a log".to_owned()))?;
        self.shared
            .storage
            .fetch(operation, address, limit_bytes)
            .await
    }
}
