//! What holds for all groups of a merge queue.

use castellan::domain::gate::bounded::{List, Moment};
use castellan::domain::gate::facts::{Facts, Group, GroupState, Member, Subject};
use castellan::domain::gate::{Conclusion, Decision, judge};
use castellan::domain::ids::Number;
use castellan::domain::risk::Tier;
use castellan::domain::time::Timestamp;
use proptest::prelude::*;

use super::generated::oid;

fn member() -> impl Strategy<Value = Member> {
    let conclusion = prop_oneof![
        6 => Just(Conclusion::Success),
        1 => prop::sample::select(Conclusion::ALL.to_vec()),
    ];
    let parts = (
        conclusion,
        prop::bool::weighted(0.7),
        prop::bool::weighted(0.9),
        prop::bool::weighted(0.1),
    );
    (parts, prop::sample::select(Tier::ALL.to_vec())).prop_map(
        |((conclusion, agent, same, edits_policy), tier)| Member {
            number: Number(1),
            agent,
            head: oid(1),
            passed_head: Some(oid(if same { 1 } else { 2 })),
            conclusion,
            title: None,
            tier,
            edits_policy,
        },
    )
}

fn group(members: Vec<Member>, tier: Tier, active: bool) -> Facts {
    let mut facts = super::super::sample("15").facts;
    facts.subject = Subject::MergeGroup(Box::new(Group {
        head: oid(0xaa),
        state: if active {
            GroupState::Active
        } else {
            GroupState::Destroyed
        },
        since: Moment(Timestamp(facts.now.0.0 - 1000)),
        rebuilt_from: None,
        members: List::of(members),
        tier,
        all_entries_pass: false,
        ci: None,
    }));
    facts
}

proptest! {
    #[test]
    fn a_group_opens_only_where_each_member_may_be_merged_and_no_risk_is_added(
        members in prop::collection::vec(member(), 0..4),
        tier in prop::sample::select(Tier::ALL.to_vec()),
        active in prop::bool::weighted(0.9),
    ) {
        let facts = group(members.clone(), tier, active);
        let verdict = judge(&facts, &super::super::sample("15").policy);
        if verdict.conclusion.is_open() {
            prop_assert!(active && !members.is_empty());
            if members.iter().any(|one| one.agent || one.edits_policy) {
                prop_assert_eq!(verdict.decision, Decision::M1);
                prop_assert!(members.iter().all(|one| one.conclusion == Conclusion::Success));
                let judged = members.iter().filter(|one| one.agent || one.edits_policy);
                prop_assert!(judged.into_iter().all(|one| one.passed_head.as_ref() == Some(&one.head)));
                prop_assert!(members.iter().any(|one| one.tier >= tier));
            } else {
                prop_assert_eq!(verdict.decision, Decision::M5);
            }
        }
    }

    #[test]
    fn a_member_that_may_not_be_merged_closes_every_group(
        members in prop::collection::vec(member(), 0..4),
        at in 0_usize..4,
    ) {
        let mut members = members;
        let bad = Member { agent: true, conclusion: Conclusion::InProgress, ..good() };
        members.insert(at.min(members.len()), bad);
        let verdict = judge(&group(members, Tier::T0, true), &super::super::sample("15").policy);
        prop_assert_eq!(verdict.conclusion, Conclusion::Failure);
    }
}

fn good() -> Member {
    Member {
        number: Number(2),
        agent: true,
        head: oid(3),
        passed_head: Some(oid(3)),
        conclusion: Conclusion::Success,
        title: None,
        tier: Tier::T1,
        edits_policy: false,
    }
}
