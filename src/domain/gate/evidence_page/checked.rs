//! What was checked, by whom and with what result, and what was not.

use super::sections::{LISTED, is_moved, listed, proof};
use super::{Known, annotations};
use crate::domain::ci::checks::{ACTIONS_APP, Conclusion, Standing};
use crate::domain::ci::weakened::Kind;
use crate::domain::gate::evidence;
use crate::domain::gate::facts::{SectionName, SeenCheck};
use crate::domain::gate::show::{code, neutral};
use crate::domain::risk::Contents;
use crate::domain::task::proposal::Acceptance;
use crate::domain::task::shown::without_secrets;

const GOOD: &str = "✅";
const BAD: &str = "❌";
const LOOK: &str = "⚠️";
const OPEN: &str = "⏳";
const NONE: &str = "–";

pub(super) fn acceptance_in_short(known: &Known<'_>) -> &'static str {
    let commands = &known.task.contract.acceptance;
    let passed =
        |command: &String| seen(known, command).is_some_and(|one| one.exit_code == Some(0));
    let ran = |command: &String| seen(known, command).is_some();
    match commands.as_slice() {
        [] => "no acceptance commands",
        _ if is_moved(known) => "acceptance not run on this head",
        all if all.iter().all(passed) => "acceptance passed",
        all if all.iter().all(|one| passed(one) || !ran(one)) => "acceptance not run to its end",
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
