//! What CI said, and what an attempt that has to mend it, or a person who has to decide, is told.
//!
//! Names of checks and lines of logs are foreign: they come out as code or are fenced, bounded,
//! and without what looks like a secret.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use super::Task;
use super::shown::without_secrets;
use crate::domain::ci::classify::Whose;
use crate::domain::ci::failure::Failure;
use crate::domain::ci::stuck::{Entry, Stuck, Verdict};
use crate::domain::ids::{AttemptNumber, Oid, Sha256Hex};
use crate::domain::text;

/// Characters of the name of a check that are shown.
const CHECK_CHARS: usize = 100;
/// Characters of the first line of a failure that are shown.
const FIRST_CHARS: usize = 200;
/// Checks that are named in one comment; the others are counted.
const CHECKS_MAX: usize = 20;

/// What an attempt has to mend.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Correction {
    /// The commit whose checks failed.
    pub head: Oid,
    /// The checks that failed because of it, by name; foreign.
    pub checks: Vec<String>,
    /// Why it has to try another approach, where the last ones led nowhere.
    #[serde(default)]
    pub stuck: Option<Stuck>,
}

impl Correction {
    /// What somebody asks to be mended: checks that fail on a commit which is not ours.
    #[must_use]
    pub fn asked(head: &Oid, mut checks: Vec<String>) -> Self {
        checks.truncate(CHECKS_MAX);
        Self {
            head: head.clone(),
            checks,
            stuck: None,
        }
    }

    /// What `entry` of the ledger asks of the next attempt.
    pub(super) fn of(entry: &Entry, stuck: Option<Stuck>) -> Self {
        let mut checks: Vec<String> = entry.own().map(|own| own.check.clone()).collect();
        checks.truncate(CHECKS_MAX);
        Self {
            head: entry.head.clone(),
            checks,
            stuck,
        }
    }
}

fn named(check: &str) -> String {
    text::inline_code(&without_secrets(check), CHECK_CHARS)
}

/// What people are told of failures that are not the change's own, with what to do; and the key
/// under which the same is told only once.
pub(super) fn excused(failures: &[(Whose, Failure)]) -> Option<(String, String)> {
    let excused = failures.iter().filter(|(whose, _)| !whose.wakes());
    let mut told: Vec<(&Whose, &Failure)> = excused.map(|(whose, one)| (whose, one)).collect();
    if told.is_empty() {
        return None;
    }
    // Two suites may have a check of one name.
    told.sort_by(|(one, a), (other, b)| (&a.check, one).cmp(&(&b.check, other)));
    told.dedup_by(|(one, a), (other, b)| (&a.check, one) == (&b.check, other));
    let mut known = String::new();
    let mut lines =
        vec!["CI failed, and not because of this change. No agent was woken for it.\n".to_owned()];
    for (whose, failure) in told.iter().take(CHECKS_MAX) {
        let _ = writeln!(known, "{whose:?} {:?}", failure.check);
        lines.push(format!("- {}", excuse(**whose, failure)));
    }
    if told.len() > CHECKS_MAX {
        lines.push(format!("- and {} more", told.len() - CHECKS_MAX));
    }
    let hash = Sha256Hex::of(known);
    let short: String = hash.as_str().chars().take(16).collect();
    Some((format!("ci-{short}"), lines.join("\n")))
}

/// What people are told of one failure that no change mends.
#[must_use]
pub fn excuse(whose: Whose, failure: &Failure) -> String {
    let mut line = format!("{} {}.", named(&failure.check), whose.sentence());
    if !failure.first.trim().is_empty() {
        let first = text::inline_code(&without_secrets(&failure.first), FIRST_CHARS);
        let _ = write!(line, " It said {first}.");
    }
    if !whose.remedy().is_empty() {
        let _ = write!(line, " {}", whose.remedy());
    }
    line
}

/// What people are told of checks that did not come to an end within `minutes`.
pub(super) fn unsettled(entry: &Entry, minutes: u32) -> String {
    let mut body = format!(
        "CI did not come to an end within {minutes} minutes, so Castellan waits for it no longer; a late report is still heard.\n"
    );
    for one in &entry.awaited {
        let _ = write!(body, "\n- {} {}.", named(&one.name), one.why.words());
    }
    if entry.awaited.is_empty() {
        body.push_str("\nWhat GitHub said of it could not be read, or was never complete.");
    }
    body
}

/// Why corrections ended, for the comment that calls for the task's owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum GaveUp {
    /// They led nowhere, twice.
    Stuck(Stuck),
    /// No attempt is left.
    BudgetSpent,
}

/// The comment that calls for the task's owner, with the ledger of what was tried.
pub(super) fn escalation(task: &Task, entry: &Entry, gave_up: GaveUp) -> String {
    let why = match gave_up {
        GaveUp::Stuck(stuck) => format!(
            "{} Another approach was tried before, so this is where Castellan stops.",
            stuck.sentence()
        ),
        GaveUp::BudgetSpent => format!(
            "All {} attempts of the contract's budget are used, and CI still fails.",
            task.contract.budget.attempts
        ),
    };
    let mut body = format!(
        "@{}, this needs you. {why}\n\n{}\n\nComment `/agent fix` and what should be done differently for another attempt if one is left, push to the branch yourself, or close this.",
        task.contract.owner,
        ledger(task)
    );
    if let Some(own) = entry.own().next() {
        let _ = write!(body, "\n\nIt fails now in {}.", named(&own.check));
    }
    body
}

/// The attempts so far and what CI said of each, as a table.
pub(super) fn ledger(task: &Task) -> String {
    let mut rows = String::from("| Attempt | Commit | CI |\n|---|---|---|");
    for attempt in &task.attempts {
        let of_attempt = |entry: &&Entry| entry.attempt == attempt.number;
        let entries: Vec<&Entry> = task.ledger.iter().filter(of_attempt).collect();
        if entries.is_empty() {
            let ended = attempt.ended.as_deref().unwrap_or("is under way");
            let ended = text::neutral(&without_secrets(ended), FIRST_CHARS);
            let ended = ended.replace(['\n', '|'], " ");
            let _ = write!(rows, "\n| {} | none | {ended} |", attempt.number);
        }
        for entry in entries {
            let mut said = in_a_cell(entry);
            if let Some(approval) = &attempt.approved {
                let by = text::inline_code(&approval.by.login, 40);
                let _ = write!(said, "; approved by {by}");
            }
            let _ = write!(
                rows,
                "\n| {} | `{}` | {said} |",
                attempt.number,
                entry.head.short()
            );
        }
    }
    rows
}

fn in_a_cell(entry: &Entry) -> String {
    let said = match entry.verdict {
        Verdict::Passed => return "passed".to_owned(),
        Verdict::None => return "no checks".to_owned(),
        Verdict::Unsettled => return "did not end in time".to_owned(),
        Verdict::Excused => "failed, not because of the change: ",
        Verdict::Failed => "failed: ",
    };
    let shown = entry.failures.iter().take(3).map(|(_, failure)| {
        let first = text::line(&without_secrets(&failure.first), FIRST_CHARS / 2);
        let first = match first.trim().is_empty() {
            true => String::new(),
            false => format!(" {}", text::inline_code(&first, FIRST_CHARS / 2)),
        };
        format!("{}{first}", named(&failure.check))
    });
    let mut shown: Vec<String> = shown.collect();
    if entry.failures.len() > 3 {
        shown.push(format!("and {} more", entry.failures.len() - 3));
    }
    format!("{said}{}", shown.join("; ")).replace('|', "\\|")
}

/// What CI said of what an attempt made, as a sentence behind another; empty where nothing is known.
pub(in crate::domain) fn of_attempt(task: &Task, attempt: AttemptNumber) -> String {
    let of_attempt = |entry: &&Entry| entry.attempt == attempt;
    match task.ledger.iter().rev().find(of_attempt) {
        Some(entry) => format!(" {}.", words_of(entry)),
        None => String::new(),
    }
}

/// What CI says of the pull request's head, as one sentence's part; `None` where nothing is known.
#[must_use]
pub fn ci_words(task: &Task) -> Option<String> {
    let head = &task.pull.as_ref()?.head;
    let entry = task.ledger.iter().rev().find(|entry| entry.head == *head)?;
    Some(words_of(entry))
}

fn words_of(entry: &Entry) -> String {
    let names = |failures: &mut dyn Iterator<Item = &Failure>| {
        let shown: Vec<String> = failures.take(3).map(|one| named(&one.check)).collect();
        shown.join(", ")
    };
    match entry.verdict {
        Verdict::Passed => {
            let flaky = entry.failures.iter().map(|(_, failure)| failure);
            match names(&mut flaky.into_iter()).as_str() {
                "" => "CI passed".to_owned(),
                flaky => format!("CI passed; {flaky} failed at first and passed when run again"),
            }
        }
        Verdict::Excused => format!(
            "CI failed, and not because of this change: {}",
            names(&mut entry.failures.iter().map(|(_, failure)| failure))
        ),
        Verdict::Failed => format!("CI failed: {}", names(&mut entry.own())),
        Verdict::None => "No check was reported, so CI says nothing about it".to_owned(),
        Verdict::Unsettled => {
            let awaited = entry.awaited.iter().take(3);
            let awaited: Vec<String> = awaited
                .map(|one| format!("{} {}", named(&one.name), one.why.words()))
                .collect();
            match awaited.is_empty() {
                true => "CI could not be read in time".to_owned(),
                false => format!("CI did not end in time: {}", awaited.join("; ")),
            }
        }
    }
}
