//! How an attempt goes, and whether it should go on.

use serde::{Deserialize, Serialize};

use crate::domain::ids::Fence;

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
}

/// What a runner is doing, in the order in which it happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Looks whether the sandbox can start.
    Sandbox,
    /// Fetches the code.
    Checkout,
    /// Runs the contract's set-up commands.
    Setup,
    /// The agent works.
    Agent,
    /// Runs the contract's acceptance commands.
    Acceptance,
    /// Returns the result.
    Upload,
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
