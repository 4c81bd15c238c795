//! `castellan gate` as a person meets it: exit codes, and what it says of bad input (X87).

use std::path::Path;

use super::{folder, samples};
use crate::cli::{castellan, said};

fn run(folder: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    said(
        &castellan(folder)
            .arg("gate")
            .args(arguments)
            .output()
            .unwrap(),
    )
}

#[test]
fn open_is_0_and_not_open_is_1() {
    for (name, code, part) in [
        (
            "15",
            0,
            "success (V26)\nT1: evidence is there, approved by bob\n",
        ),
        (
            "16",
            1,
            "in_progress (V24)\nT1: needs 1 more approval; alice asked for this work\n",
        ),
        (
            "M2b",
            1,
            "failure (M2)\n#2 was changed after it was allowed\n",
        ),
    ] {
        let (got, out, error) = run(&folder(), &[&format!("{name}.json")]);
        assert_eq!(got, Some(code), "{name}: {out}{error}");
        assert!(out.starts_with(part), "{name}: {out}");
        assert!(!out.contains("next: "), "{out}");
    }
    let (_, out, _) = run(&folder(), &["16.json", "--why"]);
    for part in [
        "MISSING approvals",
        "did not count: alice asked for this work",
        "kind: an agent's",
        "tier: T1 (low)\n  T1 no rule names it: src/lib.rs\n",
        "next: Somebody with write access",
    ] {
        assert!(out.contains(part), "{part} is not in\n{out}");
    }
    insta::assert_snapshot!(out);
}

/// Bad input: name, text, and what is said of it.
type Bad = Vec<(&'static str, Vec<u8>, &'static [&'static str])>;

/// The text of a good file, with one part of it replaced.
fn with(from: &str, to: &str) -> Vec<u8> {
    let good = std::fs::read_to_string(folder().join("15.json")).unwrap();
    assert!(good.contains(from), "{from}");
    good.replacen(from, to, 1).into_bytes()
}

fn no_facts() -> Bad {
    vec![
        ("empty", Vec::new(), &["1:0", "check brackets"]),
        ("no JSON", b"{facts".to_vec(), &["1:2", "check brackets"]),
        ("a list", b"[]".to_vec(), &["1:"]),
        ("not UTF-8", b"{\"about\": \"\xff\"}".to_vec(), &["1:"]),
        ("two documents", with("}\n", "}\n{}"), &["check brackets"]),
        (
            "a key twice",
            with("\"version\": 1,", "\"version\": 1, \"version\": 1,"),
            &["4:", "`version` stands twice; keep one"],
        ),
        (
            "a key twice in the policy",
            with(
                "\"about\":",
                "\"policy\": {\"ci\": {\"minutes\": 1, \"minutes\": 2}}, \"about\":",
            ),
            &["2:", "`minutes` stands twice"],
        ),
    ]
}

fn wrong_facts() -> Bad {
    vec![
        (
            "an unknown key",
            with("\"version\": 1,", "\"version\": 1, \"label\": \"safe\","),
            &["4:", "`label` is not known here", "castellan gate --schema"],
        ),
        (
            "an unknown key of a standing",
            with(
                "\"standing\": \"ended\",",
                "\"standing\": \"ended\", \"really\": true,",
            ),
            &["really"],
        ),
        (
            "an unknown key of the policy",
            with("\"about\":", "\"policy\": {\"gates\": 1}, \"about\":"),
            &["2:", "`gates` is not known here"],
        ),
        (
            "too few approvals",
            with(
                "\"about\":",
                "\"policy\": {\"gate\": {\"approvals\": {\"T3\": 1}}}, \"about\":",
            ),
            &["2:", "write a number from 2 to 6"],
        ),
        (
            "neutral",
            with(
                "\"conclusion\": \"success\",\n    \"decision\"",
                "\"conclusion\": \"neutral\",\n    \"decision\"",
            ),
            &["`neutral` is not known here"],
        ),
        (
            "version 2",
            with("\"version\": 1", "\"version\": 2"),
            &["4:", "write `\"version\": 1`"],
        ),
        (
            "a local time",
            with("2026-11-28T12:00:00Z", "2026-11-28T12:00:00+01:00"),
            &["5:", "RFC 3339 in UTC"],
        ),
    ]
}

fn large_facts() -> Bad {
    vec![
        (
            "a long text",
            with("\"main\"", &format!("\"{}\"", "x".repeat(256))),
            &["more than 255 characters"],
        ),
        (
            "deep",
            format!("{}{}", "[".repeat(100), "]".repeat(100)).into_bytes(),
            &["nested deeper"],
        ),
        (
            "very deep",
            "[".repeat(100_000).into_bytes(),
            &["nested deeper"],
        ),
        (
            "huge",
            vec![b' '; 8 * 1024 * 1024 + 1],
            &["larger than 8388608 bytes"],
        ),
        (
            "huge number",
            with("\"app\": 4242", "\"app\": 1e999"),
            &["6:"],
        ),
    ]
}

#[test]
fn x87_bad_input_is_2_with_place_and_remedy() {
    let place = tempfile::tempdir().unwrap();
    for (name, text, parts) in [no_facts(), wrong_facts(), large_facts()].concat() {
        std::fs::write(place.path().join("facts.json"), text).unwrap();
        let (code, out, error) = run(place.path(), &["facts.json"]);
        assert_eq!(code, Some(2), "{name}: {out}{error}");
        assert!(
            out.is_empty() && error.starts_with("castellan: facts.json:"),
            "{name}: {error}"
        );
        assert!(
            error.lines().count() == 1 && error.contains("; "),
            "{name}: {error}"
        );
        for part in parts {
            assert!(error.contains(part), "{name}: {part} is not in {error}");
        }
    }
    let (code, _, error) = run(place.path(), &["none.json"]);
    assert_eq!(code, Some(2), "{error}");
    assert!(error.contains("none.json"), "{error}");
}

#[test]
fn a_list_that_is_too_long_is_refused_and_not_cut() {
    let mut value: serde_json::Value = serde_json::to_value(super::sample("15")).unwrap();
    let threads = &mut value["facts"]["subject"]["pull_request"]["requesters"];
    *threads = serde_json::json!(vec![1; 101]);
    let place = tempfile::tempdir().unwrap();
    std::fs::write(place.path().join("facts.json"), value.to_string()).unwrap();
    let (code, _, error) = run(place.path(), &["facts.json"]);
    assert_eq!(code, Some(2), "{error}");
    assert!(error.contains("more than 100 entries"), "{error}");
}

#[test]
fn facts_are_written_as_they_are_read() {
    for (name, sample) in samples() {
        let text = serde_json::to_vec(&sample).unwrap();
        let again = castellan::domain::gate::read::read(&text);
        assert_eq!(again.as_ref(), Ok(&sample), "{name}");
    }
}
