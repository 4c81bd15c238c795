//! What acts on a text that nobody rendered: commands of bots at the start of a line, trailers,
//! `[skip ci]`, keywords that close issues. A squash merge copies bodies into commits (X40).

use std::sync::LazyLock;

use regex::Regex;

use super::pattern::pattern;

/// One line as it may stand inside a block of code: only what acts on raw text is broken.
pub(super) fn raw_line(line: &str) -> String {
    let line = SKIP.replace_all(line, "($1)");
    let line = NO_CI.replace_all(&line, "no ci");
    let line = CLOSING.replace_all(&line, "$1$2 $3");
    let line = TRAILER.replace(&line, "$1\\:");
    COMMAND.replace(&line, "$1\\$2").into_owned()
}

/// What makes GitHub Actions skip a commit.
pub(super) static SKIP: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"(?i)\[\s*((?:skip|no)[ -](?:ci|actions)|(?:ci|actions)[ -]skip)\s*\]")
});
/// What makes Azure Pipelines skip one.
pub(super) static NO_CI: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?i)\*\*\*\s*no_ci\s*\*\*\*"));
/// A keyword that closes an issue, and what it would close.
pub(super) static CLOSING: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)\b((?:close[sd]?|fix(?:e[sd])?|resolve[sd]?):?[ \t]+)(\S*?(?:#|GH-|/(?:issues|pull|discussions)/))(\d)",
    )
});
/// `Co-authored-by:` and its like: a trailer's name has a hyphen, or is known.
pub(super) static TRAILER: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^([\s>*+-]*(?:[A-Za-z0-9]+-[A-Za-z0-9-]*|Cc|CC))[ \t]*:"));
/// What bots read at the start of a line.
pub(super) static COMMAND: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)^([\s>*+|-]*(?:\d+[.)]\s+)?)(/[a-z][a-z0-9_-]*(?:\s|:|$)|bors\b|@?(?:dependabot|renovate|mergify(?:io)?|copilot|coderabbitai|claude|codex|homu|bors|rustbot|gitstream|pre-commit-ci|k8s-ci-robot|prow|merge-?bot)\b|r[+=-]\B|try[+-]?$)",
    )
});
