//! One call to a provider: with its key, and with patience until the first byte of the answer.
//!
//! A provider that is busy, failing or not there is asked again for some minutes; one that says no
//! is told apart by what has to be done about it: the key, the model, the request.

use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use futures::StreamExt as _;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use rand::Rng as _;
use tokio::time::Instant;
use url::Url;

use super::open_call::OpenCall;
use super::refusal::Refusal;
use super::{Gateway, Known, Pace, relay};
use crate::domain::model::Wire;

/// What a provider is told of an agent's headers.
const HEADERS: [&str; 5] = [
    "content-type",
    "accept",
    "anthropic-version",
    "anthropic-beta",
    "openai-beta",
];
/// Beginnings of names of Anthropic's betas that let the provider reach out, or cost more than the
/// usual price.
const BETAS_NOT: [&str; 9] = [
    "mcp-",
    "code-execution",
    "web-",
    "files-",
    "skills-",
    "computer-use",
    "context-1m",
    "fast-mode",
    "compact",
];
/// Longest answer of a provider that says no, in bytes.
const REFUSED_BYTES_MAX: usize = 64 * 1024;
/// Longest wait for the rest of such an answer.
const REFUSED_MAX: Duration = Duration::from_secs(10);
/// What providers say besides 401 where it is the key or its account, in lower case.
const OF_THE_KEY: [&str; 4] = [
    "insufficient_quota",
    "credit balance is too low",
    "api_key_invalid",
    "api key not valid",
];

/// A call that is to be made.
pub(super) struct Call<'a> {
    pub(super) gateway: &'a Gateway,
    pub(super) provider: &'a Known,
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    pub(super) deadline: Instant,
}

/// The headers of a call: a few of the agent's, and the key.
pub(super) fn headers(wire: Wire, theirs: &HeaderMap, provider: &Known) -> HeaderMap {
    let mut ours = HeaderMap::new();
    for (name, value) in theirs {
        if HEADERS.contains(&name.as_str()) && *name != "anthropic-beta" {
            ours.insert(name.clone(), value.clone());
        }
    }
    let betas = theirs.get_all("anthropic-beta").iter();
    let betas: Vec<&str> = betas
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .filter(|beta| !BETAS_NOT.iter().any(|not| beta.starts_with(not)))
        .collect();
    if let Ok(value) = HeaderValue::from_str(&betas.join(","))
        && !betas.is_empty()
    {
        ours.insert(HeaderName::from_static("anthropic-beta"), value);
    }
    ours.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    if let Some(key) = &provider.key {
        let name = match wire {
            Wire::Anthropic => HeaderName::from_static("x-api-key"),
            Wire::Openai => header::AUTHORIZATION,
            Wire::Gemini => HeaderName::from_static("x-goog-api-key"),
        };
        ours.insert(name, key.clone());
    }
    ours
}

/// What came of one try.
enum Try {
    Answered(reqwest::Response),
    /// Worth another try, after so long where the provider says so.
    Busy {
        said: String,
        wait: Option<Duration>,
    },
    Refused(Refusal),
}

impl Call<'_> {
    /// The provider's answer, as soon as it begins.
    pub(super) async fn send(self, open: &mut OpenCall) -> Result<reqwest::Response, Refusal> {
        let pace = &self.gateway.shared.pace;
        let began = Instant::now();
        let patience = self.deadline.min(began + pace.all_max);
        let mut tries = 0;
        loop {
            let tried = tokio::time::timeout_at(self.deadline, self.try_once(open));
            let Ok(tried) = tried.await else {
                return Err(Refusal::time_is_over());
            };
            let (said, asked) = match tried {
                Try::Answered(answer) => return Ok(answer),
                Try::Refused(refusal) => return Err(refusal),
                Try::Busy { said, wait } => (said, wait),
            };
            let wait = asked.unwrap_or_else(|| backoff(pace, tries));
            if Instant::now() + wait >= patience {
                let waited = began.elapsed().as_secs();
                return Err(Refusal::provider(format!(
                    "the provider of the model {said}, for {waited} s and {} tries; try again later, or see its status page",
                    tries + 1
                )));
            }
            tokio::time::sleep(wait).await;
            tries += 1;
        }
    }

    async fn try_once(&self, open: &mut OpenCall) -> Try {
        // Whatever happens from here on, the provider may have worked.
        open.is_sent();
        let http = &self.gateway.shared.http;
        let request = http.post(self.url.clone()).headers(self.headers.clone());
        let answer = match request.body(self.body.clone()).send().await {
            Ok(answer) => answer,
            Err(error) if error.is_connect() => {
                open.is_refused();
                let said = "cannot be reached".to_owned();
                return Try::Busy { said, wait: None };
            }
            // It may have been charged for, so it is not simply made again.
            Err(_) => {
                let said = "the provider of the model broke off before it answered; try again";
                return Try::Refused(Refusal::provider(said.to_owned()));
            }
        };
        let status = answer.status();
        if status.is_success() {
            return Try::Answered(answer);
        }
        open.is_refused();
        self.refused(status, answer).await
    }

    /// What has to be done about a provider's no.
    async fn refused(&self, status: StatusCode, answer: reqwest::Response) -> Try {
        let theirs = relay::headers(answer.headers());
        let wait = retry_after(answer.headers());
        let text = text_of(answer).await;
        let lower = text.to_lowercase();
        let code = status.as_u16();
        if matches!(code, 401 | 403) || OF_THE_KEY.iter().any(|words| lower.contains(words)) {
            return Try::Refused(Refusal::key(format!(
                "the provider of the model does not take this server's key, or its account is used up ({code}); the server's owner gives another (model-key, or key of [[providers]])"
            )));
        }
        if status.is_redirection() {
            return Try::Refused(Refusal::provider(format!(
                "the provider of the model sends us elsewhere ({code}), which is not followed; the server's owner corrects its url"
            )));
        }
        if code == 404 {
            return Try::Refused(Refusal::model(
                "the provider knows no such model, or its url is not right (404); the server's owner corrects `models` or url of [[providers]]".to_owned(),
            ));
        }
        if status.is_server_error() || matches!(code, 408 | 409 | 425 | 429) {
            let said = format!("answers {code}");
            return Try::Busy { said, wait };
        }
        let text = match &self.provider.secret {
            Some(secret) => text.replace(secret.as_str(), "…"),
            None => text,
        };
        let mut answer = Response::new(Body::from(text));
        *answer.status_mut() = status;
        *answer.headers_mut() = theirs;
        Try::Refused(Refusal::theirs(status, answer))
    }
}

/// The beginning of a text that a provider answers with.
async fn text_of(answer: reqwest::Response) -> String {
    let mut pieces = answer.bytes_stream();
    let mut kept = Vec::new();
    let read = async {
        while let Some(Ok(piece)) = pieces.next().await {
            let room = REFUSED_BYTES_MAX.saturating_sub(kept.len());
            kept.extend(piece.iter().take(room));
            if room <= piece.len() {
                break;
            }
        }
    };
    // What has come by then will do.
    tokio::time::timeout(REFUSED_MAX, read).await.ok();
    String::from_utf8_lossy(&kept).into_owned()
}

/// Seconds, as providers write them; a date is passed over.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<f64>().ok();
    let seconds = number("retry-after-ms")
        .map(|ms| ms / 1000.0)
        .or_else(|| number("retry-after"))?;
    Duration::try_from_secs_f64(seconds).ok()
}

/// Doubles with each try; half of it by chance, so that agents do not come back all at once.
fn backoff(pace: &Pace, tries: u32) -> Duration {
    let whole = pace.wait_first.saturating_mul(1 << tries.min(16));
    whole
        .min(pace.wait_max)
        .mul_f64(rand::rng().random_range(0.5..=1.0))
}
