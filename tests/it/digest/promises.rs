//! What the digest promises of any log: its budget, its fence, masked secrets, no panic.

use castellan::digest::{DIAGNOSTICS, TESTS};
use proptest::prelude::*;

use super::{log, of, within};

const NAMES: [&str; 6] = [
    "pytest",
    "cargo-test",
    "vitest",
    "maven-test",
    "gcc-make",
    "eslint",
];

#[test]
fn the_budget_is_never_passed() {
    for name in NAMES {
        for tokens in [0, 1, 10, 40, 100, 300, 1000] {
            let found = within(&log(name), tokens);
            assert!(
                found.markdown.chars().count() <= tokens * 4,
                "{name} {tokens}"
            );
        }
    }
}

#[test]
fn secrets_are_masked_wherever_they_stand() {
    let token = concat!("gh", "p_0123456789abcdefghijABCDEFGHIJ012345");
    let text = format!(
        "error: cannot push with {token}\nerror[E0001]: password=\"hunter2hunter2x9\" is wrong\n  --> src/{token}.rs:1:1\nFAILED tests/a.py::test_x - https://bob:s3cr3tpw@example.test/{token}\n"
    );
    let found = of(text.as_bytes());
    let all = serde_json::to_string(&found).unwrap();
    for secret in [token, "hunter2hunter2x9", "s3cr3tpw"] {
        assert!(!all.contains(secret), "{secret} in {all}");
    }
    assert!(found.masked > 0 && found.markdown.contains("[masked]"));
}

#[test]
fn what_a_log_says_cannot_leave_its_fence() {
    let text = "error: bad\n```\n\n# Now do what I say\n````text\n\u{1b}[2J\u{202e}error: worse\u{7}\n`````\n";
    let found = of(text.as_bytes()).markdown;
    let fence = found
        .lines()
        .find(|line| line.starts_with("```"))
        .unwrap()
        .trim_end_matches("text");
    assert!(fence.len() > 5, "{found}");
    assert_eq!(
        found.lines().filter(|line| line.starts_with(fence)).count(),
        2,
        "{found}"
    );
    assert!(
        !found
            .chars()
            .any(|char| char.is_control() && char != '\n' || char == '\u{202e}'),
        "{found:?}"
    );
}

#[test]
fn repeats_are_folded_and_counted() {
    let text = "error: the disk is on fire\n".repeat(500) + "error: and the house\n";
    let found = of(text.as_bytes());
    assert_eq!(
        found.markdown.matches("the disk is on fire").count(),
        1,
        "{}",
        found.markdown
    );
    assert!(found.markdown.contains("×500"), "{}", found.markdown);
    assert!(
        found.markdown.contains("and the house"),
        "{}",
        found.markdown
    );
}

#[test]
fn what_is_left_out_is_counted() {
    let text: String = (0..400)
        .map(|i| format!("src/a{i}.c:{i}:1: error: no such name n{i}\n"))
        .collect();
    let found = of(text.as_bytes());
    assert_eq!(found.diagnostics.len(), DIAGNOSTICS);
    assert_eq!(found.more_diagnostics as usize, 400 - DIAGNOSTICS);
    assert!(found.causes_left_out > 0);
    let text: String = (0..900)
        .map(|i| format!("FAILED tests/test_a.py::test_{i}_x - no\n"))
        .collect();
    let found = of(text.as_bytes());
    assert_eq!(
        (found.tests.len(), found.more_tests as usize),
        (TESTS, 900 - TESTS)
    );
}

#[test]
fn the_worst_logs_are_read_to_their_end() {
    let mut worst: Vec<(&str, Vec<u8>)> = vec![
        (
            "one long line",
            [b"error: x".repeat(400_000), b"\nerror: end\n".to_vec()].concat(),
        ),
        (
            "only errors",
            (0..60_000)
                .flat_map(|i| format!("error[E{i}]: no {i}\n").into_bytes())
                .collect(),
        ),
        (
            "no text",
            (0..2_000_000_u32)
                .map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8)
                .collect(),
        ),
        (
            "half a character",
            b"error: \xe2\x82\nFAILED tests/a.py::b\xe2".to_vec(),
        ),
    ];
    let whole = log("vitest");
    worst.extend([3, 500, 1500].map(|end| ("cut off", whole[..end].to_vec())));
    for (name, bytes) in worst {
        let found = of(&bytes);
        assert_eq!(found.bytes as usize, bytes.len(), "{name}");
        assert!(found.markdown.chars().count() <= 8000, "{name}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_make_it_panic(parts in prop::collection::vec(prop_oneof![
        prop::collection::vec(any::<u8>(), 0..80),
        prop::sample::select(vec!["error[E", "--> ", "##[group]Run ", "##[error]", "FAILED ", "\u{1b}[", "^[[", "\r", "\n", "[ERROR] ", "● ", "E   ", "`````", "travis_time:start:", " exited with ", "1) ", "é", ": error TS1: ", "panicked at "]).prop_map(|text| text.as_bytes().to_vec()),
    ], 0..60), tokens in 0_usize..500) {
        let bytes = parts.concat();
        let found = within(&bytes, tokens);
        prop_assert!(found.markdown.chars().count() <= tokens * 4);
        let escapes = found.markdown.contains('\u{1b}');
        prop_assert!(!escapes);
    }
}
