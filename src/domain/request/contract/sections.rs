//! An issue's text split at the headings that the issue form writes.
//!
//! It knows the names of the headings and the shapes of lists, not what a field means.

use super::Field;
use crate::domain::text::Fence;

/// A heading of the issue form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heading {
    /// The field that stands under it.
    pub field: Field,
    /// As the issue form writes it.
    pub title: &'static str,
    /// Other names that people give it, in lower case without punctuation.
    pub also: &'static [&'static str],
}

/// Every heading. The issue form in `deploy/` is compared with it by a test.
pub const HEADINGS: &[Heading] = &[
    Heading {
        field: Field::Objective,
        title: "Objective",
        also: &["goal", "task", "what to do"],
    },
    Heading {
        field: Field::Scope,
        title: "Files in scope",
        also: &["scope", "files"],
    },
    Heading {
        field: Field::Constraints,
        title: "Constraints",
        also: &["rules"],
    },
    Heading {
        field: Field::Setup,
        title: "Set-up",
        also: &["setup", "set up", "setup commands", "set up commands"],
    },
    Heading {
        field: Field::Acceptance,
        title: "Acceptance commands",
        also: &["acceptance", "acceptance command", "checks"],
    },
    Heading {
        field: Field::Stop,
        title: "Stop condition",
        also: &["stop conditions", "stop"],
    },
    Heading {
        field: Field::Owner,
        title: "Owner",
        also: &["responsible"],
    },
    Heading {
        field: Field::Budget,
        title: "Budget",
        also: &["limits"],
    },
];

/// What an issue form writes where nothing was filled in.
const NO_RESPONSE: &str = "_No response_";

/// The text under one heading.
#[derive(Clone, Debug, Default)]
pub(super) struct Section<'a> {
    /// Lines with their numbers in the text, from 1.
    pub(super) lines: Vec<(u32, &'a str)>,
}

/// An issue's text in parts.
pub(super) struct Sections<'a> {
    parts: Vec<(Field, Section<'a>)>,
}

impl<'a> Sections<'a> {
    /// Splits `text`. What stands before the first known heading, or under a heading that is not
    /// known, belongs to the objective.
    pub(super) fn of(text: &'a str) -> Self {
        let mut parts: Vec<(Field, Section<'a>)> = Vec::new();
        let mut field = Field::Objective;
        let mut fence: Option<Fence> = None;
        for (at, line) in text.split('\n').enumerate() {
            let number = u32::try_from(at + 1).unwrap_or(u32::MAX);
            let is_code = within(&mut fence, line) != Line::Text;
            if !is_code && let Some(title) = heading(line) {
                let known = field_of(title);
                field = known.unwrap_or(Field::Objective);
                if known.is_some() {
                    continue;
                }
            }
            match parts.iter_mut().find(|(known, _)| *known == field) {
                Some((_, section)) => section.lines.push((number, line)),
                None => parts.push((
                    field,
                    Section {
                        lines: vec![(number, line)],
                    },
                )),
            }
        }
        Self { parts }
    }

    /// The text of a field; `None` where it is absent or empty.
    pub(super) fn get(&self, field: Field) -> Option<&Section<'a>> {
        self.parts
            .iter()
            .find(|(known, _)| *known == field)
            .map(|(_, section)| section)
            .filter(|section| !section.entries().is_empty())
    }
}

impl Section<'_> {
    /// The whole text, without blank lines around it; empty where there was no response.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        let mut blank = 0;
        for (_, line) in &self.lines {
            if line.trim().is_empty() {
                blank += 1;
                continue;
            }
            if line.trim() == NO_RESPONSE {
                continue;
            }
            if !text.is_empty() {
                // Removed content leaves empty lines; one of them is enough.
                text.push_str(if blank > 0 { "\n\n" } else { "\n" });
            }
            blank = 0;
            text.push_str(line.trim_end());
        }
        text
    }

    /// The entries: one a line, with or without a list's marks, in or out of fences.
    pub(super) fn entries(&self) -> Vec<(u32, String)> {
        let mut fence = None;
        let mut entries = Vec::new();
        for (number, line) in &self.lines {
            let bare = line.trim();
            let bare = match within(&mut fence, line) {
                Line::Fence => continue,
                Line::Code => bare,
                // In a list a fence may stand deeper.
                Line::Text if Fence::opening(bare).is_some() => continue,
                Line::Text => without_code(without_mark(bare)),
            };
            if !bare.is_empty() && bare != NO_RESPONSE {
                entries.push((*number, bare.to_owned()));
            }
        }
        entries
    }

    /// The number of the first line that says something.
    pub(super) fn line(&self) -> u32 {
        self.lines
            .iter()
            .find(|(_, line)| !line.trim().is_empty())
            .map_or(0, |(number, _)| *number)
    }
}

/// What a line is to blocks of code.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Line {
    Text,
    Fence,
    Code,
}

/// What `line` is after the lines before it, of which `open` is what is left open.
fn within(open: &mut Option<Fence>, line: &str) -> Line {
    match open {
        Some(fence) if fence.closes(line) => {
            *open = None;
            Line::Fence
        }
        Some(_) => Line::Code,
        None => {
            *open = Fence::opening(line);
            if open.is_some() {
                Line::Fence
            } else {
                Line::Text
            }
        }
    }
}

/// The text of a heading of any level.
fn heading(line: &str) -> Option<&str> {
    let bare = line.trim_start_matches(' ');
    let level = bare.chars().take_while(|c| *c == '#').count();
    let rest = &bare[level..];
    let is_heading =
        line.len() - bare.len() <= 3 && (1..=6).contains(&level) && rest.starts_with([' ', '\t']);
    is_heading.then(|| rest.trim().trim_end_matches('#').trim())
}

fn field_of(title: &str) -> Option<Field> {
    let plain = |text: &str| {
        let spaced: String = text
            .chars()
            .map(|c| {
                if c.is_alphanumeric() {
                    c.to_ascii_lowercase()
                } else {
                    ' '
                }
            })
            .collect();
        spaced.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let title = plain(title);
    HEADINGS
        .iter()
        .find(|heading| plain(heading.title) == title || heading.also.contains(&title.as_str()))
        .map(|heading| heading.field)
}

/// An entry without the mark of a list or a task.
fn without_mark(line: &str) -> &str {
    let bare = ["- ", "* ", "+ "]
        .iter()
        .find_map(|mark| line.strip_prefix(mark));
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    let numbered = (1..=9)
        .contains(&digits)
        .then(|| {
            line[digits..]
                .strip_prefix(". ")
                .or_else(|| line[digits..].strip_prefix(") "))
        })
        .flatten();
    let bare = bare.or(numbered).unwrap_or(line).trim();
    ["[ ] ", "[x] ", "[X] "]
        .iter()
        .find_map(|mark| bare.strip_prefix(mark))
        .unwrap_or(bare)
        .trim()
}

/// An entry that is one code span, without its backticks.
fn without_code(entry: &str) -> &str {
    let inner = entry
        .strip_prefix('`')
        .and_then(|rest| rest.strip_suffix('`'));
    inner
        .filter(|inner| !inner.contains('`'))
        .map_or(entry, str::trim)
}
