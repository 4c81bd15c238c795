//! What a task may do and must show, typed, frozen by its SHA-256, and kept for the task's whole life.
//!
//! [`read`] makes it of an issue's text as the issue form writes it, of comments of people who
//! may say so, and of the policy. It knows no GitHub: who may say so was asked before.

mod budget;
mod read;
mod reading;
mod sections;
mod show;

pub use read::{
    BODY_CHARS, COMMENT_CHARS, COMMENTS, NOTES, OBJECTIVE_CHARS, PROBLEMS, SCOPE, STOP_CHARS,
    TITLE_CHARS, read,
};
pub use reading::{ApprovedComment, Field, Note, Problem, Reading, Source};
pub use sections::{HEADINGS, Heading};
pub use show::{DIFFERENCE_CHARS, difference, explain};

use serde::{Deserialize, Serialize};

use crate::domain::ids::Sha256Hex;

/// The contract of a task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contract {
    /// One line: the title, cleaned.
    pub title: String,
    /// What is to be reached, in the words of the people who may say it.
    pub objective: String,
    /// Globs of the files that may change; empty means all that the policy allows.
    pub scope: Vec<String>,
    /// What must be kept to, one sentence each.
    pub constraints: Vec<String>,
    /// Commands that prepare a fresh machine, run in order before the agent.
    pub setup: Vec<String>,
    /// Commands that must succeed on the changed tree.
    pub acceptance: Vec<String>,
    /// When the agent is to stop although the objective is not reached.
    pub stop: Option<String>,
    /// Login of the person who answers for the task.
    pub owner: String,
    /// What may be spent.
    pub budget: Budget,
}

/// What may be spent on a task, over all its attempts unless said otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Budget {
    /// Attempts.
    pub attempts: u32,
    /// Minutes of the agent in one attempt; set-up and acceptance have limits of their own.
    pub minutes: u32,
    /// Turns of the agent (prompts that it is given) in one attempt.
    pub turns: u32,
    /// Calls of a model, over all attempts.
    #[serde(default = "usual_calls")]
    pub calls: u32,
    /// Tokens of all kinds, over all attempts.
    #[serde(default = "usual_tokens")]
    pub tokens: u64,
    /// Hundredths of the unit in which the server's settings give prices, over all attempts;
    /// `None`: whatever the tokens cost.
    #[serde(default)]
    pub cents: Option<u32>,
}

/// Calls of a task that asks for no other number, and of those from before calls were counted.
pub(super) const USUAL_CALLS: u32 = 500;
/// Tokens of a task that asks for no other number, and of those from before tokens were counted.
pub(super) const USUAL_TOKENS: u64 = 10_000_000;

fn usual_calls() -> u32 {
    USUAL_CALLS
}

fn usual_tokens() -> u64 {
    USUAL_TOKENS
}

impl Contract {
    /// SHA-256 of the contract's JSON with keys in the order of the fields above.
    #[must_use]
    pub fn sha256(&self) -> Sha256Hex {
        // A struct of strings and numbers always serialises.
        Sha256Hex::of(serde_json::to_vec(self).unwrap_or_default())
    }
}
