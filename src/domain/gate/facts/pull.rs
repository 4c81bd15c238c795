//! A pull request, as facts of the gate.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::bounded::{List, Moment, Text};
use super::super::verdict::{Conclusion, Decision};
use super::{Adoption, Ci, Evidence, Override, Owners, Person, Review, Steerer};
use crate::domain::ids::{Number, Oid, RepositoryId, UserId};
use crate::domain::risk::{Assessment, FIRED, Tier};

/// An open pull request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pull {
    /// Its number.
    pub number: Number,
    /// Whether it is a draft.
    #[serde(default)]
    pub draft: bool,
    /// Who opened it.
    pub opened_by: Opener,
    /// The opener's account.
    pub opener: UserId,
    /// The repository of its head; `None` where that is gone.
    #[serde(default)]
    pub head_repository: Option<RepositoryId>,
    /// Its head.
    pub head: Oid,
    /// Where head and base part.
    pub merge_base: Oid,
    /// Its commits along first parents, the head last.
    pub commits: List<Commit, 5000>,
    /// Files that both it and the base have changed since they parted.
    #[serde(default)]
    pub common_paths: List<Text<4096>, 200>,
    /// What its difference can break.
    pub risk: Risk,
    /// The task whose work it holds.
    #[serde(default)]
    pub task: Option<Task>,
    /// Who asked for the work, by label or command.
    #[serde(default)]
    pub requesters: List<UserId, 100>,
    /// Who gave the agent words.
    #[serde(default)]
    pub steerers: List<Steerer, 1000>,
    /// Who took it over.
    #[serde(default)]
    pub adoptions: List<Adoption, 100>,
    /// Everybody who is named in these facts.
    #[serde(default)]
    pub people: List<Person, 2000>,
    /// Its reviews.
    #[serde(default)]
    pub reviews: List<Review, 5000>,
    /// Who owns what it touches.
    #[serde(default)]
    pub owners: Owners,
    /// What the controller knows of it.
    #[serde(default)]
    pub evidence: Evidence,
    /// What CI says of its head.
    pub ci: Ci,
    /// Overrides that somebody said.
    #[serde(default)]
    pub overrides: List<Override, 100>,
    /// Threads that nobody has resolved.
    #[serde(default)]
    pub unresolved_threads: u32,
    /// Other open pull requests with this very head, as they are judged for this base.
    #[serde(default)]
    pub shared: List<Shared, 100>,
}

/// Who opened a pull request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Opener {
    /// Our App.
    Us,
    /// Another App.
    App,
    /// A person.
    Person,
}

/// A commit of a pull request. `None` of a person says that GitHub knows no account for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Commit {
    /// Its name.
    pub oid: Oid,
    /// Whether our ledger of applied commits has it.
    #[serde(default)]
    pub ours: bool,
    /// Whether it merges the base with exactly the tree that recomputing the merge gives.
    #[serde(default)]
    pub neutral_merge: bool,
    /// Whether the pull request's patch is the same before and after it, for a neutral merge.
    #[serde(default)]
    pub same_patch: bool,
    /// Its author.
    #[serde(default)]
    pub author: Option<UserId>,
    /// Its committer.
    #[serde(default)]
    pub committer: Option<UserId>,
    /// Who pushed it.
    #[serde(default)]
    pub pusher: Option<UserId>,
}

/// What a difference can break.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Risk {
    /// Its tier by the policy at the base's tip.
    pub tier: Tier,
    /// The rules that fired.
    #[serde(default)]
    pub rules: List<RiskRule, 60>,
    /// Whether it edits the policy or the workflow of agents.
    #[serde(default)]
    pub edits_policy: bool,
}

impl Risk {
    /// What an assessment says; beyond what is listed the highest rules are kept.
    #[must_use]
    pub fn of(assessment: &Assessment, edits_policy: bool) -> Self {
        let rules = assessment.fired.iter().take(FIRED).map(|fired| RiskRule {
            tier: fired.tier,
            because: Text::of(&fired.because),
            path: fired.path.as_deref().map(Text::of),
        });
        Self {
            tier: assessment.tier,
            rules: List::of(rules.collect()).unwrap_or_default(),
            edits_policy,
        }
    }
}

/// A rule that fired.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RiskRule {
    /// The tier that it asks for.
    pub tier: Tier,
    /// What it is about.
    pub because: Text<300>,
    /// The file that fired it.
    #[serde(default)]
    pub path: Option<Text<4096>>,
}

/// The task whose work a pull request holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Task {
    /// What it does.
    pub state: TaskState,
    /// Until when it works, where it does.
    #[serde(default)]
    pub deadline: Option<Moment>,
    /// Attempts that it has made.
    pub attempts: u32,
    /// Attempts that it may make.
    pub attempts_max: u32,
    /// Whether it will merge the base into its branch by itself.
    #[serde(default)]
    pub will_merge_base: bool,
}

/// What a task does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TaskState {
    /// An attempt is queued or under way.
    Working,
    /// It waits for checks, or for people.
    Waiting,
    /// It was stopped.
    Stopped,
}

/// Another open pull request with the same head.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Shared {
    /// Its number.
    pub number: Number,
    /// Its own verdict for this base.
    pub conclusion: Conclusion,
    /// What decided it.
    pub decision: Decision,
    /// Its title.
    pub title: Text<255>,
}
