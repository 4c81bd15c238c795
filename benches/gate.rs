//! The gate with 1,000 open pull requests ([`reviews`]), and `castellan risk` on 10,000 changed
//! files of 100,000, beside `git diff --raw` over the same two commits in the same run. Ends with
//! one JSON object; the ratios are to the aims, and above 1 is better.
//!
//! So many files are T3 by their number, so that neither lines nor contents are looked at.
//! `-- risk` and `-- reviews` measure one of both.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench fails by panicking, and prints"
)]

mod reviews;
mod world;

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use serde_json::{Map, Value, json};

const CASTELLAN: &str = env!("CARGO_BIN_EXE_castellan");
/// Files of the repository, and those that the change touches.
const FILES: (usize, usize) = (100_000, 10_000);
/// The most times that `git diff --raw` may take.
const TO_GIT: f64 = 3.0;
/// Runs that are measured; the fastest counts, as others use the machine, too.
const RUNS: usize = 5;

/// Aims: milliseconds from a review to the updated check, at the median and at the 99th of 100;
/// calls for it; seconds until a stricter policy has shut 1,000 open gates.
const P50_MS: f64 = 300.0;
const P99_MS: f64 = 1_000.0;
const CALLS: f64 = 4.0;
const TIGHTEN_S: f64 = 600.0;

#[tokio::main]
async fn main() {
    let only: Vec<String> = std::env::args().skip(1).collect();
    let is_asked = |what: &str| {
        let named = |one: &String| ["risk", "reviews"].contains(&one.as_str());
        !only.iter().any(named) || only.iter().any(|one| one == what)
    };
    let (mut results, mut ratios) = (Map::new(), Map::new());
    if is_asked("risk") {
        let (git_s, risk_s) = risk();
        results.extend(named([
            ("git_ms", git_s * 1e3),
            ("risk_ms", risk_s * 1e3),
            ("to_git", risk_s / git_s),
        ]));
        ratios.extend(named([("to_git", TO_GIT / (risk_s / git_s))]));
    }
    if is_asked("reviews") {
        let seen = reviews::measured().await;
        let calls = seen.calls as f64;
        results.extend(named([
            ("p50_ms", seen.p50_ms),
            ("p99_ms", seen.p99_ms),
            ("calls", calls),
            ("tighten_s", seen.tighten_s),
        ]));
        ratios.extend(named([
            ("p50_ms", P50_MS / seen.p50_ms),
            ("p99_ms", P99_MS / seen.p99_ms),
            ("calls", CALLS / calls),
            ("tighten_s", TIGHTEN_S / seen.tighten_s),
        ]));
    }
    let object = json!({"bench": "gate", "results": results, "ratios": ratios});
    println!("{object}");
}

fn named<const N: usize>(values: [(&str, f64); N]) -> Map<String, Value> {
    let values = values.into_iter();
    values
        .map(|(name, value)| (name.to_owned(), json!(round(value))))
        .collect()
}

/// Seconds of `git diff --raw`, and of `castellan risk`.
fn risk() -> (f64, f64) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    git(path, &["init", "-q", "-b", "main"], "");
    git(path, &["fast-import", "--quiet"], &history());
    git(path, &["repack", "-adq"], "");
    let raw = ["diff", "--raw", "--no-renames", "main...work"];
    let git_s = fastest(|| run(path, "git", &raw, ":100644"));
    let risk = ["risk", "--base", "main", "--head", "work"];
    let risk_s = fastest(|| run(path, CASTELLAN, &risk, "T3 (high)"));
    (git_s, risk_s)
}

/// A commit of all files, and one upon it that changes every tenth, as `git fast-import` reads it.
fn history() -> String {
    let mut out = String::new();
    let step = FILES.0 / FILES.1;
    for (branch, mark, step) in [("main", 1, 1), ("work", 2, step)] {
        let text = format!(
            "commit refs/heads/{branch}\nmark :{mark}\ncommitter a <a@example.com> {mark} +0000\ndata 1\na\n"
        );
        out.push_str(&text);
        if mark == 2 {
            out.push_str("from :1\n");
        }
        for at in (0..FILES.0).step_by(step) {
            let content = format!("fn f{at}() -> u32 {{\n    {at} + {mark}\n}}\n");
            let (folder, len) = (at / 100, content.len());
            let entry = format!("M 644 inline src/m{folder}/f{at}.rs\ndata {len}\n{content}\n");
            out.push_str(&entry);
        }
        out.push('\n');
    }
    out
}

fn git(folder: &Path, arguments: &[&str], input: &str) {
    let mut child = Command::new("git")
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(input.as_bytes())
        .unwrap();
    assert!(child.wait().unwrap().success());
}

/// Seconds of one run, whose output has to begin as it should.
fn run(folder: &Path, program: &str, arguments: &[&str], begins: &str) -> f64 {
    let start = Instant::now();
    let output = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap();
    let took_s = start.elapsed().as_secs_f64();
    let said = String::from_utf8_lossy(&output.stdout);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(said.starts_with(begins), "{arguments:?}: {error}");
    took_s
}

fn fastest(mut measured: impl FnMut() -> f64) -> f64 {
    (0..RUNS).map(|_| measured()).fold(f64::INFINITY, f64::min)
}

fn round(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}
