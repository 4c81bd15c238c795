//! Literal patterns, and the one count that every fence of code needs.

use regex::Regex;

/// Compiles one of our own patterns.
#[expect(
    clippy::expect_used,
    reason = "a pattern is a literal, and each is compiled by a test"
)]
pub(super) fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a literal pattern")
}

/// Length of the longest run of backticks.
pub(super) fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}
