//! What GitHub answered: read, or sorted into the kinds of errors.

use http::StatusCode;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

use crate::domain::time::Timestamp;

/// What became of a call that failed.
#[derive(Debug, thiserror::Error)]
#[error("GitHub: could not {operation}: {reason}")]
pub struct GithubError {
    /// What was being done.
    pub operation: &'static str,
    /// What sort of failure it is.
    pub kind: Kind,
    /// GitHub's status, where it answered.
    pub status: Option<u16>,
    /// What GitHub or the network said; foreign text, bounded.
    pub reason: String,
}

/// The operation by which an installation's token is had.
pub(super) const MINT: &str = "get an installation token";
/// The same, where the installation has not granted what the token is for (H17).
const MINT_UNGRANTED: &str = "get a token with the permissions that the call needs";

impl GithubError {
    /// Whether it is the installation that is suspended or gone, and not what was asked (H16, H17).
    #[must_use]
    pub fn is_of_installation(&self) -> bool {
        match self.kind {
            Kind::Forbidden => {
                self.operation == MINT || self.reason.contains("installation has been suspended")
            }
            Kind::NotFound => self.operation == MINT,
            Kind::Transient | Kind::Limited { .. } | Kind::Conflict | Kind::Final => false,
        }
    }

    /// Whether the installation does not reach the repository any more: no token for it can be had.
    #[must_use]
    pub fn is_of_repository(&self) -> bool {
        self.operation == MINT && self.kind == Kind::Conflict
    }

    /// Whether the installation lacks a permission that the App asks for by now: its owner has
    /// not accepted it yet, or took it back.
    #[must_use]
    pub fn is_of_permission(&self) -> bool {
        self.operation == MINT_UNGRANTED
    }

    /// Minting answers 422 both for a repository that is out of reach and for permissions that
    /// are not granted: only the words tell the two apart.
    pub(super) fn says_ungranted(&self) -> bool {
        self.is_of_repository()
            && self
                .reason
                .contains("permissions requested are not granted")
    }

    /// No token can be had before the owner grants `permissions`, as in `issues: read`.
    pub(super) fn ungranted(permissions: &str) -> Self {
        Self {
            operation: MINT_UNGRANTED,
            kind: Kind::Forbidden,
            status: Some(422),
            reason: bounded(&format!(
                "the installation has not granted {permissions}; its owner has to accept the App's permissions"
            )),
        }
    }
}

/// What sort of failure it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The world's: it may work later, and it may even have worked (A1, A2).
    Transient,
    /// GitHub asks the whole installation to wait this many seconds (A3, A4).
    Limited {
        /// Seconds.
        wait_s: i64,
    },
    /// It does not exist, or we may not see it.
    NotFound,
    /// The App or its installation may not do this (A5).
    Forbidden,
    /// It conflicts with what is there (409, 422).
    Conflict,
    /// Another final no, or an answer that is not what it should be.
    Final,
}

/// What GitHub answered.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: http::HeaderMap,
    pub(super) body: bytes::Bytes,
}

impl Answer {
    /// Path and query of the next page, of this same API, where the `Link` header names one.
    pub(super) fn next_page(&self, prefix: &str) -> Option<String> {
        let links = self.headers.get(http::header::LINK)?.to_str().ok()?;
        let next = links
            .split(',')
            .find(|link| link.contains("rel=\"next\""))?;
        let address = next.trim().strip_prefix('<')?.split('>').next()?;
        let address = Url::parse(address).ok()?;
        let path = address.path().strip_prefix(prefix)?;
        Some(format!("{path}?{}", address.query().unwrap_or_default()))
    }

    /// Whether the `Link` header names a next page.
    pub(super) fn has_next(&self) -> bool {
        let links = self.headers.get(http::header::LINK);
        links
            .is_some_and(|links| String::from_utf8_lossy(links.as_bytes()).contains("rel=\"next\""))
    }

    pub(super) fn read<R: DeserializeOwned>(
        self,
        operation: &'static str,
        now: Timestamp,
    ) -> Result<R, GithubError> {
        if !self.status.is_success() {
            return Err(self.error(operation, now));
        }
        let body: &[u8] = if self.body.is_empty() {
            b"null"
        } else {
            &self.body
        };
        serde_json::from_slice(body).map_err(|error| unexpected(operation, error.to_string()))
    }

    fn error(&self, operation: &'static str, now: Timestamp) -> GithubError {
        let said: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        let message = said["message"].as_str().unwrap_or("no message");
        let details = match &said["errors"] {
            Value::Null => String::new(),
            errors => format!(" {errors}"),
        };
        let kind = self.kind(now);
        let status = self.status.as_u16();
        GithubError {
            operation,
            kind,
            status: Some(status),
            reason: bounded(&format!("{status}: {message}{details}")),
        }
    }

    fn kind(&self, now: Timestamp) -> Kind {
        if let Some(wait_s) = self.limit(now) {
            return Kind::Limited { wait_s };
        }
        match self.status.as_u16() {
            401 | 408 | 500..=599 => Kind::Transient,
            403 => Kind::Forbidden,
            404 | 410 | 451 => Kind::NotFound,
            409 | 422 => Kind::Conflict,
            _ => Kind::Final,
        }
    }

    /// Seconds that GitHub asks us to wait by the answer's status, where it does (A3, A4).
    pub(super) fn limit(&self, now: Timestamp) -> Option<i64> {
        if !matches!(self.status.as_u16(), 403 | 429) {
            return None;
        }
        let named = self.named_wait_s(now);
        let said = String::from_utf8_lossy(&self.body);
        let secondary =
            self.status == StatusCode::TOO_MANY_REQUESTS || said.contains("secondary rate limit");
        named.or_else(|| secondary.then_some(LIMIT_WAIT_S))
    }

    /// How long to wait, once the answer is known to be a limit.
    pub(super) fn wait_s(&self, now: Timestamp) -> i64 {
        self.named_wait_s(now).unwrap_or(LIMIT_WAIT_S)
    }

    /// The wait that the headers name: `retry-after` before the reset of what is used up.
    fn named_wait_s(&self, now: Timestamp) -> Option<i64> {
        let number =
            |name: &str| -> Option<i64> { self.headers.get(name)?.to_str().ok()?.parse().ok() };
        if let Some(seconds) = number("retry-after") {
            return Some(seconds.clamp(1, LIMIT_WAIT_MAX_S));
        }
        let reset = number("x-ratelimit-reset").unwrap_or(0);
        (number("x-ratelimit-remaining") == Some(0))
            .then(|| (reset - now.0 / 1000 + 1).clamp(1, LIMIT_WAIT_MAX_S))
    }
}

/// Wait where GitHub names none: at least a minute (W11).
const LIMIT_WAIT_S: i64 = 60;
/// Longest wait that is believed: primary limits reset within the hour.
const LIMIT_WAIT_MAX_S: i64 = 3700;

/// What GitHub says where a GraphQL answer is a limit, whatever its status. The primary one is
/// known by its type, which has two spellings; the secondary one by its words alone, and they
/// stand among the errors or where REST has its message.
pub(super) fn graphql_limit(answer: &Value) -> Option<String> {
    let errors = answer["errors"].as_array().into_iter().flatten();
    let is_limit = |error: &&Value| {
        let typed = matches!(error["type"].as_str(), Some("RATE_LIMITED" | "RATE_LIMIT"));
        let said = error["message"].as_str().unwrap_or_default();
        typed || said.contains("secondary rate limit") || said.starts_with("API rate limit")
    };
    std::iter::once(answer)
        .chain(errors)
        .find(is_limit)
        .map(|error| error["message"].as_str().unwrap_or("a limit").to_owned())
}

pub(super) fn graphql_error(operation: &'static str, error: &Value) -> GithubError {
    let message = error["message"].as_str().unwrap_or("no message");
    let kind = match error["type"].as_str().unwrap_or("") {
        "NOT_FOUND" => Kind::NotFound,
        "FORBIDDEN" | "INSUFFICIENT_SCOPES" => Kind::Forbidden,
        // GitHub's own failures come without a type, and may have worked (A2).
        "" | "SERVICE_UNAVAILABLE" | "INTERNAL" => Kind::Transient,
        _ => Kind::Conflict,
    };
    GithubError {
        operation,
        kind,
        status: None,
        reason: bounded(message),
    }
}

pub(super) fn to_value<S: Serialize>(
    operation: &'static str,
    body: &S,
) -> Result<Value, GithubError> {
    serde_json::to_value(body).map_err(|error| unexpected(operation, error.to_string()))
}

/// What was answered, or `None` where GitHub knows of no such thing.
pub(super) fn found<R>(answer: Result<R, GithubError>) -> Result<Option<R>, GithubError> {
    match answer {
        Err(error) if error.kind == Kind::NotFound => Ok(None),
        answer => answer.map(Some),
    }
}

/// GitHub asked the installation to wait this many seconds more.
pub(super) fn paused(operation: &'static str, wait_s: i64) -> GithubError {
    limited(operation, wait_s, "GitHub asked this installation to wait")
}

/// GitHub asks the installation to wait this many seconds, in these words.
pub(super) fn limited(operation: &'static str, wait_s: i64, said: &str) -> GithubError {
    GithubError {
        operation,
        kind: Kind::Limited { wait_s },
        status: None,
        reason: bounded(said),
    }
}

pub(super) fn transient(operation: &'static str, reason: String) -> GithubError {
    GithubError {
        operation,
        kind: Kind::Transient,
        status: None,
        reason: bounded(&reason),
    }
}

pub(super) fn unexpected(operation: &'static str, reason: String) -> GithubError {
    GithubError {
        operation,
        kind: Kind::Final,
        status: None,
        reason: bounded(&reason),
    }
}

/// GitHub's words are foreign text: one line, and not much of it.
fn bounded(text: &str) -> String {
    crate::domain::text::line(text, 400)
}

/// What broke while an answer's body was read.
pub(super) fn other(source: Box<dyn std::error::Error + Send + Sync>) -> octocrab::Error {
    let backtrace = std::backtrace::Backtrace::disabled();
    octocrab::Error::Other { source, backtrace }
}

pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
