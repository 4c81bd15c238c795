//! Calls to the server: bounded answers, the lease in a header, and patience.

use std::future::Future;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method};
use serde::de::DeserializeOwned;

use super::model::{Heard, Way};
use super::{Pace, WorkOptions};
use crate::domain::ids::{AttemptNumber, Sha256Hex, TaskId};
use crate::protocol::brief::Brief;
use crate::protocol::failure::{AskedOfCi, SaidByCi};
use crate::protocol::result::{CONTENT_SHA256_HEADER, Receipt};
use crate::protocol::{BRIEF_PATH, CI_FAILURE_PATH, Refused, SESSION_BYTES_MAX, SESSION_PATH};
use crate::sandbox::clean_line;

/// A brief holds a whole issue and its feedback; no answer is larger.
const ANSWER_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Why a call to the server brought no answer that can be used.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The server said no.
    #[error("the server answered {status}: {error}")]
    Refused {
        /// HTTP status.
        status: u16,
        /// The server's sentence.
        error: String,
    },
    /// The server was not reached, or the connection broke.
    #[error("the server was not reached")]
    Transport(#[source] reqwest::Error),
    /// The answer is larger than any of ours.
    #[error("the server's answer is larger than {0} bytes")]
    TooLarge(usize),
    /// The answer is not one of ours.
    #[error("the server's answer is not understood; are both of the same version?")]
    Unreadable(#[source] serde_json::Error),
    /// Something between here and the server refuses a body of this size.
    #[error(
        "a proxy before the server refuses bodies of this size ({0}); have it pass 64 MiB to /runner/result"
    )]
    Blocked(String),
    /// What was to be sent could not be put into a message.
    #[error("the message could not be made: {0}")]
    Unsayable(String),
}

impl CallError {
    /// Whether the same call may succeed later.
    pub(super) fn is_transient(&self) -> bool {
        match self {
            Self::Transport(_) => true,
            Self::Refused { status, .. } => *status >= 500 || *status == 408 || *status == 429,
            Self::TooLarge(_) | Self::Unreadable(_) | Self::Blocked(_) | Self::Unsayable(_) => {
                false
            }
        }
    }

    /// The server's sentence where it says that the attempt is over or another's (409, 410).
    pub(super) fn says_over(&self) -> Option<&str> {
        match self {
            Self::Refused {
                status: 409 | 410,
                error,
            } => Some(error),
            _ => None,
        }
    }
}

/// The server, as one runner sees it.
#[derive(Clone)]
pub(super) struct Client {
    http: reqwest::Client,
    server: String,
    lease: Option<HeaderValue>,
    pub(super) pace: Pace,
}

impl Client {
    pub(super) fn new(options: &WorkOptions) -> Result<Self, CallError> {
        let http = reqwest::Client::builder()
            .timeout(options.pace.call)
            // The server's address is the one that was given, whatever it answers.
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(CallError::Transport)?;
        Ok(Self {
            http,
            server: options.server.as_str().trim_end_matches('/').to_owned(),
            lease: None,
            pace: options.pace,
        })
    }

    /// The same client with the lease that `key` was traded for.
    pub(super) fn with_lease(
        mut self,
        task: &TaskId,
        attempt: AttemptNumber,
        key: &str,
    ) -> Result<Self, CallError> {
        let mut value = HeaderValue::from_str(&format!("Bearer {task}.{attempt}.{key}"))
            .map_err(|error| CallError::Unsayable(error.to_string()))?;
        value.set_sensitive(true);
        self.lease = Some(value);
        Ok(self)
    }

    /// The way to the model, under the same lease.
    pub(super) fn model(&self, heard: Heard) -> Result<Way, CallError> {
        let server = self.server.parse();
        let server = server.map_err(|_| CallError::Unsayable("the server's address".to_owned()))?;
        let lease = self.lease.clone();
        let lease = lease.ok_or_else(|| CallError::Unsayable("the lease".to_owned()))?;
        Way::new(&server, lease, self.pace, heard).map_err(CallError::Transport)
    }

    /// `GET /runner/brief`, with patience.
    pub(super) async fn brief(&self) -> Result<Brief, CallError> {
        patiently(self.pace, || self.get(BRIEF_PATH)).await
    }

    /// `GET /runner/ci-failure`, once: whoever asks may ask again.
    pub(super) async fn ci_failure(&self, asked: &AskedOfCi) -> Result<SaidByCi, CallError> {
        self.get(&format!("{CI_FAILURE_PATH}?{}", query_of(asked)))
            .await
    }

    async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, CallError> {
        self.call(Method::GET, path, HeaderMap::new(), Bytes::new())
            .await
    }

    /// Sends JSON that is already bytes.
    pub(super) async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        mut headers: HeaderMap,
        body: Bytes,
    ) -> Result<T, CallError> {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        self.call(Method::POST, path, headers, body).await
    }

    /// `GET /runner/session`: the archive that the brief names.
    pub(super) async fn session(&self) -> Result<Vec<u8>, CallError> {
        let (headers, body) = (HeaderMap::new(), Bytes::new());
        self.answer(Method::GET, SESSION_PATH, headers, body, SESSION_BYTES_MAX)
            .await
    }

    /// `POST /runner/session`: what the agent left, for the next attempt.
    pub(super) async fn keep_session(&self, archive: Bytes) -> Result<Receipt, CallError> {
        let mut headers = HeaderMap::new();
        let sha256 = Sha256Hex::of(&archive);
        let value = HeaderValue::from_str(sha256.as_str())
            .map_err(|error| CallError::Unsayable(error.to_string()))?;
        headers.insert(CONTENT_SHA256_HEADER, value);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/gzip"));
        self.call(Method::POST, SESSION_PATH, headers, archive)
            .await
    }

    async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        headers: HeaderMap,
        body: Bytes,
    ) -> Result<T, CallError> {
        let answer = self
            .answer(method, path, headers, body, ANSWER_BYTES_MAX)
            .await?;
        serde_json::from_slice(&answer).map_err(CallError::Unreadable)
    }

    async fn answer(
        &self,
        method: Method,
        path: &str,
        mut headers: HeaderMap,
        body: Bytes,
        most: usize,
    ) -> Result<Vec<u8>, CallError> {
        if let Some(lease) = &self.lease {
            headers.insert(AUTHORIZATION, lease.clone());
        }
        let mut answer = self
            .http
            .request(method, format!("{}{path}", self.server))
            .headers(headers)
            .body(body)
            .send()
            .await
            .map_err(CallError::Transport)?;
        let mut read = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(CallError::Transport)? {
            if read.len() + chunk.len() > most {
                return Err(CallError::TooLarge(most));
            }
            read.extend_from_slice(&chunk);
        }
        if answer.status().is_success() {
            return Ok(read);
        }
        let status = answer.status().as_u16();
        match serde_json::from_slice::<Refused>(&read) {
            Ok(refused) => Err(CallError::Refused {
                status,
                error: clean_line(&refused.error, 300),
            }),
            // The server itself always says it in a message of its own.
            Err(_) if status == 413 => Err(CallError::Blocked(clean_line(
                &String::from_utf8_lossy(&read),
                100,
            ))),
            Err(_) => Err(CallError::Refused {
                status,
                error: clean_line(&String::from_utf8_lossy(&read), 300),
            }),
        }
    }
}

/// What is asked, as a query.
fn query_of(asked: &AskedOfCi) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    let numbers = [
        ("check", asked.check.map(u64::from)),
        ("from", asked.from),
        ("lines", asked.lines.map(u64::from)),
    ];
    for (name, number) in numbers {
        if let Some(number) = number {
            query.append_pair(name, &number.to_string());
        }
    }
    if let Some(text) = &asked.search {
        query.append_pair("search", text);
    }
    query.finish()
}

/// Repeats a call while it may succeed later, waiting twice as long each time.
pub(super) async fn patiently<T, F>(pace: Pace, mut call: impl FnMut() -> F) -> Result<T, CallError>
where
    F: Future<Output = Result<T, CallError>>,
{
    let mut wait = pace.first_wait;
    let mut left = pace.tries;
    loop {
        left = left.saturating_sub(1);
        match call().await {
            Err(error) if error.is_transient() && left > 0 => {
                tracing::warn!(error = %error, tries_left = left, "the server is asked again");
                tokio::time::sleep(wait).await;
                wait = (wait * 2).min(pace.longest_wait);
            }
            answer => return answer,
        }
    }
}
