//! Shell: bats, shunit2, and scripts that are a test as a whole.

use std::sync::LazyLock;

use regex::Regex;

use crate::domain::ci::weakened::language::{Body, Ecosystem, Head, Strength};
use crate::domain::ci::weakened::lexed::HASH;
use crate::domain::ci::weakened::place::name_of;
use crate::domain::text::pattern::pattern;

pub(super) static SHELL: Ecosystem = Ecosystem {
    extensions: &["bats", "sh", "bash"],
    syntax: HASH,
    collects: |path| path.ends_with(".bats") || is_script(path),
    item: &ITEM,
    is_test,
    body: Body::Braces,
    skips: &SKIPS,
    assertion: &ASSERTION,
    weigh,
    tables: None,
    is_whole: is_script,
    registers: None,
};

fn is_script(path: &str) -> bool {
    let name = name_of(path);
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    !name.ends_with(".bats")
        && (stem == "test"
            || stem == "tests"
            || stem.starts_with("test_")
            || stem.starts_with("test-")
            || stem.ends_with("_test")
            || stem.ends_with("-test"))
}

static ITEM: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r#"(?m)^[ \t]*(?:@test[ \t]+|function[ \t]+)?(?P<name>"[^"\n]*"|'[^'\n]*'|\w+)[ \t]*(?:\(\))?\s*\{"#,
    )
});
static SKIPS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?m)^[ \t]*skip\b|\bstartSkipping\b|\bexit[ \t]+0\b|\breturn[ \t]+0\b|\bif[ \t]+false\b",
    )
});
static ASSERTION: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?m)(?:^|[;&|!][ \t]*|\bif[ \t]+)[ \t]*(?:\[\[?|test)[ \t]|\b(?:assert|refute|fail)\w*|\bgrep[ \t]+-\w*q\w*|\b(?:diff|cmp)[ \t]",
    )
});

fn is_test(head: &Head<'_>) -> bool {
    head.declaration.starts_with("@test") || head.name.starts_with("test")
}

fn weigh(head: &str, arguments: &str) -> Strength {
    let compares = [" = ", " == ", " -eq "]
        .iter()
        .any(|sign| arguments.contains(sign));
    let is_equal = [
        "assert_equal",
        "assertEquals",
        "assert_success",
        "assert_failure",
        "diff",
        "cmp",
    ]
    .iter()
    .any(|one| head.starts_with(one));
    if compares || is_equal {
        Strength::Exact
    } else if matches!(arguments.trim(), "true ]" | "1 ]" | "true ]]" | "1") {
        Strength::Empty
    } else {
        Strength::Loose
    }
}
