//! Go: the standard runner, testify, table tests.

use std::sync::LazyLock;

use regex::Regex;

use crate::domain::ci::weakened::language::{Body, Ecosystem, Head, Strength, is_constant};
use crate::domain::ci::weakened::lexed::{Quote, Syntax};
use crate::domain::text::pattern::pattern;

pub(super) static GO: Ecosystem = Ecosystem {
    extensions: &["go"],
    syntax: Syntax {
        line: &["//"],
        blocks: &[("/*", "*/")],
        strings: &[Quote::raw("`", "`"), Quote::line("\""), Quote::line("'")],
    },
    collects: |path| path.ends_with("_test.go"),
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

static ITEM: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?m)^func\s+(?:\([^)]*\)\s*)?(?P<name>\w+)\s*\("));
static SKIPS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b\w+(?:\.T\(\))?\.Skip(?:Now|f)?\(|\{\s*return[ \t]*\n|\bif\s+false\b|\bos\.Exit\(\s*0\s*\)",
    )
});
static ASSERTION: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b[tbf]\.(?:Error|Errorf|Fatal|Fatalf|Fail|FailNow|Run)\(|\b(?:assert|require|s|suite|is)\.(?:Require\(\)\.)?[A-Z]\w*\(|\b(?:assert|check|expect|verify|require)[A-Z]\w*\(",
    )
});
static TABLES: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"\[\](?:struct\s*\{[^}]*\}|[A-Za-z]\w*)\s*\{"));
static EXACT: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^[tbf]\.|\.(?:Equal\w*|Exactly|ElementsMatch|Len|ErrorIs|ErrorAs|ErrorContains|JSONEq|YAMLEq|Nil|NoError|Panics\w*|Empty|Zero|Same|InDelta|InEpsilon)f?\($|^[a-z]+[A-Z]\w*\($",
    )
});

fn is_test(head: &Head<'_>) -> bool {
    let rest = ["Test", "Benchmark", "Fuzz", "Example"]
        .iter()
        .find_map(|prefix| head.name.strip_prefix(prefix));
    head.name != "TestMain" && rest.is_some_and(|rest| !rest.starts_with(char::is_lowercase))
}

fn weigh(head: &str, arguments: &str) -> Strength {
    let of = arguments
        .split_once(',')
        .map_or(arguments, |(_, rest)| rest);
    if head.contains(".True(") && is_constant(of) {
        Strength::Empty
    } else if EXACT.is_match(head) || (head.contains(".True(") && of.contains("==")) {
        Strength::Exact
    } else {
        Strength::Loose
    }
}
