//! What an agent said and did, for people: read from the transcript that its runner returned.
//!
//! The transcript is JSON, one object a line, and foreign: a line that is not understood is passed
//! over, and all text is cleaned again and bounded.

use serde::Deserialize;

use super::shown::without_secrets;
use crate::domain::text;

/// Most entries that are shown.
const ENTRIES_MAX: usize = 1_000;
/// Longest text of an entry, in characters.
const TEXT_CHARS: usize = 4_000;

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Seconds since the runner began, as in `12.3`.
    pub at: String,
    /// What it was: `agent`, `session`, `turn`, `said`, `thought`, `tool`, `asked`, `stopped`, `cut`.
    pub what: &'static str,
    /// In words; foreign, cleaned and without what looks like a secret.
    pub words: String,
}

/// A line of the transcript, as the runner writes it.
#[derive(Deserialize)]
struct Line {
    #[serde(default)]
    at_ms: u64,
    agent: Option<String>,
    session: Option<String>,
    turn: Option<u64>,
    said: Option<String>,
    thought: Option<String>,
    tool: Option<String>,
    kind: Option<String>,
    status: Option<String>,
    asked: Option<String>,
    granted: Option<bool>,
    stopped: Option<String>,
    cut: Option<String>,
}

/// What happened, in order; the last entry says so where there was more.
#[must_use]
pub fn timeline(transcript: &str) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    // The title of the tool call that the last entry tells of: its next status is no other entry.
    let mut tool: Option<String> = None;
    for line in transcript.lines() {
        let Ok(line) = serde_json::from_str::<Line>(line) else {
            continue;
        };
        let seconds = line.at_ms / 1_000;
        let at = format!("{seconds}.{}", line.at_ms % 1_000 / 100);
        let title = line.tool.clone();
        let Some((what, words)) = words_of(line) else {
            continue;
        };
        let is_same = what == "tool" && tool == title;
        tool = title;
        if is_same && let Some(last) = entries.last_mut() {
            last.words = shown(&words);
            continue;
        }
        if entries.len() == ENTRIES_MAX {
            let words = "there is more, which is not shown".to_owned();
            entries.push(Entry {
                at,
                what: "cut",
                words,
            });
            break;
        }
        let words = shown(&words);
        entries.push(Entry { at, what, words });
    }
    entries
}

/// Foreign words as they are shown.
fn shown(words: &str) -> String {
    text::plain(&without_secrets(words), TEXT_CHARS)
}

fn words_of(line: Line) -> Option<(&'static str, String)> {
    let with = |text: String, more: Option<String>| match more {
        // The protocol's own words have underscores in them.
        Some(more) => format!("{text} ({})", more.replace('_', " ")),
        None => text,
    };
    if let Some(name) = line.agent {
        return Some(("agent", name));
    }
    if let Some(words) = line.session {
        return Some(("session", words));
    }
    if let Some(turn) = line.turn {
        return Some(("turn", turn.to_string()));
    }
    if let Some(words) = line.said {
        return Some(("said", words));
    }
    if let Some(words) = line.thought {
        return Some(("thought", words));
    }
    if let Some(title) = line.tool {
        return Some(("tool", with(title, line.status.or(line.kind))));
    }
    if let Some(title) = line.asked {
        let granted = if line.granted? { "granted" } else { "refused" };
        return Some(("asked", with(title, Some(granted.to_owned()))));
    }
    if let Some(reason) = line.stopped {
        return Some(("stopped", reason.replace('_', " ")));
    }
    line.cut.map(|words| ("cut", words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_understood_is_shown_and_nothing_else() {
        let secret = format!("ghp_{}", "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7xC0fR1uLq");
        let transcript = format!(
            "{}\nnot json\n{}\n{}\n{}\n{}\n",
            r#"{"agent":"Scripted","at_ms":40}"#,
            r#"{"tool":"Edit","kind":"edit","status":"completed","at_ms":12345}"#,
            r#"{"asked":"Edit a","kind":"edit","granted":false,"at_ms":12400}"#,
            r#"{"said":"a\u202eb <b>","at_ms":13000}"#,
            serde_json::json!({"said": format!("the token is {secret}"), "at_ms": 13_100}),
        );
        let shown: Vec<String> = timeline(&transcript)
            .iter()
            .map(|entry| format!("{} {} {}", entry.at, entry.what, entry.words))
            .collect();
        assert_eq!(
            shown[..4],
            [
                "0.0 agent Scripted",
                "12.3 tool Edit (completed)",
                "12.4 asked Edit a (refused)",
                "13.0 said ab <b>",
            ]
        );
        assert!(!shown[4].contains(&secret), "{}", shown[4]);
    }

    #[test]
    fn a_tool_call_is_one_entry_with_its_last_status() {
        let line = |title: &str, status: &str| {
            serde_json::json!({"tool": title, "status": status}).to_string()
        };
        let transcript = [
            line("a", "pending"),
            line("a", "in_progress"),
            line("a", "completed"),
            line("b", "in_progress"),
            r#"{"said":"between"}"#.to_owned(),
            line("b", "failed"),
        ];
        let entries = timeline(&transcript.join("\n"));
        let words: Vec<&str> = entries.iter().map(|entry| entry.words.as_str()).collect();
        assert_eq!(
            words,
            ["a (completed)", "b (in progress)", "between", "b (failed)"]
        );
    }

    #[test]
    fn it_is_bounded() {
        let line = serde_json::json!({"said": "x".repeat(10_000)}).to_string() + "\n";
        let entries = timeline(&line.repeat(3_000));
        assert_eq!(entries.len(), ENTRIES_MAX + 1);
        assert!(entries[0].words.chars().count() <= TEXT_CHARS + 20);
        assert_eq!(entries[ENTRIES_MAX].what, "cut");
    }
}
