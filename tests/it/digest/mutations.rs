//! What no bytes may do to the digest: arbitrary ones, real logs with pieces changed, and the
//! logs that cost most.

use std::time::Instant;

use castellan::digest::Digest;
use proptest::prelude::*;

use super::{log, of, within};

const NAMES: [&str; 10] = [
    "pytest",
    "cargo-test",
    "vitest",
    "maven-test",
    "gcc-make",
    "eslint",
    "go-test",
    "cmake",
    "npm-missing",
    "ruff",
];
/// A secret that some logs hold.
const TOKEN: &str = concat!("gh", "p_0123456789abcdefghijABCDEFGHIJ012345");

/// What holds of every digest.
fn kept(found: &Digest, tokens: usize) -> Result<(), String> {
    let size = found.markdown.chars().count();
    if size > tokens * 4 {
        return Err(format!("{size} characters for {tokens} tokens"));
    }
    let all = serde_json::to_value(found).unwrap();
    texts(&all, &mut |text| {
        if text.contains(TOKEN) {
            return Err(format!("a secret in {text:?}"));
        }
        let bad = |char: char| {
            (char.is_control() && char != '\n' && char != '\t')
                || matches!(char, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200b}' | '\u{feff}')
        };
        match text.chars().find(|char| bad(*char)) {
            Some(char) => Err(format!("{char:?} in {text:?}")),
            None => Ok(()),
        }
    })
}

fn texts(
    value: &serde_json::Value,
    check: &mut impl FnMut(&str) -> Result<(), String>,
) -> Result<(), String> {
    use serde_json::Value::{Array, Object, String};
    match value {
        String(text) => check(text),
        Array(all) => all.iter().try_for_each(|one| texts(one, check)),
        Object(all) => all.values().try_for_each(|one| texts(one, check)),
        _ => Ok(()),
    }
}

/// A change to a log.
#[derive(Clone, Debug)]
enum Change {
    /// Bytes in the place of others.
    Put(prop::sample::Index, Vec<u8>),
    /// A piece gone.
    Cut(prop::sample::Index, usize),
    /// A piece once more, elsewhere.
    Copy(prop::sample::Index, prop::sample::Index, usize),
    /// Everything behind it gone.
    End(prop::sample::Index),
}

fn change() -> impl Strategy<Value = Change> {
    let at = any::<prop::sample::Index>;
    let put = prop_oneof![
        prop::collection::vec(any::<u8>(), 1..12),
        prop::sample::select(vec![
            "\r",
            "\n",
            "\u{1b}[31m",
            "\u{1b}]0;",
            "\u{9b}",
            "\u{202e}",
            "```\n",
            "\0",
            "##[error]",
            "##[group]Run x\n",
            TOKEN,
            "\u{feff}",
            "^[[",
            "2026-01-02T03:04:05Z ",
            "Post job cleanup.\n",
            "\u{2028}",
            "error: ",
        ])
        .prop_map(|text| text.as_bytes().to_vec()),
    ];
    prop_oneof![
        4 => (at(), put).prop_map(|(at, bytes)| Change::Put(at, bytes)),
        2 => (at(), 1..200_usize).prop_map(|(at, size)| Change::Cut(at, size)),
        2 => (at(), at(), 1..400_usize).prop_map(|(from, to, size)| Change::Copy(from, to, size)),
        1 => at().prop_map(Change::End),
    ]
}

fn changed(mut log: Vec<u8>, changes: &[Change]) -> Vec<u8> {
    for change in changes {
        if log.is_empty() {
            return log;
        }
        let size = log.len();
        match change {
            Change::Put(at, bytes) => {
                let at = at.index(size);
                log.splice(at..at, bytes.iter().copied());
            }
            Change::Cut(at, most) => {
                let at = at.index(size);
                log.drain(at..size.min(at + most));
            }
            Change::Copy(from, to, most) => {
                let from = from.index(size);
                let piece = log[from..size.min(from + most)].to_vec();
                let to = to.index(size);
                log.splice(to..to, piece);
            }
            Change::End(at) => log.truncate(at.index(size)),
        }
    }
    log
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_change_of_a_real_log_breaks_a_promise(
        name in prop::sample::select(NAMES.to_vec()),
        changes in prop::collection::vec(change(), 0..12),
        tokens in prop_oneof![0..60_usize, 100..2500_usize],
    ) {
        let found = within(&changed(log(name), &changes), tokens);
        kept(&found, tokens).map_err(TestCaseError::fail)?;
    }

    #[test]
    fn no_bytes_break_a_promise(bytes in prop::collection::vec(any::<u8>(), 0..4000), tokens in 0..600_usize) {
        let found = within(&bytes, tokens);
        kept(&found, tokens).map_err(TestCaseError::fail)?;
    }
}

#[test]
fn the_costliest_logs_are_read_in_time_and_within_the_budget() {
    let mut noise: u32 = 7;
    let mut random = move || {
        noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (noise >> 24) as u8
    };
    let whole = super::in_a_job(&log("maven-test"), "mvn verify", 1);
    let worst: Vec<(&str, Vec<u8>)> = vec![
        ("one line of 50 MB", vec![b'x'; 50_000_000]),
        (
            "one line of 50 MB of errors",
            b"error: x ".repeat(5_500_000),
        ),
        (
            "only errors",
            (0..30_000)
                .flat_map(|i| format!("error[E{i}]: cannot find value `v{i}`\n").into_bytes())
                .collect(),
        ),
        ("no text", (0..1_000_000).map(|_| random()).collect()),
        ("only line feeds", vec![b'\n'; 5_000_000]),
        ("only carriage returns", vec![b'\r'; 5_000_000]),
        ("only escapes", b"\x1b[".repeat(2_000_000)),
        ("nested quotes", b"error: '\"`".repeat(400_000)),
        ("cut off", whole[..whole.len() * 2 / 3].to_vec()),
        (
            "cut off within a character",
            b"FAILED tests/a.py::b\xe2\x82".to_vec(),
        ),
    ];
    for (name, bytes) in worst {
        let began = Instant::now();
        let found = of(&bytes);
        // Some hundred times what it takes with optimisation, so that a slow machine passes and
        // what grows with the square does not.
        assert!(
            began.elapsed().as_secs() < 60,
            "{name}: {:?}",
            began.elapsed()
        );
        assert_eq!(found.bytes as usize, bytes.len(), "{name}");
        kept(&found, 2000).unwrap_or_else(|why| panic!("{name}: {why}"));
    }
}
