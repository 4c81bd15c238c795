//! C#: xUnit, NUnit, MSTest.

use std::sync::LazyLock;

use regex::Regex;

use crate::domain::ci::weakened::language::{Body, Ecosystem, Head, Strength, is_constant};
use crate::domain::ci::weakened::lexed::C_LIKE;
use crate::domain::text::pattern::pattern;

pub(super) static CSHARP: Ecosystem = Ecosystem {
    extensions: &["cs"],
    syntax: C_LIKE,
    collects: |_| true,
    item: &ITEM,
    is_test,
    body: Body::Braces,
    skips: &SKIPS,
    assertion: &ASSERTION,
    weigh,
    tables: None,
    is_whole: |_| false,
    registers: None,
};

static ITEM: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?m)^[ \t]*(?:\[[^\]\n]*\][ \t]*)*(?:(?:public|private|protected|internal|static|async|virtual|override|sealed)\s+)+[\w<>\[\],.?]+\s+(?P<name>\w+)\s*(?:<[^>\n]*>)?\(",
    )
});
static SKIPS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?m)\bSkip\s*=|\[(?:Ignore|Explicit)\b|,\s*(?:Ignore|Explicit)\b|\bAssert\.(?:Ignore|Inconclusive|Skip\w*|Pass)\s*\(|\bSkip\.If\w*\(|^[ \t]*#if\s+(?:false|FALSE)\b|\{\s*return\s*;|\bif\s*\(\s*false\s*\)|\bEnvironment\.Exit\(\s*0",
    )
});
static ASSERTION: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b\w*Assert\.\w+(?:<[^>\n]*>)?\s*\(|\.Should\(\)\.\w+\s*(?:<[^>\n]*>)?\(|\.Should(?:Be|Equal|Throw|Not|Contain|Have)\w*\s*\(|\.Verify\w*\s*\(|\[(?:InlineData|TestCase|DataRow)\b",
    )
});
static EXACT: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\.(?:Equal|AreEqual|Same|AreSame|StrictEqual|Equivalent|AreEquivalent|Throws\w*|Null|IsNull|False|IsFalse|Empty|Single|IsType|Collection|Be|BeEquivalentTo|BeNull|BeTrue|BeFalse|HaveCount|ShouldBe|ShouldBeNull|ShouldEqual|ShouldThrow|Verify\w*|Fail)(?:<[^>]*>)?\s*\(|^\[",
    )
});
static TEST: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\[[^\]\n]*\b(?:Fact|Theory|SkippableFact|Test|TestCase|TestCaseSource|TestMethod|DataTestMethod|Property)\b",
    )
});

fn is_test(head: &Head<'_>) -> bool {
    TEST.is_match(head.attributes) || TEST.is_match(head.declaration)
}

fn weigh(head: &str, arguments: &str) -> Strength {
    let is_broad = head.contains("Throws") && head.contains("<Exception>");
    let is_truth = head.contains(".True(") || head.contains(".IsTrue(") || head.contains(".That(");
    let compares = arguments.contains("==") || arguments.contains("Is.EqualTo");
    if head.contains("ssert.") && is_constant(arguments) {
        Strength::Empty
    } else if (EXACT.is_match(head) && !is_broad) || (is_truth && compares) {
        Strength::Exact
    } else {
        Strength::Loose
    }
}
