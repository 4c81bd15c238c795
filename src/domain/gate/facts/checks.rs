//! What CI says of a head, as facts of the gate.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::bounded::{List, Moment, Text};
use crate::domain::ci::checks::{Check, Observed, Standing, WorkflowRun};
use crate::domain::ids::{AppId, Oid};
use crate::domain::time::Timestamp;

/// What was seen of CI.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ci {
    /// The commit that the checks are of.
    pub head: Oid,
    /// Since when they are waited for.
    pub since: Moment,
    /// Whether nothing has changed for as long as the policy asks for.
    #[serde(default)]
    pub settled: bool,
    /// Whether a person has to let CI begin.
    #[serde(default)]
    pub awaits_person: bool,
    /// The newest check of each name, App and suite, and the newest status of each context.
    #[serde(default)]
    pub checks: List<SeenCheck, 5000>,
    /// The workflow files that jobs come from.
    #[serde(default)]
    pub workflows: List<Workflow, 500>,
    /// Checks and statuses on the test merge, which GitHub counts instead of the head's.
    #[serde(default)]
    pub test_merge: List<SeenCheck, 500>,
}

impl Ci {
    /// What was not looked at yet: it settles nothing.
    #[must_use]
    pub fn awaited(head: &Oid, since: Timestamp) -> Self {
        Self {
            head: head.clone(),
            since: Moment(since),
            settled: false,
            awaits_person: false,
            checks: List::default(),
            workflows: List::default(),
            test_merge: List::default(),
        }
    }

    /// What was observed at `now`, settled `pause_s` seconds after the last of it ended. `None` where
    /// there is more than can be judged.
    #[must_use]
    pub fn of(
        observed: &Observed,
        workflows: Vec<Workflow>,
        since: Timestamp,
        now: Timestamp,
        pause_s: i64,
    ) -> Option<Self> {
        let checks = observed.checks.iter();
        let last = checks.clone().filter_map(|check| check.ended_at).max();
        let over = checks.clone().all(|check| check.standing.is_over());
        let seen = checks.map(|check| SeenCheck::of(check, &observed.runs));
        let awaits = |run: &WorkflowRun| run.standing == Standing::AwaitsApproval;
        Some(Self {
            settled: over && last.unwrap_or(since).plus_s(pause_s) <= now,
            awaits_person: observed.runs.iter().any(awaits),
            checks: List::of(seen.collect())?,
            workflows: List::of(workflows)?,
            ..Self::awaited(&observed.head, since)
        })
    }
}

/// A check run or a commit status.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SeenCheck {
    /// Its name, or the status's context.
    pub name: Text<255>,
    /// The App that reports it; `None` for a commit status.
    #[serde(default)]
    pub app: Option<AppId>,
    /// The suite of a check run.
    #[serde(default)]
    pub suite: Option<i64>,
    /// Path of its workflow's file, where it is a job of GitHub Actions.
    #[serde(default)]
    pub workflow: Option<Text<500>>,
    /// How it stands.
    pub standing: Standing,
    /// When it began.
    #[serde(default)]
    pub started_at: Option<Moment>,
    /// When it ended.
    #[serde(default)]
    pub ended_at: Option<Moment>,
}

impl SeenCheck {
    /// A check as it was observed, with the run that it is a job of looked up among `runs`.
    #[must_use]
    pub fn of(check: &Check, runs: &[WorkflowRun]) -> Self {
        let run = check
            .run
            .and_then(|id| runs.iter().find(|run| run.id == id));
        Self {
            name: Text::of(&check.name),
            app: check.source.app(),
            suite: check.suite,
            workflow: run.map(|run| Text::of(&run.path)),
            standing: check.standing,
            started_at: check.started_at.map(Moment),
            ended_at: check.ended_at.map(Moment),
        }
    }
}

/// A workflow's file in three trees; `None` where it is not there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Workflow {
    /// Its path.
    pub path: Text<500>,
    /// Its blob at the head, which is what ran.
    #[serde(default)]
    pub head: Option<Oid>,
    /// Its blob at the merge base.
    #[serde(default)]
    pub merge_base: Option<Oid>,
    /// Its blob at the base's tip.
    #[serde(default)]
    pub base: Option<Oid>,
}
