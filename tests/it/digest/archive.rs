//! `castellan digest` on the archive that GitHub gives of a run's logs, and on what is broken.

use std::io::{Cursor, Write as _};

use serde_json::Value;
use zip::write::SimpleFileOptions;

use super::command::{run, text};
use super::{in_a_job, log};

/// An archive of logs, as GitHub writes one.
pub(super) fn archive(logs: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in logs {
        archive
            .start_file(*name, SimpleFileOptions::default())
            .unwrap();
        archive.write_all(content).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

fn of_a_run() -> Vec<u8> {
    archive(&[
        ("0_lint.txt", in_a_job(&log("eslint"), "npm run lint", 1)),
        ("1_test (3.11).txt", in_a_job(&log("pytest"), "pytest", 1)),
        ("2_docs.txt", log("pass-pytest")),
        (
            "3_test (3.12).txt",
            [
                b"up to date\n".to_vec(),
                in_a_job(&log("pytest"), "pytest", 1),
            ]
            .concat(),
        ),
        ("lint/1_Set up job.txt", b"error: not this one\n".to_vec()),
    ])
}

#[test]
fn every_failed_job_of_an_archive_is_told_once_and_within_one_budget() {
    let place = tempfile::tempdir().unwrap();
    std::fs::write(place.path().join("run.zip"), of_a_run()).unwrap();
    let told = text(place.path(), &["run.zip"], b"");
    assert!(told.starts_with("3 of 4 jobs failed, in 2 ways."), "{told}");
    for part in [
        "Job: lint",
        "Job: test (3.11)",
        "is assigned a value but never used",
        "test_adds_two_numbers",
        "The same failed in: test (3.12)",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    assert_eq!(told.matches("Job: ").count(), 2, "{told}");
    assert!(!told.contains("not this one"), "{told}");
    assert_eq!(text(place.path(), &["-"], &of_a_run()), told);
    for tokens in [0, 9, 150, 700] {
        let told = text(
            place.path(),
            &["--tokens", &tokens.to_string(), "run.zip"],
            b"",
        );
        assert!(told.chars().count() <= tokens * 4, "{tokens}: {told}");
    }
    let json = text(place.path(), &["--json", "run.zip"], b"");
    let found: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(found["markdown"], Value::from(told));
    assert_eq!(
        (&found["job"], &found["class"], &found["jobs_read"]),
        (&"lint".into(), &"lint_error".into(), &4.into())
    );
    let jobs = found["jobs"].as_array().unwrap();
    let said: Vec<_> = jobs
        .iter()
        .map(|job| (job["log"].as_str().unwrap(), &job["same_as"], &job["class"]))
        .collect();
    let (lint, test, null) = ("lint_error".into(), "test_assertion".into(), Value::Null);
    assert_eq!(
        said,
        [
            ("0_lint.txt", &null, &lint),
            ("1_test (3.11).txt", &null, &test),
            ("3_test (3.12).txt", &1.into(), &test)
        ]
    );
}

#[test]
fn of_an_archive_in_which_nothing_failed_it_says_so() {
    let place = tempfile::tempdir().unwrap();
    let passing = archive(&[
        ("0_a.txt", log("pass-jest")),
        ("1_b.txt", log("pass-pytest")),
    ]);
    assert_eq!(
        text(place.path(), &["-"], &passing),
        "Nothing failed in the logs of 2 jobs.\n"
    );
}

#[test]
fn each_job_of_an_archive_has_its_own_step() {
    let place = tempfile::tempdir().unwrap();
    let job = |name: &str, conclusion: &str, step: &str| serde_json::json!({"name": name, "conclusion": conclusion, "steps": [{"name": step, "conclusion": conclusion}]});
    let list = serde_json::json!({"jobs": [job("docs", "success", "Build"), job("test (3.11)", "failure", "Unit tests"),
        job("lint", "failure", "Look at it"), job("other", "failure", "Other")]});
    std::fs::write(place.path().join("jobs.json"), list.to_string()).unwrap();
    let json = text(
        place.path(),
        &["--json", "--step-list", "jobs.json", "-"],
        &of_a_run(),
    );
    let found: Value = serde_json::from_str(&json).unwrap();
    let steps: Vec<_> = found["jobs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|job| job["step"]["name"].as_str().unwrap())
        .collect();
    assert_eq!(steps, ["Look at it", "Unit tests", "pytest"]);
    // What is of one job cannot be given to four.
    std::fs::write(
        place.path().join("marked.json"),
        r#"[{"path":"a","start_line":1,"annotation_level":"failure","message":"no"}]"#,
    )
    .unwrap();
    let refused = run(
        place.path(),
        &["--annotations", "marked.json", "-"],
        &of_a_run(),
    );
    assert!(!refused.status.success());
    assert!(String::from_utf8_lossy(&refused.stderr).contains("give that job's log"));
}

#[test]
fn what_breaks_off_is_read_as_far_as_it_goes_and_never_called_passed() {
    let place = tempfile::tempdir().unwrap();
    let packed = |bytes: &[u8]| {
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(bytes).unwrap();
        packed.finish().unwrap()
    };
    let noise: String = (0..40_000_u32)
        .map(|at| format!("{}\n", at.wrapping_mul(2_654_435_761)))
        .collect();
    let failing = [
        in_a_job(&log("pytest"), "pytest", 1),
        noise.clone().into_bytes(),
    ]
    .concat();
    let (gzip, passing) = (packed(&failing), packed(noise.as_bytes()));
    let told = run(place.path(), &["-"], &gzip[..gzip.len() / 2]);
    let (said, warned) = (
        String::from_utf8_lossy(&told.stdout),
        String::from_utf8_lossy(&told.stderr),
    );
    assert!(said.contains("test_adds_two_numbers"), "{said}");
    assert!(
        told.status.success() && warned.contains("breaks off"),
        "{warned}"
    );
    let told = run(place.path(), &["-"], &passing[..passing.len() / 2]);
    let warned = String::from_utf8_lossy(&told.stderr).into_owned();
    assert!(
        !told.status.success() && warned.contains("download it again"),
        "{warned}"
    );

    let mut zip = archive(&[("0_test.txt", failing), ("1_docs.txt", log("pass-pytest"))]);
    let cut = run(place.path(), &["-"], &zip[..zip.len() - 30]);
    assert!(!cut.status.success());
    assert!(String::from_utf8_lossy(&cut.stderr).contains("no whole archive"));
    // In the middle of the first log.
    for byte in &mut zip[60_000..60_100] {
        *byte = 0xff;
    }
    let told = run(place.path(), &["-"], &zip);
    let said = String::from_utf8_lossy(&told.stdout).into_owned();
    assert!(said.contains("test_adds_two_numbers"), "{said}");
    assert!(String::from_utf8_lossy(&told.stderr).contains("0_test.txt breaks off"));
}

#[test]
fn an_archive_with_too_large_a_directory_is_refused() {
    let place = tempfile::tempdir().unwrap();
    let name = |at: usize| format!("{at}_{}.txt", "x".repeat(900));
    let names: Vec<String> = (0..5000).map(name).collect();
    let logs: Vec<(&str, Vec<u8>)> = names
        .iter()
        .map(|name| (name.as_str(), Vec::new()))
        .collect();
    std::fs::write(place.path().join("wide.zip"), archive(&logs)).unwrap();
    let refused = run(place.path(), &["wide.zip"], b"");
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(
        !refused.status.success() && said.contains("directory"),
        "{said}"
    );
}
