//! A check or a status of our check's name that is not ours (X66): it counts for nothing here, but where
//! the base's rules do not ask for the name of our App, it counts for GitHub.

use super::check_name;
use super::facts::{Facts, SeenCheck, Subject};

/// What people are told of it; `None` where there is none.
#[must_use]
pub fn comment(facts: &Facts) -> Option<String> {
    let pull = match &facts.subject {
        Subject::PullRequest(pull) => pull,
        Subject::MergeGroup(_) => return None,
    };
    let name = check_name(&facts.base.branch);
    let is_forged = |check: &&SeenCheck| *check.name == *name && check.app != Some(facts.app);
    let forged = pull.ci.checks.iter().find(is_forged)?;
    let by = match forged.app {
        Some(app) => format!("a check run of App {app}"),
        None => "a commit status".to_owned(),
    };
    Some(format!(
        "On `{}` stands {by} that is named like the check of this gate. It is not Castellan's, and counts for nothing here.\n\n\
         See to it that the base's rules ask for this check from the App {} and no other source: otherwise GitHub takes the one for the other.",
        pull.head.short(),
        facts.app,
    ))
}
