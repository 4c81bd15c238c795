//! What is known of an agent's work, for people: the informational run beside the gate's check.
//!
//! Facts first, each of them ours or said to be a runner's; the agent's own words apart from them,
//! where nothing of theirs can push a fact out. Foreign texts come out as code. It decides nothing.

mod annotations;
mod checked;
mod sections;

pub use annotations::{ANNOTATIONS, Annotation, Level};

use super::button::{self, Shown};
use super::check_name;
use super::facts::Pull;
use super::show::{SUMMARY_CHARS, whole_lines};
use super::verdict::{TITLE_CHARS, Verdict};
use crate::domain::ids::AttemptNumber;
use crate::domain::model::Spent;
use crate::domain::risk::Difference;
use crate::domain::task::Task;
use crate::domain::task::proposal::Acceptance;
use crate::domain::task::reach::Reach;
use crate::domain::task::shown::without_secrets;
use crate::domain::task::stage::Stage;
use crate::domain::text;

/// The name of the informational run.
pub const NAME: &str = "agent-evidence";

/// Most of the agent's words, in characters.
const WORDS_CHARS: usize = 20_000;

/// What is known of a pull request that a task opened.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// The task.
    pub task: &'a Task,
    /// The pull request as it was judged.
    pub pull: &'a Pull,
    /// The branch that it is to be merged into.
    pub base: &'a str,
    /// What the gate says of it.
    pub verdict: &'a Verdict,
    /// What it changes.
    pub difference: &'a Difference,
    /// What runners returned, oldest first.
    pub returned: &'a [Ran],
    /// What all attempts have spent on models.
    pub spent: &'a Spent,
    /// Address of the task's page, where there is one.
    pub page: Option<&'a str>,
}

/// What the runner of one attempt returned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ran {
    /// Which attempt.
    pub attempt: AttemptNumber,
    /// Whether it changed something.
    pub changed: bool,
    /// The acceptance commands that ran.
    pub acceptance: Vec<Acceptance>,
    /// The agent's requests for permission that were not granted, by title; foreign.
    pub refused: Vec<String>,
    /// What it reached of the network, and what not.
    pub reach: Reach,
    /// The agent's own name, as it gave it.
    pub agent: Option<String>,
    /// The agent's last message.
    pub words: String,
    /// How long its runner took, in milliseconds.
    pub took_ms: u64,
    /// How long the agent took of that, in milliseconds.
    pub agent_ms: u64,
    /// What it spent on models.
    pub spent: Spent,
}

/// What the informational run says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// One line.
    pub title: String,
    /// The facts, as Markdown.
    pub summary: String,
    /// The agent's words, as Markdown.
    pub words: String,
    /// What is marked in the difference.
    pub annotations: Vec<Annotation>,
    /// The buttons.
    pub buttons: Vec<Shown>,
}

/// Whether the work of a task has come to rest, so that there is something to be said of it: while
/// an attempt is under way or CI is waited for, all of it would be said anew in a moment.
#[must_use]
pub fn is_due(task: &Task) -> bool {
    !task.stage.is_busy() && !matches!(task.stage, Stage::Checking { .. })
}

/// The page of what is known; within what GitHub takes.
#[must_use]
pub fn page(known: &Known<'_>) -> Page {
    Page {
        title: title(known),
        summary: whole_lines(&summary(known), SUMMARY_CHARS),
        words: whole_lines(&words(known), SUMMARY_CHARS),
        annotations: annotations::annotations(known),
        buttons: button::buttons(known.task),
    }
}

fn title(known: &Known<'_>) -> String {
    let tier = known.verdict.tier;
    let attempts = match known.task.attempts.len() {
        1 => "1 attempt".to_owned(),
        count => format!("{count} attempts"),
    };
    let parts = [
        format!("{tier} ({})", tier.words()),
        checked::acceptance_in_short(known).to_owned(),
        checked::ci_in_short(known),
        attempts,
    ];
    text::line(&parts.join("; "), TITLE_CHARS)
}

fn summary(known: &Known<'_>) -> String {
    let gate = text::inline_code(&check_name(known.base), 300);
    let mut out = format!(
        "What Castellan knows of this pull request. It decides nothing: whether this may be merged is said by {gate}.\n"
    );
    let tier = known.verdict.tier;
    let why = format!("Why {tier} ({})", tier.words());
    let sections = [
        ("What was asked", sections::asked(known)),
        ("What was checked", checked::checked(known)),
        ("What was not checked", checked::unchecked(known)),
        (&*why, sections::tier(known)),
        ("The change", sections::change(known)),
        ("Attempts", sections::attempts(known)),
        ("Network and refusals", sections::refusals(known)),
    ];
    for (heading, lines) in sections {
        if lines.is_empty() {
            continue;
        }
        out.push_str(&format!("\n### {heading}\n\n"));
        for line in lines {
            out.push_str(&format!("- {line}\n"));
        }
    }
    out
}

/// Apart from the facts: nobody has checked them.
fn words(known: &Known<'_>) -> String {
    let heading = "### In the agent's words\n\nWritten by the agent, not checked by anybody.\n";
    let hosts = text::LinkHosts(&known.task.policy.links);
    let said = sections::proof(known).map_or("", |ran| ran.words.as_str());
    let said = text::neutral_with(&without_secrets(said), WORDS_CHARS, hosts);
    if said.trim().is_empty() {
        return "The agent said nothing at its end.\n".to_owned();
    }
    let quoted: Vec<String> = said.lines().map(|line| format!("> {line}")).collect();
    format!("{heading}\n{}\n", quoted.join("\n"))
}
