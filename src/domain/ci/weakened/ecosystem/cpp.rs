//! C and C++: GoogleTest, Catch2, doctest, Boost.Test, Unity and cmocka.

use std::sync::LazyLock;

use regex::Regex;

use crate::domain::ci::weakened::language::{Body, Ecosystem, Head, Strength, is_constant};
use crate::domain::ci::weakened::lexed::{Quote, Syntax};
use crate::domain::text::pattern::pattern;

pub(super) static CPP: Ecosystem = Ecosystem {
    extensions: &["c", "cc", "cpp", "cxx", "h", "hh", "hpp", "m", "mm"],
    syntax: Syntax {
        line: &["//"],
        blocks: &[("/*", "*/")],
        strings: &[
            Quote::raw("R\"(", ")\""),
            Quote::line("\""),
            Quote::line("'"),
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
        r"(?m)^[ \t]*(?:(?:TEST\w*|TYPED_TEST|SCENARIO|BOOST_\w*TEST_CASE|START_TEST)[ \t]*\(\s*|(?:static[ \t]+)?(?:void|int)[ \t]+)(?P<name>[^(){};\n]+)[()]",
    )
});
static SKIPS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?m)\bGTEST_SKIP\b|\bDISABLED_\w+|^[ \t]*SKIP\(|\bTEST_IGNORE\w*|\bskip\(\s*\)|\bdisabled\(|^[ \t]*#[ \t]*if[ \t]+(?:0|false)\b|\{\s*return(?:\s+0)?\s*;|\bif\s*\(\s*(?:false|0)\s*\)|\bexit\(\s*(?:0|EXIT_SUCCESS)",
    )
});
static ASSERTION: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:EXPECT|ASSERT)_\w+\s*\(|\b(?:REQUIRE|CHECK)\w*\s*\(|\b(?:ck_)?assert\w*\s*\(|\bBOOST_(?:CHECK|REQUIRE|TEST)\w*\s*\(|\bTEST_(?:ASSERT|FAIL)\w*\s*\(|\bcr_\w+\s*\(|\bFAIL\w*\s*\(",
    )
});
static REGISTERS: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"\bRUN_TEST\(|\bcmocka_unit_test\w*\(|\btcase_add_test\("));
static EXACT: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"_(?:\w*EQ|NEAR|\w*EQUAL\w*|THROWS?_?(?:AS|WITH|MATCHES)?|NO_?THROW|DEATH|eq|equal|\w+_eq|\w+_equal|CLOSE|NULL|FALSE)\s*\(|FAIL",
    )
});

fn is_test(head: &Head<'_>) -> bool {
    // Catch2 runs what carries these tags only where it is asked to, or forgives it.
    let hides = head.declaration.contains("[.") || head.declaration.contains("[!");
    let macros = ["TEST", "TYPED_TEST", "SCENARIO", "BOOST_", "START_TEST"];
    let declares = macros
        .iter()
        .any(|begin| head.declaration.starts_with(begin));
    (declares || head.name.trim().starts_with("test")) && !hides
}

fn weigh(head: &str, arguments: &str) -> Strength {
    let is_exact = EXACT.is_match(head) && !head.contains("NOT") && !head.contains("_NE");
    if is_constant(arguments) {
        Strength::Empty
    } else if is_exact || arguments.contains("==") {
        Strength::Exact
    } else {
        Strength::Loose
    }
}
