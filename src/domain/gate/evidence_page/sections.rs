//! The sections of the page, each a list of lines; what is foreign in them is shown as code.

use super::{Known, Ran, annotations};
use crate::domain::ci::checks::{ACTIONS_APP, Conclusion, Standing};
use crate::domain::ci::weakened::Kind;
use crate::domain::gate::evidence;
use crate::domain::gate::facts::{SectionName, SeenCheck};
use crate::domain::gate::show::{code, neutral, rule};
use crate::domain::risk::{Contents, FileDifference, Lines, Operation, Sizes};
use crate::domain::task::attempt::{Attempt, Machine};
use crate::domain::task::proposal::Acceptance;
use crate::domain::task::shown::without_secrets;
use crate::domain::task::{correction, going, proposal, reach};
use crate::domain::text;

/// Lines of one kind that are listed; the others are counted.
const LISTED: usize = 40;
/// Files that are named.
const FILES: usize = 50;
/// Refusals of one attempt that are named.
const REFUSED: usize = 10;
/// Longest sentence about an attempt, in characters.
const SENTENCE_CHARS: usize = 600;

const GOOD: &str = "✅";
const BAD: &str = "❌";
const LOOK: &str = "⚠️";
const OPEN: &str = "⏳";
const NONE: &str = "–";

/// At most so many lines, and how many were left out.
fn listed(mut lines: Vec<String>, most: usize) -> Vec<String> {
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
    let of_commit = |entry: &&crate::domain::ci::stuck::Entry| Some(&entry.head) == written;
    let attempt = known.task.ledger.iter().rev().find(of_commit);
    let attempt = attempt.map(|entry| entry.attempt);
    let by_number = known
        .returned
        .iter()
        .find(|ran| Some(ran.attempt) == attempt);
    by_number.or_else(|| known.returned.iter().rfind(|ran| ran.changed))
}

/// Whether the head holds more than what our last commit left.
fn is_moved(known: &Known<'_>) -> bool {
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

pub(super) fn acceptance_in_short(known: &Known<'_>) -> &'static str {
    let commands = &known.task.contract.acceptance;
    let passed =
        |command: &String| seen(known, command).is_some_and(|one| one.exit_code == Some(0));
    match commands.as_slice() {
        [] => "no acceptance commands",
        _ if is_moved(known) => "acceptance not run on this head",
        all if all.iter().all(passed) => "acceptance passed",
        _ => "acceptance did not pass",
    }
}

pub(super) fn ci_in_short(known: &Known<'_>) -> String {
    let checks = &known.pull.ci.checks;
    let count =
        |fits: fn(&Standing) -> bool| checks.iter().filter(|one| fits(&one.standing)).count();
    let open = count(|one| !one.is_over());
    let failed = count(|one| one.is_over() && !one.passes());
    let passed = count(|one| matches!(one, Standing::Ended(Conclusion::Success)));
    let all = match checks.len() {
        0 => return "no CI".to_owned(),
        1 => "1 check".to_owned(),
        all => format!("{all} checks"),
    };
    match (failed, open) {
        (0, 0) => format!("{passed} of {all} passed"),
        (0, open) => format!("{open} of {all} not over"),
        (failed, _) => format!("{failed} of {all} failed"),
    }
}

fn seen<'a>(known: &Known<'a>, command: &str) -> Option<&'a Acceptance> {
    let ran = proof(known)?;
    ran.acceptance.iter().find(|one| one.command == *command)
}

pub(super) fn checked(known: &Known<'_>) -> Vec<String> {
    let on = match known.task.pull.as_ref().and_then(|own| own.commits.last()) {
        Some(written) if is_moved(known) => {
            format!(" on `{}`, which is not the head any more", written.short())
        }
        _ => String::new(),
    };
    let commands = known.task.contract.acceptance.iter();
    let accepted = commands.filter_map(|command| {
        let one = seen(known, command)?;
        let (mark, what) = match one.exit_code {
            Some(0) => (GOOD, "passed".to_owned()),
            Some(exit) => (BAD, format!("failed with exit code {exit}")),
            None => (BAD, "was ended by a limit".to_owned()),
        };
        let command = code(&without_secrets(command));
        Some(format!(
            "{mark} Acceptance: {command} {what}, in Castellan's sandbox{on}"
        ))
    });
    let mut lines: Vec<String> = accepted.collect();
    let checks = known.pull.ci.checks.iter().map(check).collect();
    lines.extend(listed(checks, LISTED));
    lines.extend(scanned(known));
    lines.extend(weakened(known));
    lines
}

/// A check of CI, and where it ran.
fn check(one: &SeenCheck) -> String {
    let (mark, what) = match one.standing {
        Standing::NotBegun => (OPEN, "has not begun"),
        Standing::AwaitsApproval => (OPEN, "waits for a person's approval"),
        Standing::Running => (OPEN, "is under way"),
        Standing::Ended(end) => match end {
            Conclusion::Success => (GOOD, end.words()),
            // GitHub lets these pass, and yet nothing was checked (G1).
            Conclusion::Neutral | Conclusion::Skipped => (NONE, end.words()),
            Conclusion::Failure
            | Conclusion::TimedOut
            | Conclusion::Cancelled
            | Conclusion::ActionRequired
            | Conclusion::StartupFailure
            | Conclusion::Stale
            | Conclusion::Other => (BAD, end.words()),
        },
    };
    let place = match (&one.workflow, one.app) {
        (Some(path), _) => format!("in GitHub Actions, {}", code(path)),
        (None, Some(ACTIONS_APP)) => "in GitHub Actions".to_owned(),
        (None, Some(app)) => format!("reported by the App {app}"),
        (None, None) => "reported as a commit status".to_owned(),
    };
    format!(
        "{mark} CI: {} {what}, {place}",
        code(&without_secrets(&one.name))
    )
}

fn scanned(known: &Known<'_>) -> Vec<String> {
    let sections = known
        .pull
        .evidence
        .pack
        .iter()
        .flat_map(|pack| &pack.sections);
    let Some(scans) = sections
        .into_iter()
        .find(|one| one.name == SectionName::Scans)
    else {
        return Vec::new();
    };
    if scans.findings.is_empty() {
        return vec![format!(
            "{GOOD} No secrets and no invisible characters were found"
        )];
    }
    let found = scans.findings.iter();
    let found = found.map(|one| format!("{BAD} {}", neutral(&without_secrets(one))));
    listed(found.collect(), LISTED)
}

fn weakened(known: &Known<'_>) -> Vec<String> {
    let Contents::Compared(found) = &known.difference.contents else {
        return Vec::new();
    };
    if found.is_empty() {
        return vec![format!(
            "{GOOD} No test and no check was found to be weaker"
        )];
    }
    let lines = found.iter().map(|one| {
        let what = code(&without_secrets(&one.what));
        match one.kind {
            Kind::More => format!("{LOOK} Weaker: {what}"),
            _ => format!(
                "{LOOK} Weaker: {}: {} ({what})",
                code(&without_secrets(&one.place())),
                one.kind.sentence()
            ),
        }
    });
    listed(lines.collect(), LISTED)
}

pub(super) fn unchecked(known: &Known<'_>) -> Vec<String> {
    let mut lines = Vec::new();
    let commands = &known.task.contract.acceptance;
    if commands.is_empty() {
        lines.push("Acceptance: the contract names no commands".to_owned());
    }
    for command in commands
        .iter()
        .filter(|command| seen(known, command).is_none())
    {
        lines.push(format!(
            "Acceptance: {} was not run",
            code(&without_secrets(command))
        ));
    }
    if is_moved(known) {
        lines.push(
            "Acceptance: not run on this head, which holds more than Castellan's last commit"
                .to_owned(),
        );
    }
    if known.pull.ci.checks.is_empty() {
        lines.push("CI: no check was reported".to_owned());
    }
    let sections = known
        .pull
        .evidence
        .pack
        .iter()
        .flat_map(|pack| &pack.sections);
    if !sections
        .into_iter()
        .any(|one| one.name == SectionName::Scans)
    {
        lines.push("Secrets and invisible characters: not everything could be searched".to_owned());
    }
    if matches!(known.difference.contents, Contents::Unread) {
        lines.push("Weakened tests: the contents were not compared".to_owned());
    }
    let adopted = known.pull.adoptions.iter().any(|one| !one.ended);
    let due = evidence::asked(known.verdict.tier, adopted);
    for name in [SectionName::Verification, SectionName::SecondOpinion] {
        let asks = match due.contains(&name) {
            true => "this tier asks for it, and Castellan cannot do it yet",
            false => "this tier does not ask for it",
        };
        lines.push(format!("{}: {asks}", capital(name.words())));
    }
    let more = annotations::left_out(known);
    if more > 0 {
        lines.push(format!(
            "{more} more places are not marked in the difference: it would be too long"
        ));
    }
    lines
}

fn capital(words: &str) -> String {
    let mut chars = words.chars();
    let first = chars.next().map(|c| c.to_uppercase().to_string());
    format!("{}{}", first.unwrap_or_default(), chars.as_str())
}

pub(super) fn tier(known: &Known<'_>) -> Vec<String> {
    let tier = known.verdict.tier;
    let rules = known.verdict.rules.iter().map(rule).collect();
    let mut lines = vec![format!("**{tier}** ({})", tier.words())];
    lines.extend(listed(rules, LISTED));
    lines
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
    format!("; {} lines new, {} gone", sum.0, sum.1)
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
    if let Some(spent) = going::spent_words(known.spent) {
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
                "Attempt {number}: refused to the agent: {}",
                code(&without_secrets(title))
            )
        });
        lines.extend(listed(refused.collect(), REFUSED));
    }
    listed(lines, LISTED)
}
