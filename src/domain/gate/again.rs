//! When a pull request is judged again though nothing is heard of it: what a delivery did not tell is
//! found, and an open gate is confirmed.

use super::facts::{Ci, Facts, Subject};
use super::verdict::{Decision, Verdict};
use crate::domain::request::policy::Policy;
use crate::domain::time::Timestamp;

/// Longest rest, in seconds: an unfinished run goes stale after fourteen days.
const REST_S: i64 = 24 * 3600;
/// Until checks are looked at again that were not all over.
const PENDING_S: i64 = 300;
/// Until a group of a merge queue is looked at again: its members change without a delivery, too.
const GROUP_S: i64 = 60;
/// Until what could not be read is read again.
const UNREAD_S: i64 = 30;
/// Until a `success` is confirmed: people lose access without a delivery.
const OPEN_S: i64 = 3_600;

/// The moment at which `facts`, of which `verdict` was said at `now`, are observed anew at the latest.
#[must_use]
pub fn again(facts: &Facts, policy: &Policy, verdict: &Verdict, now: Timestamp) -> Timestamp {
    let settle_s = i64::from(policy.ci.settle_s).max(1);
    let after_s = match (&facts.subject, verdict.decision) {
        (Subject::MergeGroup(_), _) => GROUP_S,
        (Subject::PullRequest(_), Decision::V1) => UNREAD_S,
        (Subject::PullRequest(pull), Decision::V19 | Decision::V20) => match is_over(&pull.ci) {
            true => settle_s,
            false => PENDING_S,
        },
        // Of reports on the merge that GitHub tries no delivery tells us.
        (Subject::PullRequest(pull), _)
            if verdict.conclusion.is_open() || !pull.ci.test_merge.is_empty() =>
        {
            OPEN_S
        }
        (Subject::PullRequest(_), _) => REST_S,
    };
    let next = now.plus_s(after_s);
    verdict
        .deadline
        .map_or(next, |deadline| next.min(deadline.0.plus_s(1)))
}

fn is_over(ci: &Ci) -> bool {
    ci.checks.iter().all(|check| check.standing.is_over())
}
