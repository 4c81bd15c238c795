//! PHP: PHPUnit and Pest.

use std::sync::LazyLock;

use regex::Regex;

use crate::domain::ci::weakened::language::{Body, Ecosystem, Head, Strength, is_constant};
use crate::domain::ci::weakened::lexed::C_LIKE;
use crate::domain::text::pattern::pattern;

pub(super) static PHP: Ecosystem = Ecosystem {
    extensions: &["php"],
    syntax: C_LIKE,
    collects: |path| path.ends_with("Test.php"),
    item: &ITEM,
    is_test,
    body: Body::Braces,
    skips: &SKIPS,
    assertion: &ASSERTION,
    weigh,
    tables: Some(&TABLES),
    is_whole: |_| false,
    registers: None,
};

static ITEM: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r#"(?m)^[ \t]*(?:(?:(?:public|protected|private|static|final)\s+)*function\s+|(?:it|test)\s*\(\s*)(?P<name>"[^"\n]*"|'[^'\n]*'|\w+)"#,
    )
});
static SKIPS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\bmarkTest(?:Skipped|Incomplete)\s*\(|->(?:skip\w*|todo|only)\s*\(|#\[(?:Requires\w*|Skip)|\bexpectNotToPerformAssertions\b|\{\s*return\s*;|\bif\s*\(\s*false\s*\)|\bexit\s*\(\s*0?\s*\)",
    )
});
static ASSERTION: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\bexpect\(\s*true\s*\)->\w+\(|(?:->|::|\b)assert\w+\s*\(|->expectException\w*\s*\(|->to[A-Z]\w*\s*\(|(?:->|::)fail\s*\(|#\[TestWith\b",
    )
});
static TABLES: LazyLock<Regex> = LazyLock::new(|| pattern(r"->with\(\s*\["));
static EXACT: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"assert(?:Same|Equals\w*|Count|Null|False|Empty|\w*Equals\w*|Status|ExactJson)\s*\($|to(?:Be|Equal|HaveCount|Throw|BeNull|BeTrue|BeFalse|MatchArray|HaveLength)\s*\($|expectException|fail|TestWith",
    )
});

fn is_test(head: &Head<'_>) -> bool {
    head.name.starts_with("test")
        || head.name.starts_with(['"', '\''])
        || head.comments.contains("@test")
        || head.attributes.contains("#[Test")
}

fn weigh(head: &str, arguments: &str) -> Strength {
    if head.starts_with("expect(") || (head.contains("assert") && is_constant(arguments)) {
        Strength::Empty
    } else if EXACT.is_match(head) || (head.contains("assertTrue") && arguments.contains("==")) {
        Strength::Exact
    } else {
        Strength::Loose
    }
}
