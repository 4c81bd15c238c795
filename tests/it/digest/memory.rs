//! A log of any length is read in bounded memory.

use std::io::{Read as _, Write as _};
use std::process::{Command, Stdio};

use super::log;

/// What the digest may have, in bytes.
const MEMORY: u64 = 64 * 1024 * 1024;
/// Bytes that the test writes: more than there is room for, should the log be kept. The whole
/// gigabyte is for `cargo bench --bench digest`; without optimisation it would take minutes.
const WRITTEN: usize = 80 * 1024 * 1024;

/// The most memory that a process had so far, in bytes.
fn peak(id: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .unwrap();
    let kilobytes: u64 = line.trim().strip_suffix(" kB").unwrap().parse().unwrap();
    kilobytes * 1024
}

#[test]
fn a_log_streams_through_in_64_megabytes() {
    // The limit is the kernel's, so that it holds to the end, when nobody can look any more.
    let mut child = Command::new("prlimit")
        .args([&format!("--data={MEMORY}"), env!("CARGO_BIN_EXE_castellan")])
        .args(["digest", "--json", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let failing = [log("pytest"), log("cargo-build"), log("maven-test")].concat();
    let mut block = String::new();
    let mut written = 0;
    for at in 0.. {
        block.clear();
        // Progress, repeated failures, and failures that are each another one.
        for line in 0..2000 {
            block +=
                &format!("2026-01-02T03:04:05.{line:07}Z [{line}/2000] building {at}_{line}\n");
        }
        for line in 0..20 {
            block += &format!("src/a{at}.c:{line}:1: error: no such name `n{at}_{line}`\n");
        }
        input.write_all(block.as_bytes()).unwrap();
        input.write_all(&failing).unwrap();
        written += block.len() + failing.len();
        if written > WRITTEN {
            break;
        }
    }
    let most = peak(child.id());
    drop(input);
    let mut json = String::new();
    let mut output = child.stdout.take().unwrap();
    output.read_to_string(&mut json).unwrap();
    assert!(child.wait().unwrap().success());
    let found: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(found["bytes"], written);
    assert_eq!(found["failed"], true);
    assert!(most <= MEMORY, "{most} bytes");
}
