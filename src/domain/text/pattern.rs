//! Literal patterns, and the one count that every fence of code needs.
//!
//! A pattern that does not compile must not pass silently: the rule that it stands for would
//! be off.

use regex::Regex;

/// Compiles one of our own patterns.
#[expect(
    clippy::expect_used,
    reason = "a pattern is a literal, and each is compiled by a test"
)]
pub(in crate::domain) fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a literal pattern")
}

/// The same, for content that need not be UTF-8.
#[expect(
    clippy::expect_used,
    reason = "a pattern is a literal, and each is compiled by a test"
)]
pub(in crate::domain) fn bytes_pattern(text: &str) -> regex::bytes::Regex {
    regex::bytes::Regex::new(text).expect("a literal pattern")
}

/// Length of the longest run of backticks.
pub(super) fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}
