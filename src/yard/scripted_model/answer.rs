//! One answer on its way: whole or in pieces, with what goes wrong. It knows nothing of wires.

use std::io;
use std::time::Duration;

use axum::body::Body;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures::StreamExt as _;
use futures::stream;
use serde_json::Value;

use super::script::{Fault, ToolCall};
use crate::domain::model::Tokens;

/// Bytes of a piece of an answer that is not streamed.
const PIECE_BYTES: usize = 256;

/// Between the last piece and the break of a connection.
const BEFORE_BREAK: Duration = Duration::from_millis(50);

/// What the model answers, for a wire to put into its own words.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    /// Number of the call, from 1: identifiers are made of it.
    pub(super) number: usize,
    /// The model that was asked for.
    pub(super) model: String,
    pub(super) say: String,
    pub(super) calls: Vec<ToolCall>,
    pub(super) usage: Tokens,
}

impl Answer {
    /// An identifier of this answer's part `at`.
    pub(super) fn id(&self, prefix: &str, at: usize) -> String {
        format!("{prefix}_scripted{:04}{at:02}", self.number)
    }

    /// What is said, a word a piece.
    pub(super) fn words(&self) -> impl Iterator<Item = &str> {
        self.say.split_inclusive(' ')
    }
}

/// A piece of a stream of server-sent events.
pub(super) fn event(name: Option<&str>, data: &Value) -> String {
    match name {
        Some(name) => format!("event: {name}\ndata: {data}\n\n"),
        None => format!("data: {data}\n\n"),
    }
}

/// An answer as a stream of these pieces.
pub(super) fn streamed(kind: &'static str, pieces: Vec<String>, fault: Option<Fault>) -> Response {
    let pause = match fault {
        Some(Fault::Slow { pause_ms }) => Some(Duration::from_millis(pause_ms)),
        _ => None,
    };
    let mut parts: Vec<io::Result<String>> = pieces.into_iter().map(Ok).collect();
    if let Some(Fault::Broken { after }) = fault {
        parts.truncate(after);
        parts.push(Err(io::ErrorKind::ConnectionReset.into()));
    }
    let parts = stream::iter(parts).then(move |part| async move {
        // What came before a break has to have left by then.
        if let Some(pause) = pause.or(part.is_err().then_some(BEFORE_BREAK)) {
            tokio::time::sleep(pause).await;
        }
        part
    });
    ([(header::CONTENT_TYPE, kind)], Body::from_stream(parts)).into_response()
}

/// An answer as one JSON document.
pub(super) fn whole(document: &Value, fault: Option<Fault>) -> Response {
    let text = document.to_string();
    let pieces = text.as_bytes().chunks(PIECE_BYTES);
    let pieces = pieces.map(|piece| String::from_utf8_lossy(piece).into_owned());
    match fault {
        // Cut into pieces only where somebody wants to see them, so that no character is torn.
        Some(_) if text.is_ascii() => streamed("application/json", pieces.collect(), fault),
        _ => streamed("application/json", vec![text], fault),
    }
}

/// An error in the wire's own shape.
pub(super) fn refused(status: u16, retry_after_s: Option<u32>, document: &Value) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (status, axum::Json(document)).into_response();
    if let Some(seconds) = retry_after_s {
        response
            .headers_mut()
            .insert(header::RETRY_AFTER, seconds.into());
    }
    response
}
