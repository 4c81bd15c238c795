//! One call of GitHub's API: a narrow token, one answer, its errors sorted into kinds.
//!
//! Nothing is retried here but a call whose token had ended (once) and one whose repository
//! had another name (once): patience lives in the outbox. Redirects are never followed; a
//! repository that moved is asked for by its number instead (A11).

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use http::{Method, StatusCode};
use octocrab::Octocrab;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::Mutex;
use url::Url;

use super::app_auth::{AppKey, Scope, Token, TokenAnswer, TokenKey, TokenRequest};
use crate::clock::Clock;
use crate::domain::ids::{FullName, InstallationId, RepositoryId};
use crate::domain::time::Timestamp;

/// Longest wait for an answer.
const ANSWER_WAIT_MAX: Duration = Duration::from_secs(30);
/// Largest answer that is read, in bytes: a page of a hundred comments of 64 KiB, escaped.
const ANSWER_BYTES_MAX: usize = 32 * 1024 * 1024;

/// GitHub, as the App.
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
}

struct Shared {
    http: Octocrab,
    app: AppKey,
    clock: Clock,
    rest_prefix: String,
    graphql_path: &'static str,
    tokens: Mutex<HashMap<TokenKey, Token>>,
    names: Mutex<HashMap<RepositoryId, FullName>>,
}

/// Which repository a call is about, and by which installation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The installation.
    pub installation: InstallationId,
    /// The repository.
    pub repository: RepositoryId,
    /// Its name when we last heard.
    pub name: FullName,
}

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
const MINT: &str = "get an installation token";

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

impl Client {
    /// GitHub's API at `api_url` (`https://api.github.com`, or `…/api/v3` of an Enterprise Server).
    ///
    /// # Errors
    /// The address cannot be used.
    pub fn new(api_url: &Url, app: AppKey, clock: Clock) -> Result<Self, GithubError> {
        let unusable = |reason: String| GithubError {
            operation: "use the API's address",
            kind: Kind::Final,
            status: None,
            reason,
        };
        let prefix = api_url.path().trim_end_matches('/').to_owned();
        let graphql_path = if prefix.ends_with("/api/v3") {
            "/api/graphql"
        } else {
            "/graphql"
        };
        let origin = api_url.origin().ascii_serialization();
        let http = Octocrab::builder()
            .base_uri(origin)
            .and_then(|builder| {
                builder
                    .set_connect_timeout(Some(Duration::from_secs(10)))
                    .set_read_timeout(Some(ANSWER_WAIT_MAX))
                    .build()
            })
            .map_err(|error| unusable(error.to_string()))?;
        Ok(Self {
            shared: Arc::new(Shared {
                http,
                app,
                clock,
                rest_prefix: prefix,
                graphql_path,
                tokens: Mutex::default(),
                names: Mutex::default(),
            }),
        })
    }

    /// The App's number.
    #[must_use]
    pub fn app_id(&self) -> i64 {
        self.shared.app.app_id()
    }

    /// The repository's name as we know it now: a rename that a call met is remembered.
    pub async fn name_of(&self, target: &Target) -> FullName {
        let names = self.shared.names.lock().await;
        names
            .get(&target.repository)
            .unwrap_or(&target.name)
            .clone()
    }

    /// A call about one repository. `path` is what follows `/repos/{owner}/{name}`.
    pub(super) async fn call<R: DeserializeOwned>(
        &self,
        operation: &'static str,
        target: &Target,
        scope: Scope,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<R, GithubError> {
        let name = self.name_of(target).await;
        let full = format!("/repos/{}/{}{path}", name.owner, name.name);
        let key = TokenKey {
            installation: target.installation,
            repository: Some(target.repository),
            scope,
        };
        let first = self
            .call_with_token(operation, key, method.clone(), &full, body)
            .await?;
        if !first.status.is_redirection() {
            return first.read(operation, self.shared.clock.now());
        }
        let renamed = self.look_up_name(target, key).await?;
        let full = format!("/repos/{}/{}{path}", renamed.owner, renamed.name);
        self.call_with_token(operation, key, method, &full, body)
            .await?
            .read(operation, self.shared.clock.now())
    }

    async fn look_up_name(&self, target: &Target, key: TokenKey) -> Result<FullName, GithubError> {
        let operation = "look up a renamed repository";
        let path = format!("/repositories/{}", target.repository);
        let answer: Value = self
            .call_with_token(operation, key, Method::GET, &path, None)
            .await?
            .read(operation, self.shared.clock.now())?;
        let name: FullName = answer["full_name"]
            .as_str()
            .and_then(|text| text.parse().ok())
            .ok_or_else(|| unexpected(operation, "no usable full_name".to_owned()))?;
        let mut names = self.shared.names.lock().await;
        names.insert(target.repository, name.clone());
        Ok(name)
    }

    /// A GraphQL call about one repository. Errors in the answer are errors of the call.
    pub(super) async fn graphql<R: DeserializeOwned>(
        &self,
        operation: &'static str,
        target: &Target,
        scope: Scope,
        document: &Value,
    ) -> Result<R, GithubError> {
        let key = TokenKey {
            installation: target.installation,
            repository: Some(target.repository),
            scope,
        };
        let path = self.shared.graphql_path;
        let answer = self
            .send_with_token(operation, key, Method::POST, path, Some(document))
            .await?;
        let mut value: Value = answer.read(operation, self.shared.clock.now())?;
        if let Some(first) = value["errors"].get(0) {
            return Err(graphql_error(operation, first));
        }
        serde_json::from_value(value["data"].take())
            .map_err(|error| unexpected(operation, error.to_string()))
    }

    /// A call about an installation as a whole.
    pub(super) async fn call_installation<R: DeserializeOwned>(
        &self,
        operation: &'static str,
        installation: InstallationId,
        path: &str,
    ) -> Result<R, GithubError> {
        let key = TokenKey {
            installation,
            repository: None,
            scope: Scope::Observe,
        };
        self.call_with_token(operation, key, Method::GET, path, None)
            .await?
            .read(operation, self.shared.clock.now())
    }

    /// A page of a list as the App itself, and the path of the next one, from the `Link`
    /// header: cursors are GitHub's own and never made up.
    pub(super) async fn page_of_app<R: DeserializeOwned>(
        &self,
        operation: &'static str,
        path: &str,
    ) -> Result<(R, Option<String>), GithubError> {
        let answer = self.send_as_app(operation, Method::GET, path, None).await?;
        let next = answer.next_page(&self.shared.rest_prefix);
        let page = answer.read(operation, self.shared.clock.now())?;
        Ok((page, next))
    }

    /// A call as the App itself.
    pub(super) async fn call_app<R: DeserializeOwned>(
        &self,
        operation: &'static str,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<R, GithubError> {
        self.send_as_app(operation, method, path, body)
            .await?
            .read(operation, self.shared.clock.now())
    }

    async fn send_as_app(
        &self,
        operation: &'static str,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Answer, GithubError> {
        let jwt = self
            .shared
            .app
            .jwt(self.shared.clock.now())
            .map_err(|error| unexpected(operation, error.to_string()))?;
        let full = format!("{}{path}", self.shared.rest_prefix);
        self.send(operation, method, &full, &jwt, body).await
    }

    async fn call_with_token(
        &self,
        operation: &'static str,
        key: TokenKey,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Answer, GithubError> {
        let full = format!("{}{path}", self.shared.rest_prefix);
        self.send_with_token(operation, key, method, &full, body)
            .await
    }

    async fn send_with_token(
        &self,
        operation: &'static str,
        key: TokenKey,
        method: Method,
        full: &str,
        body: Option<&Value>,
    ) -> Result<Answer, GithubError> {
        let token = self.token(key).await?;
        let answer = self
            .send(operation, method.clone(), full, &token, body)
            .await?;
        if !matches!(
            answer.status,
            StatusCode::UNAUTHORIZED | StatusCode::NOT_FOUND
        ) {
            return Ok(answer);
        }
        // The token may have ended before its time (A7), or reach what it reached no more
        // (A6): once more with a fresh one.
        self.shared.tokens.lock().await.remove(&key);
        let token = self.token(key).await?;
        self.send(operation, method, full, &token, body).await
    }

    /// The token of an installation for reading one repository's code by git.
    ///
    /// # Errors
    /// GitHub did not give one.
    pub async fn read_token(&self, target: &Target) -> Result<String, GithubError> {
        self.token(TokenKey {
            installation: target.installation,
            repository: Some(target.repository),
            scope: Scope::Observe,
        })
        .await
    }

    async fn token(&self, key: TokenKey) -> Result<String, GithubError> {
        let now = self.shared.clock.now();
        let mut tokens = self.shared.tokens.lock().await;
        if let Some(token) = tokens.get(&key).filter(|token| token.is_good(now)) {
            return Ok(token.secret.clone());
        }
        let request = TokenRequest {
            repository_ids: key.repository.map(|repository| [repository.0]),
            permissions: key.scope.permissions(),
        };
        let operation = MINT;
        let body = to_value(operation, &request)?;
        let path = format!("/app/installations/{}/access_tokens", key.installation);
        let answer: TokenAnswer = self
            .call_app(operation, Method::POST, &path, Some(&body))
            .await?;
        let expires_at = Timestamp::from_rfc3339(&answer.expires_at)
            .ok_or_else(|| unexpected(operation, "no usable expires_at".to_owned()))?;
        let token = Token {
            secret: answer.token,
            expires_at,
        };
        tokens.retain(|_, token| token.is_good(now));
        tokens.insert(key, token.clone());
        Ok(token.secret)
    }

    async fn send(
        &self,
        operation: &'static str,
        method: Method,
        path: &str,
        token: &str,
        body: Option<&Value>,
    ) -> Result<Answer, GithubError> {
        let request = http::request::Builder::new()
            .method(method)
            .uri(path)
            .header(http::header::ACCEPT, "application/vnd.github+json")
            .header(http::header::AUTHORIZATION, format!("Bearer {token}"));
        let request = self
            .shared
            .http
            .build_request(request, body)
            .map_err(|error| unexpected(operation, error.to_string()))?;
        let whole = async {
            let response = self.shared.http.send(request).await?;
            let (parts, body) = response.into_parts();
            let body = http_body_util::Limited::new(body, ANSWER_BYTES_MAX);
            let bytes = http_body_util::BodyExt::collect(body)
                .await
                .map_err(|error| octocrab::Error::Other {
                    source: error,
                    backtrace: std::backtrace::Backtrace::disabled(),
                })?
                .to_bytes();
            Ok::<_, octocrab::Error>(Answer {
                status: parts.status,
                headers: parts.headers,
                body: bytes,
            })
        };
        match tokio::time::timeout(ANSWER_WAIT_MAX, whole).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(transient(operation, chain(&error))),
            Err(_) => Err(transient(operation, "no answer in time".to_owned())),
        }
    }
}

/// What GitHub answered.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    headers: http::HeaderMap,
    body: bytes::Bytes,
}

impl Answer {
    /// Path and query of the next page, of this same API, where the `Link` header names one.
    fn next_page(&self, prefix: &str) -> Option<String> {
        let links = self.headers.get(http::header::LINK)?.to_str().ok()?;
        let next = links
            .split(',')
            .find(|link| link.contains("rel=\"next\""))?;
        let address = next.trim().strip_prefix('<')?.split('>').next()?;
        let address = Url::parse(address).ok()?;
        let path = address.path().strip_prefix(prefix)?;
        Some(format!("{path}?{}", address.query().unwrap_or_default()))
    }

    fn read<R: DeserializeOwned>(
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
        let kind = self.kind(message, now);
        let status = self.status.as_u16();
        GithubError {
            operation,
            kind,
            status: Some(status),
            reason: bounded(&format!("{status}: {message}{details}")),
        }
    }

    fn kind(&self, message: &str, now: Timestamp) -> Kind {
        if let Some(wait_s) = self.limit(message, now) {
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

    /// Seconds that GitHub asks us to wait, where it does (A3, A4).
    fn limit(&self, message: &str, now: Timestamp) -> Option<i64> {
        if !matches!(self.status.as_u16(), 403 | 429) {
            return None;
        }
        let number =
            |name: &str| -> Option<i64> { self.headers.get(name)?.to_str().ok()?.parse().ok() };
        if let Some(seconds) = number("retry-after") {
            return Some(seconds.clamp(1, LIMIT_WAIT_MAX_S));
        }
        if number("x-ratelimit-remaining") == Some(0) {
            let reset = number("x-ratelimit-reset").unwrap_or(0);
            return Some((reset - now.0 / 1000 + 1).clamp(1, LIMIT_WAIT_MAX_S));
        }
        let secondary = self.status == StatusCode::TOO_MANY_REQUESTS
            || message.contains("secondary rate limit");
        secondary.then_some(LIMIT_WAIT_S)
    }
}

/// Wait where GitHub names none: at least a minute (W11).
const LIMIT_WAIT_S: i64 = 60;
/// Longest wait that is believed: primary limits reset within the hour.
const LIMIT_WAIT_MAX_S: i64 = 3700;

fn graphql_error(operation: &'static str, error: &Value) -> GithubError {
    let message = error["message"].as_str().unwrap_or("no message");
    let kind = match error["type"].as_str().unwrap_or("") {
        "NOT_FOUND" => Kind::NotFound,
        "FORBIDDEN" | "INSUFFICIENT_SCOPES" => Kind::Forbidden,
        "RATE_LIMITED" => Kind::Limited {
            wait_s: LIMIT_WAIT_S,
        },
        "SERVICE_UNAVAILABLE" | "INTERNAL" => Kind::Transient,
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

fn transient(operation: &'static str, reason: String) -> GithubError {
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

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
