//! What the agent is asked: the contract in words, and what the people said since.
//!
//! All foreign text in it was cleaned when the contract was read; only people with write
//! access are quoted.

use std::fmt::Write as _;

use super::Task;
use super::attempt::{Attempt, Feedback};

/// The prompt of an attempt.
#[must_use]
pub fn of(task: &Task, attempt: &Attempt) -> String {
    let contract = &task.contract;
    let mut text = format!(
        "You are working on a checkout of the repository {}.\n\
         Attempt: {}\n\n# {}\n\n{}\n",
        task.name, attempt.number, contract.title, contract.objective
    );
    list(&mut text, "Change only files that match", &contract.scope);
    list(
        &mut text,
        "Keep to these constraints",
        &contract.constraints,
    );
    list(
        &mut text,
        "When you are done, these commands will be run on your change and must succeed",
        &contract.acceptance,
    );
    if let Some(stop) = &contract.stop {
        let _ = write!(text, "\nStop when: {stop}\n");
    }
    if let Some(feedback) = &attempt.feedback {
        tell(&mut text, task, feedback);
    }
    text.push_str(
        "\nEdit the files in the working directory. Do not commit, push or open pull requests: \
         your files are taken as they are when you end your turn, and your last message is shown \
         to the reviewers. Do not change tests, CI or configuration to make something pass unless \
         that is what was asked for.\n",
    );
    text
}

/// What a person said, and what it answers.
fn tell(text: &mut String, task: &Task, feedback: &Feedback) {
    for asked in &feedback.questions {
        let _ = write!(
            text,
            "\nAn earlier attempt asked people:\n> {}\n> Options: {}\n> Default: {}\n",
            asked.question,
            asked.options.join(" | "),
            asked.default
        );
    }
    let verb = match feedback.questions.as_slice() {
        [] => "says",
        _ => "answers",
    };
    let words = match (feedback.words.as_deref(), verb) {
        (Some(words), _) => words,
        (None, "answers") => "Go on with your defaults.",
        (None, _) => "The result is not what was asked for yet. Look at it again.",
    };
    let files = match task.pull {
        Some(_) => "The files hold the result of earlier attempts. ",
        None => "",
    };
    let _ = write!(text, "\n{files}{} {verb}:\n\n{words}\n", feedback.by.login);
}

fn list(text: &mut String, heading: &str, entries: &[String]) {
    if entries.is_empty() {
        return;
    }
    let _ = write!(text, "\n{heading}:\n");
    for entry in entries {
        let _ = writeln!(text, "- {entry}");
    }
}
