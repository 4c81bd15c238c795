//! What an agent hands over by its tools: a report, questions, answers. Checked here, so that it is told at
//! once what is wrong; the server bounds it once more.

use serde::Deserialize;

use crate::domain::task::question::{OPTION_CHARS, OPTIONS_MAX, QUESTION_CHARS, QUESTIONS_MAX};
use crate::domain::task::report::{REPORT_CHARS, TITLE_CHARS};
use crate::domain::task::thread::{ANSWER_CHARS, THREADS_MAX};
use crate::protocol::result::{Answer, Question, Report, ReportKind};
use crate::sandbox::{clean, clean_line};

/// What was handed over until now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::runner) struct Handed {
    /// The last report.
    pub(in crate::runner) report: Option<Report>,
    /// The questions, in order.
    pub(in crate::runner) questions: Vec<Question>,
    /// The answers to review threads, at most one for each.
    pub(in crate::runner) answers: Vec<Answer>,
}

/// Arguments of `report`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Given {
    kind: ReportKind,
    title: String,
    text: String,
}

/// Arguments of `ask`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    question: String,
    options: Vec<String>,
    default: String,
}

impl Handed {
    /// Keeps an answer to a thread in place of an earlier one, or says what is wrong with it.
    pub(super) fn answer(&mut self, given: Answer) -> Result<u32, String> {
        let number = usize::try_from(given.thread).unwrap_or(usize::MAX);
        if !(1..=THREADS_MAX).contains(&number) {
            return Err("`thread` is the number of a thread in your task, from 1".to_owned());
        }
        within("words", &given.words, ANSWER_CHARS)?;
        let words = clean(given.words.as_bytes(), given.words.len());
        self.answers.retain(|known| known.thread != given.thread);
        self.answers.push(Answer {
            thread: given.thread,
            words,
        });
        Ok(given.thread)
    }

    /// Keeps a report in place of an earlier one, or says what is wrong with it.
    pub(super) fn give(&mut self, given: Given) -> Result<&Report, String> {
        within("title", &given.title, TITLE_CHARS)?;
        within("text", &given.text, REPORT_CHARS)?;
        let report = Report {
            kind: given.kind,
            title: clean_line(&given.title, TITLE_CHARS),
            text: clean(given.text.as_bytes(), given.text.len()),
        };
        Ok(self.report.insert(report))
    }

    /// Keeps a question, or says what is wrong with it.
    pub(super) fn ask(&mut self, asked: Asked) -> Result<&Question, String> {
        if self.questions.len() >= QUESTIONS_MAX {
            return Err(format!(
                "this attempt has asked its {QUESTIONS_MAX} questions; decide the rest yourself and say so in your last message"
            ));
        }
        within("question", &asked.question, QUESTION_CHARS)?;
        if !(2..=OPTIONS_MAX).contains(&asked.options.len()) {
            return Err(format!("give 2 to {OPTIONS_MAX} options"));
        }
        for option in &asked.options {
            within("option", option, OPTION_CHARS)?;
        }
        if !asked.options.contains(&asked.default) {
            return Err("`default` has to be one of the options, word for word".to_owned());
        }
        let line = |text: &String| clean_line(text, OPTION_CHARS);
        self.questions.push(Question {
            question: clean_line(&asked.question, QUESTION_CHARS),
            options: asked.options.iter().map(line).collect(),
            default: line(&asked.default),
        });
        let last = self.questions.last();
        last.ok_or_else(|| "the question was not kept".to_owned())
    }
}

fn within(what: &str, text: &str, most: usize) -> Result<(), String> {
    if clean_line(text, 1).is_empty() {
        return Err(format!("`{what}` is empty"));
    }
    match text.chars().nth(most) {
        Some(_) => Err(format!(
            "`{what}` may have {most} characters; shorten it and call again"
        )),
        None => Ok(()),
    }
}
