//! What an attempt returns, once.

use serde::{Deserialize, Serialize};

use super::progress::Phase;
use crate::domain::change::Change;
use crate::domain::ids::{Fence, Oid, Sha256Hex};
pub use crate::domain::task::question::Question;
pub use crate::domain::task::report::{Report, ReportKind};
pub use crate::domain::task::thread::Answer;

/// `POST /runner/result`. The header `Castellan-Content-SHA256` holds the body's SHA-256 in
/// lower-case hexadecimal: a body that broke off or disagrees is not stored (U8).
///
/// Answers: 200 [`Receipt`], the same for the same body again (U3); 409 another body, or a stale
/// fence (U2); 410 the task is over (U4); 413 too large; 422 not such a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Returned {
    /// The lease's fence.
    pub fence: Fence,
    /// The commit that the change is against: the brief's `start` (X60).
    pub start: Oid,
    /// How it ended.
    pub outcome: Outcome,
    /// What the agent had changed when an attempt failed: evidence, never applied.
    #[serde(default)]
    pub partial: Option<Change>,
    /// What was seen on the way.
    pub evidence: RunEvidence,
    /// What was said on the way: one JSON object a line, capped.
    pub transcript: String,
}

/// The header that holds the SHA-256 of a result's body.
pub const CONTENT_SHA256_HEADER: &str = "castellan-content-sha256";

/// How an attempt ended, as the runner saw it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "outcome", deny_unknown_fields)]
pub enum Outcome {
    /// The agent ended its turn and files differ.
    Changed {
        /// The files.
        change: Change,
    },
    /// The agent ended its turn and no file differs.
    Unchanged,
    /// It could not be done.
    Failed {
        /// Where it failed.
        phase: Phase,
        /// What happened, in one sentence.
        cause: String,
        /// What a person can do about it.
        remedy: String,
    },
}

/// What a runner saw. All texts are foreign, and capped by the runner and again by the server.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunEvidence {
    /// The agent's own name and version, from ACP's `initialize`.
    pub agent: Option<String>,
    /// ACP's reason for the end of the last turn.
    pub stop_reason: Option<String>,
    /// Prompts that the agent was given.
    pub turns: u32,
    /// The set-up commands that ran.
    pub setup: Vec<CommandReport>,
    /// The acceptance commands that ran, on the changed tree.
    pub acceptance: Vec<CommandReport>,
    /// The agent's requests for permission.
    pub permissions: Vec<Permission>,
    /// The agent's last message.
    pub words: String,
    /// What the network refused to sandboxed programs, each place once.
    #[serde(default)]
    pub refusals: Vec<NetworkRefusal>,
    /// Hosts that were open to the agent: data could leave through them.
    #[serde(default)]
    pub open_hosts: Vec<String>,
    /// The agents' instruction files of the base that the agent worked with.
    #[serde(default)]
    pub instructions: Vec<InstructionFile>,
    /// The artifact that the agent gave instead of a change, or beside it.
    #[serde(default)]
    pub report: Option<Report>,
    /// What it asked people.
    #[serde(default)]
    pub questions: Vec<Question>,
    /// What it answered to review threads.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub answers: Vec<Answer>,
    /// How long each part took.
    pub timing: Timing,
}

/// One command and what came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CommandReport {
    /// As the contract has it.
    pub command: String,
    /// Exit code; `None` where a signal or a limit ended it.
    pub exit_code: Option<i32>,
    /// The end of its output, without control characters.
    pub output_tail: String,
    /// Milliseconds.
    pub took_ms: u64,
}

impl CommandReport {
    /// Whether the command succeeded.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.exit_code == Some(0)
    }
}

/// One request of the agent for permission, and its answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Permission {
    /// ACP's kind of the tool call.
    pub tool_kind: String,
    /// The agent's title of the tool call.
    pub title: String,
    /// Whether it was granted.
    pub granted: bool,
}

/// A place that a sandboxed program wanted to reach and could not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkRefusal {
    /// In which phase.
    pub phase: Phase,
    /// Host and port, as it named them.
    pub place: String,
    /// Why it was refused, in one sentence.
    pub because: String,
    /// How often.
    pub count: u32,
}

/// An instruction file of the base.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InstructionFile {
    /// Its path in the repository.
    pub path: String,
    /// SHA-256 of its content.
    pub sha256: Sha256Hex,
}

/// Milliseconds of each part of an attempt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Timing {
    /// Fetching and laying out the code.
    pub checkout_ms: u64,
    /// Set-up commands.
    pub setup_ms: u64,
    /// The agent, from its start to its last word.
    pub agent_ms: u64,
    /// Acceptance commands.
    pub acceptance_ms: u64,
    /// From the runner's start until just before the upload.
    pub total_ms: u64,
}

/// The server's answer to a result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// SHA-256 of the body that is kept.
    pub sha256: Sha256Hex,
}
