//! Review threads that an attempt is told of, what its agent answers, and what is replied in each.
//!
//! A thread's words are those of somebody with write access; an answer is an agent's, and foreign.

use serde::{Deserialize, Serialize};

use super::shown::without_secrets;
use crate::domain::ids::{AttemptNumber, CommentId, Oid, Sha256Hex};
use crate::domain::text;

/// Threads that one attempt is told of: with more, a review is done in parts.
pub const THREADS_MAX: usize = 20;
/// Characters of an answer.
pub const ANSWER_CHARS: usize = 1_000;
/// Characters of a thread's words.
const WORDS_CHARS: usize = 4_000;
/// Characters of a path.
const PATH_CHARS: usize = 200;
/// Characters of a login.
const LOGIN_CHARS: usize = 60;

/// A review thread that stands open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Thread {
    /// Its first comment: what a reply answers.
    pub root: CommentId,
    /// The file; foreign, one line.
    pub path: String,
    /// The line.
    pub line: Option<u32>,
    /// Login of whoever said the newest that counts.
    pub by: String,
    /// The newest that counts, cleaned.
    pub words: String,
}

impl Thread {
    /// A thread, cleaned and in bounds.
    #[must_use]
    pub fn new(root: CommentId, path: &str, line: Option<u32>, by: &str, words: &str) -> Self {
        Self {
            root,
            path: text::line(path, PATH_CHARS),
            line,
            by: text::line(by, LOGIN_CHARS),
            words: cleaned(words),
        }
    }

    /// Where it is about, for people and agents.
    #[must_use]
    pub fn place(&self) -> String {
        let path = text::inline_code(&self.path, PATH_CHARS);
        match self.line {
            Some(line) => format!("{path}, line {line}"),
            None => path,
        }
    }
}

/// Words of people, without what a reader of the page does not see.
#[must_use]
pub fn cleaned(words: &str) -> String {
    text::clean(words, WORDS_CHARS).text.trim().to_owned()
}

/// What people are told of open threads that count for nothing; `None` where there is none.
#[must_use]
pub fn left_out(count: u32) -> Option<String> {
    let threads = match count {
        0 => return None,
        1 => "1 open review thread was",
        more => {
            return Some(format!(
                "{more} open review threads were left out: {WHY_LEFT_OUT}"
            ));
        }
    };
    Some(format!("{threads} left out: {WHY_LEFT_OUT}"))
}

const WHY_LEFT_OUT: &str = "edited since, by nobody with write access, or too many.";

/// What an agent answers to a thread.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// The thread's number in the prompt, from 1.
    pub thread: u32,
    /// Its words.
    pub words: String,
}

/// What an attempt did about a thread.
#[derive(Clone, Copy, Debug)]
pub struct Done<'a> {
    /// The attempt.
    pub attempt: AttemptNumber,
    /// Its commit; `None` where it changed nothing.
    pub commit: Option<&'a Oid>,
    /// Whether the commit changed the thread's file.
    pub touched: bool,
    /// What its agent answered.
    pub words: Option<&'a str>,
}

/// The reply in a thread, as Markdown.
#[must_use]
pub fn reply(done: &Done<'_>) -> String {
    let commit = done.commit.map(|commit| format!("`{}`", commit.short()));
    let words = done.words.map(spoken);
    match (words.filter(|words| !words.is_empty()), commit) {
        (Some(words), Some(commit)) => format!(
            "Attempt {} made {commit}. The agent's answer, in its own words, not checked by anybody:\n\n{words}",
            done.attempt
        ),
        (Some(words), None) => format!(
            "Attempt {} changed nothing. The agent's answer, in its own words, not checked by anybody:\n\n{words}",
            done.attempt
        ),
        (None, Some(commit)) if done.touched => {
            format!("This file was changed in {commit}; the agent said nothing to this thread.")
        }
        (None, _) => format!("Not answered by the agent (attempt {}).", done.attempt),
    }
}

/// The hidden line by which our own reply is found again.
#[must_use]
pub fn marker(key: &Sha256Hex) -> String {
    format!("{MARKED}{} -->", key.short())
}

/// Whether a comment carries such a line; anybody may have written it.
#[must_use]
pub fn is_marked(body: &str) -> bool {
    body.starts_with(MARKED)
}

/// How our replies begin.
const MARKED: &str = "<!-- castellan:reply:";

/// Foreign words as a quotation in which nothing acts (X8, X38 to X40).
fn spoken(words: &str) -> String {
    let neutral = text::neutral(&without_secrets(words), ANSWER_CHARS);
    let lines: Vec<String> = neutral
        .trim()
        .lines()
        .map(|line| format!("> {line}"))
        .collect();
    lines.join("\n")
}
