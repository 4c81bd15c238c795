//! What an entry of the decision list comes to, and how it is titled.

use super::bounded::Moment;
use super::facts::Enforcement;
use super::kind::Kind;
use super::verdict::{Conclusion, Decision, TITLE_CHARS, Verdict};
use crate::domain::risk::Tier;
use crate::domain::text;

/// What an entry of the decision list says.
#[derive(Clone, Debug)]
pub(super) struct Outcome {
    pub(super) decision: Decision,
    pub(super) conclusion: Conclusion,
    pub(super) title: String,
    pub(super) next: Vec<String>,
    pub(super) waived: Vec<String>,
    pub(super) deadline: Option<Moment>,
}

impl Outcome {
    pub(super) fn new(decision: Decision, conclusion: Conclusion, title: &str) -> Self {
        Self {
            decision,
            conclusion,
            title: title.to_owned(),
            next: Vec::new(),
            waived: Vec::new(),
            deadline: None,
        }
    }

    pub(super) fn next(mut self, step: &str) -> Self {
        self.next.push(step.to_owned());
        self
    }
}

/// The tier and the one thing that is missing, in one line that GitHub takes.
pub(super) fn title(tier: Option<Tier>, what: &str) -> String {
    match tier {
        Some(tier) => text::line(&format!("{tier}: {what}"), TITLE_CHARS),
        None => text::line(what, TITLE_CHARS),
    }
}

/// What a group's verdict has in common.
pub(super) fn of_group(outcome: Outcome, noted: Vec<Decision>, tier: Tier) -> Verdict {
    Verdict {
        conclusion: outcome.conclusion,
        decision: outcome.decision,
        noted,
        kind: None::<Kind>,
        tier,
        title: title(None, &outcome.title),
        requirements: Vec::new(),
        left_out: Vec::new(),
        rules: Vec::new(),
        enforcement: Enforcement::Unknown,
        next: outcome.next,
        waived: Vec::new(),
        deadline: outcome.deadline,
    }
}
