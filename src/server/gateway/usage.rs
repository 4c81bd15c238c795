//! What an answer cost, read while it passes: from server-sent events, or from one JSON document.
//!
//! Nothing is held back, and no more is kept than one line or one document of bounded size. What
//! cannot be read is not known, and counts in full.

use serde::Deserialize;

use super::endpoint::Dialect;
use crate::domain::model::Tokens;
use crate::domain::model::budget::Usage;

/// Longest line or document that is kept, in bytes. The last event of OpenAI's Responses repeats
/// the whole answer.
const KEPT_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Reads along.
pub(super) struct Tap {
    dialect: Dialect,
    is_events: bool,
    kept: Vec<u8>,
    /// The line or document is longer than what is kept.
    is_long: bool,
    tokens: Option<Tokens>,
    /// The provider said that this is the end.
    is_last: bool,
    ended: bool,
}

impl Tap {
    pub(super) fn new(dialect: Dialect) -> Self {
        Self {
            dialect,
            is_events: false,
            kept: Vec::new(),
            is_long: false,
            tokens: None,
            is_last: false,
            ended: false,
        }
    }

    pub(super) fn begins(&mut self, is_events: bool) {
        self.is_events = is_events;
    }

    pub(super) fn passes(&mut self, bytes: &[u8]) {
        if !self.is_events {
            self.keep(bytes);
            return;
        }
        let mut rest = bytes;
        while let Some(end) = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r')) {
            let (line, after) = rest.split_at(end);
            if self.kept.is_empty() && !self.is_long {
                self.reads_line(line);
            } else {
                self.keep(line);
                let line = std::mem::take(&mut self.kept);
                if !std::mem::take(&mut self.is_long) {
                    self.reads_line(&line);
                }
            }
            rest = after.get(1..).unwrap_or_default();
        }
        self.keep(rest);
    }

    /// The answer came to its own end.
    pub(super) fn ends(&mut self) {
        self.ended = true;
        let kept = std::mem::take(&mut self.kept);
        if self.is_long {
            return;
        }
        if self.is_events {
            self.reads_line(&kept);
        } else {
            self.reads_document(&kept);
            // A document that can be read is whole.
            self.is_last = self.tokens.is_some();
        }
    }

    pub(super) fn usage(&self) -> Usage {
        Usage {
            tokens: self.tokens,
            whole: self.ended && self.is_last && self.tokens.is_some(),
        }
    }

    fn keep(&mut self, bytes: &[u8]) {
        if self.is_long || self.kept.len() + bytes.len() > KEPT_BYTES_MAX {
            self.is_long = true;
            self.kept = Vec::new();
        } else {
            self.kept.extend_from_slice(bytes);
        }
    }

    fn reads_line(&mut self, line: &[u8]) {
        let Some(data) = line.strip_prefix(b"data:") else {
            return;
        };
        let Ok(text) = std::str::from_utf8(data) else {
            return;
        };
        // Most events are a few words of text: they are not parsed.
        let says_end = match self.dialect {
            Dialect::Chat => text.trim() == "[DONE]",
            Dialect::Messages => text.contains("\"message_stop\""),
            Dialect::Responses | Dialect::Gemini => false,
        };
        self.is_last |= says_end;
        if !text.contains("\"usage") {
            return;
        }
        if let Ok(event) = serde_json::from_str::<Event>(text) {
            self.reads(&event);
        }
    }

    fn reads_document(&mut self, document: &[u8]) {
        if let Ok(event) = serde_json::from_slice::<Event>(document) {
            self.reads(&event);
        } else if let Ok(events) = serde_json::from_slice::<Vec<Event>>(document) {
            // Gemini's stream without `alt=sse`.
            for event in &events {
                self.reads(event);
            }
        }
    }

    fn reads(&mut self, event: &Event) {
        let seen = match self.dialect {
            Dialect::Messages => event.messages(self.tokens.unwrap_or_default()),
            Dialect::Responses => event.responses(),
            Dialect::Chat => event.chat(),
            Dialect::Gemini => event.gemini(),
        };
        let Some(seen) = seen else { return };
        self.tokens = Some(seen);
        self.is_last |= match self.dialect {
            Dialect::Responses => event.response.is_some(),
            Dialect::Gemini => event.is_last_of_gemini(),
            Dialect::Messages | Dialect::Chat => false,
        };
    }
}

/// What any event or document says of its cost; the rest is passed over.
#[derive(Deserialize)]
struct Event {
    usage: Option<Counts>,
    message: Option<Holder>,
    response: Option<Holder>,
    #[serde(rename = "usageMetadata")]
    metadata: Option<Metadata>,
    candidates: Option<Vec<Candidate>>,
    #[serde(rename = "promptFeedback")]
    feedback: Option<Feedback>,
}

#[derive(Deserialize)]
struct Holder {
    usage: Option<Counts>,
}

/// Of Anthropic's and OpenAI's: no two fields mean the same.
#[derive(Deserialize)]
struct Counts {
    input_tokens: Option<u64>,
    cache_creation_input_tokens: Option<u64>,
    cache_read_input_tokens: Option<u64>,
    output_tokens: Option<u64>,
    input_tokens_details: Option<Cached>,
    prompt_tokens: Option<u64>,
    completion_tokens: Option<u64>,
    prompt_tokens_details: Option<Cached>,
}

#[derive(Deserialize)]
struct Cached {
    cached_tokens: Option<u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    prompt_token_count: Option<u64>,
    tool_use_prompt_token_count: Option<u64>,
    cached_content_token_count: Option<u64>,
    candidates_token_count: Option<u64>,
    thoughts_token_count: Option<u64>,
}

#[derive(Deserialize)]
struct Candidate {
    #[serde(rename = "finishReason")]
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct Feedback {
    #[serde(rename = "blockReason")]
    block_reason: Option<String>,
}

impl Event {
    /// `message_start` has the input, `message_delta` the output so far; a document has both.
    fn messages(&self, before: Tokens) -> Option<Tokens> {
        let held = self.message.as_ref().and_then(|held| held.usage.as_ref());
        let counts = held.or(self.usage.as_ref())?;
        let most = |seen: Option<u64>, before: u64| seen.unwrap_or(0).max(before);
        Some(Tokens {
            input: most(counts.input_tokens, before.input),
            cache_read: most(counts.cache_read_input_tokens, before.cache_read),
            cache_write: most(counts.cache_creation_input_tokens, before.cache_write),
            output: most(counts.output_tokens, before.output),
        })
    }

    fn responses(&self) -> Option<Tokens> {
        let held = self.response.as_ref().and_then(|held| held.usage.as_ref());
        let counts = held.or(self.usage.as_ref())?;
        let cached = cached(counts.input_tokens_details.as_ref());
        split(counts.input_tokens?, cached, counts.output_tokens?)
    }

    fn chat(&self) -> Option<Tokens> {
        let counts = self.usage.as_ref()?;
        let cached = cached(counts.prompt_tokens_details.as_ref());
        split(counts.prompt_tokens?, cached, counts.completion_tokens?)
    }

    fn gemini(&self) -> Option<Tokens> {
        let counts = self.metadata.as_ref()?;
        let or_none = |count: Option<u64>| count.unwrap_or(0);
        let read = or_none(counts.prompt_token_count)
            .saturating_add(or_none(counts.tool_use_prompt_token_count));
        let written = or_none(counts.candidates_token_count)
            .saturating_add(or_none(counts.thoughts_token_count));
        split(read, or_none(counts.cached_content_token_count), written)
    }

    fn is_last_of_gemini(&self) -> bool {
        let mut candidates = self.candidates.iter().flatten();
        let blocked = self.feedback.as_ref();
        candidates.any(|candidate| candidate.finish_reason.is_some())
            || blocked.is_some_and(|feedback| feedback.block_reason.is_some())
    }
}

fn cached(details: Option<&Cached>) -> u64 {
    details
        .and_then(|details| details.cached_tokens)
        .unwrap_or(0)
}

/// Of all that is read, a part comes from the cache.
#[expect(
    clippy::unnecessary_wraps,
    reason = "every dialect gives what may not be there"
)]
fn split(read: u64, cached: u64, written: u64) -> Option<Tokens> {
    let cache_read = cached.min(read);
    Some(Tokens {
        input: read - cache_read,
        cache_read,
        cache_write: 0,
        output: written,
    })
}

#[cfg(test)]
mod tests;
