//! Rust: the built-in harness, rstest, test-case, proptest, insta.

use std::sync::LazyLock;

use regex::Regex;

use crate::domain::ci::weakened::language::{Body, Ecosystem, Head, Strength, is_constant};
use crate::domain::ci::weakened::lexed::{Quote, Syntax};
use crate::domain::text::pattern::pattern;

pub(super) static RUST: Ecosystem = Ecosystem {
    extensions: &["rs"],
    syntax: Syntax {
        line: &["//"],
        blocks: &[("/*", "*/")],
        strings: &[
            Quote::raw("r##\"", "\"##"),
            Quote::raw("r#\"", "\"#"),
            Quote::raw("r\"", "\""),
            Quote::lines("\""),
        ],
    },
    collects: |_| true,
    item: &ITEM,
    is_test,
    body: Body::Braces,
    skips: &SKIPS,
    assertion: &ASSERTION,
    weigh,
    tables: None,
    is_whole: |_| false,
    registers: Some(&REGISTERS),
};

static ITEM: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?m)^[ \t]*(?:pub(?:\([^)]*\))?\s+)?(?:const\s+)?(?:async\s+)?(?:unsafe\s+)?fn\s+(?P<name>\w+)",
    )
});
static SKIPS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"#!?\[ignore\b|#!?\[cfg_attr\([^\]]*\bignore\b|#!?\[cfg\((?:any\(\)|FALSE|false|not\(test\))|\{\s*return\s*;|\bif\s+false\b|\bprocess::exit\(\s*0",
    )
});
static ASSERTION: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:\w+_)?assert\w*!\s*\(|\bassert_\w+\s*\(|\.(?:unwrap|expect)_err\s*\(|#\[(?:test_)?case\b|\b(?:panic|unreachable)!\s*\(",
    )
});
static TEST: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"#\[\s*(?:\w+::)*(?:\w*test|rstest|test_case|test_matrix|quickcheck|bench)\b")
});
static REGISTERS: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?m)^[ \t]*(?:pub\s+)?mod\s+\w*tests?\w*\s*;"));

fn is_test(head: &Head<'_>) -> bool {
    TEST.is_match(head.attributes)
}

fn weigh(head: &str, arguments: &str) -> Strength {
    let is_about_truth = arguments.ends_with("true") || arguments.ends_with("false");
    if is_constant(arguments) && head.contains("assert") {
        Strength::Empty
    } else if head.contains("_ne") || head.contains("_err") || is_about_truth {
        Strength::Loose
    } else if head.contains("assert!") || head.contains("_true") {
        match arguments.contains("==") || arguments.contains("matches!") {
            true => Strength::Exact,
            false => Strength::Loose,
        }
    } else {
        Strength::Exact
    }
}
