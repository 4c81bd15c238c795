//! How an attempt goes, and whether it should go on.

use serde::{Deserialize, Serialize};

use crate::domain::ids::Fence;
pub use crate::domain::task::attempt::Phase;
use crate::domain::task::question::Question;

/// `POST /runner/progress`: proof of life.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Progress {
    /// The lease's fence.
    pub fence: Fence,
    /// What the runner is doing.
    pub phase: Phase,
    /// One line of foreign text for people: the last tool or command. At most 200 characters count.
    pub note: Option<String>,
    /// All that the agent has asked people so far, as long as the server has not taken it; otherwise none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub questions: Vec<Question>,
}

/// The server's answer to a progress.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "directive")]
pub enum Directive {
    /// Go on.
    Continue,
    /// Stop now, return nothing: the attempt is over.
    Stop {
        /// One sentence.
        because: String,
    },
}
