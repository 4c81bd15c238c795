//! An organisation's floor can only be raised by a policy: whatever a repository writes, no tier is lower,
//! and nothing opens with fewer approvals.

use std::collections::BTreeMap;

use castellan::domain::gate::judge;
use castellan::domain::request::policy::{Approvals, RiskPolicy, RiskRule, RiskRules};
use castellan::domain::risk::{Class, Tier, assess};
use proptest::prelude::*;

use super::generated::{Case, case};
use crate::risk::difference;

const FILES: [&str; 8] = [
    "~src/lib.rs",
    "+docs/guide.md",
    "~docs/guide.md",
    "-tests/a.rs",
    "+tests/b.rs",
    "~Cargo.lock",
    "~.github/workflows/ci.yml",
    "+logo.png",
];

fn tier() -> impl Strategy<Value = Tier> {
    prop::sample::select(Tier::ALL.to_vec())
}

fn rule() -> impl Strategy<Value = RiskRule> {
    let paths = prop::sample::select(vec!["**", "src/", "docs/", "tests/", "*.png"]);
    (tier(), paths, prop::option::of(0_u32..30)).prop_map(|(tier, path, lines)| RiskRule {
        tier,
        because: None,
        paths: vec![path.to_owned()],
        operations: Vec::new(),
        // As the parser has it: no rule of T0 is about sizes.
        lines: lines.filter(|_| tier != Tier::T0),
        files: None,
    })
}

fn policy() -> impl Strategy<Value = RiskPolicy> {
    let class = prop::sample::select(Class::ALL.to_vec());
    let classes = prop::collection::btree_map(class, tier(), 0..6);
    (classes, prop::collection::vec(rule(), 0..4)).prop_map(|(classes, rules)| RiskPolicy {
        classes,
        rules: RiskRules(rules),
    })
}

/// What makes as little of a change as a policy can.
fn weakest() -> RiskPolicy {
    let trivial = RiskRule {
        tier: Tier::T0,
        because: None,
        paths: vec!["**".to_owned()],
        operations: Vec::new(),
        lines: None,
        files: None,
    };
    RiskPolicy {
        classes: Class::ALL
            .iter()
            .map(|class| (*class, Tier::T0))
            .collect::<BTreeMap<_, _>>(),
        rules: RiskRules(vec![trivial]),
    }
}

fn approvals() -> impl Strategy<Value = Approvals> {
    (1_u8..4, 1_u8..4, 1_u8..4, 2_u8..5).prop_map(|(t0, t1, t2, t3)| Approvals { t0, t1, t2, t3 })
}

fn opens(case: &Case) -> bool {
    judge(&case.facts, &case.policy).conclusion.is_open()
}

proptest! {
    #[test]
    fn no_policy_makes_less_of_a_change_than_the_floor(
        own in policy(), floor in policy(), least in tier(),
        files in prop::sample::subsequence(FILES.to_vec(), 1..=FILES.len()),
    ) {
        let change = difference(&files);
        let of = |policy: &RiskPolicy| assess(&change, policy, least).tier;
        let both = of(&own.over(&floor));
        prop_assert!(both >= of(&own), "the floor lowers nothing");
        prop_assert!(both >= of(&weakest().over(&floor)), "no policy goes below the floor");
        prop_assert!(both >= least);
    }

    #[test]
    fn nothing_opens_with_fewer_approvals_than_the_organisation_asks_for(
        case in case(), own in approvals(), floor in approvals(), least in tier(),
    ) {
        let mut with_floor = case.clone();
        with_floor.policy.gate.approvals = own;
        with_floor.facts.organisation.approvals = floor;
        with_floor.facts.organisation.tier = least;
        let mut by_policy = case;
        by_policy.policy.gate.approvals = Approvals {
            t0: own.t0.max(floor.t0),
            t1: own.t1.max(floor.t1),
            t2: own.t2.max(floor.t2),
            t3: own.t3.max(floor.t3),
        };
        by_policy.facts.organisation.approvals = Approvals::default();
        by_policy.facts.organisation.tier = least;
        prop_assert_eq!(opens(&with_floor), opens(&by_policy));
        // Without any floor it is no harder.
        let mut without = with_floor.clone();
        without.facts.organisation.approvals = Approvals::default();
        without.facts.organisation.tier = Tier::T0;
        prop_assert!(!opens(&with_floor) || opens(&without));
    }
}
