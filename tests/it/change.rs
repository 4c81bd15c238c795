//! Changes as data: the corpus of X50 to X60 and X63 to X65 with every sentence, and properties.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use castellan::domain::change::{
    Accepted, Change, ChangeRefusal, ChangeRules, FileChange, Operation, REFUSALS, TreeEntry,
    check, is_git_name,
};
use castellan::domain::ids::{Oid, RepositoryId, Sha256Hex, TaskId};
use castellan::domain::request::contract::{Source, read};
use castellan::domain::request::policy::{Policy, parse};
use proptest::prelude::*;
use serde::Deserialize;

#[derive(Deserialize)]
struct Case {
    name: String,
    change: Vec<Entry>,
    /// Part of one sentence; absent where the change is accepted.
    expect: Option<String>,
    policy: Option<String>,
    #[serde(default)]
    scope: Vec<String>,
    #[serde(default)]
    tree: Vec<String>,
}

#[derive(Deserialize)]
struct Entry {
    path: String,
    op: String,
    mode: Option<String>,
    text: Option<String>,
    base64: Option<String>,
    /// A text in parts, so that no scanner takes this repository's fixtures for leaks.
    #[serde(default)]
    parts: Vec<String>,
    base: Option<String>,
}

const OLD: &[(&str, &str, &str)] = &[
    ("README.md", "100644", "old\n"),
    ("src/lib.rs", "100644", "old\n"),
    ("src/main.rs", "100644", "old\n"),
    ("docs/caf\u{e9}.md", "100644", "old\n"),
    ("docs/stra\u{df}e.md", "100644", "old\n"),
    ("docs/rtl.md", "100644", "right \u{202e} left"),
    (
        "docs/key.md",
        "100644",
        concat!("key AKIA", "QWERTYUIOPASDFGH\n"),
    ),
    (".github/workflows/ci.yml", "100644", "on: push\n"),
    ("link", "120000", "src"),
    ("sub", "160000", ""),
];

fn oid(path: &str) -> Oid {
    Sha256Hex::of(path).as_str().parse().unwrap()
}

fn tree(more: &[String]) -> Vec<TreeEntry> {
    let known = OLD.iter().map(|(path, mode, _)| (*path, *mode));
    let more = more.iter().map(|path| (path.as_str(), "100644"));
    known
        .chain(more)
        .map(|(path, mode)| TreeEntry {
            path: path.as_bytes().to_vec(),
            mode: mode.to_owned(),
            oid: oid(path),
        })
        .collect()
}

fn old(path: &str) -> Option<Vec<u8>> {
    OLD.iter()
        .find(|(known, _, _)| *known == path)
        .map(|(_, _, text)| text.as_bytes().to_vec())
}

fn file(entry: &Entry) -> FileChange {
    let operation = match entry.op.as_str() {
        "add" => Operation::Add,
        "modify" => Operation::Modify,
        _ => Operation::Delete,
    };
    let text = entry.text.clone().unwrap_or_else(|| entry.parts.concat());
    let content = match &entry.base64 {
        Some(encoded) => BASE64_STANDARD.decode(encoded).unwrap(),
        None => text.into_bytes(),
    };
    let base_blob = match (entry.base.as_deref(), operation) {
        (Some("wrong"), _) => Some(oid("another")),
        (Some(_), _) | (None, Operation::Add) => None,
        (None, Operation::Modify | Operation::Delete) => Some(oid(&entry.path)),
    };
    let mode = entry.mode.clone().unwrap_or_else(|| String::from("100644"));
    FileChange {
        path: entry.path.clone(),
        operation,
        mode,
        content,
        base_blob,
    }
}

fn rules(policy: &Policy, scope: &[String]) -> ChangeRules {
    let mut contract = read(
        &Source {
            title: String::from("x"),
            ..Source::default()
        },
        &Policy::default(),
    )
    .contract;
    contract.scope = scope.to_vec();
    ChangeRules::new(policy, &contract).unwrap()
}

fn run(case: &Case) -> Result<Accepted, Vec<ChangeRefusal>> {
    let policy = parse(case.policy.as_deref().unwrap_or("").as_bytes()).unwrap();
    let change = Change {
        files: case.change.iter().map(file).collect(),
    };
    check(
        &change,
        &tree(&case.tree),
        &rules(&policy, &case.scope),
        &old,
    )
}

/// Runs one corpus file and shows every sentence of it.
fn corpus(key: &str, text: &str) -> String {
    let cases: Vec<Case> = serde_json::from_str(text).unwrap();
    let mut shown = String::new();
    for case in &cases {
        writeln!(shown, "{key} {}", case.name).unwrap();
        match (run(case), &case.expect) {
            (Ok(accepted), None) => writeln!(shown, "  accepted: {:?}", accepted.facts).unwrap(),
            (Err(refusals), Some(expected)) => {
                let sentences: Vec<String> = refusals.iter().map(ToString::to_string).collect();
                assert!(
                    sentences.iter().any(|s| s.contains(expected)),
                    "{key} {}: {sentences:#?}",
                    case.name
                );
                for sentence in sentences {
                    assert!(
                        !sentence.contains('\n') && sentence.ends_with('.'),
                        "{sentence:?}"
                    );
                    writeln!(shown, "  {sentence}").unwrap();
                }
            }
            (outcome, expected) => {
                panic!("{key} {}: {outcome:?}, expected {expected:?}", case.name)
            }
        }
    }
    shown
}

macro_rules! corpora {
    ($($test:ident: $key:literal;)*) => {$(
        #[test]
        fn $test() {
            insta::assert_snapshot!(corpus($key, include_str!(concat!("../../fixtures/changes/", $key, ".json"))));
        }
    )*};
}

corpora! {
    x50_paths_that_are_none: "x50";
    x51_git_s_own_names: "x51";
    x52_symbolic_links: "x52";
    x53_submodules: "x53";
    x54_modes: "x54";
    x55_places_that_people_change: "x55";
    x56_renames_are_two_entries: "x56";
    x57_names_that_collide: "x57";
    x58_sizes_and_binaries: "x58";
    x59_contents_that_deceive: "x59";
    x60_another_base: "x60";
    x63_secrets: "x63";
}

#[test]
fn x50_a_path_that_is_not_utf8_is_no_change() {
    let bytes = b"{\"files\":[{\"path\":\"\xff\",\"operation\":\"add\",\"mode\":\"100644\",\"content\":\"\",\"base_blob\":null}]}";
    assert!(serde_json::from_slice::<Change>(bytes).is_err());
}

#[test]
fn x63_no_sentence_shows_a_secret() {
    let cases: Vec<Case> =
        serde_json::from_str(include_str!("../../fixtures/changes/x63.json")).unwrap();
    for case in cases.iter().filter(|case| case.expect.is_some()) {
        let shown = run(case)
            .unwrap_err()
            .iter()
            .map(ToString::to_string)
            .collect::<String>();
        for entry in &case.change {
            // The first part is an ordinary line, the second may be an ordinary name.
            for part in entry.parts.iter().skip(2).filter(|part| part.len() > 6) {
                assert!(!shown.contains(part.as_str()), "{}: {shown}", case.name);
            }
            assert!(
                entry.parts.len() > 1 || !shown.contains("aB3dE6gH9"),
                "{}: {shown}",
                case.name
            );
        }
    }
}

#[test]
fn x64_a_change_carries_no_author() {
    for extra in [
        "\"author\":\"mallory\"",
        "\"message\":\"x\"",
        "\"branch\":\"main\"",
    ] {
        let text = format!("{{\"files\":[],{extra}}}");
        assert!(serde_json::from_str::<Change>(&text).is_err(), "{text}");
    }
}

#[test]
fn x65_a_branch_is_made_of_the_task_s_name_only() {
    let task = TaskId::of_request(RepositoryId(1), "label:../main");
    assert!(
        task.branch()
            .strip_prefix("castellan/t")
            .is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_alphanumeric()))
    );
    assert_eq!(TaskId::of_branch(&task.branch()), Some(task));
    for branch in [
        "castellan/../main",
        "refs/heads/main",
        "HEAD",
        "castellan/",
        "castellan/t4k9w0x2m7c1q/x",
        "refs/heads/castellan/t4k9w0x2m7c1q",
        "gh-readonly-queue/main/pr-1",
        "castellan/T4K9W0X2M7C1Q",
    ] {
        assert_eq!(TaskId::of_branch(branch), None, "{branch}");
    }
}

#[test]
fn every_reason_is_told_at_once_sorted_and_bounded() {
    let entry = |path: String| FileChange {
        path,
        operation: Operation::Add,
        mode: String::from("100644"),
        content: Vec::new(),
        base_blob: None,
    };
    let files = (0..150).rev().map(|i| entry(format!("../{i}"))).collect();
    let refusals = check(
        &Change { files },
        &[],
        &rules(&Policy::default(), &[]),
        &old,
    )
    .unwrap_err();
    assert_eq!(refusals.len(), REFUSALS + 1);
    assert_eq!(
        refusals.last().unwrap().to_string(),
        "There are 100 more reasons; mend these first."
    );
    let sorted = refusals.windows(2).all(|pair| pair[0] <= pair[1]);
    assert!(sorted);
}

fn nasty_path() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        6 => prop::sample::select(vec![
            ".git", ".GIT", "git~1", ".g\u{200b}it", ".git.", ".git ", ".git::$DATA", "..", ".", "", "src", "SRC", "a", "A", "lib.rs",
            "Lib.rs", ".github", "workflows", "ci.yml", "\u{ff47}", ".gitmodules", "link", "sub", "README.md", "con", "\\", "C:", "AGENTS.md",
            "cafe\u{301}.md", "docs",
        ]).prop_map(str::to_owned),
        1 => any::<String>(),
    ];
    prop::collection::vec(part, 1..5).prop_map(|parts| parts.join("/"))
}

fn nasty_file() -> impl Strategy<Value = FileChange> {
    let mode = prop::sample::select(vec![
        "100644", "100644", "100755", "120000", "160000", "040000", "100600",
    ]);
    let operation = prop::sample::select(vec![
        Operation::Add,
        Operation::Add,
        Operation::Modify,
        Operation::Delete,
    ]);
    let content = prop_oneof![
        Just(Vec::new()),
        any::<String>().prop_map(String::into_bytes),
        any::<Vec<u8>>()
    ];
    (nasty_path(), operation, mode, content, any::<bool>()).prop_map(
        |(path, operation, mode, content, right)| {
            let base_blob = right
                .then(|| oid(&path))
                .filter(|_| operation != Operation::Add);
            FileChange {
                path,
                operation,
                mode: mode.to_owned(),
                content,
                base_blob,
            }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_that_folds_to_git_or_leaves_the_tree_is_accepted(file in nasty_file()) {
        let path = file.path.clone();
        let accepted = check(&Change { files: vec![file] }, &tree(&[]), &rules(&Policy::default(), &[]), &old);
        if accepted.is_ok() {
            // A reading of its own: parts, without what cannot be seen, in lower case.
            for part in path.split(['/', '\\']) {
                let folded: String = part.chars().filter(|c| c.is_ascii_graphic()).collect::<String>().to_lowercase();
                let folded = folded.trim_end_matches(['.', ' ']);
                prop_assert!(folded != ".git" && !folded.starts_with("git~") && !folded.starts_with(".git:"), "{path:?}");
                prop_assert!(part != ".." && part != "." && !part.is_empty(), "{path:?}");
            }
            prop_assert!(!is_git_name(&path));
            prop_assert!(!path.to_lowercase().starts_with(".github/workflows"), "{path:?}");
            prop_assert!(!path.starts_with("link/") && !path.starts_with("sub/"), "{path:?}");
        }
    }

    #[test]
    fn more_entries_never_turn_a_refusal_into_acceptance(files in prop::collection::vec(nasty_file(), 1..4), more in nasty_file(), at in 0_usize..4) {
        let rules = rules(&Policy::default(), &[]);
        let without = check(&Change { files: files.clone() }, &tree(&[]), &rules, &old);
        let mut with = files;
        with.insert(at.min(with.len()), more);
        let with = check(&Change { files: with }, &tree(&[]), &rules, &old);
        prop_assert!(without.is_ok() || with.is_err());
    }

    #[test]
    fn sentences_are_one_safe_line(file in nasty_file()) {
        if let Err(refusals) = check(&Change { files: vec![file] }, &tree(&[]), &rules(&Policy::default(), &[]), &old) {
            for refusal in refusals {
                let sentence = refusal.to_string();
                prop_assert!(!sentence.contains('\n') && sentence.chars().all(castellan::domain::text::is_visible));
                prop_assert!(sentence.chars().count() < 2_000);
            }
        }
    }
}
