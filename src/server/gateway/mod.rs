//! The model gateway: `POST /model/{wire}/…` with a lease, answered by a provider of models.
//!
//! The provider's key is here and nowhere else (X27, X38). A request is read as data, cut down to
//! what may be asked ([`request`]), counted against the task's budget before it is sent, and sent
//! on with the key ([`upstream`]); the answer passes as it comes, read on its way for what it cost
//! ([`usage`], [`relay`]). What it decides is in [`crate::engine`]; it knows no task.

mod endpoint;
mod open_call;
mod place;
mod refusal;
mod relay;
mod request;
mod upstream;
mod usage;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, header};
use tokio::time::Instant;
use tokio_util::task::TaskTracker;
use url::Url;

use self::endpoint::Endpoint;
use self::open_call::OpenCall;
use self::place::Places;
use self::refusal::Refusal;
use self::request::Asked;
use super::Server;
use super::runner_api::bearer;
use crate::domain::model::Wire;
use crate::domain::model::budget::Ask;
use crate::domain::model::catalogue::Grant;
use crate::engine::attempt::ModelLease;

/// Largest request that is taken, in bytes: a long session with some pictures.
pub const REQUEST_BYTES_MAX: usize = 16 * 1024 * 1024;
/// From this size on a request is read beside the loops that serve others.
const ASIDE_BYTES_MIN: usize = 512 * 1024;
/// Longest that a request's body may take to come.
const BODY_MAX: Duration = Duration::from_secs(60);
/// Longest wait for a connection to a provider.
const CONNECT_MAX: Duration = Duration::from_secs(10);

/// A provider as the gateway knows it.
pub struct Provider {
    /// Where its API begins.
    pub url: Url,
    /// What it knows us by; `None`: it asks for none.
    pub key: Option<String>,
}

/// How patient the gateway is with providers.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// First wait after a provider said that it is busy; it doubles with each try.
    pub wait_first: Duration,
    /// Longest of these waits.
    pub wait_max: Duration,
    /// Longest that a call waits in all before its first byte; then it is refused.
    pub all_max: Duration,
    /// Longest silence within an answer: models think for minutes.
    pub silence_max: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            wait_first: Duration::from_secs(1),
            wait_max: Duration::from_secs(60),
            all_max: Duration::from_secs(5 * 60),
            silence_max: Duration::from_secs(15 * 60),
        }
    }
}

/// The gateway. Clones share everything; the default one has no provider.
#[derive(Clone, Default)]
pub struct Gateway {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    /// By the name that the catalogue has.
    providers: BTreeMap<String, Known>,
    http: reqwest::Client,
    pace: Pace,
    places: Places,
    under_way: TaskTracker,
}

/// A provider, ready to be called.
struct Known {
    url: Url,
    /// Marked so that it never prints.
    key: Option<HeaderValue>,
    /// To be taken out of what the provider says.
    secret: Option<String>,
}

/// No key prints.
impl fmt::Debug for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let providers = self.shared.providers.iter();
        let urls = providers.map(|(name, known)| (name, known.url.as_str()));
        f.debug_map().entries(urls).finish()
    }
}

impl Gateway {
    /// A gateway to these providers, by name.
    ///
    /// # Errors
    /// The HTTP client cannot be made.
    pub fn new(
        providers: impl IntoIterator<Item = (String, Wire, Provider)>,
        pace: Pace,
    ) -> Result<Self, reqwest::Error> {
        let http = reqwest::Client::builder()
            .connect_timeout(CONNECT_MAX)
            .read_timeout(pace.silence_max)
            // A key goes where the settings say, and nowhere else.
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        let known = providers.into_iter().map(|(name, wire, provider)| {
            let key = provider
                .key
                .as_deref()
                .and_then(|key| key_header(wire, key));
            let known = Known {
                url: provider.url,
                key,
                secret: provider.key,
            };
            (name, known)
        });
        Ok(Self {
            shared: Arc::new(Shared {
                providers: known.collect(),
                http,
                pace,
                places: Places::default(),
                under_way: TaskTracker::new(),
            }),
        })
    }

    /// The calls that are under way, to be waited for at the end.
    #[must_use]
    pub fn under_way(&self) -> TaskTracker {
        self.shared.under_way.clone()
    }

    fn provider(&self, grant: &Grant) -> Result<&Known, Refusal> {
        let known = self.shared.providers.get(&grant.provider);
        known.ok_or_else(|| Refusal::model("the provider of this model is not set up".to_owned()))
    }
}

impl Known {
    /// Whether it is OpenAI itself: imitations know fewer names of fields.
    fn is_openai(&self) -> bool {
        let host = self.url.host_str().unwrap_or_default();
        host == "api.openai.com" || host.ends_with(".openai.azure.com")
    }
}

/// The header's value that carries a key. The settings let no other characters in.
fn key_header(wire: Wire, key: &str) -> Option<HeaderValue> {
    let text = match wire {
        Wire::Openai => format!("Bearer {key}"),
        Wire::Anthropic | Wire::Gemini => key.to_owned(),
    };
    let mut value = HeaderValue::from_str(&text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

pub(super) async fn call(
    State(server): State<Server>,
    Path((wire, path)): Path<(String, String)>,
    request: Request,
) -> Response {
    let Some(wire) = Wire::named(&wire) else {
        return Refusal::no_such_path().answer(Wire::Openai);
    };
    let _under_way = server.gateway.shared.under_way.token();
    match answer(&server, wire, &path, request).await {
        Ok(answer) => answer,
        Err(refusal) => refusal.answer(wire),
    }
}

async fn answer(
    server: &Server,
    wire: Wire,
    path: &str,
    request: Request,
) -> Result<Response, Refusal> {
    let (parts, body) = request.into_parts();
    let bearer = bearer(&parts.headers).map_err(Refusal::of_lease)?;
    let (engine, gateway) = (&server.engine, &server.gateway);
    let lease = engine.model_lease(&bearer).await?;
    let endpoint = Endpoint::of(wire, &parts.method, path, parts.uri.query());
    let endpoint = endpoint.ok_or_else(Refusal::no_such_path)?;
    let grant = engine.granted(&lease, wire)?;
    let provider = gateway.provider(&grant)?;
    // Bodies are read only by those whose turn it is: what waits holds no memory.
    let places = &gateway.shared.places;
    let mut place = places.take(&lease).await?;
    let deadline = deadline(server, &lease);
    places.hold(&mut place, length(&parts.headers)?).await?;
    let body = read(body).await?;
    if deadline <= Instant::now() {
        return Err(Refusal::time_is_over());
    }
    let reading = places.read().await?;
    let asked = asked(&endpoint, body).await?;
    let ask = Ask {
        input: asked.input_max(),
        output: asked.output(),
        output_max: match endpoint.writes() {
            true => grant.model.output_max,
            false => 0,
        },
    };
    let admitted = engine.admit_call(&lease, &grant, &ask).await?;
    let said = asked.said(&grant.model.name, &admitted.reserved, provider.is_openai());
    drop(reading);
    let mut open = OpenCall::new(engine.clone(), admitted, endpoint.dialect());
    let call = upstream::Call {
        gateway,
        provider,
        url: endpoint.url(&provider.url, &grant.model.name),
        headers: upstream::headers(wire, &parts.headers, provider),
        body: Bytes::from(said),
        deadline,
    };
    let sent = call.send(&mut open).await;
    place.is_sent();
    match sent {
        Ok(answer) => Ok(relay::pass(answer, open, place, gateway, deadline)),
        Err(refusal) => {
            tracing::warn!(
                task.id = %lease.task, provider = %grant.provider, model = %grant.model.name,
                "a call of a model failed: {}", refusal.cause()
            );
            open.settle().await;
            Err(refusal)
        }
    }
}

/// When the attempt is over, on the clock that waits.
fn deadline(server: &Server, lease: &ModelLease) -> Instant {
    let left_ms = lease.deadline.since_ms(server.engine.clock.now());
    let left = Duration::from_millis(u64::try_from(left_ms).unwrap_or(0));
    Instant::now() + left
}

/// Bytes that a request will have; without a word on that, the most.
fn length(headers: &HeaderMap) -> Result<usize, Refusal> {
    let length = headers.get(header::CONTENT_LENGTH);
    let length = length.and_then(|length| length.to_str().ok()?.parse().ok());
    match length.unwrap_or(REQUEST_BYTES_MAX) {
        length if length > REQUEST_BYTES_MAX => Err(Refusal::too_large()),
        length => Ok(length),
    }
}

/// Reads a request; a large one where it holds up nobody else.
async fn asked(endpoint: &Endpoint, body: Bytes) -> Result<Asked, Refusal> {
    if body.len() < ASIDE_BYTES_MIN {
        return Asked::read(endpoint, &body);
    }
    let endpoint = endpoint.clone();
    let read = tokio::task::spawn_blocking(move || Asked::read(&endpoint, &body));
    read.await
        .unwrap_or_else(|_| Err(Refusal::request("the request cannot be read".to_owned())))
}

async fn read(body: Body) -> Result<Bytes, Refusal> {
    let whole = axum::body::to_bytes(body, REQUEST_BYTES_MAX);
    match tokio::time::timeout(BODY_MAX, whole).await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(error)) => {
            use std::error::Error as _;
            let is_large = error
                .source()
                .is_some_and(|cause| cause.is::<http_body_util::LengthLimitError>());
            Err(match is_large {
                true => Refusal::too_large(),
                false => Refusal::request("the request broke off on its way".to_owned()),
            })
        }
        Err(_) => Err(Refusal::request(
            "the request took too long to come".to_owned(),
        )),
    }
}
