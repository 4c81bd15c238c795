//! When a draft of ours is ready for people, and the one comment that tells them.

use std::fmt::Write as _;

use super::facts::{Facts, Opener, Pull, SectionName, Subject, TaskState};
use super::verdict::{State, Verdict};
use crate::domain::request::policy::{Policy, Ready};
use crate::domain::text;

/// Requirements that the comment names.
const NAMED: usize = 10;
/// Longest words of a requirement, in characters.
const WHAT_CHARS: usize = 300;

/// Whether the draft of `facts` is to be marked ready: CI and acceptance are green, the agent has
/// come to rest, and the policy leaves that to us. Whatever else is missing is for people to bring.
#[must_use]
pub fn is_ready(facts: &Facts, policy: &Policy, verdict: &Verdict) -> bool {
    let pull = match &facts.subject {
        Subject::PullRequest(pull) => pull,
        Subject::MergeGroup(_) => return false,
    };
    let asked = match policy.gate.ready {
        Ready::WhenGreen => true,
        Ready::Never => false,
    };
    let rests = pull.task.as_ref().is_some_and(|task| match task.state {
        TaskState::Waiting => true,
        TaskState::Working | TaskState::Stopped => false,
    });
    let ci = verdict.requirements.iter().find(|one| one.name == "CI");
    let green = ci.is_some_and(|one| one.state == State::Met);
    asked && pull.draft && pull.opened_by == Opener::Us && rests && green && is_accepted(pull)
}

/// Whether the acceptance commands passed on this very head.
fn is_accepted(pull: &Pull) -> bool {
    let pack = pull.evidence.pack.as_ref();
    let sections = pack.into_iter().flat_map(|pack| pack.sections.iter());
    let mut own = sections.filter(|one| one.name == SectionName::Acceptance);
    own.next().is_some_and(|section| {
        let head = section.head.as_ref().unwrap_or(&pull.head);
        section.findings.is_empty() && *head == pull.head
    })
}

/// The comment that tells the people who are needed what is needed of them.
#[must_use]
pub fn comment(verdict: &Verdict) -> String {
    let mut body = format!(
        "CI and acceptance are green, so this is ready for review. It is {} ({}).\n",
        verdict.tier,
        verdict.tier.words()
    );
    let missing = verdict.requirements.iter();
    let missing =
        missing.filter(|one| one.state == State::NotMet && one.name != "ready for review");
    let missing: Vec<_> = missing.take(NAMED).collect();
    if !missing.is_empty() {
        body.push_str("\nStill needed before it may be merged:\n");
    }
    for one in missing {
        let what = text::neutral(&one.what, WHAT_CHARS).replace('\n', " ");
        let _ = write!(body, "\n- {}: {what}", one.name);
    }
    body
}
