//! What a pull request of ours says: facts first, the agent's words after them and marked.

use super::Task;
use super::attempt::{Attempt, Machine};
use super::reach::{Reach, network};
use super::report::{self, Report};
use super::shown::{shortened, without_secrets};
use super::staged;
use crate::domain::change::{DiffFacts, FileChange, Operation};
use crate::domain::ci::weakened::{Kind, Weakening};
use crate::domain::ids::{AttemptNumber, Sha256Hex};
use crate::domain::text;

/// Longest title, in characters; GitHub shows about 70 without folding and takes 256.
const TITLE_MAX: usize = 120;
/// Files that are listed by name; the rest is counted.
const FILES_SHOWN: usize = 50;
/// Files of one kind that are pointed out by name; the rest is counted.
const POINTED_OUT: usize = 10;
/// Weakened tests and checks that are listed; the rest is counted.
const WEAKENED_SHOWN: usize = 30;
/// Instruction files that are named; the rest is counted.
const INSTRUCTIONS_SHOWN: usize = 10;
/// Digits of an instruction file's SHA-256 that are shown: the task's page has all.
const SHA256_SHOWN: usize = 12;
/// Most of the agent's words, in characters.
const WORDS_MAX: usize = 4_000;
/// Longest name of a branch that is shown, in characters; git's own bound on most machines.
pub(super) const BRANCH_MAX: usize = 255;
/// Most of one command's output, in characters.
const OUTPUT_MAX: usize = 1_500;

/// One acceptance command and what came of it, as evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acceptance {
    /// The command.
    pub command: String,
    /// Its exit code; `None` where a signal or a limit ended it.
    pub exit_code: Option<i32>,
    /// The end of its output.
    pub output_tail: String,
}

/// An instruction file of the base that the agent worked with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instruction {
    /// Its path, as the runner gave it.
    pub path: String,
    /// SHA-256 of its content.
    pub sha256: Sha256Hex,
}

/// What is known of an attempt's change, beside the contract.
#[derive(Clone, Debug)]
pub struct Facts<'a> {
    /// Which attempt.
    pub attempt: &'a Attempt,
    /// The files.
    pub files: &'a [FileChange],
    /// What they do, counted by us.
    pub diff: &'a DiffFacts,
    /// What the acceptance commands said.
    pub acceptance: &'a [Acceptance],
    /// The agent's requests for permission that were not granted, by title.
    pub refused: &'a [String],
    /// The instruction files of the base that the agent worked with.
    pub instructions: &'a [Instruction],
    /// What it reached of the network, and what not.
    pub reach: &'a Reach,
    /// The agent's own name, as it gave it.
    pub agent: Option<&'a str>,
    /// The agent's last message.
    pub words: &'a str,
    /// What it handed over beside the change.
    pub report: Option<&'a Report>,
    /// Address of the task's page.
    pub page: Option<&'a str>,
}

/// The title of the pull request, and the first line of its commits.
#[must_use]
pub fn title(task: &Task) -> String {
    let title = text::commit_text(&task.contract.title, TITLE_MAX);
    if title.trim().is_empty() {
        format!("Task {}", task.id)
    } else {
        title
    }
}

/// The message of a commit: the title and two trailers, nothing of the agent's (X40).
#[must_use]
pub fn commit_message(task: &Task, attempt: AttemptNumber) -> String {
    let by = &task.request.by;
    format!(
        "{}\n\nRequested-by: {} <{}+{}@users.noreply.github.com>\nCastellan-Task: {}/{attempt}\n",
        title(task),
        by.login,
        by.id,
        by.login,
        task.id
    )
}

/// The body of the pull request, as Markdown.
#[must_use]
pub fn body(task: &Task, facts: &Facts<'_>) -> String {
    let mut parts = vec![
        purpose(task),
        changed(facts.files, facts.diff),
        accepted(&task.contract.acceptance, facts.acceptance),
        asked(task, facts),
    ];
    // Before what the agent says, so that nothing pushes it out.
    if !facts.diff.weakened.is_empty() {
        parts.insert(2, weakened(&facts.diff.weakened));
    }
    if !facts.refused.is_empty() {
        let list: Vec<String> = facts
            .refused
            .iter()
            .take(10)
            .map(|title| format!("- {}", text::inline_code(&without_secrets(title), 160)))
            .collect();
        parts.push(format!("### Refused to the agent\n\n{}", list.join("\n")));
    }
    parts.push(network(facts.reach));
    let hosts = text::LinkHosts(&task.policy.links);
    let words = text::neutral_with(&without_secrets(facts.words), WORDS_MAX, hosts);
    if !words.trim().is_empty() {
        let quoted: Vec<String> = words.lines().map(|line| format!("> {line}")).collect();
        parts.push(format!(
            "### In the agent's words\n\nWritten by the agent, not checked by anybody.\n\n{}",
            quoted.join("\n")
        ));
    }
    if let Some(report) = facts.report {
        parts.push(report::section(task, report));
    }
    shortened(parts.join("\n\n"))
}

/// What merging this comes to. The pull request that is mended stays open: this goes into it.
fn purpose(task: &Task) -> String {
    match task.mended() {
        None => format!("Closes #{}", task.issue),
        Some(mended) => format!(
            "For #{}, the pull request of {}: merging this puts the change onto its branch, which Castellan never writes.",
            task.issue,
            mended.whose()
        ),
    }
}

fn changed(files: &[FileChange], diff: &DiffFacts) -> String {
    let mut lines = vec![format!(
        "### What changed\n\n{} {}: {} added, {} modified, {} deleted\n",
        files.len(),
        if files.len() == 1 { "file" } else { "files" },
        diff.added,
        diff.modified,
        diff.deleted
    )];
    lines.extend(files.iter().take(FILES_SHOWN).map(|file| {
        let operation = match file.operation {
            Operation::Add => "added",
            Operation::Modify => "modified",
            Operation::Delete => "deleted",
        };
        let executable = match file.mode.as_str() {
            "100755" => ", executable",
            _ => "",
        };
        format!(
            "- {} ({operation}{executable})",
            text::inline_code(&file.path, 200)
        )
    }));
    if files.len() > FILES_SHOWN {
        lines.push(format!("- and {} more", files.len() - FILES_SHOWN));
    }
    lines.extend(pointed_out(diff));
    lines.join("\n")
}

/// What a reader of the difference overlooks easily (X50, X52, X54, X55, X58), by kind.
fn pointed_out(diff: &DiffFacts) -> Vec<String> {
    let kinds = [
        ("New programs", &diff.executable),
        ("Lockfiles, which name what is installed", &diff.lockfiles),
        ("Binary files, which no difference shows", &diff.binaries),
        ("Symbolic links", &diff.symlinks),
        ("Places that steer machines or agents", &diff.special),
        ("Names that Windows keeps for devices", &diff.devices),
    ];
    let lines = kinds
        .iter()
        .filter(|(_, paths)| !paths.is_empty())
        .map(|(what, paths)| {
            let mut named: Vec<String> = paths
                .iter()
                .take(POINTED_OUT)
                .map(|path| text::inline_code(path, 200))
                .collect();
            if paths.len() > POINTED_OUT {
                named.push(format!("and {} more", paths.len() - POINTED_OUT));
            }
            format!("- {what}: {}", named.join(", "))
        });
    let lines: Vec<String> = lines.collect();
    if lines.is_empty() {
        return lines;
    }
    [String::from("\nWorth a look:\n")]
        .into_iter()
        .chain(lines)
        .collect()
}

/// What the whole branch weakens of tests and checks (X61).
fn weakened(all: &[Weakening]) -> String {
    let lines = all.iter().take(WEAKENED_SHOWN).map(|one| {
        let what = text::inline_code(&without_secrets(&one.what), 160);
        match one.kind {
            Kind::More => format!("- {what}"),
            _ => format!(
                "- {}: {} ({what})",
                text::inline_code(&without_secrets(&one.place()), 200),
                one.kind.sentence()
            ),
        }
    });
    let mut lines: Vec<String> = lines.collect();
    if all.len() > WEAKENED_SHOWN {
        lines.push(format!("- and {} more", all.len() - WEAKENED_SHOWN));
    }
    format!(
        "### Tests and checks that this weakens\n\nFound by Castellan between the base and this branch; look at each before you approve.\n\n{}",
        lines.join("\n")
    )
}

/// Each command of the contract with what the runner saw of it: what it did not run is said.
fn accepted(commands: &[String], acceptance: &[Acceptance]) -> String {
    if commands.is_empty() {
        return "### Acceptance\n\nThe contract names no acceptance commands, so nothing was checked before this was opened.".to_owned();
    }
    let seen = |command: &String| acceptance.iter().find(|seen| seen.command == *command);
    let mut lines = vec!["### Acceptance\n".to_owned()];
    for command in commands {
        let shown = text::inline_code(command, 200);
        let Some(report) = seen(command) else {
            lines.push(format!("- {shown} was not run"));
            continue;
        };
        let outcome = match report.exit_code {
            Some(0) => "passed".to_owned(),
            Some(code) => format!("failed with exit code {code}"),
            None => "was ended by a limit".to_owned(),
        };
        lines.push(format!("- {shown} {outcome}"));
        if report.exit_code != Some(0) && !report.output_tail.trim().is_empty() {
            let tail = without_secrets(&report.output_tail);
            lines.push(format!("\n{}\n", text::code_block(&tail, OUTPUT_MAX)));
        }
    }
    if commands.iter().any(|command| seen(command).is_some()) {
        lines.push("\nRun by Castellan in its sandbox, on the change as it is here.".to_owned());
    }
    lines.join("\n")
}

/// By which files of the base the agent was instructed: the places are the runner's words (X33).
fn instructed(instructions: &[Instruction]) -> Option<String> {
    let shown = instructions.iter().take(INSTRUCTIONS_SHOWN).map(|file| {
        let sha256: String = file.sha256.as_str().chars().take(SHA256_SHOWN).collect();
        format!(
            "{} (`{sha256}`)",
            text::inline_code(&without_secrets(&file.path), 200)
        )
    });
    let mut named: Vec<String> = shown.collect();
    if instructions.len() > INSTRUCTIONS_SHOWN {
        named.push(format!(
            "and {} more",
            instructions.len() - INSTRUCTIONS_SHOWN
        ));
    }
    let list = named.join(", ");
    (!named.is_empty()).then(|| format!("- Instructed by the base's {list}"))
}

fn asked(task: &Task, facts: &Facts<'_>) -> String {
    let contract = &task.contract;
    let mut lines = vec![
        "### What was asked\n".to_owned(),
        format!(
            "- Requested by {} in #{}; answered for by {}",
            text::inline_code(&task.request.by.login, 40),
            task.issue,
            text::inline_code(&contract.owner, 40)
        ),
        format!("- Contract SHA-256 `{}`", contract.sha256()),
        format!(
            "- Attempt {} of {}, from {} at `{}`",
            facts.attempt.number,
            contract.budget.attempts,
            text::inline_code(&task.base.branch, BRANCH_MAX),
            facts.attempt.start.short()
        ),
    ];
    if let Some(merge) = &facts.attempt.merge {
        lines.push(format!(
            "- Takes {} in, which had moved to `{}` and did not merge by itself; only what does not come from there is shown as changed",
            text::inline_code(&task.base.branch, BRANCH_MAX),
            merge.tip.short()
        ));
    }
    if let Some(agent) = facts.agent {
        let agent = without_secrets(agent);
        lines.push(format!("- Agent: {}", text::inline_code(&agent, 100)));
    }
    lines.push(format!("- {}", staged::mode(task, facts.attempt)));
    lines.extend(instructed(facts.instructions));
    let signed_in = facts.attempt.signed_in.as_ref();
    if let Some(machine @ Machine::SelfHosted) = signed_in.and_then(|one| one.machine) {
        lines.push(format!("- Ran on {}", machine.words()));
    }
    for note in task.notes.iter().take(10) {
        lines.push(format!("- Note: {}", text::neutral(note, 300)));
    }
    if let Some(page) = facts.page {
        lines.push(format!("- [History of task `{}`]({page})", task.id));
    }
    lines.join("\n")
}
