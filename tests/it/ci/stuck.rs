//! When corrections lead nowhere, and when they do lead somewhere.

use castellan::domain::ci::classify::Whose;
use castellan::domain::ci::failure::Failure;
use castellan::domain::ci::stuck::{Entry, Stuck, Verdict, stuck};
use castellan::domain::ci::watch::Watch;
use castellan::domain::ids::AttemptNumber;

use crate::transitions::checks::failure;
use crate::transitions::sample::{START, oid};

/// A line of the ledger: its head and tree, its size, its failed tests by fingerprint.
fn entry(number: u8, tree: u8, bytes: u64, failures: &[(&str, u32)]) -> Entry {
    let failed = |(print, tests): &(&str, u32)| {
        let failure = Failure {
            check: format!("check of {print}"),
            tests: *tests,
            ..failure(print, 1)
        };
        (Whose::Own, failure)
    };
    Entry {
        head: oid(number),
        attempt: AttemptNumber(u32::from(number)),
        at: START,
        tree: Some(oid(tree)),
        bytes,
        verdict: Verdict::Failed,
        failures: failures.iter().map(failed).collect(),
        awaited: Vec::new(),
        watch: Watch::begins(START, true, 60),
        other_approach: false,
    }
}

#[test]
fn what_leads_nowhere() {
    let first = entry(1, 11, 100, &[("a", 3)]);
    let same = entry(2, 12, 100, &[("a", 3)]);
    assert_eq!(
        stuck(std::slice::from_ref(&first), &same),
        Some(Stuck::Same)
    );
    let other = entry(2, 12, 100, &[("b", 3)]);
    let back = entry(3, 11, 100, &[("c", 3)]);
    assert_eq!(
        stuck(&[first.clone(), other.clone()], &back),
        Some(Stuck::Reverted)
    );
    let more = entry(2, 12, 100, &[("b", 4)]);
    assert_eq!(
        stuck(std::slice::from_ref(&first), &more),
        Some(Stuck::More)
    );
    let wider = entry(2, 12, 100, &[("a", 3), ("b", 1)]);
    assert_eq!(
        stuck(std::slice::from_ref(&first), &wider),
        Some(Stuck::More)
    );
    let grown = entry(2, 12, 150, &[("b", 3)]);
    let larger = entry(3, 13, 300, &[("c", 3)]);
    assert_eq!(stuck(&[first, grown], &larger), Some(Stuck::Growing));
}

#[test]
fn what_leads_somewhere() {
    let first = entry(1, 11, 100, &[("a", 3)]);
    assert_eq!(stuck(&[], &first), None, "the first failure");
    let fewer = entry(2, 12, 100, &[("a", 2)]);
    assert_eq!(
        stuck(std::slice::from_ref(&first), &fewer),
        None,
        "fewer tests fail"
    );
    let other = entry(2, 12, 100, &[("b", 3)]);
    assert_eq!(
        stuck(std::slice::from_ref(&first), &other),
        None,
        "another cause"
    );
    // A build that was mended shows its failing tests for the first time.
    let build = entry(1, 11, 100, &[("a", 0)]);
    let tests = entry(2, 12, 100, &[("b", 5)]);
    assert_eq!(stuck(&[build], &tests), None);
    let mut passed = entry(1, 11, 100, &[("a", 3)]);
    passed.verdict = Verdict::Passed;
    let late = entry(2, 12, 100, &[("a", 3)]);
    assert_eq!(stuck(&[passed], &late), None, "it passed before");
}
