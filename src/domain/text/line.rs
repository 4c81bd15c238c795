//! One safe line, one safe block of code, one safe commit subject.
//!
//! It knows nothing of Markdown beyond the fence, and nothing of links.

use std::sync::LazyLock;

use regex::Regex;

use super::SHORTENED;
use super::pattern::{longest_run, pattern};
use super::raw::{NO_CI, SKIP, raw_line};
use super::visible::visible_only;

/// One line that is safe in a log field, a progress note or a terminal (X14, X41, X42).
///
/// Line ends become spaces, runs of spaces one; ANSI sequences, controls and invisible
/// characters go; a leading `::command::` or `##[command]` of a workflow is broken. At most
/// `limit` characters come back.
#[must_use]
pub fn line(raw: &str, limit: usize) -> String {
    shorten(&broken(joined(raw, limit)), limit)
}

/// What is visible of `raw` in one line.
fn joined(raw: &str, limit: usize) -> String {
    // Four times the limit is read at most, so that a flood of spaces costs nothing.
    let cut: String = raw.chars().take(limit.saturating_mul(4).max(64)).collect();
    let plain = visible_only(&ANSI.replace_all(&cut, ""));
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A line at whose start no workflow reads a command.
fn broken(text: String) -> String {
    for (prefix, broken) in [("::", ": :"), ("##[", "# #["), ("##vso[", "# #vso[")] {
        if let Some(rest) = text.strip_prefix(prefix) {
            return format!("{broken}{rest}");
        }
    }
    text
}

/// Escape sequences of terminals: control sequences, operating system commands, and the rest.
static ANSI: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]{0,2000}(?:\x07|\x1b\\)|\x1b[@-_]|\x9b[0-?]*[ -/]*[@-~]",
    )
});

/// A commit's subject or a pull request's title, made of a foreign title (X14, X40).
///
/// Besides [`line()`]: mentions, references to issues, addresses, `[skip ci]`, trailers, commands
/// of bots and `fixup!` lose their meaning, because a squash merge copies titles into commits.
#[must_use]
pub fn commit_text(raw: &str, limit: usize) -> String {
    // What is taken off the front comes first: else it would guard what stands behind it.
    let joined = joined(raw, limit);
    let mut text = broken(LEADING.replace(&joined, "").into_owned());
    text = SKIP.replace_all(&text, "($1)").into_owned();
    text = NO_CI.replace_all(&text, "no ci").into_owned();
    text = ADDRESS.replace_all(&text, "$1 //").into_owned();
    text = REFERENCE.replace_all(&text, "$1 $2").into_owned();
    text = LEADING_TRAILER.replace(&text, "$1 -").into_owned();
    shorten(text.trim(), limit)
}

static ADDRESS: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?i)([a-z0-9+.-]*:)//"));
static REFERENCE: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?i)(@|#|\bGH-|!)([a-z0-9])"));
static LEADING_TRAILER: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^([A-Za-z0-9]+(?:-[A-Za-z0-9]+)+)\s*:"));
static LEADING: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?i)^(?:[\s/]|fixup!|squash!|amend!|bors\b)+"));

/// `raw` as a block of code that nothing inside can end, for Markdown.
///
/// At most `limit` characters of `raw` are shown; what follows is named as shortened. Commands
/// of bots at the start of a line are broken even here, because some bots read the raw text.
#[must_use]
pub fn code_block(raw: &str, limit: usize) -> String {
    let cut: String = raw.chars().take(limit).collect();
    let mut text = visible_only(&ANSI.replace_all(&cut, ""));
    if raw.chars().nth(limit).is_some() {
        text.push('\n');
        text.push_str(SHORTENED);
    }
    let lines: Vec<String> = text.trim_end().split('\n').map(raw_line).collect();
    fenced(&lines, "text")
}

/// Lines between fences that are longer than any run of backticks within.
pub(super) fn fenced(lines: &[String], info: &str) -> String {
    let longest = lines
        .iter()
        .map(|line| longest_run(line))
        .max()
        .unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}{info}\n{}\n{fence}\n", lines.join("\n"))
}

/// The first `limit` characters, the last of them an ellipsis where something was cut.
pub(super) fn shorten(text: &str, limit: usize) -> String {
    if text.chars().nth(limit).is_none() {
        return text.to_owned();
    }
    let mut cut: String = text.chars().take(limit.saturating_sub(1)).collect();
    if limit > 0 {
        cut.push('…');
    }
    cut
}
