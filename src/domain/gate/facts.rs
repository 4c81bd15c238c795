//! All that the gate judges by: what was observed of a head and its base at one moment.
//!
//! Plain data with a published schema, so that anybody can try a policy on it. Unknown keys are
//! refused, every list and text is bounded, times are in UTC. Nothing in here is taken from
//! labels, titles, branch names or git's author names. Decides nothing: that is [`super::judge`].

mod checks;
mod evidence;
mod group;
mod people;
mod pull;

pub use checks::{Ci, SeenCheck, Workflow};
pub use evidence::{Evidence, Fault, Pack, Section, SectionName};
pub use group::{Group, GroupCi, GroupState, Member};
pub use people::{
    Access, AccountKind, Adoption, Opinion, Override, Owned, Owner, Owners, OwnersFile, Person,
    Review, Steerer, Steering,
};
pub use pull::{Commit, Opener, Pull, Risk, RiskRule, Shared, Task, TaskState};

use schemars::JsonSchema;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};

use super::bounded::{List, Moment, Text};
use super::verdict::{Conclusion, Decision};
use crate::domain::ids::{AppId, Oid, RepositoryId, Sha256Hex};
use crate::domain::request::policy::Approvals;
use crate::domain::risk::Tier;

/// Version of the form of facts.
pub const VERSION: u32 = 1;

/// What the gate judges by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Facts {
    /// Version of this form: 1.
    #[serde(deserialize_with = "version")]
    #[schemars(range(min = 1, max = 1))]
    pub version: u32,
    /// The moment of judging.
    pub now: Moment,
    /// Our own App: what it reports is never asked for.
    pub app: AppId,
    /// The repository of the base.
    pub repository: RepositoryId,
    /// The branch that would be merged into.
    pub base: Base,
    /// What the organisation sets for all its repositories.
    #[serde(default)]
    pub organisation: Organisation,
    /// What could not be read reliably; with it no verdict becomes better.
    #[serde(default)]
    pub unread: Option<Unread>,
    /// What was published last for this name.
    #[serde(default)]
    pub published: Option<Published>,
    /// A pull request, or a group of a merge queue.
    pub subject: Subject,
}

/// What is judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// An open pull request.
    PullRequest(Box<Pull>),
    /// A group of a merge queue.
    MergeGroup(Box<Group>),
}

/// The branch that would be merged into.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Base {
    /// Its name without `refs/heads/`.
    pub branch: Text<255>,
    /// Its tip.
    pub tip: Oid,
    /// The policy at its tip.
    pub policy: PolicyFile,
    /// Checks that its rules require; our own do not count.
    #[serde(default)]
    pub required: List<RequiredCheck, 300>,
    /// Whether its rules require our check, from everybody. Shown, never part of the verdict.
    #[serde(default)]
    pub enforcement: Enforcement,
}

/// A check that the base's rules require.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RequiredCheck {
    /// Its name or context.
    pub name: Text<255>,
    /// The App that has to report it, where the rule names one.
    #[serde(default)]
    pub app: Option<AppId>,
}

/// The file of the policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PolicyFile {
    /// Whether it is there, and good.
    pub state: PolicyState,
    /// Hash of its bytes.
    #[serde(default)]
    pub sha256: Option<Sha256Hex>,
    /// What is wrong with it.
    #[serde(default)]
    pub mistake: Option<Text<800>>,
}

/// Whether there is a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PolicyState {
    /// It is there and good.
    Valid,
    /// There is none, and nothing says that there was one.
    Absent,
    /// It was deleted while our check is required.
    Deleted,
    /// It cannot be parsed.
    Invalid,
}

/// Whether merging without our check is possible.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Enforcement {
    /// The rules require it, from our App, of everybody.
    Enforced,
    /// They do not.
    Advisory,
    /// The App cannot see it.
    #[default]
    Unknown,
}

impl Enforcement {
    /// For people.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Enforced => "enforced: the base's rules require this check of everybody",
            Self::Advisory => "advisory: the base's rules let people merge without this check",
            Self::Unknown => "unknown: the App cannot see whether somebody may merge without it",
        }
    }
}

/// What the organisation sets. A policy can only ask for more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Organisation {
    /// Whether a repository without a policy takes part, with the usual one.
    pub enrolled: bool,
    /// Whether pull requests without an agent pass where the policy is broken.
    pub others_pass_broken_policy: bool,
    /// Whether a repository may say `solo`.
    pub solo_allowed: bool,
    /// The least approvals of each tier.
    pub approvals: Approvals,
    /// The lowest tier that a change of an agent has.
    pub tier: Tier,
}

impl Default for Organisation {
    fn default() -> Self {
        Self {
            enrolled: true,
            others_pass_broken_policy: false,
            solo_allowed: true,
            approvals: Approvals::default(),
            tier: Tier::T0,
        }
    }
}

/// What could not be read, or not to its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Unread {
    /// What.
    pub what: List<Text<100>, 20>,
    /// Since when.
    pub since: Moment,
}

/// What our newest run of this name says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Published {
    /// The conclusion.
    pub conclusion: Conclusion,
    /// What decided it.
    pub decision: Decision,
    /// The head that it is about.
    pub head: Oid,
    /// The branch that it is about.
    pub base: Text<255>,
    /// The policy that it was judged by; `None` where there was none.
    #[serde(default)]
    pub policy: Option<Sha256Hex>,
}

fn version<'de, D: Deserializer<'de>>(from: D) -> Result<u32, D::Error> {
    match u64::deserialize(from)? {
        1 => Ok(VERSION),
        other => Err(D::Error::custom(format!(
            "version {other} of facts is not known here; write `\"version\": 1`"
        ))),
    }
}
