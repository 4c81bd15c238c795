//! What an agent asks people while it works: bounded, and told so that nothing in it acts.
//!
//! It never waits for an answer: it goes on with its default, and the answer reaches the next
//! attempt. When that is, is not known here.

use serde::{Deserialize, Serialize};

use super::shown::without_secrets;
use crate::domain::ids::AttemptNumber;
use crate::domain::text;

/// Questions of one attempt: whoever has more should have been asked more precisely.
pub const QUESTIONS_MAX: usize = 3;
/// Characters of a question.
pub const QUESTION_CHARS: usize = 500;
/// Characters of an option.
pub const OPTION_CHARS: usize = 200;
/// Options of a question; fewer than two are no choice.
pub const OPTIONS_MAX: usize = 6;

/// What an agent asks people; it goes on with the default.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// The question, one line.
    pub question: String,
    /// Answers to choose from, one line each.
    pub options: Vec<String>,
    /// What the agent goes on with: one of the options.
    pub default: String,
}

/// The questions of an attempt as they are kept: the first ones, each in bounds.
#[must_use]
pub fn bounded(questions: &[Question]) -> Vec<Question> {
    let option = |text: &String| text::line(text, OPTION_CHARS);
    let bounded = questions.iter().take(QUESTIONS_MAX).map(|asked| Question {
        question: text::line(&asked.question, QUESTION_CHARS),
        options: asked.options.iter().take(OPTIONS_MAX).map(option).collect(),
        default: option(&asked.default),
    });
    bounded.collect()
}

/// The comment that asks people, as Markdown.
#[must_use]
pub fn comment(attempt: AttemptNumber, asked: &Question) -> String {
    let mut lines = vec![
        format!(
            "**The agent has a question** (attempt {attempt}). It goes on with its default meanwhile. Its own words, not checked by anybody:"
        ),
        String::new(),
        format!("> {}", spoken(&asked.question, QUESTION_CHARS)),
        ">".to_owned(),
    ];
    let options = asked.options.iter();
    lines.extend(options.map(|option| format!("> - {}", spoken(option, OPTION_CHARS))));
    lines.push(">".to_owned());
    let default = spoken(&asked.default, OPTION_CHARS);
    lines.push(format!("> Default: {default}"));
    lines.push(String::new());
    lines.push(
        "Answer with a comment of `/agent fix` and your answer, in one line: the next attempt is told it."
            .to_owned(),
    );
    lines.join("\n")
}

/// Foreign words in one line, in which nothing acts (X8, X38 to X40).
fn spoken(words: &str, max: usize) -> String {
    text::neutral(&without_secrets(words), max).replace('\n', " ")
}
