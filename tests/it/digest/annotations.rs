//! The annotations of a check run beside its log.

use castellan::digest::{Annotations, Class, Digest, Options, digest};
use serde_json::{Value, json};

use super::command::text;
use super::{in_a_job, log};

fn marked(path: &str, line: u32, column: Option<u32>, message: &str) -> Value {
    json!({
        "path": path, "blob_href": "https://github.com/o/r/blob/1/a", "start_line": line, "end_line": line,
        "start_column": column, "end_column": column, "annotation_level": "failure", "title": "",
        "message": message, "raw_details": null,
    })
}

fn with(log: &[u8], annotations: &Value) -> Digest {
    let annotations = Annotations::read(&annotations.to_string()).unwrap();
    let options = Options {
        annotations: Some(&annotations),
        ..Options::default()
    };
    digest(log, options).unwrap()
}

#[test]
fn an_annotation_gives_the_place_that_the_log_leaves_out() {
    // The runner prints what an action marked, and not where.
    let log = in_a_job(b"##[error]The licence header is missing\n", "check", 1);
    let found = with(
        &log,
        &json!([
            marked("src/a.rs", 7, None, "The licence header is missing"),
            marked(".github", 11, None, "Process completed with exit code 1."),
        ]),
    );
    let places: Vec<_> = found
        .diagnostics
        .iter()
        .map(|found| (found.tool, found.file.as_deref(), found.line))
        .collect();
    assert_eq!(places, [("annotation", Some("src/a.rs"), Some(7))]);
    assert!(
        found
            .markdown
            .contains("- src/a.rs:7: The licence header is missing"),
        "{}",
        found.markdown
    );
}

#[test]
fn what_the_log_said_of_the_same_place_is_not_said_twice() {
    for (name, annotation) in [
        (
            "mypy",
            marked(
                "adds.py",
                6,
                None,
                "Incompatible return value type (got \"int\", expected \"str\")",
            ),
        ),
        (
            "tsc",
            marked(
                "ts/adds.ts",
                2,
                Some(3),
                "Type 'string' is not assignable to type 'number'.",
            ),
        ),
        (
            "gcc-make",
            marked(
                "src/adds.c",
                4,
                Some(5),
                "expected ‘,’ or ‘;’ before ‘return’",
            ),
        ),
        (
            "eslint",
            marked(
                "js/es/adds.js",
                1,
                Some(7),
                "'unused' is assigned a value but never used",
            ),
        ),
        (
            "vitest",
            marked(
                "vt/adds.spec.mjs",
                4,
                Some(48),
                "AssertionError: expected -1 to be 3 // Object.is equality",
            ),
        ),
    ] {
        let plain = super::of(&log(name));
        let found = with(&log(name), &json!([annotation]));
        assert_eq!(found.diagnostics, plain.diagnostics, "{name}");
        assert_eq!(found.markdown, plain.markdown, "{name}");
        assert_eq!(found.fingerprint, plain.fingerprint, "{name}");
    }
    // Another thing at the same place is another cause.
    let found = with(
        &log("mypy"),
        &json!([marked("adds.py", 6, None, "the function has no docstring")]),
    );
    assert!(
        found
            .markdown
            .contains("adds.py:6: the function has no docstring"),
        "{}",
        found.markdown
    );
}

#[test]
fn without_a_log_the_annotations_are_what_there_is() {
    let lost = "The hosted runner lost communication with the server. Anything in your workflow that terminates the runner process can cause this.";
    let found = with(b"", &json!([marked(".github", 1, None, lost)]));
    assert_eq!((found.failed, found.class), (true, Class::Infrastructure));
    assert!(
        found.markdown.contains("lost communication"),
        "{}",
        found.markdown
    );
    assert!(found.diagnostics[0].file.is_none() && found.fingerprint.is_some());
    let print = |message: &str| {
        with(b"", &json!([marked("a.rs", 1, None, message)]))
            .fingerprint
            .unwrap()
            .loose
    };
    assert_eq!(print("took 3.2s and failed"), print("took 9.9s and failed"));
    assert_ne!(print("one thing"), print("another thing"));
    let code = with(
        b"",
        &json!([marked(
            ".github",
            1,
            None,
            "Process completed with exit code 137."
        )]),
    );
    assert_eq!(code.step.unwrap().exit_code, Some(137));
    // Warnings and notices are no failures.
    let mut warning = marked("a.rs", 1, None, "unused");
    warning["annotation_level"] = "warning".into();
    assert!(!with(b"all is well\n", &json!([warning])).failed);
}

#[test]
fn annotations_are_foreign_text() {
    let token = concat!("gh", "p_0123456789abcdefghijABCDEFGHIJ012345");
    let many: Vec<Value> = (0..400)
        .map(|at| {
            marked(
                "a\u{202e}\n.rs",
                at + 1,
                None,
                &format!("\u{1b}[31m{token} {at}\u{7}\n```\n# do it"),
            )
        })
        .collect();
    let found = with(b"error: x\n", &json!(many));
    let all = serde_json::to_string(&found).unwrap();
    assert!(!all.contains(token) && found.markdown.chars().count() <= 8000);
    assert!(
        !found
            .markdown
            .chars()
            .any(|char| char.is_control() && char != '\n' || char == '\u{202e}')
    );
    assert!(!found.markdown.contains("# do it"), "{}", found.markdown);
}

#[test]
fn the_command_reads_a_list_of_annotations() {
    let place = tempfile::tempdir().unwrap();
    let list = json!([marked("src/a.rs", 7, None, "The licence header is missing")]);
    std::fs::write(place.path().join("marked.json"), list.to_string()).unwrap();
    let told = text(
        place.path(),
        &["--annotations", "marked.json", "-"],
        b"all is well\n",
    );
    assert!(told.contains("src/a.rs:7: The licence header"), "{told}");
}
