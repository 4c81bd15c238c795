//! A verdict for people: the summary of the check as Markdown, and the same for a terminal.
//! Within what GitHub takes; foreign texts are shown as code.

use std::fmt::Write as _;

use super::facts::{Enforcement, RiskRule};
use super::verdict::{Requirement, State, Verdict};
use crate::domain::text;

/// Longest summary of a check run that GitHub takes, in characters; held in bytes, to be sure of it.
pub const SUMMARY_CHARS: usize = 65_535;
/// Room for the line that says how much was left out, in bytes.
const NOTE_BYTES: usize = 100;
/// Lines of one list that are shown.
const LINES: usize = 40;
/// Longest line of a list, in characters.
const LINE_CHARS: usize = 400;

/// The summary of the check, in Markdown; at most [`SUMMARY_CHARS`].
#[must_use]
pub fn summary(verdict: &Verdict) -> String {
    let mut out = String::new();
    // Said before anything else: all that follows may be passed by (H23).
    if verdict.enforcement == Enforcement::Advisory {
        let _ = writeln!(out, "⚠️ **{}**\n", verdict.enforcement.words());
    }
    if !verdict.requirements.is_empty() {
        out.push_str("| | requirement | |\n|---|---|---|\n");
        let mut rows: Vec<&Requirement> = verdict.requirements.iter().collect();
        // What is missing comes first: on a phone it is all that fits.
        rows.sort_by_key(|one| rank(one.state));
        for one in rows.into_iter().take(LINES) {
            let what = cell(&one.what);
            let _ = writeln!(out, "| {} | {} | {what} |", mark(one), one.name);
        }
    }
    list(&mut out, "What to do next", verdict.next.iter().cloned());
    let left_out = verdict.left_out.iter();
    let left_out = left_out.map(|one| format!("{} {}", code(&one.login), neutral(&one.why)));
    list(&mut out, "Who did not count", left_out);
    let waived = verdict.waived.iter().map(|line| neutral(line));
    list(&mut out, "Waived by the override", waived);
    list(&mut out, "Why this tier", verdict.rules.iter().map(rule));
    let _ = writeln!(
        out,
        "\nDecided by {}: {}",
        verdict.decision,
        verdict.decision.sentence()
    );
    if verdict.enforcement != Enforcement::Advisory {
        let _ = writeln!(out, "\nEnforcement: {}.", verdict.enforcement.words());
    }
    whole_lines(&out, SUMMARY_CHARS)
}

/// As many whole lines of `text` as `most` bytes hold, and how many were left out: a cut within a
/// line could leave half a code span.
pub(super) fn whole_lines(text: &str, most: usize) -> String {
    if text.len() <= most {
        return text.to_owned();
    }
    let room = most.saturating_sub(NOTE_BYTES);
    let mut end = 0;
    for line in text.split_inclusive('\n') {
        if end + line.len() > room {
            break;
        }
        end += line.len();
    }
    let (kept, rest) = text.split_at(end);
    let left = rest.lines().filter(|line| !line.is_empty()).count();
    format!("{kept}\n({left} more lines were left out: GitHub takes no more.)\n")
}

/// Conclusion, title and table for a terminal; with `why` all the rest.
#[must_use]
pub fn terminal(verdict: &Verdict, why: bool) -> String {
    let mut out = format!(
        "{} ({})\n{}\n",
        verdict.conclusion, verdict.decision, verdict.title
    );
    let names = verdict
        .requirements
        .iter()
        .map(|one| one.name.chars().count());
    let width = names.max().unwrap_or_default();
    if width > 0 {
        out.push('\n');
    }
    for one in &verdict.requirements {
        let _ = writeln!(out, "{:<7} {:<width$}  {}", word(one), one.name, one.what);
    }
    for waived in &verdict.waived {
        let _ = writeln!(out, "waived  {waived}");
    }
    if !why {
        return out;
    }
    let _ = writeln!(
        out,
        "\ndecided by {}: {}",
        verdict.decision,
        verdict.decision.sentence()
    );
    for noted in &verdict.noted {
        let _ = writeln!(out, "noted {noted}: {}", noted.sentence());
    }
    if let Some(kind) = verdict.kind {
        let _ = writeln!(out, "kind: {}", kind.words());
    }
    let _ = writeln!(out, "tier: {} ({})", verdict.tier, verdict.tier.words());
    for rule in &verdict.rules {
        let path = rule.path.as_deref().unwrap_or("the whole change");
        let (because, path) = (
            text::line(&rule.because, LINE_CHARS),
            text::line(path, LINE_CHARS),
        );
        let _ = writeln!(out, "  {} {because}: {path}", rule.tier);
    }
    for one in &verdict.left_out {
        let _ = writeln!(out, "did not count: {} {}", one.login, one.why);
    }
    let _ = writeln!(out, "enforcement: {}", verdict.enforcement.words());
    if let Some(deadline) = verdict.deadline {
        let _ = writeln!(out, "waits until {deadline}");
    }
    for step in &verdict.next {
        let _ = writeln!(out, "next: {step}");
    }
    out
}

fn list(out: &mut String, title: &str, lines: impl Iterator<Item = String>) {
    let lines: Vec<String> = lines.collect();
    if lines.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n**{title}**\n");
    for line in lines.iter().take(LINES) {
        let _ = writeln!(out, "- {line}");
    }
    let more = lines.len().saturating_sub(LINES);
    if more > 0 {
        let _ = writeln!(out, "- and {more} more");
    }
}

/// A rule that fired, and for which file.
pub(super) fn rule(rule: &RiskRule) -> String {
    let because = neutral(&rule.because);
    match &rule.path {
        Some(path) => format!("{}: {because} ({})", rule.tier, code(path)),
        None => format!("{}: {because}", rule.tier),
    }
}

/// Foreign text as code.
pub(super) fn code(raw: &str) -> String {
    text::inline_code(raw, LINE_CHARS)
}

/// Foreign text as one line of prose in which nothing acts.
pub(super) fn neutral(raw: &str) -> String {
    text::neutral(&text::line(raw, LINE_CHARS), LINE_CHARS)
        .replace('\n', " ")
        .trim()
        .to_owned()
}

/// A cell of a table: a bar would end it.
fn cell(raw: &str) -> String {
    neutral(raw).replace('|', "\\|")
}

const fn rank(state: State) -> u8 {
    match state {
        State::NotMet => 0,
        State::Met => 1,
        State::NotAsked => 2,
    }
}

fn mark(one: &Requirement) -> &'static str {
    match one.state {
        State::Met => "✅",
        State::NotMet => "❌",
        State::NotAsked => "–",
    }
}

fn word(one: &Requirement) -> &'static str {
    match one.state {
        State::Met => "met",
        State::NotMet => "MISSING",
        State::NotAsked => "-",
    }
}
