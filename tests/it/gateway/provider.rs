//! A provider that answers as it is told, and remembers what it was asked.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use bytes::Bytes;
use http::HeaderMap;
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

/// A part of an answer.
#[derive(Clone)]
pub(crate) enum Piece {
    /// Words.
    Bytes(Bytes),
    /// Nothing more until a permit is there.
    Wait(Arc<Semaphore>),
    /// The connection breaks.
    Break,
}

/// An answer.
#[derive(Clone)]
pub(crate) struct Canned {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) pieces: Vec<Piece>,
}

impl Canned {
    pub(crate) fn new(status: u16, body: impl Into<String>) -> Self {
        Self {
            status,
            headers: vec![("content-type", "application/json".to_owned())],
            pieces: vec![Piece::Bytes(Bytes::from(body.into()))],
        }
    }

    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    /// Server-sent events, in these pieces.
    pub(crate) fn events(pieces: Vec<Piece>) -> Self {
        Self {
            status: 200,
            headers: vec![(
                "content-type",
                "text/event-stream; charset=utf-8".to_owned(),
            )],
            pieces,
        }
    }
}

/// What it was asked.
#[derive(Clone)]
pub(crate) struct Heard {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

#[derive(Clone, Default)]
struct Memory {
    script: Arc<Mutex<VecDeque<Canned>>>,
    heard: Arc<Mutex<Vec<Heard>>>,
    greedy: Arc<AtomicBool>,
}

/// The provider; it ends when dropped.
pub(crate) struct Provider {
    pub(crate) url: String,
    memory: Memory,
    serving: JoinHandle<()>,
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Provider {
    pub(crate) async fn starts() -> Self {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0))
            .await
            .unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let memory = Memory::default();
        let router = Router::new().fallback(answer).with_state(memory.clone());
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self {
            url,
            memory,
            serving,
        }
    }

    /// Its next answer; when there is none left, it answers as [`usual`] does.
    pub(crate) fn says(&self, canned: Canned) {
        self.memory.script.lock().unwrap().push_back(canned);
    }

    /// From now on each answer uses all that it may.
    pub(crate) fn becomes_greedy(&self) {
        self.memory.greedy.store(true, Ordering::SeqCst);
    }

    pub(crate) fn heard(&self) -> Vec<Heard> {
        self.memory.heard.lock().unwrap().clone()
    }
}

async fn answer(State(memory): State<Memory>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let heard = Heard {
        path: parts.uri.to_string(),
        headers: parts.headers,
        body: serde_json::from_slice(&body).unwrap(),
    };
    let next = memory.script.lock().unwrap().pop_front();
    let document = match memory.greedy.load(Ordering::SeqCst) {
        true => greedy(&heard),
        false => usual(&heard),
    };
    let canned = next.unwrap_or_else(|| Canned::new(200, document.to_string()));
    memory.heard.lock().unwrap().push(heard);
    let mut response = Response::builder().status(canned.status);
    for (name, value) in &canned.headers {
        response = response.header(*name, value);
    }
    let pieces = futures::stream::unfold(canned.pieces.into_iter(), |mut pieces| async move {
        loop {
            match pieces.next()? {
                Piece::Bytes(bytes) => return Some((Ok(bytes), pieces)),
                Piece::Wait(permits) => permits.acquire().await.unwrap().forget(),
                Piece::Break => return Some((Err(std::io::Error::other("broken")), pieces)),
            }
        }
    });
    response.body(Body::from_stream(pieces)).unwrap()
}

/// A document that used all that it might: each byte a token, and what a provider adds.
fn greedy(heard: &Heard) -> Value {
    let read = heard.body.to_string().len() + 3_500;
    json!({"usage": {"input_tokens": read, "output_tokens": heard.body["max_tokens"]}})
}

/// A document that used a little, with the fields of all dialects.
fn usual(heard: &Heard) -> Value {
    let usage = match heard.path.as_str() {
        path if path.ends_with("/chat/completions") => {
            json!({"prompt_tokens": 50, "completion_tokens": 7})
        }
        _ => json!({"input_tokens": 50, "output_tokens": 7}),
    };
    json!({"text": "hello", "usage": usage,
        "usageMetadata": {"promptTokenCount": 50, "candidatesTokenCount": 7}})
}
