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
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::{Mutex, OnceCell};
use url::Url;

use super::answer::{
    Answer, GithubError, Kind, MINT, chain, graphql_error, graphql_limit, limited, other, paused,
    to_value, transient, unexpected,
};
use super::app_auth::{AppKey, Scope, Token, TokenAnswer, TokenKey, TokenRequest};
use super::skew::{ClockSkew, Skew};
use super::storage::Storage;
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
    pub(super) shared: Arc<Shared>,
}

pub(super) struct Shared {
    http: Octocrab,
    pub(super) app: AppKey,
    pub(super) clock: Clock,
    pub(super) rest_prefix: String,
    graphql_path: &'static str,
    tokens: Mutex<HashMap<TokenKey, Token>>,
    names: Mutex<HashMap<RepositoryId, FullName>>,
    /// The login of the App's bot.
    pub(super) login: OnceCell<String>,
    pub(super) lists_only: OnceCell<()>,
    /// Nothing is sent for an installation before this time: it was GitHub's wish (W11).
    pauses: Mutex<HashMap<InstallationId, Timestamp>>,
    skew: Skew,
    /// Fetches logs from where GitHub keeps them: it knows none of our tokens.
    pub(super) storage: Storage,
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
        let storage = Storage::of(api_url).map_err(|error| unusable(error.to_string()))?;
        Ok(Self {
            shared: Arc::new(Shared {
                http,
                app,
                clock,
                rest_prefix: prefix,
                graphql_path,
                tokens: Mutex::default(),
                names: Mutex::default(),
                login: OnceCell::new(),
                lists_only: OnceCell::new(),
                pauses: Mutex::default(),
                skew: Skew::default(),
                storage,
            }),
        })
    }

    /// The App's number.
    #[must_use]
    pub fn app_id(&self) -> i64 {
        self.shared.app.app_id()
    }

    /// How wrong our clock is, where GitHub's last answer shows that it is (U10).
    #[must_use]
    pub fn clock_skew(&self) -> Option<ClockSkew> {
        self.shared.skew.found()
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
        self.answer(operation, target, scope, method, path, body)
            .await?
            .read(operation, self.shared.clock.now())
    }

    /// The same, as it was answered.
    pub(super) async fn answer(
        &self,
        operation: &'static str,
        target: &Target,
        scope: Scope,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Answer, GithubError> {
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
        // A log's address is a 302; what moved is a 301, or a 307 where something is written.
        if !first.status.is_redirection() || first.status == StatusCode::FOUND {
            return Ok(first);
        }
        let renamed = self.look_up_name(target, key).await?;
        let full = format!("/repos/{}/{}{path}", renamed.owner, renamed.name);
        self.call_with_token(operation, key, method, &full, body)
            .await
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
        let now = self.shared.clock.now();
        let wait_s = answer.wait_s(now);
        let mut value: Value = answer.read(operation, now)?;
        // Here a limit may come with the status 200 (A3, A4).
        if let Some(said) = graphql_limit(&value) {
            self.pause(target.installation, now.plus_s(wait_s)).await;
            return Err(limited(operation, wait_s, &said));
        }
        let errors = value["errors"].as_array().map(Vec::as_slice);
        // What was asked about and is gone is `null` in the data: that says enough.
        let is_gone = |error: &Value| {
            let last = error["path"].as_array().and_then(|path| path.last());
            error["type"] == "NOT_FOUND"
                && last.and_then(Value::as_str) == Some("issueOrPullRequest")
        };
        if let Some(first) = errors
            .unwrap_or_default()
            .iter()
            .find(|error| !is_gone(error))
        {
            return Err(graphql_error(operation, first));
        }
        serde_json::from_value(value["data"].take())
            .map_err(|error| unexpected(operation, error.to_string()))
    }

    pub(super) async fn call_with_token(
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

    /// One call with a token; nothing is sent while GitHub asks the installation to wait (A3).
    async fn send_with_token(
        &self,
        operation: &'static str,
        key: TokenKey,
        method: Method,
        full: &str,
        body: Option<&Value>,
    ) -> Result<Answer, GithubError> {
        self.waits_no_more(operation, key.installation).await?;
        let token = self.token(key).await?;
        let mut answer = self
            .send(operation, method.clone(), full, &token, body)
            .await?;
        if matches!(
            answer.status,
            StatusCode::UNAUTHORIZED | StatusCode::NOT_FOUND
        ) {
            // The token may have ended before its time (A7), or reach what it reached no more
            // (A6): once more with a fresh one.
            self.shared.tokens.lock().await.remove(&key);
            let token = self.token(key).await?;
            answer = self.send(operation, method, full, &token, body).await?;
        }
        let now = self.shared.clock.now();
        if let Some(wait_s) = answer.limit(now) {
            self.pause(key.installation, now.plus_s(wait_s)).await;
        }
        Ok(answer)
    }

    /// Sends nothing for the installation before `until`. Answers overtake each other, so a
    /// pause is never made shorter (A3).
    async fn pause(&self, installation: InstallationId, until: Timestamp) {
        let mut pauses = self.shared.pauses.lock().await;
        let known = pauses.entry(installation).or_insert(until);
        *known = until.max(*known);
    }

    async fn waits_no_more(
        &self,
        operation: &'static str,
        installation: InstallationId,
    ) -> Result<(), GithubError> {
        let now = self.shared.clock.now();
        let pauses = self.shared.pauses.lock().await;
        match pauses.get(&installation) {
            Some(until) if now < *until => Err(paused(operation, until.since_ms(now) / 1000 + 1)),
            _ => Ok(()),
        }
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

    /// A token that is kept, or a fresh one. The kept ones are not locked while GitHub is asked:
    /// one slow answer must not hold up every other call. Two that ask at once get one each.
    async fn token(&self, key: TokenKey) -> Result<String, GithubError> {
        let now = self.shared.clock.now();
        let kept = self.shared.tokens.lock().await.get(&key).cloned();
        if let Some(token) = kept.filter(|token| token.is_good(now)) {
            return Ok(token.secret);
        }
        let token = self.mint(key).await?;
        let mut tokens = self.shared.tokens.lock().await;
        tokens.retain(|_, token| token.is_good(now));
        tokens.insert(key, token.clone());
        Ok(token.secret)
    }

    async fn mint(&self, key: TokenKey) -> Result<Token, GithubError> {
        let request = TokenRequest {
            repository_ids: key.repository.map(|repository| [repository.0]),
            permissions: key.scope.permissions(),
        };
        let operation = MINT;
        let body = to_value(operation, &request)?;
        let path = format!("/app/installations/{}/access_tokens", key.installation);
        let answer = self
            .call_app::<TokenAnswer>(operation, Method::POST, &path, Some(&body))
            .await;
        let answer = match answer {
            Err(error) if error.says_ungranted() => {
                let lacking = self.lacking(key).await;
                return Err(GithubError::ungranted(&lacking));
            }
            answer => answer?,
        };
        let expires_at = Timestamp::from_rfc3339(&answer.expires_at)
            .ok_or_else(|| unexpected(operation, "no usable expires_at".to_owned()))?;
        Ok(Token {
            secret: answer.token,
            expires_at,
        })
    }

    pub(super) async fn send(
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
        let request = self.shared.http.build_request(request, body);
        let request = request.map_err(|error| unexpected(operation, error.to_string()))?;
        let asked = self.shared.clock.now();
        let whole = async {
            let response = self.shared.http.send(request).await?;
            let (parts, body) = response.into_parts();
            let body = http_body_util::Limited::new(body, ANSWER_BYTES_MAX);
            let bytes = http_body_util::BodyExt::collect(body)
                .await
                .map_err(other)?
                .to_bytes();
            Ok::<_, octocrab::Error>(Answer {
                status: parts.status,
                headers: parts.headers,
                body: bytes,
            })
        };
        match tokio::time::timeout(ANSWER_WAIT_MAX, whole).await {
            Ok(Ok(answer)) => {
                let answered = self.shared.clock.now();
                self.shared.skew.learn(&answer.headers, asked, answered);
                Ok(answer)
            }
            Ok(Err(error)) => Err(transient(operation, chain(&error))),
            Err(_) => Err(transient(operation, "no answer in time".to_owned())),
        }
    }
}
