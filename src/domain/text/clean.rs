//! Foreign text on its way in: only what a person sees on the page is left (X31, X32).
//!
//! Cleaning is repeated until nothing changes, so that removing one thing cannot put another
//! together. It knows nothing of what the text is about.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::{Captures, Regex};
use serde::{Deserialize, Serialize};

use super::markdown::seen;
use super::pattern::{longest_run, pattern};
use super::removed::RemovedKind;
use super::visible::{Class, class, filter};

/// A text with only what a person sees.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cleaned {
    /// The text, with `\n` at line ends and its lines where they were.
    pub text: String,
    /// What was removed, one entry a kind.
    pub removed: Vec<Removed>,
    /// The text was longer than allowed.
    pub truncated: bool,
}

/// How often one kind was removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Removed {
    /// What.
    pub kind: RemovedKind,
    /// How often.
    pub count: usize,
}

/// Rounds of cleaning before a text is taken for hostile and shown as code.
const ROUNDS: usize = 8;

/// What is looked at of a text at least, in characters: twice GitHub's own limit, so that nothing
/// is cut before it is clean. Half a comment would be text, and a person sees nothing of it.
const LOOKED_AT: usize = 131_072;

/// `raw` with only what a person sees, in at most `limit_chars` characters.
///
/// Cleaning what is clean changes nothing: `clean(clean(x)) == clean(x)`.
#[must_use]
pub fn clean(raw: &str, limit_chars: usize) -> Cleaned {
    let mut removed = BTreeMap::new();
    let mut truncated = false;
    let mut text = cut(
        raw,
        limit_chars.saturating_mul(2).max(LOOKED_AT),
        &mut truncated,
    );
    for _ in 0..ROUNDS {
        let before = text.clone();
        text = round(&text, &mut removed);
        text = cut(&text, limit_chars, &mut truncated);
        if text == before {
            return finish(text, &removed, truncated);
        }
    }
    let shown = as_code(&text, limit_chars);
    finish(shown, &removed, true)
}

/// `raw` with only visible characters, for text that no page renders as Markdown: a title.
#[must_use]
pub fn clean_title(raw: &str, limit_chars: usize) -> Cleaned {
    let mut removed = BTreeMap::new();
    let mut truncated = false;
    let mut text = String::new();
    let raw = cut(raw, limit_chars.saturating_mul(2), &mut truncated);
    filter(&raw, &mut text, |class| {
        if let Some(kind) = kind_of(class) {
            *removed.entry(kind).or_insert(0) += 1;
        }
    });
    let text = cut(&text, limit_chars, &mut truncated);
    finish(super::line(&text, limit_chars), &removed, truncated)
}

fn finish(text: String, removed: &BTreeMap<RemovedKind, usize>, truncated: bool) -> Cleaned {
    let removed = removed
        .iter()
        .map(|(kind, count)| Removed {
            kind: *kind,
            count: *count,
        })
        .collect();
    Cleaned {
        text,
        removed,
        truncated,
    }
}

fn cut(text: &str, limit: usize, truncated: &mut bool) -> String {
    match text.char_indices().nth(limit) {
        Some((at, _)) => {
            *truncated = true;
            text[..at].to_owned()
        }
        None => text.to_owned(),
    }
}

/// One round: characters, entities, Markdown.
fn round(text: &str, removed: &mut BTreeMap<RemovedKind, usize>) -> String {
    let mut count = |kind| *removed.entry(kind).or_insert(0) += 1;
    let mut plain = String::with_capacity(text.len());
    filter(text, &mut plain, |class| {
        if let Some(kind) = kind_of(class) {
            count(kind);
        }
    });
    let plain = ENTITY.replace_all(&plain, |found: &Captures<'_>| {
        let hidden = decode(&found[1]).is_some_and(|c| kind_of(class(c)).is_some());
        if hidden {
            count(RemovedKind::Entity);
            String::new()
        } else {
            found[0].to_owned()
        }
    });
    let (text, kinds) = seen(&plain);
    kinds.into_iter().for_each(count);
    text
}

/// A numeric or named entity; browsers accept the numeric ones without the semicolon too.
static ENTITY: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"&(#[0-9]{1,9};?|#[xX][0-9a-fA-F]{1,8};?|[A-Za-z]{2,31};)"));

/// Named entities that are not drawn.
const NAMED: &[(&str, char)] = &[
    ("shy", '\u{ad}'),
    ("zwnj", '\u{200c}'),
    ("zwj", '\u{200d}'),
    ("lrm", '\u{200e}'),
    ("rlm", '\u{200f}'),
    ("ZeroWidthSpace", '\u{200b}'),
    ("NegativeThickSpace", '\u{200b}'),
    ("NegativeMediumSpace", '\u{200b}'),
    ("NegativeThinSpace", '\u{200b}'),
    ("NegativeVeryThinSpace", '\u{200b}'),
    ("NoBreak", '\u{2060}'),
    ("ApplyFunction", '\u{2061}'),
    ("af", '\u{2061}'),
    ("InvisibleTimes", '\u{2062}'),
    ("it", '\u{2062}'),
    ("InvisibleComma", '\u{2063}'),
    ("ic", '\u{2063}'),
];

fn decode(entity: &str) -> Option<char> {
    let entity = entity.trim_end_matches(';');
    let Some(number) = entity.strip_prefix('#') else {
        return NAMED
            .iter()
            .find(|(name, _)| *name == entity)
            .map(|(_, c)| *c);
    };
    let code = match number.strip_prefix(['x', 'X']) {
        Some(hex) => u32::from_str_radix(hex, 16),
        None => number.parse(),
    };
    code.ok().and_then(char::from_u32)
}

fn kind_of(class: Class) -> Option<RemovedKind> {
    match class {
        Class::Visible | Class::Space | Class::Newline => None,
        Class::Bidi => Some(RemovedKind::Bidi),
        Class::ZeroWidth => Some(RemovedKind::ZeroWidth),
        Class::Tag => Some(RemovedKind::Tag),
        Class::VariationSelector => Some(RemovedKind::VariationSelector),
        Class::SoftHyphen => Some(RemovedKind::SoftHyphen),
        Class::Control => Some(RemovedKind::Control),
        Class::Filler => Some(RemovedKind::Filler),
        Class::Private | Class::Unassigned => Some(RemovedKind::Unassigned),
    }
}

/// The whole text as one block of code, in which nothing is hidden.
fn as_code(text: &str, limit: usize) -> String {
    let mut plain = String::with_capacity(text.len());
    filter(&text.replace('&', "& "), &mut plain, |_| {});
    let fence = "`".repeat(longest_run(&plain).max(2) + 1);
    let room = limit.saturating_sub(2 * fence.len() + 2);
    let plain: String = plain.chars().take(room).collect();
    if room == 0 {
        return String::new();
    }
    format!("{fence}\n{plain}\n{fence}")
}

/// One sentence for people: `2 HTML comments and 5 invisible characters were removed.`
#[must_use]
pub fn sentence(removed: &[Removed]) -> Option<String> {
    let mut counts = [0_usize; 5];
    for Removed { kind, count } in removed {
        let group = match kind {
            RemovedKind::HtmlComment => 0,
            RemovedKind::HtmlTag => 1,
            RemovedKind::Image => 2,
            RemovedKind::HiddenText | RemovedKind::Unclosed => 3,
            RemovedKind::Bidi
            | RemovedKind::ZeroWidth
            | RemovedKind::Tag
            | RemovedKind::VariationSelector
            | RemovedKind::SoftHyphen
            | RemovedKind::Control
            | RemovedKind::Filler
            | RemovedKind::Unassigned
            | RemovedKind::Entity => 4,
        };
        counts[group] += count;
    }
    let names = [
        "HTML comment",
        "HTML tag",
        "image",
        "hidden text",
        "invisible character",
    ];
    let parts: Vec<String> = names
        .iter()
        .zip(counts)
        .filter(|(_, count)| *count > 0)
        .map(|(name, count)| format!("{count} {name}{}", if count == 1 { "" } else { "s" }))
        .collect();
    let (last, first) = parts.split_last()?;
    let one = counts.iter().sum::<usize>() == 1;
    let verb = if one { "was" } else { "were" };
    Some(if first.is_empty() {
        format!("{last} {verb} removed.")
    } else {
        format!("{} and {last} {verb} removed.", first.join(", "))
    })
}
