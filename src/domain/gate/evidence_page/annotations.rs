//! What is marked in the difference: where the tier was raised, and where tests were weakened.
//!
//! An annotation is plain text beside a line; what is foreign in it stands in quotes of code.

use std::collections::BTreeSet;

use super::Known;
use crate::domain::ci::weakened::{Kind, Weakening};
use crate::domain::risk::{Contents, Tier};
use crate::domain::task::shown::without_secrets;
use crate::domain::text;

/// Most annotations of one run: two calls of GitHub's API. The page says how many there are.
pub const ANNOTATIONS: usize = 100;
/// Longest path that is marked, in characters: longer ones were shortened, and are no paths.
const PATH_CHARS: usize = 400;
/// Longest message, in characters.
const MESSAGE_CHARS: usize = 500;

/// How loud an annotation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Level {
    /// Worth a look.
    Notice,
    /// Look at this before you approve.
    Warning,
}

impl Level {
    /// GitHub's word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Notice => "notice",
            Self::Warning => "warning",
        }
    }
}

/// One mark in the difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Annotation {
    /// The file; foreign, as git has it.
    pub path: String,
    /// The line, from 1; the first one where no other is known.
    pub line: u32,
    /// How loud it is.
    pub level: Level,
    /// What it is about.
    pub title: String,
    /// What was found there.
    pub message: String,
}

/// The marks, the weightiest first, at most [`ANNOTATIONS`].
pub(super) fn annotations(known: &Known<'_>) -> Vec<Annotation> {
    let mut marks = all(known);
    marks.truncate(ANNOTATIONS);
    marks
}

/// How many marks there are for which no room is.
pub(super) fn left_out(known: &Known<'_>) -> usize {
    all(known).len().saturating_sub(ANNOTATIONS)
}

fn all(known: &Known<'_>) -> Vec<Annotation> {
    let weakened = weakened(known);
    // What is marked at its own line is not marked at the first one as well.
    let marked: BTreeSet<(&str, String)> = weakened
        .iter()
        .map(|one| (one.path.as_str(), one.kind.sentence().to_owned()))
        .collect();
    let is_marked = |path: &str, because: &str| {
        let of_path = marked.iter().filter(|(known, _)| *known == path);
        of_path.into_iter().any(|(_, kind)| because.ends_with(kind))
    };
    let rules = known.verdict.rules.iter().filter_map(|rule| {
        let path = rule.path.as_ref()?.as_str();
        let raises = rule.tier > Tier::T1 && !is_marked(path, &rule.because);
        (raises && is_path(path)).then(|| Annotation {
            path: path.to_owned(),
            line: 1,
            level: match rule.tier {
                Tier::T0 | Tier::T1 | Tier::T2 => Level::Notice,
                Tier::T3 | Tier::Tx => Level::Warning,
            },
            title: format!("{} ({})", rule.tier, rule.tier.words()),
            message: text::line(&without_secrets(&rule.because), MESSAGE_CHARS),
        })
    });
    let mut rules: Vec<Annotation> = rules.collect();
    rules.sort_by_key(|one| one.level == Level::Notice);
    let weakened = weakened.iter().map(|one| Annotation {
        path: one.path.clone(),
        line: one.line.unwrap_or(1).max(1),
        level: Level::Warning,
        title: "Tests or checks are weaker".to_owned(),
        message: message(one),
    });
    weakened.chain(rules).collect()
}

fn message(one: &Weakening) -> String {
    let what = text::inline_code(&without_secrets(&one.what), 200);
    let said = format!("Here {} ({what}).", one.kind.sentence());
    text::line(&said, MESSAGE_CHARS)
}

/// What the whole branch weakens, by place.
fn weakened<'a>(known: &Known<'a>) -> Vec<&'a Weakening> {
    let Contents::Compared(found) = &known.difference.contents else {
        return Vec::new();
    };
    let shown = found.iter().filter(|one| is_path(&one.path));
    shown.filter(|one| one.kind != Kind::More).collect()
}

/// Whether GitHub can find it: a path that was shortened on its way names no file.
fn is_path(path: &str) -> bool {
    let length = path.chars().count();
    (1..PATH_CHARS).contains(&length) && !path.chars().any(char::is_control)
}
