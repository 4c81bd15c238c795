//! A language model that follows a script: one server on loopback that speaks the four wires.
//!
//! It imitates Anthropic's Messages, OpenAI's Responses and Chat Completions and Google's Gemini
//! API from their public references, whole and streamed, with what is used up in each one's own
//! place, and keeps every request. It reads no meaning: what it answers is decided by the script
//! alone, and it knows nothing of gateways, runners or agents. `FIDELITY.md` says what it leaves out.

mod answer;
mod chat;
mod gemini;
mod messages;
mod responses;
mod script;
mod wire;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tokio_util::task::AbortOnDropHandle;

use answer::Answer;
pub use script::{Fault, Script, ToolCall, Turn};
use wire::{Asked, Dialect};

/// Bytes of one request: agents send their whole conversation each time.
const REQUEST_BYTES_MAX: usize = 64 * 1024 * 1024;

/// What the model says when its script is over.
const OVER: &str = "I have nothing more to say.";
/// What it says to questions beside the script, such as that for a title.
const ASIDE: &str = "Scripted work";

/// One request as it arrived.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// As in `POST`.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// Names in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// The body, as text.
    pub body: String,
    /// Whether it took a turn of the script.
    pub took_turn: bool,
}

impl Recorded {
    /// Whether it asks for this model, in its path or in its body.
    #[must_use]
    pub fn names(&self, model: &str) -> bool {
        let body: Value = serde_json::from_str(&self.body).unwrap_or_default();
        body["model"] == model || self.path.contains(&format!("/models/{model}:"))
    }
}

/// The server; it ends when dropped.
#[derive(Debug)]
pub struct ScriptedModel {
    address: SocketAddr,
    book: Arc<Mutex<Book>>,
    _serving: AbortOnDropHandle<()>,
}

#[derive(Debug)]
struct Book {
    script: Script,
    next: usize,
    recorded: Vec<Recorded>,
}

impl ScriptedModel {
    /// Listens on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// No port could be had.
    pub async fn open(script: Script) -> std::io::Result<Self> {
        let book = Arc::new(Mutex::new(Book {
            script,
            next: 0,
            recorded: Vec::new(),
        }));
        let app = Router::new()
            .fallback(serve)
            .layer(axum::extract::DefaultBodyLimit::max(REQUEST_BYTES_MAX))
            .with_state(book.clone());
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let serving = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, app).await {
                tracing::warn!(error = %error, "the scripted model ended");
            }
        });
        Ok(Self {
            address,
            book,
            _serving: AbortOnDropHandle::new(serving),
        })
    }

    /// Its address, as in `http://127.0.0.1:40000`. Whatever stands in a path before the wire's own
    /// (`/v1/messages`, `/v1/responses`, `/v1/chat/completions`, `/v1beta/models/…`) is passed over.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// All requests until now.
    #[must_use]
    pub fn recorded(&self) -> Vec<Recorded> {
        lock(&self.book).recorded.clone()
    }

    /// Turns of the script that nobody has asked for yet.
    #[must_use]
    pub fn turns_left(&self) -> usize {
        let book = lock(&self.book);
        book.script.turns.len().saturating_sub(book.next)
    }
}

async fn serve(
    State(book): State<Arc<Mutex<Book>>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let asked = Asked::read(&method, &uri, &body);
    let (number, turn) = note(&book, &method, &uri, &headers, &body, asked.as_ref());
    let Some(asked) = asked else {
        // Some agents look whether anybody is there.
        let status = match uri.path() {
            "/" => StatusCode::OK,
            _ => StatusCode::NOT_FOUND,
        };
        return (
            status,
            axum::Json(json!({"error": {"message": "no such path"}})),
        )
            .into_response();
    };
    if asked.counts_tokens {
        return answer::whole(&asked.dialect.counted(body.len()), None);
    }
    let turn = turn.unwrap_or_else(|| aside(&asked));
    match turn.fault {
        Some(Fault::Hang) => std::future::pending().await,
        Some(Fault::Status {
            status,
            retry_after_s,
        }) => {
            let error = asked.dialect.error(status, "the script says so");
            answer::refused(status, retry_after_s, &error)
        }
        fault => {
            let answer = Answer {
                number,
                model: asked.model.clone(),
                say: turn.say,
                calls: turn.calls,
                usage: turn.usage,
            };
            asked.respond(&answer, fault)
        }
    }
}

/// Keeps the request, and takes the next turn where it asks for one.
fn note(
    book: &Mutex<Book>,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    body: &Bytes,
    asked: Option<&Asked>,
) -> (usize, Option<Turn>) {
    let mut book = lock(book);
    let takes = asked.is_some_and(|asked| {
        !asked.counts_tokens && (asked.offers_tools || book.script.every_call)
    });
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into();
    book.recorded.push(Recorded {
        method: method.to_string(),
        path: uri.to_string(),
        headers: headers
            .iter()
            .map(|(name, value)| (name.to_string(), text(value)))
            .collect(),
        body: String::from_utf8_lossy(body).into_owned(),
        took_turn: takes,
    });
    let number = book.recorded.len();
    if !takes {
        return (number, None);
    }
    let turn = book.script.turns.get(book.next).cloned();
    book.next += 1;
    (number, Some(turn.unwrap_or_else(|| Turn::say(OVER))))
}

/// The answer to a question that is not of the script: a title, a summary, a choice of a model.
fn aside(asked: &Asked) -> Turn {
    match &asked.schema {
        Some(schema) => Turn::say(script::least(schema).to_string()),
        None => Turn::say(ASIDE),
    }
}

fn lock(book: &Mutex<Book>) -> MutexGuard<'_, Book> {
    book.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Dialect {
    /// The answer to a question for the number of tokens: about four bytes each.
    fn counted(self, bytes: usize) -> Value {
        let tokens = bytes / 4;
        match self {
            Self::Gemini => json!({"totalTokens": tokens}),
            Self::Messages | Self::Chat | Self::Responses => json!({"input_tokens": tokens}),
        }
    }
}
