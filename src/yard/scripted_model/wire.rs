//! Which wire a request speaks, and what it wants. The wires' own words are in the files beside.

use axum::http::{Method, Uri};
use axum::response::Response;
use serde_json::Value;

use super::answer::{self, Answer};
use super::script::Fault;
use super::{chat, gemini, messages, responses};

/// The kind of a stream of events.
const EVENTS: &str = "text/event-stream";

/// One of the four ways to speak with a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    Messages,
    Responses,
    Chat,
    Gemini,
}

impl Dialect {
    pub(super) fn error(self, status: u16, message: &str) -> Value {
        match self {
            Self::Messages => messages::error(status, message),
            Self::Responses | Self::Chat => chat::error(status, message),
            Self::Gemini => gemini::error(status, message),
        }
    }
}

/// What a request wants.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) dialect: Dialect,
    pub(super) model: String,
    pub(super) counts_tokens: bool,
    pub(super) offers_tools: bool,
    /// Schema of the JSON that is wanted instead of prose.
    pub(super) schema: Option<Value>,
    streams: bool,
    as_events: bool,
    call: Value,
}

impl Asked {
    /// `None`: no call of a model.
    pub(super) fn read(method: &Method, uri: &Uri, body: &[u8]) -> Option<Self> {
        if method != Method::POST {
            return None;
        }
        let (dialect, model, verb) = place(uri.path())?;
        let call: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
        let schema = match dialect {
            Dialect::Messages => messages::schema(&call),
            Dialect::Responses => responses::schema(&call),
            Dialect::Chat => chat::schema(&call),
            Dialect::Gemini => gemini::schema(&call),
        };
        let schema = schema.cloned();
        let model = model.or_else(|| call["model"].as_str().map(str::to_owned));
        let gemini = dialect == Dialect::Gemini;
        Some(Self {
            dialect,
            model: model.unwrap_or_default(),
            counts_tokens: matches!(verb, "count_tokens" | "countTokens"),
            offers_tools: match dialect {
                Dialect::Gemini => gemini::offers_tools(&call),
                Dialect::Messages | Dialect::Responses | Dialect::Chat => {
                    messages::offers_tools(&call)
                }
            },
            schema,
            streams: verb == "streamGenerateContent" || (!gemini && call["stream"] == true),
            as_events: !gemini || uri.query().is_some_and(|query| query.contains("alt=sse")),
            call,
        })
    }

    /// The answer in this wire's words.
    pub(super) fn respond(&self, answer: &Answer, fault: Option<Fault>) -> Response {
        if !self.streams {
            let document = match self.dialect {
                Dialect::Messages => messages::whole(answer),
                Dialect::Responses => responses::whole(answer),
                Dialect::Chat => chat::whole(answer),
                Dialect::Gemini => gemini::whole(answer),
            };
            return answer::whole(&document, fault);
        }
        let pieces = match self.dialect {
            Dialect::Messages => messages::pieces(answer),
            Dialect::Responses => responses::pieces(answer),
            Dialect::Chat => chat::pieces(answer, &self.call),
            Dialect::Gemini => gemini::pieces(answer, self.as_events),
        };
        let kind = if self.as_events {
            EVENTS
        } else {
            "application/json"
        };
        answer::streamed(kind, pieces, fault)
    }
}

/// Wire, model and verb that a path names, whatever stands before it.
fn place(path: &str) -> Option<(Dialect, Option<String>, &str)> {
    if path.ends_with("/messages") {
        return Some((Dialect::Messages, None, "messages"));
    }
    if path.ends_with("/messages/count_tokens") {
        return Some((Dialect::Messages, None, "count_tokens"));
    }
    if path.ends_with("/responses") {
        return Some((Dialect::Responses, None, "responses"));
    }
    if path.ends_with("/chat/completions") {
        return Some((Dialect::Chat, None, "completions"));
    }
    let (_, rest) = path.rsplit_once("/models/")?;
    let (model, verb) = rest.split_once(':')?;
    let known = ["generateContent", "streamGenerateContent", "countTokens"];
    let known = known.contains(&verb);
    known.then(|| (Dialect::Gemini, Some(model.to_owned()), verb))
}
