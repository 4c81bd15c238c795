//! From the bytes of a policy to its values, with limits, and with a place and a remedy for
//! every mistake (X87).

use std::fmt;

use serde_saphyr::budget::BudgetBreach;
use serde_saphyr::{Error, Options, budget, options};

use super::Policy;
use crate::domain::text;

/// Where the policy stands in a repository.
pub const POLICY_PATH: &str = ".github/castellan.yml";

/// Largest policy that is read: people write theirs by hand.
pub const POLICY_BYTES: usize = 64 * 1024;

/// Nesting: the policy's own form has 4 levels.
const DEPTH: usize = 12;

/// Parser events and nodes: far more than [`POLICY_BYTES`] of sense holds.
const EVENTS: usize = 20_000;

/// Longest message that a mistake may have.
const MESSAGE: usize = 400;

/// A mistake in a policy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct PolicyError {
    /// Line, from 1; 0 where the mistake has no place.
    pub line: u32,
    /// Column, from 1; 0 where the mistake has no place.
    pub column: u32,
    /// What is wrong, in one safe line.
    pub message: String,
    /// What a person can do.
    pub remedy: String,
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            line,
            column,
            message,
            remedy,
        } = self;
        write!(f, "{POLICY_PATH}:{line}:{column}: {message}; {remedy}")
    }
}

/// Reads a policy.
///
/// # Errors
/// It is too large, not UTF-8, not YAML, has anchors, aliases, tags or duplicate keys, is
/// nested too deeply, or holds a key or a value that is not known. The first mistake is named.
pub fn parse(text: &[u8]) -> Result<Policy, PolicyError> {
    if text.len() > POLICY_BYTES {
        return Err(PolicyError {
            line: 0,
            column: 0,
            message: format!(
                "the file has {} bytes, and {POLICY_BYTES} are read",
                text.len()
            ),
            remedy: String::from("shorten it"),
        });
    }
    let text = std::str::from_utf8(text).map_err(|error| {
        let before = &text[..error.valid_up_to()];
        let line = before.iter().filter(|b| **b == b'\n').count() + 1;
        PolicyError {
            line: u32::try_from(line).unwrap_or(u32::MAX),
            column: 1,
            message: String::from("the file is not UTF-8"),
            remedy: String::from("save it as UTF-8"),
        }
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    // A file of comments only says nothing, as an absent one does.
    if text
        .lines()
        .all(|line| line.trim().is_empty() || line.trim().starts_with('#'))
    {
        return Ok(Policy::default());
    }
    serde_saphyr::from_str_with_options(text, limits()).map_err(|error| explain(&error))
}

fn limits() -> Options {
    options! {
        budget: budget! {
            max_reader_input_bytes: Some(POLICY_BYTES),
            max_events: EVENTS,
            max_nodes: EVENTS,
            max_depth: DEPTH,
            max_aliases: 0,
            max_anchors: 0,
            max_merge_keys: 0,
            max_documents: 1,
            flow_nesting_limit: DEPTH,
            max_total_scalar_bytes: POLICY_BYTES,
        },
        duplicate_keys: serde_saphyr::DuplicateKeyPolicy::Error,
        merge_keys: serde_saphyr::MergeKeyPolicy::Error,
        strict_booleans: true,
        reject_unsupported_tags: true,
        with_snippet: false,
    }
}

fn explain(error: &Error) -> PolicyError {
    let bare = error.without_snippet();
    let place = bare.location();
    let full = bare.render_with_formatter(&serde_saphyr::UserMessageFormatter);
    // The place is a field of its own; the first line says what is wrong.
    let first = full.lines().next().unwrap_or("");
    let first = first.split(" at line ").next().unwrap_or(first);
    let first = first.strip_prefix("error: ").unwrap_or(first);
    let (message, remedy) = match bare {
        Error::SerdeUnknownField {
            field, expected, ..
        } => (
            format!("the key `{field}` is not known here"),
            format!("keys are {}", expected.join(", ")),
        ),
        Error::SerdeUnknownVariant {
            variant, expected, ..
        } => (
            format!("`{variant}` is not known here"),
            format!("write one of {}", expected.join(", ")),
        ),
        Error::DuplicateMappingKey { key, .. } => (
            format!("the key `{}` stands twice", key.as_deref().unwrap_or("?")),
            String::from("keep one of them"),
        ),
        Error::Budget {
            breach: BudgetBreach::Anchors { .. } | BudgetBreach::Aliases { .. },
            ..
        } => (
            String::from("anchors (`&x`) and aliases (`*x`) are not read here"),
            String::from("write the value out, or put it in quotes if it is a glob"),
        ),
        Error::Budget {
            breach: BudgetBreach::Documents { .. },
            ..
        } => (
            String::from("a second document begins (`---`)"),
            String::from("keep one document"),
        ),
        Error::Budget { .. } => (
            String::from("the file is nested too deeply or has too many parts"),
            String::from("write it flat and shorter"),
        ),
        Error::Message { msg, .. } => split(msg),
        _ => split(first),
    };
    PolicyError {
        line: place.map_or(0, |place| u32::try_from(place.line()).unwrap_or(u32::MAX)),
        column: place.map_or(0, |place| u32::try_from(place.column()).unwrap_or(u32::MAX)),
        message: text::line(&message, MESSAGE),
        remedy: text::line(&remedy, MESSAGE),
    }
}

/// What the parser says, and how we say it to people.
const WORDING: &[(&str, &str, &str)] = &[
    (
        "invalid u64",
        "a whole number belongs here",
        "write digits only",
    ),
    (
        "invalid boolean",
        "`true` or `false` belongs here",
        "write one of them",
    ),
    (
        "expected mapping start",
        "keys belong here",
        "write lines of the form `key: value`",
    ),
    (
        "expected string",
        "a text belongs here",
        "write a text, in quotes if it has `:`, `{` or `[` in it",
    ),
    (
        "expected sequence",
        "a list belongs here",
        "write one entry a line, each after `- `",
    ),
    (
        "invalid type",
        "a list belongs here",
        "write one entry a line, each after `- `",
    ),
    (
        "recursion limit",
        "the file is nested too deeply",
        "write it flat",
    ),
    (
        "merge key",
        "the key `<<` is not read here",
        "write the keys out",
    ),
    (
        "unsupported tag",
        "tags (`!x`) are not read here",
        "leave the tag out",
    ),
    (
        "tabs disallowed",
        "a tab stands where only spaces may",
        "indent with spaces",
    ),
];

/// The remedy for what has no wording of its own: mostly broken YAML.
const SYNTAX: &str = "check indentation, brackets and quotes";

fn split(text: &str) -> (String, String) {
    if let Some((message, remedy)) = text.split_once("; ") {
        return (message.to_owned(), remedy.to_owned());
    }
    match WORDING
        .iter()
        .find(|(theirs, _, _)| text.starts_with(theirs))
    {
        Some((_, message, remedy)) => ((*message).to_owned(), (*remedy).to_owned()),
        None => (text.to_owned(), SYNTAX.to_owned()),
    }
}

/// The policy's JSON schema, for editors.
#[must_use]
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(Policy).to_value()
}
