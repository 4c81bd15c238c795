//! What was said on the way: one compact JSON object a line, bounded.

use serde_json::{Value, json};
use tokio::time::Instant;

use crate::runner::measure::millis;
use crate::sandbox::clean;

/// Bytes of a transcript; what comes later is left out, and that is said.
const TRANSCRIPT_BYTES_MAX: usize = 2 * 1024 * 1024;
/// Bytes of speech that are gathered into one line.
const SPEECH_BYTES: usize = 8 * 1024;

/// A transcript that grows.
pub(in crate::runner) struct Transcript {
    began: Instant,
    text: String,
    speech: Option<(&'static str, String)>,
    full: bool,
}

impl Transcript {
    pub(in crate::runner) fn new() -> Self {
        Self {
            began: Instant::now(),
            text: String::new(),
            speech: None,
            full: false,
        }
    }

    /// Adds one object; foreign texts in it must have been cleaned.
    pub(super) fn add(&mut self, value: Value) {
        self.end_speech();
        self.push(value);
    }

    /// Adds a piece of speech, which comes in many small ones.
    pub(super) fn speak(&mut self, who: &'static str, text: &str) {
        if self
            .speech
            .as_ref()
            .is_some_and(|(before, _)| *before != who)
        {
            self.end_speech();
        }
        let (_, speech) = self.speech.get_or_insert_with(|| (who, String::new()));
        speech.push_str(text);
        if speech.len() > SPEECH_BYTES {
            self.end_speech();
        }
    }

    /// The lines.
    pub(in crate::runner) fn into_text(mut self) -> String {
        self.end_speech();
        self.text
    }

    fn end_speech(&mut self) {
        if let Some((who, speech)) = self.speech.take() {
            self.push(json!({ who: clean(speech.as_bytes(), 2 * SPEECH_BYTES) }));
        }
    }

    fn push(&mut self, mut value: Value) {
        if self.full {
            return;
        }
        if let Value::Object(fields) = &mut value {
            fields.insert("at_ms".to_owned(), json!(millis(self.began.elapsed())));
        }
        let line = value.to_string();
        if self.text.len() + line.len() > TRANSCRIPT_BYTES_MAX {
            self.full = true;
            self.text.push_str("{\"cut\":\"the transcript is full\"}\n");
            return;
        }
        self.text.push_str(&line);
        self.text.push('\n');
    }
}
