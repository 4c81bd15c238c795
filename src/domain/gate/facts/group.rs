//! A group of a merge queue, as facts of the gate.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::bounded::{List, Moment, Text};
use super::super::verdict::Conclusion;
use super::{Ci, RequiredCheck};
use crate::domain::ids::{Number, Oid};
use crate::domain::risk::Tier;

/// A group of a merge queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// Its head.
    pub head: Oid,
    /// Whether GitHub still builds on it.
    #[serde(default)]
    pub state: GroupState,
    /// When it was made.
    pub since: Moment,
    /// The head that it had before it was rebuilt.
    #[serde(default)]
    pub rebuilt_from: Option<Oid>,
    /// Its pull requests in their order; `None` where they cannot be resolved.
    pub members: Option<List<Member, 200>>,
    /// The tier of all members' difference together.
    pub tier: Tier,
    /// Whether GitHub asks every entry to pass, and not only the last.
    #[serde(default)]
    pub all_entries_pass: bool,
    /// Required checks that run on `merge_group`, with what they say of its head.
    #[serde(default)]
    pub ci: Option<GroupCi>,
}

/// What CI says of a group's head.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GroupCi {
    /// Required checks that run on `merge_group`.
    pub expected: List<RequiredCheck, 300>,
    /// Until when they are waited for: before the queue's own end.
    pub deadline: Moment,
    /// What was seen.
    pub seen: Ci,
}

/// Whether a group is still there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum GroupState {
    /// It is.
    #[default]
    Active,
    /// It was destroyed.
    Destroyed,
}

/// A pull request of a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Member {
    /// Its number.
    pub number: Number,
    /// Whether it holds work of an agent.
    pub agent: bool,
    /// Its head in the group.
    pub head: Oid,
    /// The head for which the gate last said `success`.
    #[serde(default)]
    pub passed_head: Option<Oid>,
    /// What the gate says of it now, by the policy of now.
    pub conclusion: Conclusion,
    /// Why, where that is not `success`.
    #[serde(default)]
    pub title: Option<Text<255>>,
    /// Its own tier.
    pub tier: Tier,
    /// Whether it changes the policy or the workflow of agents.
    #[serde(default)]
    pub edits_policy: bool,
}
