//! [`judge`]: from facts and policy to a verdict. Total, synchronous, infallible; it knows no
//! clock, and remembers nothing.

use super::decisions;
use super::facts::{Facts, PolicyState, Pull, Shared, Subject, Unread};
use super::outcome::{Outcome, title};
use super::queue;
use super::requirements;
use super::verdict::{Conclusion, Decision, Verdict};
use super::weighed::Weighed;
use crate::domain::request::policy::Policy;
use crate::domain::text;

/// What to do where something could not be read.
const READ_AGAIN: &str = "Nothing: it is judged again as soon as it can be read.";
/// How long a `success` is kept while something cannot be read, in milliseconds.
const KEPT_MS: i64 = 10 * 60 * 1000;

/// What the gate says of `facts` by `policy`.
///
/// `policy` is the one at the base's tip; where the facts say that there is none which is good,
/// the usual one takes its place.
#[must_use]
pub fn judge(facts: &Facts, policy: &Policy) -> Verdict {
    let usual = Policy::default();
    let policy = match facts.base.policy.state {
        PolicyState::Valid => policy,
        PolicyState::Absent | PolicyState::Deleted | PolicyState::Invalid => &usual,
    };
    match &facts.subject {
        Subject::PullRequest(pull) => of_pull(facts, pull, policy),
        Subject::MergeGroup(group) => queue::judge(facts, group, policy),
    }
}

fn of_pull(facts: &Facts, pull: &Pull, policy: &Policy) -> Verdict {
    let weighed = Weighed::new(facts, pull, policy);
    let outcome = match unread(facts, pull) {
        Some(outcome) => outcome,
        None => strictest(decisions::decide(&weighed), &pull.shared),
    };
    let judged = weighed.kind.is_tainted() || pull.risk.edits_policy;
    let says_tier = judged && !matches!(outcome.decision, Decision::V3 | Decision::V4);
    Verdict {
        conclusion: outcome.conclusion,
        decision: outcome.decision,
        noted: decisions::noted(&weighed),
        kind: Some(weighed.kind),
        tier: weighed.tier,
        title: title(says_tier.then_some(weighed.tier), &outcome.title),
        requirements: requirements::table(&weighed),
        left_out: std::mem::take(&mut { weighed.reviews.left_out }),
        rules: pull.risk.rules.to_vec(),
        enforcement: facts.base.enforcement,
        next: outcome.next,
        waived: outcome.waived,
        deadline: outcome.deadline,
    }
}

/// V1: nothing becomes better by what could not be read.
fn unread(facts: &Facts, pull: &Pull) -> Option<Outcome> {
    let (what, since) = match (&facts.unread, contradiction(pull)) {
        (Some(unread), _) => (named(unread), Some(unread.since)),
        (None, Some(why)) => (why.to_owned(), None),
        (None, None) => return None,
    };
    let title = format!("re-evaluating: {what} could not be read");
    let waits = Outcome::new(Decision::V1, Conclusion::InProgress, &title).next(READ_AGAIN);
    let Some(published) = &facts.published else {
        return Some(waits);
    };
    let same_head = published.head == pull.head && published.base == facts.base.branch;
    if !same_head {
        return Some(waits);
    }
    if !published.conclusion.is_open() {
        let stays = Outcome::new(Decision::V1, published.conclusion, &title);
        return Some(stays.next(READ_AGAIN));
    }
    // A moment that lies ahead is a clock that is wrong.
    let waited = since.map(|since| facts.now.0.since_ms(since.0));
    let recent = waited.is_some_and(|waited| (0..=KEPT_MS).contains(&waited));
    let same_policy = published.policy == facts.base.policy.sha256;
    Some(match recent && same_policy {
        true => Outcome::new(Decision::V1, Conclusion::Success, &title),
        false => waits,
    })
}

fn named(unread: &Unread) -> String {
    let names: Vec<String> = unread
        .what
        .iter()
        .map(|what| text::line(what, 60))
        .collect();
    match names.is_empty() {
        true => "something".to_owned(),
        false => names.join(", "),
    }
}

/// What cannot be true of a pull request at one moment: it was observed at several.
fn contradiction(pull: &Pull) -> Option<&'static str> {
    let last = pull.commits.last().map(|commit| &commit.oid);
    if last != Some(&pull.head) {
        return Some("the list of commits, which does not end with the head,");
    }
    let mut ids: Vec<i64> = pull.people.iter().map(|one| one.id.0).collect();
    ids.sort_unstable();
    ids.windows(2)
        .any(|two| two[0] == two[1])
        .then_some("the list of people, which names one twice,")
}

/// V2: where several pull requests have one head, the strictest verdict counts.
fn strictest(own: Outcome, shared: &[Shared]) -> Outcome {
    let strictest = shared.iter().max_by_key(|one| one.conclusion.strictness());
    match strictest {
        Some(other) if other.conclusion.strictness() > own.conclusion.strictness() => {
            let title = format!(
                "shared commit with #{}, which says: {}",
                other.number,
                text::line(&other.title, 150)
            );
            Outcome::new(Decision::V2, other.conclusion, &title)
                .next("Close one of the two pull requests, or push another commit to one of them.")
        }
        Some(_) | None => own,
    }
}
