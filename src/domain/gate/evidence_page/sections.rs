//! The sections of the page, each a list of lines; what is foreign in them is shown as code.

use super::{Known, Ran};
use crate::domain::ci::stuck::Entry;
use crate::domain::gate::show::{code, rule};
use crate::domain::risk::{FileDifference, Lines, Operation, Sizes};
use crate::domain::task::attempt::{Attempt, Machine};
use crate::domain::task::shown::without_secrets;
use crate::domain::task::{correction, going, proposal, reach};
use crate::domain::text;

/// Lines of one kind that are listed; the others are counted.
pub(super) const LISTED: usize = 40;
/// Files that are named.
const FILES: usize = 50;
/// Refusals of one attempt that are named.
const REFUSED: usize = 10;
/// Longest sentence about an attempt, in characters.
const SENTENCE_CHARS: usize = 600;

/// At most so many lines, and how many were left out.
pub(super) fn listed(mut lines: Vec<String>, most: usize) -> Vec<String> {
    let more = lines.len().saturating_sub(most);
    if more > 0 {
        lines.truncate(most);
        lines.push(format!("and {more} more"));
    }
    lines
}

/// The attempt that wrote the last commit of ours.
pub(super) fn proof<'a>(known: &Known<'a>) -> Option<&'a Ran> {
    let written = known.task.pull.as_ref().and_then(|own| own.commits.last());
    let of_commit = |entry: &&Entry| Some(&entry.head) == written;
    let attempt = known.task.ledger.iter().rev().find(of_commit);
    let attempt = attempt.map(|entry| entry.attempt);
    let by_number = known
        .returned
        .iter()
        .find(|ran| Some(ran.attempt) == attempt);
    by_number.or_else(|| known.returned.iter().rfind(|ran| ran.changed))
}

/// Whether the head holds more than what our last commit left.
pub(super) fn is_moved(known: &Known<'_>) -> bool {
    let written = known.task.pull.as_ref().and_then(|own| own.commits.last());
    written != Some(&known.pull.head)
}

pub(super) fn asked(known: &Known<'_>) -> Vec<String> {
    let (task, contract) = (known.task, &known.task.contract);
    let mut lines = vec![
        format!("{}, in #{}", code(&proposal::title(task)), task.issue),
        format!(
            "Requested by {}; answered for by {}",
            code(&task.request.by.login),
            code(&contract.owner)
        ),
        format!("Contract SHA-256 `{}`", contract.sha256()),
        format!(
            "At most {} attempts of {} minutes, on {}",
            contract.budget.attempts,
            contract.budget.minutes,
            code(&task.base.branch)
        ),
    ];
    let scope = contract.scope.iter().map(|path| code(path));
    let scope = listed(scope.collect(), 10).join(", ");
    if !scope.is_empty() {
        lines.push(format!("Files in scope: {scope}"));
    }
    if let Some(page) = known.page {
        lines.push(format!("[History of task `{}`]({page})", task.id));
    }
    lines
}

pub(super) fn tier(known: &Known<'_>) -> Vec<String> {
    let rules: Vec<String> = known.verdict.rules.iter().map(rule).collect();
    match rules.is_empty() {
        true => vec!["No rule fired".to_owned()],
        false => listed(rules, LISTED),
    }
}

pub(super) fn change(known: &Known<'_>) -> Vec<String> {
    let files = &known.difference.files;
    let count = |what| files.iter().filter(|file| file.operation() == what).count();
    let (ours, all) = (
        known.pull.commits.iter().filter(|one| one.ours).count(),
        known.pull.commits.len(),
    );
    let mut lines = vec![
        format!(
            "{} {}: {} added, {} modified, {} deleted{}",
            files.len(),
            if files.len() == 1 { "file" } else { "files" },
            count(Operation::Add),
            count(Operation::Modify),
            count(Operation::Delete),
            total(known)
        ),
        format!(
            "From `{}` to `{}`; {ours} of {all} {} by Castellan",
            known.pull.merge_base.short(),
            known.pull.head.short(),
            if all == 1 { "commit" } else { "commits" }
        ),
    ];
    let named = files.iter().map(|one| file(known, one)).collect();
    lines.extend(listed(named, FILES));
    lines
}

fn lines_of(known: &Known<'_>, file: &FileDifference) -> Option<Lines> {
    match &known.difference.sizes {
        Sizes::Counted(counted) => counted.get(&file.path).copied(),
        Sizes::Unknown => None,
    }
}

fn total(known: &Known<'_>) -> String {
    let Sizes::Counted(counted) = &known.difference.sizes else {
        return "; its lines were not counted".to_owned();
    };
    let sum = counted.values().fold((0_u64, 0_u64), |sum, one| match one {
        Lines::Text { added, deleted } => {
            (sum.0.saturating_add(*added), sum.1.saturating_add(*deleted))
        }
        Lines::Binary => sum,
    });
    format!("; lines: +{} −{}", sum.0, sum.1)
}

fn file(known: &Known<'_>, file: &FileDifference) -> String {
    let operation = match file.operation() {
        Operation::Add => "added",
        Operation::Modify => "modified",
        Operation::Delete => "deleted",
    };
    let lines = match lines_of(known, file) {
        Some(Lines::Text { added, deleted }) => format!(", +{added} −{deleted}"),
        Some(Lines::Binary) => ", binary".to_owned(),
        None => String::new(),
    };
    let path = String::from_utf8_lossy(&file.path);
    format!("{} ({operation}{lines})", code(&without_secrets(&path)))
}

pub(super) fn attempts(known: &Known<'_>) -> Vec<String> {
    let all = known.task.attempts.iter();
    let lines = all.map(|one| attempt(known, one)).collect();
    let mut lines = listed(lines, LISTED);
    let spent = going::spent_words(known.spent);
    if let Some(spent) = spent.filter(|_| known.task.attempts.len() > 1) {
        lines.push(format!("In all, spent on models: {spent}"));
    }
    lines
}

fn attempt(known: &Known<'_>, one: &Attempt) -> String {
    let ended = one.ended.as_deref().unwrap_or("It is over.");
    let ended = text::neutral(&without_secrets(ended), SENTENCE_CHARS).replace('\n', " ");
    let ci = correction::of_attempt(known.task, one.number);
    let mut said = format!("**{}**: {}{ci}", one.number, ended.trim());
    let ran = known.returned.iter().find(|ran| ran.attempt == one.number);
    if let Some(ran) = ran {
        said.push_str(&format!(
            " Took {}, the agent {} of that",
            minutes(ran.took_ms),
            minutes(ran.agent_ms)
        ));
        if let Some(spent) = going::spent_words(&ran.spent) {
            said.push_str(&format!("; {spent}"));
        }
        if let Some(agent) = &ran.agent {
            said.push_str(&format!("; {}", code(&without_secrets(agent))));
        }
        said.push('.');
    }
    let machine = one
        .signed_in
        .as_ref()
        .and_then(|signed_in| signed_in.machine);
    if let Some(machine @ Machine::SelfHosted) = machine {
        said.push_str(&format!(" Ran on {}.", machine.words()));
    }
    said
}

fn minutes(ms: u64) -> String {
    match (ms / 60_000, ms / 1_000) {
        (0, 1) => "1 second".to_owned(),
        (0, seconds) => format!("{seconds} seconds"),
        (1, _) => "1 minute".to_owned(),
        (minutes, _) => format!("{minutes} minutes"),
    }
}

pub(super) fn refusals(known: &Known<'_>) -> Vec<String> {
    let mut lines = Vec::new();
    for ran in known.returned {
        let number = ran.attempt;
        let network = reach::lines(&ran.reach).into_iter();
        lines.extend(network.map(|line| format!("Attempt {number}: {line}")));
        let refused = ran.refused.iter();
        let refused = refused.map(|title| {
            format!(
                "Attempt {number}: Refused to the agent: {}",
                code(&without_secrets(title))
            )
        });
        lines.extend(listed(refused.collect(), REFUSED));
    }
    listed(lines, LISTED)
}
