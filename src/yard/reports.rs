//! The nouns of CI beside runs and check runs: jobs with their steps and logs, commit statuses,
//! what a branch requires, and the plays that are still to come.
//!
//! Data only; how they look in JSON stands in `report_shapes`.

use std::collections::{BTreeMap, VecDeque};

use super::plays::{Play, PlayedWorkflow, Requirement};
use crate::domain::time::Timestamp;

/// All of that in one repository.
#[derive(Default)]
pub(super) struct Reports {
    /// Jobs of workflow runs, by number, which is that of their check run too.
    pub(super) jobs: BTreeMap<i64, WorkflowJob>,
    /// Oldest first.
    pub(super) statuses: Vec<CommitStatus>,
    /// What branches require.
    pub(super) requirements: BTreeMap<String, Vec<Requirement>>,
    /// What CI will do, and when.
    pub(super) plays: BTreeMap<Cue, VecDeque<Play>>,
    /// What was played on the head of a pull request last.
    pub(super) played: BTreeMap<i64, Play>,
    /// Our App's suites, by commit.
    pub(super) own_suites: BTreeMap<String, i64>,
    /// What a played run does when it is run again.
    pub(super) scripts: BTreeMap<i64, PlayedWorkflow>,
}

/// What a play waits for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Cue {
    /// A commit becomes the head of any pull request.
    Pulls,
    /// A commit becomes the head of this one.
    Pull(i64),
    /// A merge queue builds a group.
    Groups,
    /// A commit is pushed to this branch.
    Branch(String),
}

/// One job of a run. Its state and times are those of its check run.
#[derive(Clone, Debug)]
pub(super) struct WorkflowJob {
    pub(super) id: i64,
    pub(super) run: i64,
    pub(super) attempt: i64,
    pub(super) name: String,
    pub(super) steps: Vec<JobStep>,
    pub(super) log: Log,
}

/// A step of a job: `None` until it ended.
#[derive(Clone, Debug)]
pub(super) struct JobStep {
    pub(super) name: String,
    pub(super) conclusion: Option<&'static str>,
}

/// The log of a job.
#[derive(Clone, Debug)]
pub(super) enum Log {
    /// None was written, or not yet.
    None,
    /// As the runner wrote it.
    Written(String),
    /// It is not kept any more.
    Gone,
}

/// A commit status.
#[derive(Clone, Debug)]
pub(super) struct CommitStatus {
    pub(super) id: i64,
    pub(super) head: String,
    pub(super) context: String,
    pub(super) state: String,
    pub(super) description: String,
    pub(super) creator: String,
    pub(super) at: Timestamp,
}

impl Reports {
    /// The jobs of one attempt of a run.
    pub(super) fn jobs_of(&self, run: i64, attempt: i64) -> Vec<&WorkflowJob> {
        self.jobs
            .values()
            .filter(|job| job.run == run && job.attempt == attempt)
            .collect()
    }

    /// The next play for a cue; the last one stays.
    pub(super) fn next_play(&mut self, cue: &Cue) -> Option<Play> {
        let plays = self.plays.get_mut(cue)?;
        if plays.len() > 1 {
            plays.pop_front()
        } else {
            plays.front().cloned()
        }
    }
}
