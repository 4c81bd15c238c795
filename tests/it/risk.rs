//! Tiers of changes: the usual rules, those of policies, and what holds for all changes.

mod command;

use std::collections::BTreeMap;

use castellan::domain::ci::weakened::{Compared, weakenings};
use castellan::domain::gate::facts::Risk;
use castellan::domain::request::policy::{Policy, parse};
use castellan::domain::risk::{
    Class, Contents, Difference, Entry, FileDifference, Lines, Sizes, Tier, assess, edits_policy,
};
use proptest::prelude::*;

/// A change of files, each as `+path`, `-path` or `~path`, with ten lines each.
pub(crate) fn difference(files: &[&str]) -> Difference {
    let file = |text: &&str| {
        let (operation, path) = text.split_at(1);
        FileDifference {
            path: path.as_bytes().to_vec(),
            old: (operation != "+").then_some(Entry::File),
            new: (operation != "-").then_some(Entry::File),
        }
    };
    let files: Vec<FileDifference> = files.iter().map(file).collect();
    let lines = Lines::Text {
        added: 10,
        deleted: 0,
    };
    let counted = files
        .iter()
        .map(|file| (file.path.clone(), lines))
        .collect();
    Difference {
        files,
        sizes: Sizes::Counted(counted),
        contents: Contents::Compared(Vec::new()),
    }
}

fn usual(difference: &Difference) -> Tier {
    assess(difference, &Policy::default().risk, Tier::T0).tier
}

#[test]
fn the_usual_tiers_need_no_policy() {
    for (file, tier) in [
        ("~README.md", Tier::T0),
        ("+docs/guide.md", Tier::T0),
        ("-docs/guide.md", Tier::T1),
        ("+tests/a.rs", Tier::T0),
        ("~tests/a.rs", Tier::T1),
        ("-tests/a.rs", Tier::T3),
        ("~src/lib.rs", Tier::T1),
        ("+tests/login/auth_test.go", Tier::T3),
        ("~api/user.proto", Tier::T2),
        ("+logo.png", Tier::T2),
        ("~Cargo.toml", Tier::T3),
        ("~Cargo.lock", Tier::T3),
        ("~package.json", Tier::T3),
        ("+db/migrations/1.sql", Tier::T3),
        ("~src/auth/mod.rs", Tier::T3),
        ("~.github/workflows/ci.yml", Tier::T3),
        ("~.github/castellan.yml", Tier::T3),
        ("+AGENTS.md", Tier::T3),
        ("+docs/CLAUDE.md", Tier::T3),
        ("~infra/main.tf", Tier::T3),
        ("+tls/server.key", Tier::T3),
    ] {
        assert_eq!(usual(&difference(&[file])), tier, "{file}");
    }
    assert_eq!(usual(&difference(&[])), Tier::T0);
}

#[test]
fn each_rule_that_fired_is_named_with_the_file_that_fired_it() {
    let change = difference(&[
        "~src/lib.rs",
        "~b/Cargo.toml",
        "~a/Cargo.toml",
        "~README.md",
    ]);
    let assessment = assess(&change, &Policy::default().risk, Tier::T0);
    let fired = assessment.fired.iter();
    let fired: Vec<_> = fired
        .map(|one| {
            (
                one.tier,
                one.because.as_str(),
                one.path.as_deref(),
                one.more,
            )
        })
        .collect();
    assert_eq!(
        fired,
        [
            (Tier::T3, "dependencies", Some("a/Cargo.toml"), 1),
            (Tier::T1, "no rule names it", Some("src/lib.rs"), 0),
            (Tier::T0, "documentation", Some("README.md"), 0),
        ]
    );
}

#[test]
fn facts_of_the_gate_are_made_of_an_assessment() {
    let change = difference(&["~src/lib.rs", "~Cargo.toml"]);
    let assessment = assess(&change, &Policy::default().risk, Tier::T0);
    let risk = Risk::of(&assessment, false);
    assert_eq!((risk.tier, risk.rules.len()), (Tier::T3, 2));
    assert_eq!(risk.rules[0].path.as_deref(), Some("Cargo.toml"));
}

#[test]
fn a_rename_is_the_old_path_and_the_new_one() {
    assert_eq!(
        usual(&difference(&["-src/auth/login.rs", "+src/x.rs"])),
        Tier::T3
    );
    assert_eq!(
        usual(&difference(&["-.github/workflows/ci.yml", "+docs/ci.md"])),
        Tier::T3
    );
}

#[test]
fn what_is_unknown_is_t3() {
    let known = difference(&["~README.md"]);
    assert_eq!(usual(&known), Tier::T0);
    let uncounted = Difference {
        sizes: Sizes::Unknown,
        ..known.clone()
    };
    assert_eq!(usual(&uncounted), Tier::T3);
    let one_missing = Difference {
        sizes: Sizes::Counted(BTreeMap::new()),
        ..known.clone()
    };
    assert_eq!(usual(&one_missing), Tier::T3);
    let mut binary = BTreeMap::new();
    binary.insert(b"README.md".to_vec(), Lines::Binary);
    assert_eq!(
        usual(&Difference {
            sizes: Sizes::Counted(binary),
            ..known.clone()
        }),
        Tier::T3
    );
    let test = difference(&["~src/a_test.go"]);
    assert_eq!(usual(&test), Tier::T1);
    assert_eq!(
        usual(&Difference {
            contents: Contents::Unread,
            ..test
        }),
        Tier::T3
    );
    let mut odd = known.clone();
    odd.files[0].path = b"a\xff.md".to_vec();
    assert_eq!(usual(&odd), Tier::T3);
    for entry in [Entry::Link, Entry::Submodule, Entry::Odd] {
        let mut linked = known.clone();
        linked.files[0].new = Some(entry);
        assert_eq!(usual(&linked), Tier::T3, "{entry:?}");
    }
    let mut runs = known;
    runs.files[0].new = Some(Entry::Executable);
    assert_eq!(usual(&runs), Tier::T2);
}

#[test]
fn a_weakened_test_is_t3_wherever_it_is() {
    let found = weakenings(&[Compared {
        path: "src/a_test.go",
        before: Some(
            b"package a\nfunc TestA(t *testing.T) {\n\tif f() != 1 {\n\t\tt.Fatal()\n\t}\n}\n",
        ),
        after: Some(b"package a\n"),
    }]);
    assert!(!found.is_empty());
    let change = difference(&["~src/a_test.go"]);
    assert_eq!(
        usual(&Difference {
            contents: Contents::Compared(found),
            ..change
        }),
        Tier::T3
    );
}

#[test]
fn a_large_change_is_t2_and_a_huge_one_t3() {
    let lines = |added| {
        let change = difference(&["~src/a.rs"]);
        let mut counted = BTreeMap::new();
        counted.insert(b"src/a.rs".to_vec(), Lines::Text { added, deleted: 0 });
        usual(&Difference {
            sizes: Sizes::Counted(counted),
            ..change
        })
    };
    assert_eq!(
        [lines(400), lines(401), lines(2_000), lines(2_001)],
        [Tier::T1, Tier::T2, Tier::T2, Tier::T3]
    );
    let files = |count: usize| {
        let paths: Vec<String> = (0..count).map(|n| format!("~src/{n}.rs")).collect();
        let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
        let mut change = difference(&paths);
        change.sizes = Sizes::Counted(
            change
                .files
                .iter()
                .map(|file| {
                    (
                        file.path.clone(),
                        Lines::Text {
                            added: 0,
                            deleted: 0,
                        },
                    )
                })
                .collect(),
        );
        usual(&change)
    };
    assert_eq!(
        [files(50), files(51), files(200), files(201)],
        [Tier::T1, Tier::T2, Tier::T2, Tier::T3]
    );
}

const POLICY: &[u8] = b"
risk:
  classes:
    dependencies: T2
    media: T0
  rules:
    - tier: TX
      because: production keys
      paths: [deploy/keys/**]
    - tier: T0
      because: translations
      paths: ['locales/*.po']
      operations: [add, modify]
    - tier: T3
      because: billing in bulk
      paths: [src/billing/**]
      lines: 15
    - tier: T2
      paths: [gen/**]
      files: 1
";

#[test]
fn a_policy_adds_rules_and_moves_classes() {
    let policy = parse(POLICY).unwrap().risk;
    for (files, tier) in [
        (&["~Cargo.toml"][..], Tier::T2),
        (&["+logo.png"], Tier::T0),
        (&["+deploy/keys/a"], Tier::Tx),
        (&["~locales/de.po"], Tier::T0),
        (&["-locales/de.po"], Tier::T1),
        (&["~src/billing/a.rs"], Tier::T1),
        (&["~src/billing/a.rs", "~src/billing/b.rs"], Tier::T3),
        (&["~gen/a"], Tier::T1),
        (&["~gen/a", "~gen/b"], Tier::T2),
    ] {
        assert_eq!(
            assess(&difference(files), &policy, Tier::T0).tier,
            tier,
            "{files:?}"
        );
    }
    let floor = assess(&difference(&["~README.md"]), &policy, Tier::T2);
    assert_eq!(floor.tier, Tier::T2);
}

#[test]
fn x77_an_edit_of_the_policy_is_seen_in_any_spelling() {
    let edits = |file: &str| edits_policy(&difference(&[file]), ".github/workflows/castellan.yml");
    for file in [
        "~.github/castellan.yml",
        "-.github/castellan.yml",
        "+.GitHub/Castellan.yaml",
        "~.github/workflows/castellan.yml",
    ] {
        assert!(edits(file), "{file}");
    }
    for file in ["~src/castellan.yml", "~.github/workflows/ci.yml"] {
        assert!(!edits(file), "{file}");
    }
}

/// Paths of every kind.
const PATHS: [&str; 18] = [
    "README.md",
    "docs/a.md",
    "tests/a.rs",
    "src/a.rs",
    "src/a_test.go",
    "Cargo.toml",
    "Cargo.lock",
    "api/a.proto",
    "logo.png",
    "src/auth/a.rs",
    "db/migrations/1.sql",
    ".github/workflows/ci.yml",
    "AGENTS.md",
    "deploy/keys/a",
    "locales/de.po",
    "src/billing/a.rs",
    "gen/a",
    "gen/b",
];

fn change() -> impl Strategy<Value = Difference> {
    let entry = || {
        prop::sample::select(vec![
            None,
            Some(Entry::File),
            Some(Entry::File),
            Some(Entry::Executable),
            Some(Entry::Link),
        ])
    };
    let file = (entry(), entry(), 0_u64..900, any::<bool>());
    prop::collection::btree_map(prop::sample::select(PATHS.to_vec()), file, 0..7).prop_map(
        |files| {
            let mut difference = Difference {
                contents: Contents::Compared(Vec::new()),
                ..Difference::default()
            };
            let mut counted = BTreeMap::new();
            for (path, (old, new, added, binary)) in files {
                let new = if old.is_none() && new.is_none() {
                    Some(Entry::File)
                } else {
                    new
                };
                difference.files.push(FileDifference {
                    path: path.into(),
                    old,
                    new,
                });
                let lines = if binary && added > 700 {
                    Lines::Binary
                } else {
                    Lines::Text {
                        added,
                        deleted: added / 3,
                    }
                };
                counted.insert(path.as_bytes().to_vec(), lines);
            }
            difference.sizes = Sizes::Counted(counted);
            difference
        },
    )
}

/// Policies of every kind, with tiers that are turned around.
fn policy() -> impl Strategy<Value = Policy> {
    let tier = || prop::sample::select(Tier::ALL.to_vec());
    (
        any::<bool>(),
        prop::collection::btree_map(prop::sample::select(Class::ALL.to_vec()), tier(), 0..4),
    )
        .prop_map(|(with_rules, classes)| {
            let mut policy = if with_rules {
                parse(POLICY).unwrap()
            } else {
                Policy::default()
            };
            policy.risk.classes.extend(classes);
            policy
        })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1024, ..ProptestConfig::default() })]

    #[test]
    fn one_file_more_never_lowers_the_tier(change in change(), policy in policy(), at in any::<prop::sample::Index>()) {
        prop_assume!(!change.files.is_empty());
        let mut less = change.clone();
        less.files.remove(at.index(change.files.len()));
        let tier = |change: &Difference| assess(change, &policy.risk, Tier::T0).tier;
        prop_assert!(tier(&less) <= tier(&change));
    }

    #[test]
    fn more_lines_never_lower_the_tier(change in change(), policy in policy(), more in 0_u64..3_000) {
        let mut larger = change.clone();
        if let Sizes::Counted(counted) = &mut larger.sizes {
            for lines in counted.values_mut() {
                if let Lines::Text { added, .. } = lines {
                    *added += more;
                }
            }
        }
        let unknown = Difference { sizes: Sizes::Unknown, contents: Contents::Unread, ..change.clone() };
        let tier = |change: &Difference| assess(change, &policy.risk, Tier::T0).tier;
        prop_assert!(tier(&change) <= tier(&larger));
        prop_assert!(change.files.is_empty() || tier(&unknown) >= Tier::T3);
    }

    #[test]
    fn the_tier_is_the_highest_of_the_rules_that_fired(change in change(), policy in policy(), floor in prop::sample::select(Tier::ALL.to_vec())) {
        let assessment = assess(&change, &policy.risk, floor);
        let highest = assessment.fired.iter().map(|one| one.tier).max().unwrap_or_default();
        prop_assert_eq!(assessment.tier, highest.max(floor));
        prop_assert!(change.files.is_empty() || !assessment.fired.is_empty());
    }
}
