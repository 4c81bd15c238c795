//! Whether what stands around the gate holds: the lines of `castellan doctor`, each `ok`, `not` or
//! `unknown`. What cannot be seen is unknown, never fine.
//!
//! Judges what was read ([`Sight`]); reads nothing itself. The lines are those of gate.md's
//! self-audit.

mod ci;
mod rules;
mod workflow;

pub use workflow::{Job, WORKFLOW_BYTES, Workflow, parse as parse_workflow};

use serde::Serialize;

use super::check_name;
use crate::domain::ci::checks::Required;
use crate::domain::ids::AppId;
use crate::domain::request::policy::Policy;
use crate::domain::text::line;

/// What was read, or why it could not be.
pub type Seen<T> = Result<T, String>;

/// Longest sentence of a line, in characters.
const SENTENCE_CHARS: usize = 600;
/// Names that one line lists; more are counted.
const NAMES: usize = 8;

/// All that was read of a repository and one of its branches.
#[derive(Clone, Debug)]
pub struct Sight {
    /// `owner/name`, for the commands that help.
    pub repository: String,
    /// The branch.
    pub base: String,
    /// Our App.
    pub app: AppId,
    /// What the branch's rules ask for.
    pub rules: Seen<Rules>,
    /// The policy at its tip; `None` where there is none.
    pub policy: Seen<Option<Policy>>,
    /// The workflow files at its tip, by path.
    pub workflows: Seen<Vec<(String, Seen<Workflow>)>>,
    /// Statuses and checks of our name that are not ours, one line each.
    pub same_name: Seen<Vec<String>>,
    /// Whether workflows may approve pull requests.
    pub actions_approve: Seen<bool>,
    /// Other protected branches that do not require their own check.
    pub ungated: Seen<Vec<String>>,
}

/// What the rules of a branch ask for together.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// Checks that are required, our own among them.
    pub required: Vec<Required>,
    /// Rulesets and protection that require our check, from our App.
    pub sources: Vec<Source>,
    /// Whether a push dismisses approvals.
    pub stale_dismissed: bool,
    /// Minutes for which a merge queue waits; `None` without a queue.
    pub queue_minutes: Option<u32>,
}

/// What requires our check.
#[derive(Clone, Debug)]
pub struct Source {
    /// In words, as in `the ruleset 12`.
    pub what: String,
    /// Who may merge in spite of it.
    pub passers: Seen<Vec<Passer>>,
}

/// Somebody who may merge in spite of rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passer {
    /// GitHub's word, as in `RepositoryRole` or `Integration`.
    pub kind: String,
    /// Its number, where it has one.
    pub id: Option<i64>,
}

/// What is said of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It holds.
    Ok,
    /// It does not.
    Not,
    /// It could not be seen.
    Unknown,
}

/// One line of the audit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    /// What is asked.
    pub line: &'static str,
    /// Whether it holds.
    pub state: State,
    /// What was seen, in one safe line.
    pub what: String,
    /// What to do where it does not hold, or could not be seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
}

impl Line {
    fn new(name: &'static str, state: State, what: &str) -> Self {
        Self {
            line: name,
            state,
            what: line(what, SENTENCE_CHARS),
            remedy: None,
        }
    }

    fn remedy(mut self, what: &str) -> Self {
        self.remedy = (self.state != State::Ok).then(|| line(what, SENTENCE_CHARS));
        self
    }
}

/// Every line, in the order in which they are shown.
#[must_use]
pub fn audit(sight: &Sight) -> Vec<Line> {
    vec![
        rules::named(sight),
        rules::pinned(sight),
        rules::no_passer(sight),
        rules::admins(sight),
        rules::stale(sight),
        ci::required(sight),
        same_name(sight),
        ci::unique(sight),
        rules::queue(sight),
        ci::deployments(sight),
        ci::secrets(sight),
        actions(sight),
        ungated(sight),
    ]
}

/// Why something is unknown that an admin's token would show.
pub const ADMINS_ONLY: &str = "GitHub shows this to admins only";

/// A line about what could not be seen.
fn unseen(name: &'static str, why: &str) -> Line {
    let remedy = match why == ADMINS_ONLY {
        true => {
            "pass --admin-token (or CASTELLAN_ADMIN_TOKEN) of a person who administers the repository, or look into its settings"
        }
        false => {
            "put that right and run this again; until then look into the repository's settings"
        }
    };
    Line::new(name, State::Unknown, why).remedy(remedy)
}

/// The command that puts a rule right. A branch is named by whoever may push: what a person copies into
/// a shell is quoted.
fn protect(repository: &str, branch: &str) -> String {
    let quoted = shlex::try_quote(branch);
    let branch = quoted.as_deref().unwrap_or("BRANCH");
    format!("castellan protect {repository} --branch {branch}")
}

fn list(names: &[String]) -> String {
    let shown: Vec<&str> = names.iter().take(NAMES).map(String::as_str).collect();
    match names.len().saturating_sub(NAMES) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

fn same_name(sight: &Sight) -> Line {
    const NAME: &str = "nothing else has the name of our check";
    let own = check_name(&sight.base);
    match &sight.same_name {
        Err(why) => unseen(NAME, why),
        Ok(found) if found.is_empty() => {
            let what = format!("no status and no other App's check `{own}` on the heads that are open");
            Line::new(NAME, State::Ok, &what)
        }
        Ok(found) => Line::new(NAME, State::Not, &list(found)).remedy(
            "GitHub asks a check and a status of one name for both: find out who reports it, and have it renamed or taken away",
        ),
    }
}

fn actions(sight: &Sight) -> Line {
    const NAME: &str = "workflows may not approve";
    match &sight.actions_approve {
        Err(why) => unseen(NAME, why),
        Ok(false) => Line::new(NAME, State::Ok, "Actions may not create or approve pull requests"),
        Ok(true) => Line::new(NAME, State::Not, "Actions may create and approve pull requests")
            .remedy("switch it off in Settings > Actions > General > Workflow permissions: a workflow that an agent's change runs in must not count as a reviewer"),
    }
}

fn ungated(sight: &Sight) -> Line {
    const NAME: &str = "other protected branches have our rule, too";
    match &sight.ungated {
        Err(why) => unseen(NAME, why),
        Ok(none) if none.is_empty() => Line::new(
            NAME,
            State::Ok,
            "every protected branch requires its own check",
        ),
        Ok(found) => {
            let what = format!("without their own check: {}", list(found));
            let first = found.first().map_or("BRANCH", String::as_str);
            let remedy = format!(
                "the name of the check is a constant in a rule, so that a pattern cannot require it: for each that agents may work on, {}",
                protect(&sight.repository, first)
            );
            Line::new(NAME, State::Not, &what).remedy(&remedy)
        }
    }
}
