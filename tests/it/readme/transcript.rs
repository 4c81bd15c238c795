//! The demo's output in the README is what the real `castellan demo --exit` prints.

use std::process::Command;

use regex::Regex;

use super::compare;
use crate::left_out::left_out;
use crate::sandbox::{sandbox_for, system};

const EVIDENCE_AFTER_READY: &str =
    r"(?m)^(castellan\[bot\] marked .*\n)(check agent-evidence .*\n  \| .*\n)";
/// What differs from run to run, and what stands in the README for it.
const MASKS: [(&str, &str); 18] = [
    (r"http://127\.0\.0\.1:[0-9]+", "http://127.0.0.1:8787"),
    (r"\bt[0-9a-z]{12}\b", "t000000000000"),
    (r"key=[0-9a-z]+", "key=0000"),
    (r"(?m)^ +[0-9]+\.[0-9] s  ", "   0.0 s  "),
    (r"\b[0-9]+\.[0-9] s\b", "0.0 s"),
    // What a runner is doing is told at intervals, and a short story may end between two.
    (r"(?m)^   0\.0 s  runner: .*\n", ""),
    // So may what the gate says between a push and its record.
    (
        r"(?m)^check agent-gate / main \(Castellan\): action_required\n  \| .*\n",
        "",
    ),
    // On a busy machine the runner may be there before GitHub's answer is read.
    (
        r"(?m)^(   0\.0 s  A runner took .*\n)(   0\.0 s  GitHub took .*\n)",
        "$2$1",
    ),
    (
        r"(?m)^(   0\.0 s  The run proved .*\n)(   0\.0 s  GitHub took .*\n)",
        "$2$1",
    ),
    // Marking ready, the comment and the page of evidence are three workers' calls.
    (EVIDENCE_AFTER_READY, "$2$1"),
    (
        r"(?m)^(castellan\[bot\] commented\n(?:  \|.*\n)+)(check agent-evidence .*\n  \| .*\n)",
        "$2$1",
    ),
    (EVIDENCE_AFTER_READY, "$2$1"),
    (
        r"(?m)^(castellan\[bot\] marked .*\n)(castellan\[bot\] commented\n(?:  \|.*\n)+)",
        "$2$1",
    ),
    (r"in [0-9.]+s\b", "in 0.000s"),
    (r"at (`?)[0-9a-f]{7}\b", "at ${1}0000000"),
    // The sweep at the start may still be asking, and the gate is judged as things happen.
    (r"; [0-9]+ calls", "; … calls"),
    (r"(content|other|reads|tokens) [0-9]+", "$1 …"),
    (r"run 17[0-9]+", "run 17000000001"),
];

#[tokio::test]
async fn the_readme_has_the_demo_s_transcript() {
    let name = "the_readme_has_the_demo_s_transcript";
    if sandbox_for(name).await.is_none() {
        return;
    }
    if castellan::sandbox::locate("python3", &system()).is_none() {
        left_out(
            name,
            "the sample repository needs python3, which is not installed",
        );
        return;
    }
    let output = Command::new(env!("CARGO_BIN_EXE_castellan"))
        .args(["demo", "--exit"])
        .env_clear()
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}{error}");
    let masked = MASKS.iter().fold(said, |text, (pattern, mask)| {
        Regex::new(pattern)
            .unwrap()
            .replace_all(&text, *mask)
            .into_owned()
    });
    compare(
        "transcript",
        &format!("```text\n{}\n```", masked.trim_end()),
    );
}
