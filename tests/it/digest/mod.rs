//! The digest of failed jobs: what it finds in logs that real tools wrote, what it promises of
//! any log, and the command.

mod annotations;
mod archive;
mod command;
mod confusion;
mod fingerprint;
mod memory;
mod mutations;
mod promises;
mod tools;

use std::path::PathBuf;

use castellan::digest::{Baseline, Digest, Options, digest};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/digest")
}

/// The bytes of a log of `fixtures/digest`.
fn log(name: &str) -> Vec<u8> {
    std::fs::read(folder().join(format!("{name}.log"))).unwrap()
}

fn of(log: &[u8]) -> Digest {
    digest(log, Options::default()).unwrap()
}

fn within(log: &[u8], tokens: usize) -> Digest {
    digest(
        log,
        Options {
            tokens,
            ..Options::default()
        },
    )
    .unwrap()
}

fn beside(log: &[u8], passing: &[u8]) -> Digest {
    let baseline = Baseline::read(passing).unwrap();
    digest(
        log,
        Options {
            baseline: Some(&baseline),
            ..Options::default()
        },
    )
    .unwrap()
}

/// A log as GitHub Actions keeps one: with a step's script, time stamps, and what follows.
fn in_a_job(log: &[u8], command: &str, code: i32) -> Vec<u8> {
    let text = String::from_utf8_lossy(log);
    let lines = [
        "Current runner version: '2.334.0'".to_owned(),
        "##[group]Run actions/checkout@v5".to_owned(),
        "with:".to_owned(),
        "##[endgroup]".to_owned(),
        "Syncing repository: example/adds".to_owned(),
        format!("##[group]Run {command}"),
        command.to_owned(),
        "shell: /usr/bin/bash -e {0}".to_owned(),
        "##[endgroup]".to_owned(),
    ];
    let end = [
        format!("##[error]Process completed with exit code {code}."),
        "Post job cleanup.".to_owned(),
        "[command]/usr/bin/git version".to_owned(),
        "git version 2.51.0".to_owned(),
        "Cleaning up orphan processes".to_owned(),
    ];
    let all = lines
        .into_iter()
        .chain(text.lines().map(str::to_owned))
        .chain(end);
    all.enumerate()
        .map(|(at, line)| {
            format!(
                "2026-01-02T03:{:02}:{:02}.1234567Z {line}\r\n",
                at / 60 % 60,
                at % 60
            )
        })
        .collect::<String>()
        .into_bytes()
}
