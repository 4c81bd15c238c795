//! What people are told of a task, in one comment that is edited in place.

use super::Task;
use super::correction;
use super::going;
use super::proposal::BRANCH_MAX;
use super::shown::{shortened, without_secrets};
use super::stage::{Outcome, Stage};
use super::staged;
use crate::domain::ci::reading::{Awaited, Wait};
use crate::domain::ci::stuck::Entry;
use crate::domain::ci::watch::Watch;
use crate::domain::model::Spent;
use crate::domain::text;
use crate::domain::time::Timestamp;

/// The hidden line by which our own status comment of a task is found again.
#[must_use]
pub fn marker(task: &Task) -> String {
    format!("<!-- castellan:status:{} -->", task.id)
}

/// What a comment says beside the task itself.
#[derive(Clone, Copy, Debug)]
pub struct Beside<'a> {
    /// The time that it is.
    pub now: Timestamp,
    /// What the task has spent on models.
    pub spent: Spent,
    /// The address of the task's page, where there is one.
    pub page: Option<&'a str>,
}

/// The status comment of `task` as Markdown.
#[must_use]
pub fn comment(task: &Task, beside: &Beside<'_>) -> String {
    let mut lines = vec![
        marker(task),
        format!("**{}**", headline(task)),
        String::new(),
        format!("- {}", asked(task)),
        format!("- {}", contract_line(task)),
    ];
    for attempt in &task.attempts {
        let ended = match (&attempt.ended, task.stage.attempt() == Some(attempt.number)) {
            (_, true) => under_way(task, beside.now),
            (Some(ended), false) => spoken(ended),
            (None, false) => "over".to_owned(),
        };
        let ci = correction::of_attempt(task, attempt.number);
        lines.push(format!("- Attempt {}: {ended}{ci}", attempt.number));
    }
    lines.extend(staged::lines(task));
    if let Some(spent) = going::spent_words(&beside.spent) {
        lines.push(format!("- Spent on models: {spent}"));
    }
    for note in task.notes.iter().take(NOTES_SHOWN) {
        lines.push(format!("- Note: {}", spoken(note)));
    }
    if task.notes.len() > NOTES_SHOWN {
        let more = task.notes.len() - NOTES_SHOWN;
        lines.push(format!("- and {more} more notes"));
    }
    let told = shortened(lines.join("\n"));
    let mut lines = vec![told];
    if task.edited_since {
        lines.push(
            "- The issue was edited after the agent started. The approved text stays in force; comment `/agent stop` and label the issue again to use the new one."
                .to_owned(),
        );
    }
    let step = next_step(task);
    if !step.is_empty() {
        lines.push(String::new());
        lines.push(step);
    }
    if let Some(page) = beside.page {
        lines.push(format!("\n[Task `{}` with its history]({page})", task.id));
    }
    lines.join("\n")
}

/// Notes that are shown; the rest is counted.
const NOTES_SHOWN: usize = 20;
/// Longest sentence about an attempt, in characters.
const SENTENCE_MAX: usize = 1_500;

/// A sentence that may hold foreign words, such as an agent's last ones: nothing in it acts,
/// and what looks like a secret is left out (X38 to X40).
fn spoken(sentence: &str) -> String {
    text::neutral(&without_secrets(sentence), SENTENCE_MAX).replace('\n', " ")
}

fn headline(task: &Task) -> String {
    match &task.stage {
        Stage::Queued { .. } => "Accepted. Waiting for a runner.".to_owned(),
        Stage::Working { .. } => "The agent is working on this.".to_owned(),
        Stage::Applying { .. } => "A change came back and is being checked.".to_owned(),
        Stage::Asking { .. } => "The agent has a question for you.".to_owned(),
        Stage::Staged { .. } => staged::HEADLINE.to_owned(),
        Stage::Checking { pull, watch, .. } => match awaits_approval(watch) {
            true => format!("Draft pull request #{pull} is there; a run of CI waits for approval."),
            false => format!("Draft pull request #{pull} is there; waiting for CI."),
        },
        Stage::Delivered { pull, .. } => delivered(task, pull.0),
        Stage::Paused { .. } => "Paused: a person took the branch over.".to_owned(),
        Stage::Closed { outcome } => closed(*outcome).to_owned(),
    }
}

fn awaits_approval(watch: &Watch) -> bool {
    let approval = |one: &Awaited| one.why == Wait::Approval;
    watch.awaited.iter().any(approval)
}

/// What CI said of the head that is delivered.
fn said_of_head(task: &Task) -> Option<&Entry> {
    let Stage::Delivered { head, .. } = &task.stage else {
        return None;
    };
    let newest = task.ledger.iter().rev();
    newest.into_iter().find(|entry| entry.head == *head)
}

fn delivered(task: &Task, pull: i64) -> String {
    match said_of_head(task) {
        Some(entry) if entry.is_own() => {
            format!("Draft pull request #{pull} needs you: CI fails, and no attempt follows.")
        }
        Some(entry) if entry.watch.readied => {
            format!("Pull request #{pull} is ready for you; as a draft its CI would not run.")
        }
        _ => format!("Draft pull request #{pull} is ready for you."),
    }
}

const fn closed(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Merged => "Done: a person merged the pull request.",
        Outcome::Declined => "Closed: a person closed the pull request.",
        Outcome::Stopped => "Stopped.",
        Outcome::Unchanged => "The agent found nothing to change.",
        Outcome::Reported => "Done: the agent handed over a report and changed nothing.",
        Outcome::Unanswered => "Ended: the agent's question was not answered.",
        Outcome::Failed => "This could not be done.",
        Outcome::Refused => "The change was refused; nothing was written.",
        Outcome::AskedAgain => "Not started: the text was edited after it was approved.",
        Outcome::Moot => "Ended: the pull request that this was for was merged or closed.",
        Outcome::AccessLost => "Ended: Castellan may no longer work here.",
    }
}

fn asked(task: &Task) -> String {
    format!(
        "Requested by `{}`, for {} at `{}`",
        task.request.by.login,
        text::inline_code(&task.base.branch, BRANCH_MAX),
        task.base.oid.short()
    )
}

fn contract_line(task: &Task) -> String {
    let contract = &task.contract;
    let acceptance = match contract.acceptance.as_slice() {
        [] => "no acceptance commands".to_owned(),
        commands => format!("accepted when {} pass", list(commands)),
    };
    format!(
        "Contract `{}`: {acceptance}; at most {} attempts of {} minutes; owner {}",
        contract.sha256().short(),
        contract.budget.attempts,
        contract.budget.minutes,
        text::inline_code(&contract.owner, 40)
    )
}

fn list(commands: &[String]) -> String {
    commands
        .iter()
        .map(|command| text::inline_code(command, 120))
        .collect::<Vec<_>>()
        .join(", ")
}

fn under_way(task: &Task, now: Timestamp) -> String {
    match &task.stage {
        Stage::Queued { .. } => "waiting for a runner".to_owned(),
        Stage::Working { phase, .. } => match going::under_way(task, now) {
            Some(under_way) => under_way.markdown(),
            None => phase.words().to_owned(),
        },
        Stage::Applying { .. } => "its change is being checked".to_owned(),
        Stage::Asking { .. }
        | Stage::Staged { .. }
        | Stage::Checking { .. }
        | Stage::Delivered { .. }
        | Stage::Paused { .. }
        | Stage::Closed { .. } => "over".to_owned(),
    }
}

fn next_step(task: &Task) -> String {
    match &task.stage {
        Stage::Queued { .. } | Stage::Working { .. } | Stage::Applying { .. } => {
            "Comment `/agent stop` to stop it.".to_owned()
        }
        Stage::Asking { until, .. } => format!(
            "Comment `/agent fix` and your answer, which starts the next attempt, or `/agent stop`. Without an answer this ends at {until}."
        ),
        Stage::Staged { .. } => staged::next_step(task),
        Stage::Checking { .. } => {
            "What CI says decides what happens next. Comment `/agent fix` and what should differ for another attempt now, or `/agent stop`.".to_owned()
        }
        Stage::Delivered { .. } if said_of_head(task).is_some_and(Entry::is_own) => {
            "Its attempts and what CI said of each stand in a comment there. Castellan never merges.".to_owned()
        }
        Stage::Delivered { .. } => {
            "Review it like anybody's pull request. Comment `/agent fix` and what should differ on it for another attempt. Castellan never merges.".to_owned()
        }
        Stage::Paused { .. } => {
            "Nothing happens until somebody comments `/agent fix`, which goes on from the branch as it is.".to_owned()
        }
        Stage::Closed { outcome } => match outcome {
            Outcome::Merged | Outcome::Declined | Outcome::Moot | Outcome::AccessLost => {
                String::new()
            },
            Outcome::Stopped
            | Outcome::Unchanged
            | Outcome::Reported
            | Outcome::Unanswered
            | Outcome::Failed
            | Outcome::Refused
            | Outcome::AskedAgain => match task.mended() {
                None => "Take the label `agent` off and set it again to ask anew.".to_owned(),
                Some(_) => "Comment `/agent fix` on this pull request to ask anew.".to_owned(),
            },
        },
    }
}

/// The comment that asks for a new approval after an edit. `difference` is a block of Markdown.
#[must_use]
pub fn asked_again(difference: &str) -> String {
    format!(
        "The issue was edited after it was approved, and before the agent started, so nothing was started. \
         Read the difference, then take the label `agent` off and set it again to approve the text as it is now.\n\n{difference}"
    )
}

/// The answer to `/agent status`.
#[must_use]
pub fn answer(task: &Task, page: Option<&str>) -> String {
    let attempts = task.attempts.len();
    let mut text = format!(
        "**{}** Attempt {attempts} of {}.\n\n{}",
        headline(task),
        task.contract.budget.attempts,
        next_step(task)
    );
    if let Some(page) = page {
        text.push_str(&format!(
            "\n\n[Task `{}` with its history]({page})",
            task.id
        ));
    }
    text
}
