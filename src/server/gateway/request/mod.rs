//! What an agent asks, cut down to what may be asked.
//!
//! A request is parsed and written anew: two readings of the same bytes cannot differ. Fields,
//! kinds of content and kinds of tools are those of lists; what is on none is left out where that
//! is harmless, and refused where it is not. So the provider neither reaches out for the agent nor
//! reads what is stored under our key.

mod chat;
mod gemini;
mod messages;
mod responses;

use serde_json::{Map, Value, json};

use super::endpoint::{Dialect, Endpoint};
use super::refusal::Refusal;
use crate::domain::model::budget::{Reservation, WRAP_UP};

/// Tokens that providers add of their own (how to use tools), and our words before the end.
const ADDED_TOKENS: u64 = 4_096;
/// Most tokens that one picture counts for, whatever its bytes.
const IMAGE_TOKENS: u64 = 8_192;

/// A request that may be made.
pub(super) struct Asked {
    dialect: Dialect,
    writes: bool,
    body: Map<String, Value>,
    input_max: u64,
}

/// Pictures within a request, which cost by their size on the screen and not by their bytes.
#[derive(Default)]
struct Pictures {
    count: u64,
    bytes: u64,
}

/// What may not be asked, in words for the agent.
struct NotAllowed(String);

type Checked = Result<(), NotAllowed>;

impl From<NotAllowed> for Refusal {
    fn from(NotAllowed(said): NotAllowed) -> Self {
        Self::request(said)
    }
}

fn not_allowed<T>(said: impl Into<String>) -> Result<T, NotAllowed> {
    Err(NotAllowed(said.into()))
}

impl Asked {
    /// Reads a request.
    pub(super) fn read(endpoint: &Endpoint, bytes: &[u8]) -> Result<Self, Refusal> {
        let mut body: Map<String, Value> = serde_json::from_slice(bytes).map_err(|error| {
            // The place alone: its words may repeat what stands there.
            let (line, column) = (error.line(), error.column());
            Refusal::request(format!(
                "the request is not a JSON object that can be read (line {line}, column {column})"
            ))
        })?;
        let mut pictures = Pictures::default();
        let writes = endpoint.writes();
        match endpoint.dialect() {
            Dialect::Messages => messages::check(&mut body, writes, &mut pictures)?,
            Dialect::Responses => responses::check(&mut body, &mut pictures)?,
            Dialect::Chat => chat::check(&mut body, &mut pictures)?,
            Dialect::Gemini => gemini::check(&mut body, writes, &mut pictures)?,
        }
        let mut asked = Self {
            dialect: endpoint.dialect(),
            writes,
            body,
            input_max: 0,
        };
        if writes {
            // No tokenizer makes more than one token of a byte.
            let text = asked.length().saturating_sub(pictures.bytes);
            let pictures = pictures.count.saturating_mul(IMAGE_TOKENS);
            asked.input_max = text.saturating_add(pictures).saturating_add(ADDED_TOKENS);
        }
        Ok(asked)
    }

    /// Most tokens that the model reads.
    pub(super) fn input_max(&self) -> u64 {
        self.input_max
    }

    /// Most tokens that it may write, as the agent says.
    pub(super) fn output(&self) -> Option<u64> {
        match self.dialect {
            Dialect::Messages => number(&self.body, "max_tokens"),
            Dialect::Responses => number(&self.body, "max_output_tokens"),
            Dialect::Chat => number(&self.body, "max_completion_tokens")
                .or_else(|| number(&self.body, "max_tokens")),
            Dialect::Gemini => gemini::output(&self.body),
        }
    }

    /// The request as it is sent: with the granted model, what it may write, and our words where
    /// the budget ends.
    pub(super) fn said(mut self, model: &str, reserved: &Reservation, is_openai: bool) -> Vec<u8> {
        let body = &mut self.body;
        let output = reserved.tokens.output;
        if self.dialect != Dialect::Gemini {
            body.insert("model".to_owned(), model.into());
        }
        if self.writes {
            match self.dialect {
                Dialect::Messages => messages::limit(body, output),
                Dialect::Responses => responses::limit(body, output),
                Dialect::Chat => chat::limit(body, output, is_openai),
                Dialect::Gemini => gemini::limit(body, output),
            }
            if reserved.wrap_up {
                match self.dialect {
                    Dialect::Messages => messages::append(body, WRAP_UP),
                    Dialect::Responses => responses::append(body, WRAP_UP),
                    Dialect::Chat => chat::append(body, WRAP_UP),
                    Dialect::Gemini => gemini::append(body, WRAP_UP),
                }
            }
        }
        // A map of JSON values always serialises.
        serde_json::to_vec(body).unwrap_or_default()
    }

    /// Its length in bytes, as it is sent.
    fn length(&self) -> u64 {
        struct Counting(u64);
        impl std::io::Write for Counting {
            fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
                self.0 += bytes.len() as u64;
                Ok(bytes.len())
            }
            fn flush(&mut self) -> std::io::Result<()> {
                Ok(())
            }
        }
        let mut counting = Counting(0);
        match serde_json::to_writer(&mut counting, &self.body) {
            Ok(()) => counting.0,
            Err(_) => u64::MAX,
        }
    }
}

fn number(body: &Map<String, Value>, field: &str) -> Option<u64> {
    body.get(field).and_then(Value::as_u64)
}

/// Leaves out every field that is not on the list.
fn keep(object: &mut Map<String, Value>, fields: &[&str]) {
    object.retain(|field, _| fields.contains(&field.as_str()));
}

/// The fields that stand for something stored with the provider.
fn refuse(body: &Map<String, Value>, fields: &[&str]) -> Checked {
    match fields
        .iter()
        .find(|field| body.get(**field).is_some_and(|value| !value.is_null()))
    {
        Some(field) => not_allowed(format!(
            "`{field}` names what is stored with the provider, which is not passed on; send the whole conversation instead"
        )),
        None => Ok(()),
    }
}

/// The `type` of a piece of content or a tool.
fn kind(object: &Value) -> &str {
    object["type"].as_str().unwrap_or_default()
}

/// The objects of a list.
fn objects<'a>(
    list: &'a mut Value,
    name: &str,
) -> Result<Vec<&'a mut Map<String, Value>>, NotAllowed> {
    let Value::Array(entries) = list else {
        return not_allowed(format!("`{name}` is not a list"));
    };
    let objects = entries.iter_mut().map(Value::as_object_mut);
    let objects: Option<Vec<_>> = objects.collect();
    objects.ok_or_else(|| NotAllowed(format!("`{name}` holds something that is no object")))
}

/// Keeps the tools that `may_stay`; without any, the choice among them goes too.
fn keep_tools(body: &mut Map<String, Value>, may_stay: impl Fn(&mut Value) -> bool) {
    let none_left = match body.get_mut("tools") {
        Some(Value::Array(tools)) => {
            tools.retain_mut(may_stay);
            tools.is_empty()
        }
        Some(_) => true,
        None => false,
    };
    if none_left {
        body.retain(|field, _| !matches!(field.as_str(), "tools" | "tool_choice"));
    }
}

fn unknown_content<T>(kind: &str) -> Result<T, NotAllowed> {
    let kind = crate::domain::text::line(kind, 60);
    not_allowed(format!(
        "content of the kind `{kind}` is not passed on: only text, pictures within the request, and the agent's own tools are"
    ))
}

impl Pictures {
    /// A picture that comes with the request, as a `data:` address.
    fn data_url(&mut self, url: Option<&str>) -> Checked {
        match url {
            Some(url) if url.starts_with("data:image/") => self.data(url),
            _ => not_allowed(
                "the provider fetches nothing for an agent: send pictures within the request (`data:image/…;base64,…`)",
            ),
        }
    }

    fn data(&mut self, data: &str) -> Checked {
        self.count += 1;
        self.bytes += data.len() as u64;
        Ok(())
    }
}

/// A message of the user that holds one text, in the form of Anthropic's and OpenAI's.
fn user_message(content: Value) -> Value {
    json!({"role": "user", "content": content})
}

#[cfg(test)]
mod tests;
