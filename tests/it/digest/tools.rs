//! Logs that real tools wrote when they failed, and what is true of them.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use castellan::digest::{Digest, LogLine};
use serde::Deserialize;

use super::{beside, folder, in_a_job, log, of};

#[derive(Deserialize)]
pub(super) struct Truth {
    pub(super) tool: String,
    pub(super) exit: i32,
    pub(super) class: String,
    primary: String,
    tests: Vec<String>,
    places: Vec<String>,
}

pub(super) fn truth() -> BTreeMap<String, Truth> {
    let text = std::fs::read_to_string(folder().join("truth.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

pub(super) fn class(digest: &Digest) -> String {
    serde_json::to_value(digest.class)
        .unwrap()
        .as_str()
        .unwrap()
        .to_owned()
}

fn places(digest: &Digest) -> Vec<String> {
    let column = |column: Option<u32>| {
        column
            .map(|column| format!(":{column}"))
            .unwrap_or_default()
    };
    digest
        .diagnostics
        .iter()
        .filter_map(|found| {
            Some(format!(
                "{}:{}{}",
                found.file.as_ref()?,
                found.line?,
                column(found.column)
            ))
        })
        .collect()
}

/// What is wrong with a digest, a line each.
fn wrong(truth: &Truth, found: &Digest) -> String {
    let mut wrong = String::new();
    if class(found) != truth.class {
        let _ = writeln!(wrong, "class {}", class(found));
    }
    let primary = found.primary.as_ref().map_or("", |line| line.text.as_str());
    if !primary.contains(&truth.primary) {
        let _ = writeln!(wrong, "primary {primary:?}");
    }
    let tests: Vec<&str> = found.tests.iter().map(|test| test.id.as_str()).collect();
    for test in truth
        .tests
        .iter()
        .filter(|test| !tests.contains(&test.as_str()))
    {
        let _ = writeln!(wrong, "no test {test:?} in {tests:?}");
    }
    let found = places(found);
    for place in truth.places.iter().filter(|place| !found.contains(place)) {
        let _ = writeln!(wrong, "no place {place:?} in {found:?}");
    }
    wrong
}

#[test]
fn what_real_tools_said_is_found() {
    let truth = truth();
    assert!(truth.len() >= 20, "fixtures are lost");
    let mut bad = String::new();
    for (name, truth) in &truth {
        let alone = wrong(truth, &of(&log(name)));
        let found = of(&in_a_job(&log(name), &truth.tool, truth.exit));
        let step = found.step.clone().unwrap_or_default();
        let mut within = wrong(truth, &found);
        if (step.name.as_str(), step.exit_code) != (truth.tool.as_str(), Some(truth.exit)) {
            let _ = writeln!(within, "step {step:?}");
        }
        if !alone.is_empty() || !within.is_empty() {
            let _ = writeln!(bad, "{name}\n{alone}in a job\n{within}");
        }
    }
    assert!(bad.is_empty(), "{bad}");
}

#[test]
fn the_digests_of_real_tools_read_so() {
    for name in truth().keys() {
        insta::with_settings!({ snapshot_path => "../snapshots/digest", prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!(name.as_str(), of(&log(name)).markdown);
        });
    }
}

#[test]
fn on_a_passing_log_it_says_that_nothing_failed() {
    for name in [
        "pass-cargo-test",
        "pass-pytest",
        "pass-jest",
        "pass-maven-test",
        "pass-go-test",
        "pass-gradle",
    ] {
        let found = of(&log(name));
        assert!(
            !found.failed
                && found.primary.is_none()
                && found.tests.is_empty()
                && found.fingerprint.is_none(),
            "{name}: {}",
            found.markdown
        );
        assert!(
            found.markdown.contains("Nothing failed"),
            "{name}: {}",
            found.markdown
        );
    }
    assert!(!of(b"").failed);
    // A job that ended well may have said what reads like a failure, and dealt with it.
    let words = "##[group]Run make\n##[endgroup]\nerror[E0308]: mismatched types\nTraceback (most recent call last):\n";
    let calm = "all good\n".repeat(20);
    let end = "Post job cleanup.\nCleaning up orphan processes\n";
    assert!(of(words.as_bytes()).failed);
    assert!(!of(format!("{words}{calm}{end}").as_bytes()).failed);
    // But a container that is a step ends without a word of the runner's.
    assert!(of(format!("{calm}{words}{end}").as_bytes()).failed);
}

#[test]
fn beside_a_passing_log_only_what_is_new_counts() {
    // The passing log says the same words of failure; only one line is new.
    let noise: String = (0..200)
        .map(|i| format!("error: cannot open cache {i}: No such file or directory\n"))
        .collect();
    let passing = format!("{noise}all done\n");
    let failing = format!("{noise}the answer is 41\nerror: cannot find the question\n");
    let found = beside(failing.as_bytes(), passing.as_bytes());
    assert_eq!(
        found.primary,
        Some(LogLine {
            line: 202,
            text: "error: cannot find the question".to_owned()
        })
    );
    assert!(
        found.markdown.contains("the answer is 41"),
        "{}",
        found.markdown
    );
    assert!(!beside(passing.as_bytes(), passing.as_bytes()).failed);
    for (name, pass) in [
        ("pytest", "pass-pytest"),
        ("maven-test", "pass-maven-test"),
        ("go-test", "pass-go-test"),
    ] {
        assert!(beside(&log(name), &log(pass)).failed, "{name}");
    }
}
