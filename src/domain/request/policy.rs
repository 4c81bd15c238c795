//! The repository's own `.github/castellan.yml`, read from the base.
//!
//! Every key is optional, and no file at all is [`Policy::default`]. It does not know where the
//! file came from, and decides nothing: [`super::contract`] and [`crate::domain::change`] do.

mod ci;
mod gate;
mod network;
mod parse;
mod reviews;
mod risk;
mod value;

pub use ci::{CiPolicy, CiRun};
pub use gate::{Approvals, GatePolicy, Ready, Role};
pub use network::{
    Egress, MODEL_PORT, PROXY_PORT, Runners, SandboxPolicy, TaskKind, ToolServer, hosts_of,
};
pub use parse::{POLICY_BYTES, POLICY_PATH, PolicyError, parse, schema};
pub use reviews::Reviews;
pub use risk::{ChangeKind, RiskPolicy, RiskRule, RiskRules};
pub use value::{COMMAND_BYTES, COMMANDS, CONSTRAINT_CHARS, CONSTRAINTS, GLOBS, HOSTS, is_model};

pub(super) use value::check_command;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::contract::{Budget, USUAL_CALLS, USUAL_TOKENS};

/// What a repository says about the work of agents in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(title = "Castellan's policy of a repository (.github/castellan.yml)")]
pub struct Policy {
    /// Version of this file's form: 1.
    #[serde(deserialize_with = "value::version")]
    #[schemars(range(min = 1, max = 1))]
    pub version: u32,
    /// Commands that prepare a fresh machine, in order, where the issue names none.
    #[serde(deserialize_with = "value::commands")]
    #[schemars(length(max = 20))]
    pub setup: Vec<String>,
    /// Commands that must succeed on the changed tree, where the issue names none.
    #[serde(deserialize_with = "value::commands")]
    #[schemars(length(max = 20))]
    pub acceptance: Vec<String>,
    /// Which files an agent may change.
    pub scope: Scope,
    /// Globs of files that no agent may change, whatever the issue says.
    #[serde(deserialize_with = "value::globs")]
    #[schemars(length(max = 200))]
    pub protected: Vec<String>,
    /// What every task must keep to, one sentence each; added to the issue's own.
    #[serde(deserialize_with = "value::constraints")]
    #[schemars(length(max = 50))]
    pub constraints: Vec<String>,
    /// Login of the person who answers for tasks, where the issue names nobody.
    #[serde(deserialize_with = "value::login")]
    pub owner: Option<String>,
    /// What a task may spend.
    pub budget: BudgetPolicy,
    /// Kinds of tool calls that the agent is granted (Agent Client Protocol).
    #[schemars(length(max = 9))]
    pub allow: Vec<ToolKind>,
    /// Limits of one change.
    pub change: ChangePolicy,
    /// Hosts to which links in what the agent wrote may lead; other links are shown as code.
    #[serde(deserialize_with = "value::hosts")]
    #[schemars(length(max = 50))]
    pub links: Vec<String>,
    /// Model that the agent works with, one of those that the server allows.
    #[serde(deserialize_with = "value::model")]
    pub model: Option<String>,
    /// What sandboxed programs reach.
    pub sandbox: SandboxPolicy,
    /// Further tools of the agent: servers that speak the Model Context Protocol.
    #[serde(deserialize_with = "network::servers")]
    #[schemars(length(max = 8))]
    pub mcp: Vec<ToolServer>,
    /// How CI runs on a change, and how its checks are read.
    #[serde(deserialize_with = "ci::short_or_long")]
    pub ci: CiPolicy,
    /// What a review that requests changes does: `wait` for `/agent fix`, or `fix` at once.
    pub reviews: Reviews,
    /// Which machines may run the agent: `any`, or `hosted` for GitHub's own only.
    pub runners: Runners,
    /// What becomes of a change that weakens tests or checks: `refuse`, or `show` it to people.
    pub weakened_tests: WeakenedTests,
    /// What has to be there before a pull request of an agent may be merged.
    pub gate: GatePolicy,
    /// Which tier a change has, beside the usual rules.
    pub risk: RiskPolicy,
}

/// What becomes of a change that weakens tests or checks (X61).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WeakenedTests {
    /// It is refused, save in tests that the issue's own scope names.
    #[default]
    Refuse,
    /// It is taken, and the pull request says what is weaker.
    Show,
}

/// Which files an agent may change.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Scope {
    /// Globs of files that may change; empty means all.
    #[serde(deserialize_with = "value::globs")]
    #[schemars(length(max = 200))]
    pub allow: Vec<String>,
    /// Globs of files that may not change, although they are allowed.
    #[serde(deserialize_with = "value::globs")]
    #[schemars(length(max = 200))]
    pub deny: Vec<String>,
}

/// What a task may spend, and the most that an issue may ask for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct BudgetPolicy {
    /// Attempts of one task.
    #[serde(deserialize_with = "value::attempts")]
    #[schemars(range(min = 1, max = 20))]
    pub attempts: u32,
    /// Minutes that the agent may work in one attempt; set-up and acceptance have their own.
    #[serde(deserialize_with = "value::minutes")]
    #[schemars(range(min = 1, max = 350))]
    pub minutes: u32,
    /// Turns of the agent in one attempt.
    #[serde(deserialize_with = "value::turns")]
    #[schemars(range(min = 1, max = 500))]
    pub turns: u32,
    /// Calls of a model, over all attempts.
    #[serde(deserialize_with = "value::calls")]
    #[schemars(range(min = 1, max = 100_000))]
    pub calls: u32,
    /// Tokens of all kinds, over all attempts.
    #[serde(deserialize_with = "value::tokens")]
    #[schemars(range(min = 1, max = 1_000_000_000))]
    pub tokens: u64,
    /// Cents over all attempts, where the server knows prices.
    #[serde(deserialize_with = "value::cents")]
    #[schemars(range(min = 1, max = 1_000_000))]
    pub cents: Option<u32>,
    /// The most that an issue may ask for.
    pub maximum: BudgetMaximum,
}

/// The most that an issue may ask for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct BudgetMaximum {
    /// Attempts of one task.
    #[serde(deserialize_with = "value::attempts")]
    #[schemars(range(min = 1, max = 20))]
    pub attempts: u32,
    /// Minutes that the agent may work in one attempt; set-up and acceptance have their own.
    #[serde(deserialize_with = "value::minutes")]
    #[schemars(range(min = 1, max = 350))]
    pub minutes: u32,
    /// Turns of the agent in one attempt.
    #[serde(deserialize_with = "value::turns")]
    #[schemars(range(min = 1, max = 500))]
    pub turns: u32,
    /// Calls of a model, over all attempts.
    #[serde(deserialize_with = "value::calls")]
    #[schemars(range(min = 1, max = 100_000))]
    pub calls: u32,
    /// Tokens of all kinds, over all attempts.
    #[serde(deserialize_with = "value::tokens")]
    #[schemars(range(min = 1, max = 1_000_000_000))]
    pub tokens: u64,
    /// Cents over all attempts, where the server knows prices.
    #[serde(deserialize_with = "value::cents")]
    #[schemars(range(min = 1, max = 1_000_000))]
    pub cents: Option<u32>,
}

/// Limits of one change (X52, X58).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ChangePolicy {
    /// Files that one change may touch.
    #[serde(deserialize_with = "value::change_files")]
    #[schemars(range(min = 1, max = 3000))]
    pub files: u32,
    /// Bytes of all new contents together.
    #[serde(deserialize_with = "value::change_bytes")]
    #[schemars(range(min = 1, max = 50_000_000))]
    pub bytes: u64,
    /// Bytes of one new content.
    #[serde(deserialize_with = "value::file_bytes")]
    #[schemars(range(min = 1, max = 20_000_000))]
    pub file_bytes: u64,
    /// Globs of files that may hold binary content.
    #[serde(deserialize_with = "value::globs")]
    #[schemars(length(max = 200))]
    pub binaries: Vec<String>,
    /// Whether symbolic links may be added, within the repository.
    pub symlinks: bool,
}

/// A kind of tool call of the Agent Client Protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ToolKind {
    /// Reads files or data.
    Read,
    /// Changes files.
    Edit,
    /// Removes files.
    Delete,
    /// Renames files.
    Move,
    /// Searches.
    Search,
    /// Runs commands.
    Execute,
    /// Thinks.
    Think,
    /// Fetches from outside; the sandbox still decides what can be reached.
    Fetch,
    /// Whatever the protocol names no kind for.
    Other,
}

impl ToolKind {
    /// The protocol's word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Edit => "edit",
            Self::Delete => "delete",
            Self::Move => "move",
            Self::Search => "search",
            Self::Execute => "execute",
            Self::Think => "think",
            Self::Fetch => "fetch",
            Self::Other => "other",
        }
    }
}

impl Policy {
    /// The protocol's words for what the agent is granted, as a brief carries them.
    #[must_use]
    pub fn tool_kinds(&self) -> Vec<String> {
        self.allow
            .iter()
            .map(|kind| kind.as_str().to_owned())
            .collect()
    }
}

impl BudgetPolicy {
    /// What a task may spend that asks for nothing.
    #[must_use]
    pub fn usual(&self) -> Budget {
        Budget {
            attempts: self.attempts.min(self.maximum.attempts),
            minutes: self.minutes.min(self.maximum.minutes),
            turns: self.turns.min(self.maximum.turns),
            calls: self.calls.min(self.maximum.calls),
            tokens: self.tokens.min(self.maximum.tokens),
            cents: match (self.cents, self.maximum.cents) {
                (Some(cents), Some(most)) => Some(cents.min(most)),
                (cents, most) => cents.or(most),
            },
        }
    }
}

impl Default for Policy {
    fn default() -> Self {
        use ToolKind as K;
        Self {
            version: 1,
            setup: Vec::new(),
            acceptance: Vec::new(),
            scope: Scope::default(),
            protected: Vec::new(),
            constraints: Vec::new(),
            owner: None,
            budget: BudgetPolicy::default(),
            allow: vec![
                K::Read,
                K::Edit,
                K::Delete,
                K::Move,
                K::Search,
                K::Execute,
                K::Think,
            ],
            change: ChangePolicy::default(),
            links: Vec::new(),
            model: None,
            sandbox: SandboxPolicy::default(),
            mcp: Vec::new(),
            ci: CiPolicy::default(),
            reviews: Reviews::default(),
            runners: Runners::default(),
            weakened_tests: WeakenedTests::default(),
            gate: GatePolicy::default(),
            risk: RiskPolicy::default(),
        }
    }
}

impl Default for BudgetPolicy {
    fn default() -> Self {
        Self {
            attempts: 3,
            minutes: 30,
            turns: 20,
            calls: USUAL_CALLS,
            tokens: USUAL_TOKENS,
            cents: None,
            maximum: BudgetMaximum::default(),
        }
    }
}

impl Default for BudgetMaximum {
    fn default() -> Self {
        Self {
            attempts: 10,
            minutes: 120,
            turns: 100,
            calls: 5_000,
            tokens: 100_000_000,
            cents: None,
        }
    }
}

impl Default for ChangePolicy {
    fn default() -> Self {
        Self {
            files: 200,
            bytes: 5_000_000,
            file_bytes: 1_000_000,
            binaries: Vec::new(),
            symlinks: false,
        }
    }
}
