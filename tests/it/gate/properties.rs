//! What holds for all facts: nothing opens the gate without what its tier asks for, and nothing
//! that speaks against a change opens it.

mod floor;
mod generated;
mod queue;

use std::collections::BTreeSet;

use castellan::domain::ci::checks::{Conclusion as Ended, Standing};
use castellan::domain::gate::bounded::{List, Moment, Text};
use castellan::domain::gate::facts::{
    AccountKind, Fault, Opinion, Override, Pull, Review, SeenCheck, Shared, Steerer, Steering,
    Subject, Unread,
};
use castellan::domain::gate::show::{SUMMARY_CHARS, summary, terminal};
use castellan::domain::gate::verdict::TITLE_CHARS;
use castellan::domain::gate::{Conclusion, Decision, Kind, State, judge};
use castellan::domain::ids::{ReviewId, UserId};
use castellan::domain::risk::Tier;
use castellan::domain::time::Timestamp;
use generated::{Case, case};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;

fn is_open(case: &Case) -> bool {
    judge(&case.facts, &case.policy).conclusion.is_open()
}

fn pull(case: &mut Case) -> &mut Pull {
    match &mut case.facts.subject {
        Subject::PullRequest(pull) => pull,
        Subject::MergeGroup(_) => panic!("a pull request was generated"),
    }
}

fn with<T: Clone, const N: usize>(list: &List<T, N>, more: T) -> List<T, N> {
    let mut all = list.to_vec();
    all.push(more);
    List::of(all).unwrap()
}

/// Those whose latest opinion approves.
fn approvers(pull: &Pull) -> BTreeSet<UserId> {
    let latest = |by: UserId| {
        let own = pull.reviews.iter().filter(|one| one.by == by);
        let own = own.filter(|one| !matches!(one.opinion, Opinion::Commented | Opinion::Pending));
        own.max_by_key(|one| (one.at, one.id))
            .map(|one| one.opinion)
    };
    let all: BTreeSet<UserId> = pull.reviews.iter().map(|one| one.by).collect();
    all.into_iter()
        .filter(|by| latest(*by) == Some(Opinion::Approved))
        .collect()
}

/// What speaks against a change. None of it may open the gate.
const AGAINST: u8 = 15;

fn speak_against(case: &mut Case, what: u8) {
    let now = case.facts.now;
    match what {
        0..=4 => by_reviews(pull(case), what, now),
        5..=8 => by_evidence(pull(case), what),
        9..=11 => by_checks(pull(case), what),
        12 => {
            let other = Shared {
                number: castellan::domain::ids::Number(99),
                conclusion: Conclusion::Failure,
                decision: Decision::V13,
                title: Text::of("no CI"),
            };
            let pull = pull(case);
            pull.shared = with(&pull.shared, other);
        }
        13 => pull(case).overrides = List::default(),
        _ => {
            case.facts.published = None;
            case.facts.unread = Some(Unread {
                what: List::default(),
                since: now,
            });
        }
    }
}

/// An approval is gone, dismissed or turned around, or who gave it asked for or steered the work.
fn by_reviews(pull: &mut Pull, what: u8, now: Moment) {
    let Some(by) = approvers(pull).first().copied() else {
        return;
    };
    match what {
        0 => {
            let kept = pull.reviews.iter().filter(|one| one.by != by);
            pull.reviews = List::of(kept.cloned().collect()).unwrap();
        }
        1 | 2 => {
            let opinions = [Opinion::Dismissed, Opinion::ChangesRequested];
            let review = Review {
                id: ReviewId(9_999),
                by,
                opinion: opinions[usize::from(what - 1)],
                commit: Some(pull.head.clone()),
                at: now,
            };
            pull.reviews = with(&pull.reviews, review);
        }
        // With nobody who asked for it, nobody's approval counts at all.
        3 if !pull.requesters.is_empty() => pull.requesters = with(&pull.requesters, by),
        3 => {}
        _ => {
            let steerer = Steerer {
                id: by,
                by: Steering::Answer,
            };
            pull.steerers = with(&pull.steerers, steerer);
        }
    }
}

/// Evidence is worth less, or the tier is higher.
fn by_evidence(pull: &mut Pull, what: u8) {
    let pack = pull.evidence.pack.as_mut();
    match what {
        5 => {
            let tier = Tier::ALL.into_iter().find(|tier| *tier > pull.risk.tier);
            pull.risk.tier = tier.unwrap_or(Tier::Tx);
        }
        6 => {
            if let Some(pack) = pack {
                pack.faults = with(&pack.faults, Fault::Hash);
            }
        }
        7 => pull.evidence.pack = None,
        _ => {
            if let Some(pack) = pack {
                let kept = pack.sections.iter().skip(1).cloned();
                pack.sections = List::of(kept.collect()).unwrap();
            }
        }
    }
}

/// A check is red, on the head or on the test merge, or it is a draft.
fn by_checks(pull: &mut Pull, what: u8) {
    let red = |name| SeenCheck {
        standing: Standing::Ended(Ended::Failure),
        ..generated::green(name)
    };
    match what {
        9 => pull.ci.checks = with(&pull.ci.checks, red("test")),
        10 => pull.ci.test_merge = with(&pull.ci.test_merge, red("license")),
        _ => pull.draft = true,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2048, ..ProptestConfig::default() })]

    #[test]
    fn no_facts_make_it_panic_and_every_text_fits(case in case()) {
        let verdict = judge(&case.facts, &case.policy);
        prop_assert!(verdict.title.chars().count() <= TITLE_CHARS);
        prop_assert!(!verdict.title.is_empty() && !verdict.title.contains('\n'));
        prop_assert!(summary(&verdict).chars().count() <= SUMMARY_CHARS);
        prop_assert!(terminal(&verdict, true).contains(verdict.decision.as_str()));
        if verdict.conclusion == Conclusion::Success {
            use Decision as D;
            let opens = [D::V1, D::V3, D::V4, D::V6, D::V12, D::V26];
            prop_assert!(opens.contains(&verdict.decision), "{verdict:?}");
        }
        if verdict.decision == Decision::V26 {
            prop_assert!(verdict.requirements.iter().all(|one| one.state != State::NotMet));
        }
        prop_assert!(!verdict.title.contains("a defect of the gate"), "{verdict:?}");
    }

    /// Counted once more, in another way: without an override nothing of an agent opens at T1 or
    /// above that too few others have approved.
    #[test]
    fn nothing_of_an_agent_opens_without_approvals_of_others(case in case()) {
        let mut case = case;
        let verdict = judge(&case.facts, &case.policy);
        let judged = verdict.kind.is_some_and(Kind::is_tainted) && !case.policy.gate.solo;
        if verdict.decision != Decision::V26 || !judged {
            return Ok(());
        }
        let needs = match verdict.tier {
            Tier::T0 => return Ok(()),
            Tier::T1 | Tier::T2 => 1,
            Tier::T3 => 2,
            Tier::Tx => 99,
        };
        let pull = pull(&mut case);
        let foreign: BTreeSet<UserId> = pull
            .commits
            .iter()
            .filter(|one| !one.ours && !one.neutral_merge)
            .flat_map(|one| [one.author, one.committer, one.pusher])
            .flatten()
            .chain(pull.adoptions.iter().map(|one| one.by))
            .collect();
        let counted = pull.people.iter().filter(|one| {
            approvers(pull).contains(&one.id)
                && one.kind == AccountKind::User
                && one.access.role().is_some()
                && !pull.requesters.contains(&one.id)
                && !foreign.contains(&one.id)
        });
        prop_assert!(counted.count() >= needs, "{verdict:?}");
        prop_assert!(!pull.draft && pull.evidence.pack.is_some());
    }

    #[test]
    fn nothing_that_speaks_against_a_change_opens_the_gate(case in case(), what in 0..AGAINST) {
        let mut worse = case.clone();
        speak_against(&mut worse, what);
        prop_assert!(!is_open(&worse) || is_open(&case), "{what} opened it: {case:?}");
    }

    #[test]
    fn the_order_of_lists_says_nothing(case in case()) {
        let mut other = case.clone();
        let turned = pull(&mut other);
        turned.reviews = List::of(turned.reviews.iter().rev().cloned().collect()).unwrap();
        turned.people = List::of(turned.people.iter().rev().cloned().collect()).unwrap();
        turned.ci.checks = List::of(turned.ci.checks.iter().rev().cloned().collect()).unwrap();
        let one = judge(&case.facts, &case.policy);
        let two = judge(&other.facts, &other.policy);
        prop_assert_eq!((one.conclusion, one.decision), (two.conclusion, two.decision));
    }

    #[test]
    fn an_override_is_for_its_own_head_only(case in case(), by in 1_i64..7) {
        let mut other = case.clone();
        let now = other.facts.now;
        let pull = pull(&mut other);
        let said = Override {
            by: UserId(by),
            head: generated::oid(0x77),
            reason: Text::of("another head"),
            at: now,
        };
        pull.overrides = with(&pull.overrides, said);
        prop_assert_eq!(is_open(&other), is_open(&case));
    }
}

/// Without this the properties could hold because nothing ever opens.
#[test]
fn generated_facts_open_the_gate_often_enough() {
    let mut runner = TestRunner::deterministic();
    let (mut open, mut closed_by) = (0, BTreeSet::new());
    let mut bites = BTreeSet::new();
    for _ in 0..3_000 {
        let case = case().new_tree(&mut runner).unwrap().current();
        let verdict = judge(&case.facts, &case.policy);
        if verdict.decision != Decision::V26 {
            closed_by.insert(verdict.decision);
            continue;
        }
        open += 1;
        for what in 0..AGAINST {
            let mut worse = case.clone();
            speak_against(&mut worse, what);
            if !is_open(&worse) {
                bites.insert(what);
            }
        }
    }
    assert!(open > 100, "{open}");
    assert!(closed_by.len() > 15, "{closed_by:?}");
    // Overrides (13) matter only where one opens it.
    let all: BTreeSet<u8> = (0..AGAINST).filter(|what| *what != 13).collect();
    assert_eq!(bites, all);
}

#[test]
fn v25_threads_count_where_the_policy_says_so() {
    let mut sample = super::sample("15");
    let Subject::PullRequest(pull) = &mut sample.facts.subject else {
        panic!("15 is a pull request");
    };
    pull.unresolved_threads = 2;
    assert!(judge(&sample.facts, &sample.policy).conclusion.is_open());
    sample.policy.gate.resolved_threads = true;
    let verdict = judge(&sample.facts, &sample.policy);
    assert_eq!(
        (verdict.decision, verdict.conclusion),
        (Decision::V25, Conclusion::InProgress)
    );
    assert_eq!(verdict.title, "T1: 2 threads are not resolved");
}

/// Which moments are the last that count.
#[test]
fn limits_of_time_hold_to_the_millisecond() {
    let judged = |name: &str, change: &dyn Fn(&mut castellan::domain::gate::facts::Facts)| {
        let mut sample = super::sample(name);
        change(&mut sample.facts);
        judge(&sample.facts, &sample.policy).conclusion
    };
    let now = super::sample("15").facts.now.0;
    let since = |ms: i64| {
        move |facts: &mut castellan::domain::gate::facts::Facts| {
            facts.unread.as_mut().unwrap().since = Moment(Timestamp(now.0 - ms));
        }
    };
    assert_eq!(judged("44a", &since(600_000)), Conclusion::Success);
    assert_eq!(judged("44a", &since(600_001)), Conclusion::InProgress);
    assert_eq!(judged("44a", &since(-1)), Conclusion::InProgress);
    let waited = |ms: i64| {
        move |facts: &mut castellan::domain::gate::facts::Facts| {
            let Subject::PullRequest(pull) = &mut facts.subject else {
                panic!("a pull request");
            };
            pull.ci.since = Moment(Timestamp(now.0 - ms));
        }
    };
    assert_eq!(judged("11a", &waited(7_199_999)), Conclusion::InProgress);
    assert_eq!(judged("11a", &waited(7_200_000)), Conclusion::TimedOut);
}
