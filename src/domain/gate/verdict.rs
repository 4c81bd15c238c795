//! What the gate says: a conclusion, what decided it, and every requirement with its state.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::bounded::Moment;
use super::facts::{Enforcement, RiskRule};
use super::kind::Kind;
use crate::domain::risk::Tier;

/// Longest title of a check run, in characters.
pub const TITLE_CHARS: usize = 255;

/// What the required check is published with. Never `neutral` or `skipped`, which GitHub lets
/// pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "GateConclusion")]
pub enum Conclusion {
    /// Allowed now, for this head, base and policy.
    Success,
    /// Waiting for a machine or for reviews.
    InProgress,
    /// A person has to decide something out of the ordinary.
    ActionRequired,
    /// The task was stopped and nobody has taken the pull request over.
    Cancelled,
    /// A machine's deadline passed.
    TimedOut,
    /// A new commit, a new attempt or an override is needed.
    Failure,
}

impl Conclusion {
    /// All, the least strict first.
    pub const ALL: [Self; 6] = [
        Self::Success,
        Self::InProgress,
        Self::ActionRequired,
        Self::Cancelled,
        Self::TimedOut,
        Self::Failure,
    ];

    /// Whether it lets the pull request be merged.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Success)
    }

    /// GitHub's word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::InProgress => "in_progress",
            Self::ActionRequired => "action_required",
            Self::Cancelled => "cancelled",
            Self::TimedOut => "timed_out",
            Self::Failure => "failure",
        }
    }

    /// The one of this word; `None` where there is none.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == word)
    }

    /// How strict it is: where several hold for one head, the highest counts.
    #[must_use]
    pub const fn strictness(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::InProgress => 1,
            Self::ActionRequired => 2,
            Self::Cancelled => 3,
            Self::TimedOut => 4,
            Self::Failure => 5,
        }
    }
}

impl fmt::Display for Conclusion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

macro_rules! decisions {
    ($($name:ident: $sentence:literal;)*) => {
        /// What decided: V for pull requests, M for groups of a merge queue. The first that holds.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        pub enum Decision {
            $(#[doc = $sentence] $name,)*
        }

        impl Decision {
            /// All, in their order.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// Its number.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)* }
            }

            /// The one of this number; `None` where there is none.
            #[must_use]
            pub fn of(number: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.as_str() == number)
            }

            /// Its condition, for people.
            #[must_use]
            pub const fn sentence(self) -> &'static str {
                match self { $(Self::$name => $sentence,)* }
            }
        }
    };
}

decisions! {
    V1: "Something could not be read reliably.";
    V2: "Another open pull request has the same commit, and its verdict is stricter.";
    V3: "The base has no policy, and the organisation does not enrol such repositories.";
    V4: "The policy is invalid, or was deleted while the check is required.";
    V5: "It edits the policy or the workflow of agents, and counts as T3.";
    V6: "It holds no work of an agent.";
    V7: "It comes from a fork and holds work of an agent.";
    V8: "It does what is forbidden.";
    V9: "The task was stopped, and nobody has taken the pull request over.";
    V10: "A person has pushed: what was known before is stale.";
    V11: "The evidence is invalid.";
    V12: "Somebody who may has overridden the gate for this head.";
    V13: "What CI says cannot be trusted.";
    V14: "The task is working, or evidence is being built.";
    V15: "Evidence is missing, stale or incomplete, and nothing will bring it.";
    V16: "CI fails, and attempts are left.";
    V17: "CI fails, and no attempt is left.";
    V18: "A required check was skipped.";
    V19: "CI is not over.";
    V20: "CI did not end in time.";
    V21: "It is a draft.";
    V22: "Somebody requests changes.";
    V23: "The base has changed the same files.";
    V24: "Approvals are missing.";
    V25: "Threads are not resolved.";
    V26: "Everything that is asked for is there.";
    M1: "Every member may be merged, and together they are no riskier.";
    M2: "A member may not be merged any more.";
    M3: "Together the members are riskier than each of them.";
    M4: "The members cannot be resolved.";
    M5: "No member holds work of an agent.";
    M6: "An earlier member changes the policy.";
    M7: "The group was destroyed.";
    M8: "The group was rebuilt, and is judged anew.";
    M9: "CI on the group is not good.";
    M10: "GitHub asks only the last entry to pass; each member is judged all the same.";
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How a requirement stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It is there.
    Met,
    /// It is not.
    NotMet,
    /// Nobody asks for it here.
    NotAsked,
}

/// One thing that the tier asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Requirement {
    /// What is asked for.
    pub name: &'static str,
    /// How it stands.
    pub state: State,
    /// By whom it is met, or what is missing; one line.
    pub what: String,
}

/// Somebody whose review did not count.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    /// Login.
    pub login: String,
    /// Why, as the end of a sentence that begins with the login.
    pub why: String,
}

/// What the gate says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// What is published.
    pub conclusion: Conclusion,
    /// What decided it.
    pub decision: Decision,
    /// What else of the list held without deciding.
    pub noted: Vec<Decision>,
    /// What kind of pull request it is; `None` for a group.
    pub kind: Option<Kind>,
    /// The tier that was judged by.
    pub tier: Tier,
    /// The tier and the one thing that is missing; at most [`TITLE_CHARS`].
    pub title: String,
    /// Every requirement.
    pub requirements: Vec<Requirement>,
    /// Who did not count, and why.
    pub left_out: Vec<LeftOut>,
    /// Why the tier.
    pub rules: Vec<RiskRule>,
    /// Whether the base's rules require this check. Says nothing about the conclusion.
    pub enforcement: Enforcement,
    /// What a person can do next, with the command to type.
    pub next: Vec<String>,
    /// What an override waived.
    pub waived: Vec<String>,
    /// When a machine's time is over.
    pub deadline: Option<Moment>,
}
