//! What a runner is told.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::ids::{AttemptNumber, FullName, Oid, Sha256Hex, TaskId};
use crate::domain::model::Wire;
use crate::domain::request::contract::Contract;
use crate::domain::request::policy::ToolServer;

/// `GET /runner/brief`: all that an attempt needs to know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Brief {
    /// The task.
    pub task: TaskId,
    /// The attempt.
    pub attempt: AttemptNumber,
    /// Where the code is.
    pub checkout: Checkout,
    /// What the task may do and must show.
    pub contract: Contract,
    /// What the agent is asked, complete: objective, constraints, feedback of earlier attempts.
    pub prompt: String,
    /// The agent.
    pub agent: AgentCommand,
    /// Model that the server's gateway answers with; `None`: the agent reaches no model.
    #[serde(default)]
    pub model: Option<String>,
    /// What sandboxed programs reach beside the model.
    #[serde(default)]
    pub network: Network,
    /// Further servers of tools, as the policy has them for this kind of attempt.
    #[serde(default)]
    pub servers: Vec<ToolServer>,
    /// SHA-256 of what an earlier attempt's agent left of its session, to be asked for at
    /// [`super::SESSION_PATH`]; `None`: there is nothing to resume.
    #[serde(default)]
    pub session: Option<Sha256Hex>,
    /// What one attempt may use.
    pub limits: Limits,
    /// Which of the agent's requests for permission are granted.
    pub allow: AllowList,
}

/// Which commit to work on. The token to read it is the job's own, never the server's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkout {
    /// Address for `git fetch`, without credentials.
    pub clone_url: String,
    /// Owner and name, for people.
    pub repository: FullName,
    /// The commit that the agent starts from; the change is against its tree.
    pub start: Oid,
    /// The base's commit that the task started from, of which agents' instruction files are taken.
    pub base: Oid,
    /// What is merged into the files before the agent begins; runners of older builds, which do
    /// not know it, return a change that the server refuses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merge: Option<MergeIn>,
}

/// A commit of the base that the attempt takes in (H6).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MergeIn {
    /// The commit.
    pub tip: Oid,
    /// The last commit that it and [`Checkout::start`] both have: a runner fetches no history.
    pub base: Oid,
}

/// A program that speaks the Agent Client Protocol over its standard input and output.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentCommand {
    /// One of the agents that we know how to install and to set up; `None`: [`AgentCommand::command`].
    #[serde(default)]
    pub preset: Option<Preset>,
    /// Program and arguments; the program is looked up on the runner.
    pub command: Vec<String>,
    /// Environment inside the sandbox, beside the sandbox's own; holds no secret.
    pub environment: BTreeMap<String, String>,
}

/// An agent that we know how to install, to point at a model, and to keep quiet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Preset {
    /// opencode.
    Opencode,
    /// Claude Code, by its ACP adapter.
    Claude,
    /// Codex, by its ACP adapter.
    Codex,
    /// Gemini CLI.
    Gemini,
}

impl Preset {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Opencode, Self::Claude, Self::Codex, Self::Gemini];

    /// Its name in settings.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Opencode => "opencode",
            Self::Claude => "claude",
            Self::Codex => "codex",
            Self::Gemini => "gemini",
        }
    }

    /// How it speaks with its model.
    #[must_use]
    pub const fn wire(self) -> Wire {
        match self {
            Self::Opencode | Self::Codex => Wire::Openai,
            Self::Claude => Wire::Anthropic,
            Self::Gemini => Wire::Gemini,
        }
    }
}

/// What sandboxed programs reach beside the model: nothing by default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Network {
    /// Hosts that set-up commands reach.
    pub setup: Vec<String>,
    /// Hosts that the agent reaches.
    pub agent: Vec<String>,
    /// Loopback ports of the job's services that set-up, agent and acceptance reach.
    pub ports: Vec<u16>,
}

/// What one attempt may use. Whatever goes beyond ends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Seconds for the set-up commands together.
    pub setup_s: u32,
    /// Seconds for the agent.
    pub agent_s: u32,
    /// Seconds for the acceptance commands together.
    pub acceptance_s: u32,
    /// Prompts that the agent is given.
    pub turns: u32,
    /// MiB of memory that one process may use.
    pub memory_mib: u32,
    /// MiB of memory that all processes of a sandbox may use together.
    pub memory_total_mib: u32,
    /// MiB that a sandbox may add to the disk.
    pub disk_mib: u32,
    /// Processes at once.
    pub processes: u32,
    /// MiB that one file may have.
    pub file_mib: u32,
    /// MiB of output that is read from one process before it is ended.
    pub output_mib: u32,
}

impl Limits {
    /// Seconds for set-up, agent and acceptance together.
    #[must_use]
    pub const fn work_s(&self) -> u32 {
        self.setup_s
            .saturating_add(self.agent_s)
            .saturating_add(self.acceptance_s)
    }
}

/// Which of the agent's requests for permission are granted, by ACP's kind of tool call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AllowList {
    /// Kinds of the protocol (`read`, `edit`, `delete`, `move`, `search`, `execute`, `think`, `fetch`, …).
    pub tool_kinds: Vec<String>,
}
