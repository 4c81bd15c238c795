//! What one job said: its log, its steps and its annotations.
//!
//! All of it is foreign and bounded here; nothing here reads what it means. Source: GitHub's
//! "REST API endpoints for workflow jobs" and "for check runs".

use http::{Method, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::answer::{GithubError, Kind, found, to_value, unexpected};
use super::app_auth::Scope;
use super::client::{Client, Target};
pub use super::storage::LogBytes;
use crate::domain::ids::JobId;
use crate::domain::text::{line, plain};

/// Bytes of a log that are kept: the first 8 MiB and the last 24 MiB.
pub const LOG_BYTES_MAX: usize = 32 * 1024 * 1024;
/// Annotations of one check that are read.
const ANNOTATIONS_MAX: usize = 50;
/// Characters of an annotation's message, and of its path.
const MESSAGE_CHARS: usize = 2000;
const PATH_CHARS: usize = 500;

/// A remark of a check on a line of a file; foreign.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Annotation {
    /// The file, one line.
    pub path: String,
    /// Its first line.
    pub line: Option<i64>,
    /// `notice`, `warning` or `failure`.
    pub level: String,
    /// What it says.
    pub message: String,
}

/// A job, as far as its steps are read.
#[derive(Deserialize, Serialize)]
struct Job {
    conclusion: Option<String>,
    #[serde(default)]
    steps: Vec<Step>,
}

#[derive(Deserialize, Serialize)]
struct Step {
    name: String,
    conclusion: Option<String>,
}

#[derive(Deserialize)]
struct AnnotationRow {
    path: Option<String>,
    start_line: Option<i64>,
    annotation_level: Option<String>,
    message: Option<String>,
}

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

    /// A job's conclusion and steps, as JSON that [`crate::digest`] reads; `None` where GitHub
    /// knows of no such job.
    ///
    /// # Errors
    /// GitHub did not answer.
    pub async fn job_steps(
        &self,
        target: &Target,
        job: JobId,
    ) -> Result<Option<String>, GithubError> {
        let operation = "read a job's steps";
        let path = format!("/actions/jobs/{job}");
        let answer: Result<Job, GithubError> = self
            .call(operation, target, Scope::Reports, Method::GET, &path, None)
            .await;
        found(answer)?
            .map(|job| Ok(to_value(operation, &job)?.to_string()))
            .transpose()
    }

    /// The annotations of a check run, whose number a job shares: at most fifty, none where
    /// GitHub knows of no such check.
    ///
    /// # Errors
    /// GitHub did not answer.
    pub async fn annotations(
        &self,
        target: &Target,
        check: JobId,
    ) -> Result<Vec<Annotation>, GithubError> {
        let operation = "read a check's annotations";
        let path = format!("/check-runs/{check}/annotations?per_page={ANNOTATIONS_MAX}");
        let answer: Result<Vec<AnnotationRow>, GithubError> = self
            .call(operation, target, Scope::Reports, Method::GET, &path, None)
            .await;
        let rows = found(answer)?.unwrap_or_default().into_iter();
        let bounded = |text: Option<String>, chars| line(&text.unwrap_or_default(), chars);
        Ok(rows
            .take(ANNOTATIONS_MAX)
            .map(|row| Annotation {
                path: bounded(row.path, PATH_CHARS),
                line: row.start_line,
                level: bounded(row.annotation_level, 20),
                message: plain(&row.message.unwrap_or_default(), MESSAGE_CHARS),
            })
            .collect())
    }
}
