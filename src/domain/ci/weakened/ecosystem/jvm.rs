//! Java, Kotlin, Groovy: JUnit, TestNG, AssertJ, a little Spock.

use std::sync::LazyLock;

use regex::Regex;

use crate::domain::ci::weakened::language::{Body, Ecosystem, Head, Strength, is_constant};
use crate::domain::ci::weakened::lexed::C_LIKE;
use crate::domain::ci::weakened::place::name_of;
use crate::domain::text::pattern::pattern;

pub(super) static JVM: Ecosystem = Ecosystem {
    extensions: &["java", "kt", "groovy"],
    syntax: C_LIKE,
    collects,
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

/// The names by which Surefire and Failsafe find classes. Gradle takes any; a project that
/// names its classes otherwise is not seen here.
fn collects(path: &str) -> bool {
    let name = name_of(path);
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let ends = [
        "Test",
        "Tests",
        "TestCase",
        "IT",
        "ITCase",
        "Spec",
        "Specification",
    ];
    stem.starts_with("Test") || ends.iter().any(|end| stem.ends_with(end))
}

static ITEM: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r#"(?m)^[ \t]*(?:@\w+(?:\([^)\n]*\))?[ \t]+)*(?:(?:public|private|protected|internal|static|final|suspend|override|open)\s+)*(?:fun\s+|def\s+|[\w<>\[\],.?]+\s+)(?P<name>`[^`\n]*`|"[^"\n]*"|\w+)\s*\((?:[^;{}()]|\([^()]*\))*\)\s*(?:throws[^{;]+)?[{=:]"#,
    )
});
static SKIPS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"@(?:Disabled\w*|Ignore\w*|EnabledIf\w*|EnabledOn\w*|PendingFeature|Requires)\b|\bassume\w*\s*\(|\bAssum\w+\.\w+\s*\(|\bSkipException\b|\benabled\s*=\s*false|\{\s*return\s*;|\bif\s*\(\s*false\s*\)|\bSystem\.exit\(\s*0",
    )
});
static ASSERTION: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:assert|verify)\w*\s*\(|\bfail\s*\(|\.(?:is(?:Equal\w*|SameAs|Not\w+|Null|True|False|InstanceOf|Exactly\w+|Empty|Zero|Greater\w+|Less\w+|Positive)|contains(?:Exactly|Only|Entry)\w*|has(?:Size|Message\w*|Value)|andExpect|should\w*)\s*\(|\bshould(?:Be|Equal|Throw|Not)\w*\b",
    )
});
static TABLES: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"@(?:CsvSource|ValueSource)\s*\(\s*(?:\w+\s*=\s*)?\{"));
static EXACT: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"assert(?:\w*Equals|Same|Null|False|Throws\w*|DoesNotThrow|LinesMatch|All|FailsWith\w*)|^\.is(?:Equal|SameAs|Null|True|False|Exactly|Empty|Zero)|^\.contains|^\.has|verify|^fail|^should(?:Be|Equal|Throw)$|assert[A-Z]\w*Of",
    )
});

static TEST: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"@(?:\w*Test|RepeatedTest|TestFactory|Property)\b"));

fn is_test(head: &Head<'_>) -> bool {
    let attributes = TEST.is_match(head.attributes) || TEST.is_match(head.declaration);
    attributes || head.name.starts_with('"')
}

fn weigh(head: &str, arguments: &str) -> Strength {
    let is_truth = head.contains("assertTrue") || head.starts_with("assert(");
    let is_broad = head.contains("hrows")
        && [
            "Exception.class",
            "Throwable.class",
            "RuntimeException.class",
        ]
        .iter()
        .any(|broad| arguments.trim_start().starts_with(broad));
    let compares = arguments.contains("==") || arguments.contains(".equals(");
    let is_exact = EXACT.is_match(head) && !is_broad && !head.contains("Not");
    if is_constant(arguments) && head.contains("assert") {
        Strength::Empty
    } else if is_exact || (is_truth && compares) {
        Strength::Exact
    } else {
        Strength::Loose
    }
}
