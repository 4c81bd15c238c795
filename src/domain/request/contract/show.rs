//! A reading for people: in a terminal, and as the difference of two texts.

use std::fmt::Write as _;

use similar::TextDiff;

use super::Reading;
use crate::domain::text;

/// Longest difference that a comment shows: a comment of GitHub holds 65,536 characters.
pub const DIFFERENCE_CHARS: usize = 8_000;

/// Longest text of which a difference is made.
const COMPARED_CHARS: usize = 65_536;

/// Most lines of it: comparing takes the square of their number, and a bound in time would
/// make the same input give different answers.
const COMPARED_LINES: usize = 2_000;

/// The difference of two texts as a block for Markdown, bounded and with nothing in it that
/// acts; in words where there is nothing to show.
#[must_use]
pub fn difference(old_text: &str, new_text: &str) -> String {
    let compared = |raw| {
        let plain = text::plain(raw, COMPARED_CHARS);
        plain
            .split_inclusive('\n')
            .take(COMPARED_LINES)
            .collect::<String>()
    };
    let (old, new) = (compared(old_text), compared(new_text));
    if old == new {
        return unseen(old_text, new_text);
    }
    let diff = TextDiff::from_lines(&old, &new);
    let shown = diff
        .unified_diff()
        .context_radius(3)
        .header("before", "now")
        .to_string();
    text::code_block(&shown, DIFFERENCE_CHARS)
}

/// Of two texts that look the same as far as they are compared.
fn unseen(old_text: &str, new_text: &str) -> String {
    let whole = |raw: &str| text::plain(raw, usize::MAX);
    if old_text == new_text {
        String::from("Both texts are the same.")
    } else if whole(old_text) == whole(new_text) {
        String::from("Only characters that nobody sees were changed.")
    } else {
        format!(
            "What was changed stands beyond the first {COMPARED_LINES} lines or {COMPARED_CHARS} characters, which are compared."
        )
    }
}

/// What `castellan contract FILE` prints.
#[must_use]
pub fn explain(reading: &Reading) -> String {
    let contract = &reading.contract;
    let mut out = String::new();
    let mut say = |name: &str, lines: &[String]| {
        // Writing to a text cannot fail.
        let _ = writeln!(out, "{name}");
        if lines.is_empty() {
            let _ = writeln!(out, "  (none)");
        }
        for line in lines {
            let _ = writeln!(out, "  {}", text::line(line, 2_000));
        }
    };
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    say("Title", std::slice::from_ref(&contract.title));
    say("Objective", &lines(&contract.objective));
    say(
        "Files in scope",
        &or(&contract.scope, "all that the policy allows"),
    );
    say("Constraints", &contract.constraints);
    say("Set-up", &contract.setup);
    say("Acceptance commands", &contract.acceptance);
    say(
        "Stop condition",
        &contract.stop.as_deref().map(lines).unwrap_or_default(),
    );
    say(
        "Owner",
        &or(std::slice::from_ref(&contract.owner), "whoever asks"),
    );
    let budget = contract.budget;
    let mut spend = vec![
        format!("{} attempts", budget.attempts),
        format!("{} minutes an attempt", budget.minutes),
        format!("{} turns an attempt", budget.turns),
        format!("{} calls of a model", budget.calls),
        format!("{} tokens", budget.tokens),
    ];
    spend.extend(budget.cents.map(|cents| format!("{cents} cents")));
    say("Budget", &spend);
    if !reading.notes.is_empty() {
        say(
            "Notes",
            &reading
                .notes
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>(),
        );
    }
    if !reading.problems.is_empty() {
        say(
            "Problems",
            &reading
                .problems
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>(),
        );
    }
    say("SHA-256", &[contract.sha256().to_string()]);
    out
}

/// The texts that say something, or `otherwise`.
fn or(texts: &[String], otherwise: &str) -> Vec<String> {
    let said: Vec<String> = texts
        .iter()
        .filter(|text| !text.is_empty())
        .cloned()
        .collect();
    if said.is_empty() {
        vec![format!("({otherwise})")]
    } else {
        said
    }
}
