//! `castellan digest` on files, archives and standard input.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use super::archive::archive;
use super::{folder, in_a_job, log};

pub(super) fn run(folder: &Path, args: &[&str], input: &[u8]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_castellan"))
        .arg("digest")
        .args(args)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // One that refuses what it was told does not read to the end.
    drop(child.stdin.take().unwrap().write_all(input));
    child.wait_with_output().unwrap()
}

pub(super) fn text(folder: &Path, args: &[&str], input: &[u8]) -> String {
    let out = run(folder, args, input);
    assert!(
        out.status.success(),
        "{}",
        String::from_utf8_lossy(&out.stderr)
    );
    String::from_utf8(out.stdout).unwrap()
}

#[test]
fn a_log_is_read_as_text_as_gzip_from_an_archive_and_from_standard_input() {
    let place = tempfile::tempdir().unwrap();
    let bytes = in_a_job(&log("pytest"), "pytest", 1);
    std::fs::write(place.path().join("plain.txt"), &bytes).unwrap();
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(&bytes).unwrap();
    let packed = packed.finish().unwrap();
    std::fs::write(place.path().join("packed.gz"), &packed).unwrap();
    let archive = archive(&[
        ("0_lint.txt", log("pass-pytest")),
        ("1_test.txt", bytes.clone()),
        ("test/2_Run pytest.txt", b"error: not this one\n".to_vec()),
    ]);
    std::fs::write(place.path().join("run.zip"), &archive).unwrap();

    let plain = text(place.path(), &["plain.txt"], b"");
    assert!(
        plain.contains("test_adds_two_numbers") && plain.contains("exit code 1"),
        "{plain}"
    );
    assert_eq!(text(place.path(), &["packed.gz"], b""), plain);
    // The archive names the job.
    let named = text(place.path(), &["run.zip"], b"");
    assert_eq!(named.replace("Job: test\n", ""), plain);
    assert!(named.contains("Job: test\n"), "{named}");
    assert_eq!(text(place.path(), &["-"], &bytes), plain);
    assert_eq!(text(place.path(), &["-"], &packed), plain);
    assert_eq!(text(place.path(), &["-"], &archive), named);
    assert!(
        text(place.path(), &["--tokens", "50", "-"], &bytes)
            .chars()
            .count()
            <= 200
    );
}

#[test]
fn the_step_list_the_reports_and_a_passing_log_are_used() {
    let place = tempfile::tempdir().unwrap();
    std::fs::write(place.path().join("steps.json"), r#"[{"name":"Set up","conclusion":"success"},{"name":"Unit tests","conclusion":"failure"}]"#).unwrap();
    std::fs::write(place.path().join("report.xml"), r#"<testsuite><testcase classname="a.B" name="reported"><failure message="no"/></testcase></testsuite>"#).unwrap();
    let passing = folder().join("pass-pytest.log");
    let json = text(
        place.path(),
        &[
            "--json",
            "--step-list",
            "steps.json",
            "--junit",
            "report.xml",
            "--baseline",
            passing.to_str().unwrap(),
            "-",
        ],
        &log("pytest"),
    );
    let found: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(found["step"]["name"], "Unit tests");
    let tests = found["tests"].as_array().unwrap();
    assert!(
        tests
            .iter()
            .any(|test| test["id"] == "a.B.reported" && test["message"] == "no"),
        "{json}"
    );
    assert!(
        found["excerpts"]
            .as_array()
            .unwrap()
            .iter()
            .any(|excerpt| excerpt["new"] == true),
        "{json}"
    );
    for key in [
        "markdown",
        "primary",
        "fingerprint",
        "class",
        "confidence",
        "diagnostics",
    ] {
        assert!(!found[key].is_null(), "{key}");
    }
}

#[test]
fn what_cannot_be_read_is_named() {
    let place = tempfile::tempdir().unwrap();
    std::fs::write(place.path().join("bad.json"), "no").unwrap();
    std::fs::write(place.path().join("bad.zip"), b"PK\x03\x04 and nothing").unwrap();
    std::fs::write(place.path().join("bad.gz"), b"\x1f\x8b and nothing").unwrap();
    for (args, said) in [
        (&["none.txt"][..], "none.txt"),
        (&["--step-list", "bad.json", "-"], "list of steps"),
        (&["--annotations", "bad.json", "-"], "list of annotations"),
        (&["bad.zip"], "archive"),
        (&["bad.gz"], "bad.gz"),
    ] {
        let out = run(place.path(), args, b"");
        let error = String::from_utf8_lossy(&out.stderr).into_owned();
        assert!(
            !out.status.success() && error.contains(said),
            "{args:?}: {error}"
        );
    }
}
