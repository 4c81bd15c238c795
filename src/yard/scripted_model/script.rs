//! What the scripted model is told to answer. It knows nothing of wires.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::domain::model::Tokens;

/// The answers, in order. Behind the last one the model says that it has nothing more to say.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Script {
    /// One entry a call of the model.
    pub turns: Vec<Turn>,
    /// Whether calls that offer no tools take a turn, too. Agents ask for titles and summaries
    /// that way, which is answered beside the script; plain clients offer no tools at all.
    #[serde(default)]
    pub every_call: bool,
}

impl Script {
    /// These turns, for an agent.
    #[must_use]
    pub const fn new(turns: Vec<Turn>) -> Self {
        Self {
            turns,
            every_call: false,
        }
    }
}

/// One answer of the model.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Turn {
    /// What it says, before its calls.
    pub say: String,
    /// The tools that it calls.
    pub calls: Vec<ToolCall>,
    /// What the answer is said to have cost.
    pub usage: Tokens,
    /// What goes wrong; the turn is used up by it.
    pub fault: Option<Fault>,
}

impl Turn {
    /// Says a text and ends the agent's turn.
    #[must_use]
    pub fn say(text: impl Into<String>) -> Self {
        Self {
            say: text.into(),
            ..Self::default()
        }
    }

    /// Calls one tool.
    #[must_use]
    pub fn call(tool: impl Into<String>, arguments: Value) -> Self {
        let call = ToolCall {
            tool: tool.into(),
            arguments,
        };
        Self {
            calls: vec![call],
            ..Self::default()
        }
    }

    /// Goes wrong.
    #[must_use]
    pub fn fault(fault: Fault) -> Self {
        Self {
            fault: Some(fault),
            ..Self::default()
        }
    }

    /// The same turn with this cost.
    #[must_use]
    pub const fn costing(mut self, usage: Tokens) -> Self {
        self.usage = usage;
        self
    }
}

/// One call of a tool.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ToolCall {
    /// The tool's name, as the agent offers it.
    pub tool: String,
    /// Its arguments: an object, or a text for tools of the Responses API that take free text.
    pub arguments: Value,
}

/// What can go wrong with an answer.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Fault {
    /// This status with an error in the wire's own shape.
    Status {
        /// HTTP's status.
        status: u16,
        /// Seconds for the header `Retry-After`.
        #[serde(default)]
        retry_after_s: Option<u32>,
    },
    /// No answer, ever.
    Hang,
    /// The connection ends behind so many pieces.
    Broken {
        /// Pieces that arrive.
        after: usize,
    },
    /// A wait before each piece.
    Slow {
        /// Milliseconds of the wait.
        pause_ms: u64,
    },
}

/// The least that a schema allows, for questions that want JSON: all properties of an object,
/// the first of several values, empty lists.
pub(super) fn least(schema: &Value) -> Value {
    if let Some(first) = schema["enum"].get(0) {
        return first.clone();
    }
    let kind = schema["type"].as_str().unwrap_or("object");
    match kind.to_ascii_lowercase().as_str() {
        "string" => json!("scripted"),
        "number" | "integer" => schema.get("minimum").cloned().unwrap_or(json!(0)),
        "boolean" => json!(false),
        "array" => json!([]),
        _ => {
            let properties = schema["properties"].as_object();
            let least = properties.into_iter().flatten();
            Value::Object(
                least
                    .map(|(name, of)| (name.clone(), self::least(of)))
                    .collect(),
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_of_a_schema_has_all_properties() {
        let schema = json!({"type": "OBJECT", "properties": {
            "reasoning": {"type": "STRING"},
            "choice": {"type": "string", "enum": ["flash", "pro"]},
            "score": {"type": "integer", "minimum": 1},
        }});
        let least = least(&schema);
        assert_eq!(
            least,
            json!({"reasoning": "scripted", "choice": "flash", "score": 1})
        );
    }
}
