//! What the checks of a head come to: green, red, waiting, none, or unknown. Never green by default.
//!
//! What counts: the checks that the branch's rules require and those that the policy names. With
//! neither, every check of GitHub Actions; where there is none, whatever is reported. Where the
//! rules require whole workflows, every check of GitHub Actions counts beside those that are named.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use super::checks::{
    ACTIONS_APP, Check, Conclusion, Demanded, Observed, Required, Source, Standing, WorkflowRun,
};
use crate::domain::ids::Sha256Hex;

/// Checks that are waited for and named; the others are counted.
pub const AWAITED_MAX: usize = 20;

/// What must have passed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// By the branch's rules.
    pub rules: Demanded,
    /// By the policy: names of checks, of whichever App.
    pub policy: Vec<String>,
}

/// What the checks of a head come to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// Hash of all that was seen, for comparing two looks.
    pub stands: Sha256Hex,
    /// What it comes to.
    pub outcome: Outcome,
    /// Whether a workflow was skipped as a whole and nothing has run instead: so it is where
    /// workflows leave drafts out.
    pub skipped: bool,
    /// Whether it is known which checks are required: then nothing else has to be waited for.
    pub named: bool,
}

/// Green, red, waiting, none, or unknown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "outcome")]
pub enum Outcome {
    /// What was seen is not all there is, or does not fit together (A10, D13, G18).
    Unknown,
    /// Nothing is reported and nothing is required.
    Nothing,
    /// Something is not over, or was never reported.
    Waiting {
        /// What, at most [`AWAITED_MAX`].
        on: Vec<Awaited>,
    },
    /// All that counts has passed.
    Passed {
        /// How many checks that were.
        checks: u32,
    },
    /// All that counts is over, and some of it failed.
    Failed {
        /// What failed.
        failed: Vec<Check>,
    },
}

/// A check that is waited for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Awaited {
    /// Its name; foreign, one line.
    pub name: String,
    /// Why it is not over.
    pub why: Wait,
}

/// Why a check is not over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wait {
    /// Nobody has reported it yet (G2).
    NotReported,
    /// It is asked for and has not begun.
    NotBegun,
    /// A person has to approve its run.
    Approval,
    /// It is under way.
    Running,
}

impl Wait {
    /// For people, behind the name.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::NotReported => {
                "is required and was never reported; a path filter, a commit message or another name may keep its workflow from running"
            }
            Self::NotBegun => "was asked for and did not begin; a runner for it may be missing",
            Self::Approval => "waits for somebody to approve its run",
            Self::Running => "did not come to an end",
        }
    }
}

impl Wanted {
    fn names_checks(&self) -> bool {
        !self.rules.checks.is_empty() || !self.policy.is_empty()
    }

    /// Whether all that counts is known by name.
    fn is_named(&self) -> bool {
        self.names_checks() && !self.rules.workflows
    }

    /// Each required check once: the policy adds no second demand to a rule of the same name.
    fn required(&self) -> BTreeSet<Required> {
        let ruled = |name: &String| self.rules.checks.iter().any(|rule| rule.name == *name);
        let added = self.policy.iter().filter(|name| !ruled(name));
        let added = added.map(|name| Required {
            name: name.clone(),
            app: None,
        });
        self.rules.checks.iter().cloned().chain(added).collect()
    }
}

fn is_it(required: &Required, check: &Check) -> bool {
    let same_app = required
        .app
        .is_none_or(|app| check.source.app() == Some(app));
    required.name == check.name && same_app
}

/// What was observed, read.
#[must_use]
pub fn read(observed: &Observed, wanted: &Wanted) -> Reading {
    let counted = counted(observed, wanted);
    let skipped_run = observed.runs.iter().any(|run| {
        run.event.starts_with("pull_request")
            && run.standing == Standing::Ended(Conclusion::Skipped)
    });
    Reading {
        stands: stands(observed),
        outcome: outcome(observed, wanted, &counted),
        skipped: skipped_run && !counted.iter().any(|check| check.standing.has_run()),
        named: wanted.is_named(),
    }
}

/// The checks that count, with one for each run that could not even begin its jobs.
fn counted(observed: &Observed, wanted: &Wanted) -> Vec<Check> {
    let required = wanted.required();
    let is_required = |check: &Check| required.iter().any(|one| is_it(one, check));
    if wanted.is_named() {
        let counts = |check: &&Check| is_required(check);
        return observed.checks.iter().filter(counts).cloned().collect();
    }
    let mut counted: Vec<Check> = observed.checks.clone();
    counted.extend(
        observed
            .runs
            .iter()
            .filter_map(|run| not_begun(observed, run)),
    );
    let of_actions = counted.iter().any(|check| check.run.is_some());
    if of_actions || wanted.names_checks() {
        counted.retain(|check| check.run.is_some() || is_required(check));
    }
    counted
}

/// A check in the place of those that a run has none of, where it did not pass.
fn not_begun(observed: &Observed, run: &WorkflowRun) -> Option<Check> {
    let mut checks = observed.checks.iter();
    let has_checks = checks.any(|check| check.run == Some(run.id));
    (!has_checks && !run.standing.passes()).then(|| Check {
        name: run.name.clone(),
        source: Source::App {
            id: ACTIONS_APP,
            slug: "github-actions".to_owned(),
        },
        standing: run.standing,
        suite: run.suite,
        run: Some(run.id),
        job: None,
        summary: String::new(),
        url: None,
        started_at: None,
        ended_at: None,
    })
}

fn outcome(observed: &Observed, wanted: &Wanted, counted: &[Check]) -> Outcome {
    if !observed.whole || contradicts(observed) {
        return Outcome::Unknown;
    }
    let mut on: BTreeSet<Awaited> = counted.iter().filter_map(awaited).collect();
    if wanted.names_checks() {
        let approval = |run: &WorkflowRun| run.standing == Standing::AwaitsApproval;
        let why = match observed.runs.iter().any(approval) {
            true => Wait::Approval,
            false => Wait::NotReported,
        };
        let missing = wanted.required().into_iter().filter(|required| {
            let reported = |check: &Check| is_it(required, check);
            !counted.iter().any(reported)
        });
        on.extend(missing.map(|required| Awaited {
            name: required.name,
            why,
        }));
    }
    if !on.is_empty() {
        let on = on.into_iter().take(AWAITED_MAX).collect();
        return Outcome::Waiting { on };
    }
    if counted.is_empty() {
        return Outcome::Nothing;
    }
    let failed = counted.iter().filter(|check| !check.standing.passes());
    let failed: Vec<Check> = failed.cloned().collect();
    match failed.is_empty() {
        true => Outcome::Passed {
            checks: u32::try_from(counted.len()).unwrap_or(u32::MAX),
        },
        false => Outcome::Failed { failed },
    }
}

/// A run that failed although each of its jobs passed: a part of them is not listed yet (G18).
fn contradicts(observed: &Observed) -> bool {
    observed.runs.iter().any(|run| {
        let own = || {
            let checks = observed.checks.iter();
            checks.filter(|check| check.run == Some(run.id))
        };
        run.standing == Standing::Ended(Conclusion::Failure)
            && own().next().is_some()
            && own().all(|check| check.standing.passes())
    })
}

fn awaited(check: &Check) -> Option<Awaited> {
    let why = match check.standing {
        Standing::NotBegun => Wait::NotBegun,
        Standing::AwaitsApproval => Wait::Approval,
        Standing::Running => Wait::Running,
        Standing::Ended(_) => return None,
    };
    Some(Awaited {
        name: check.name.clone(),
        why,
    })
}

/// All that was seen, in an order of its own, as one hash.
fn stands(observed: &Observed) -> Sha256Hex {
    let checks = observed.checks.iter().map(|check| {
        let (app, suite) = (check.source.app(), check.suite);
        format!(
            "{:?} {app:?} {suite:?} {:?} {:?}",
            check.name, check.standing, check.job
        )
    });
    let runs = observed
        .runs
        .iter()
        .map(|run| format!("{} {} {:?}", run.id, run.attempt, run.standing));
    let mut lines: Vec<String> = checks.chain(runs).collect();
    lines.sort();
    let mut text = format!("{} {}\n", observed.head, observed.whole);
    for line in lines {
        let _ = writeln!(text, "{line}");
    }
    Sha256Hex::of(text)
}
