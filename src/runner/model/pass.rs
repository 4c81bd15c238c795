//! The door to the model: each request goes on to the server's gateway under our lease, and its
//! answer comes back piece by piece.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::{Body as _, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::json;
use tokio::net::UnixStream;
use tokio::sync::Semaphore;
use url::Url;

use super::said::{Heard, Refusal};
use crate::domain::model::Wire;
use crate::protocol::refused_for::RefusedFor;
use crate::protocol::{MODEL_PATH, MODEL_REFUSAL_HEADER};
use crate::runner::Pace;
use crate::runner::headers::without_hops;

/// Bytes of one request: a long conversation with some pictures. It is held until the first byte
/// of its answer, because it may have to be asked again.
const REQUEST_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Bytes of one answer.
const ANSWER_BYTES_MAX: usize = 256 * 1024 * 1024;
/// Requests that are held at once.
const HELD_MAX: usize = 8;
/// Time for a program inside to say its request: it is on the same machine.
const SAYING: Duration = Duration::from_secs(60);
/// Time to reach the server.
const CONNECTING: Duration = Duration::from_secs(10);
/// Longest silence of the gateway, which waits for its provider for minutes.
const SILENCE: Duration = Duration::from_secs(15 * 60);
/// Bytes of a request's head.
const HEAD_BYTES_MAX: usize = 64 * 1024;

/// Credentials and origins that programs give: worthless at best, and never the server's to see.
const DROPPED: [&str; 8] = [
    "authorization",
    "x-api-key",
    "x-goog-api-key",
    "api-key",
    "cookie",
    "forwarded",
    "content-length",
    "host",
];

type Answer = Response<BoxBody<Bytes, Box<dyn std::error::Error + Send + Sync>>>;

/// The way to the gateway, for one attempt.
pub(in crate::runner) struct Way {
    http: reqwest::Client,
    server: Url,
    lease: HeaderValue,
    pace: Pace,
    room: Semaphore,
    heard: Heard,
}

/// Why a request is answered by us.
struct No {
    status: StatusCode,
    sentence: &'static str,
}

impl Way {
    /// `server` is the server's own address; `lease` the attempt's, as a header has it.
    pub(in crate::runner) fn new(
        server: &Url,
        lease: HeaderValue,
        pace: Pace,
        heard: Heard,
    ) -> Result<Self, reqwest::Error> {
        let http = reqwest::Client::builder()
            .connect_timeout(CONNECTING)
            .read_timeout(SILENCE)
            // The lease goes to the server and nowhere else, whatever it answers.
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        Ok(Self {
            http,
            server: server.clone(),
            lease,
            pace,
            room: Semaphore::new(HELD_MAX),
            heard,
        })
    }

    /// Answers one connection until it closes.
    pub(in crate::runner) async fn keep(self: Arc<Self>, stream: UnixStream) {
        let service = service_fn(move |request| {
            let way = self.clone();
            async move { Ok::<_, Infallible>(way.answer(request).await) }
        });
        let mut builder = http1::Builder::new();
        builder
            .timer(TokioTimer::new())
            .header_read_timeout(SILENCE)
            .max_buf_size(HEAD_BYTES_MAX);
        let connection = builder.serve_connection(TokioIo::new(stream), service);
        if let Err(error) = connection.await {
            tracing::debug!(error = %error, "a connection to the model broke");
        }
    }

    async fn answer(&self, request: Request<Incoming>) -> Answer {
        match self.pass(request).await {
            Ok(answer) => answer,
            Err(no) => said_by_us(&no),
        }
    }

    async fn pass(&self, request: Request<Incoming>) -> Result<Answer, No> {
        let (head, body) = request.into_parts();
        if ![Method::GET, Method::POST].contains(&head.method) {
            let sentence = "the model is called with GET and POST alone";
            return Err(no(StatusCode::METHOD_NOT_ALLOWED, sentence));
        }
        let url = self.url(&head.uri).ok_or_else(|| {
            no(
                StatusCode::NOT_FOUND,
                "there is no such way to a model; see ANTHROPIC_BASE_URL, OPENAI_BASE_URL and GOOGLE_GEMINI_BASE_URL",
            )
        })?;
        let mut headers = without_hops(&head.headers);
        for name in DROPPED {
            headers.remove(name);
        }
        headers.insert(AUTHORIZATION, self.lease.clone());
        let _place = self.room.acquire().await;
        let body = whole(body).await?;
        let answer = self.ask(&head.method, url, headers, body).await?;
        let status = answer.status();
        match answer.headers().get(MODEL_REFUSAL_HEADER) {
            Some(why) => self
                .heard
                .refusal(Refusal::Of(RefusedFor::read(why.as_bytes()))),
            None if status.is_success() => self.heard.answer(),
            None => {}
        }
        if status.is_redirection() || status.is_informational() {
            let sentence = "the server answered in a way that is not passed on";
            return Err(no(StatusCode::BAD_GATEWAY, sentence));
        }
        let (head, body) = Response::<reqwest::Body>::from(answer).into_parts();
        let mut answer = Response::new(Limited::new(body, ANSWER_BYTES_MAX).boxed());
        *answer.status_mut() = status;
        *answer.headers_mut() = without_hops(&head.headers);
        answer.headers_mut().remove("set-cookie");
        Ok(answer)
    }

    /// Where the gateway has what was asked for here; `None` for what is no path of a provider.
    ///
    /// The server has other paths, and our lease opens them: nothing in `asked` may lead out of
    /// the gateway's, here or in a proxy that reads paths more generously.
    fn url(&self, asked: &http::Uri) -> Option<Url> {
        let path = asked.path();
        let mut parts = path.strip_prefix('/')?.split('/');
        let wire = parts.next()?;
        if Wire::ALL.iter().all(|known| known.as_str() != wire) {
            return None;
        }
        let is_plain = |part: &str| {
            !part.is_empty()
                && part.bytes().any(|b| b != b'.')
                && part
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"-_.:~@+".contains(&b))
        };
        let mut rest = parts.peekable();
        rest.peek()?;
        if !rest.all(is_plain) {
            return None;
        }
        let mut url = self.server.clone();
        let within = format!("{}{MODEL_PATH}/", url.path().trim_end_matches('/'));
        url.set_path(&format!("{within}{}", &path[1..]));
        let query: Vec<&str> = asked
            .query()
            .unwrap_or_default()
            .split('&')
            .filter(|pair| !pair.is_empty() && !is_key(pair))
            .collect();
        url.set_query((!query.is_empty()).then(|| query.join("&")).as_deref());
        url.set_fragment(None);
        url.path().starts_with(&within).then_some(url)
    }

    /// Asks the server again and again until it answers, or for as long as we are patient.
    async fn ask(
        &self,
        method: &Method,
        url: Url,
        headers: HeaderMap,
        body: Bytes,
    ) -> Result<reqwest::Response, No> {
        let mut wait = self.pace.first_wait;
        let mut left = self.pace.tries;
        loop {
            left = left.saturating_sub(1);
            let request = self
                .http
                .request(method.clone(), url.clone())
                .headers(headers.clone())
                .body(body.clone());
            match request.send().await {
                // The gateway waits for its provider itself, and names itself where it gave up.
                Ok(answer) if !is_of_a_proxy(&answer) => return Ok(answer),
                Ok(_) | Err(_) if left > 0 => {
                    tracing::warn!(tries_left = left, "the server is asked for the model again");
                    tokio::time::sleep(wait).await;
                    wait = (wait * 2).min(self.pace.longest_wait);
                }
                Ok(_) | Err(_) => {
                    self.heard.refusal(Refusal::Unreached);
                    let sentence = "Castellan's server was not reached; try again later";
                    return Err(no(StatusCode::SERVICE_UNAVAILABLE, sentence));
                }
            }
        }
    }
}

/// Whether something before the server answered in its place, as proxies do while it restarts.
fn is_of_a_proxy(answer: &reqwest::Response) -> bool {
    [502, 503, 504].contains(&answer.status().as_u16())
        && !answer.headers().contains_key(MODEL_REFUSAL_HEADER)
}

/// Whether a query's pair is a key (Gemini's `key=`), however its name is written.
fn is_key(pair: &str) -> bool {
    url::form_urlencoded::parse(pair.as_bytes()).any(|(name, _)| name.eq_ignore_ascii_case("key"))
}

async fn whole(body: Incoming) -> Result<Bytes, No> {
    let too_large = || {
        let sentence = "a request to the model may have 16 MiB; send less of the conversation";
        Err(no(StatusCode::PAYLOAD_TOO_LARGE, sentence))
    };
    // Said before it is sent, where its length is said.
    if body.size_hint().lower() > REQUEST_BYTES_MAX as u64 {
        return too_large();
    }
    let read = Limited::new(body, REQUEST_BYTES_MAX).collect();
    match tokio::time::timeout(SAYING, read).await {
        Ok(Ok(read)) => Ok(read.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => too_large(),
        Ok(Err(_)) | Err(_) => Err(no(StatusCode::BAD_REQUEST, "the request broke off")),
    }
}

const fn no(status: StatusCode, sentence: &'static str) -> No {
    No { status, sentence }
}

/// In a form that the clients of all providers show to people.
fn said_by_us(no: &No) -> Answer {
    let said = json!({"type": "error", "error": {
        "type": "castellan", "code": no.status.as_u16(), "message": no.sentence,
    }});
    let body = Full::new(Bytes::from(said.to_string()));
    let mut answer = Response::new(body.map_err(|never| match never {}).boxed());
    *answer.status_mut() = no.status;
    let json = HeaderValue::from_static("application/json");
    answer.headers_mut().insert(CONTENT_TYPE, json);
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    fn way() -> Way {
        let lease = HeaderValue::from_static("Bearer x");
        let server = "https://host.example/castellan/".parse().unwrap();
        Way::new(&server, lease, Pace::default(), Heard::default()).unwrap()
    }

    #[tokio::test]
    async fn a_path_stays_with_the_gateway() {
        let way = way();
        let at = |asked: &str| way.url(&asked.parse().unwrap()).map(String::from);
        let within = "https://host.example/castellan/model";
        for (asked, meant) in [
            (
                "/anthropic/v1/messages?beta=true",
                "/anthropic/v1/messages?beta=true",
            ),
            (
                "/gemini/v1beta/models/g-2.5:streamGenerateContent?key=x&alt=sse&%6bey=y",
                "/gemini/v1beta/models/g-2.5:streamGenerateContent?alt=sse",
            ),
            (
                "http://other.example/openai/v1/responses",
                "/openai/v1/responses",
            ),
        ] {
            assert_eq!(at(asked), Some(format!("{within}{meant}")), "{asked}");
        }
        for asked in [
            "/",
            "/openai",
            "/openai/",
            "/other/v1",
            "/openai/../../runner/result",
            "/openai/..",
            "/openai/%2e%2e/x",
            "/openai/v1%2f..%2fx",
            "/openai/.../x",
            "/openai//x",
            "/openai/v1;x",
        ] {
            assert_eq!(at(asked), None, "{asked}");
        }
    }
}
