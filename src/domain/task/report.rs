//! What an agent hands over instead of a change, or beside it: a diagnosis or a plan.
//!
//! Its words are foreign and checked by nobody, which is said wherever they are shown.

use serde::{Deserialize, Serialize};

use super::Task;
use super::shown::{shortened, without_secrets};
use crate::domain::ids::AttemptNumber;
use crate::domain::text;

/// Characters of a report's title.
pub const TITLE_CHARS: usize = 200;
/// Characters of a report: GitHub takes 65,536, and what makes them harmless adds some.
pub const REPORT_CHARS: usize = 30_000;
/// Characters of a report within a pull request, which says more than that.
const SECTION_CHARS: usize = 15_000;

/// What an agent found out or proposes, in its own words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// Which artifact it is.
    pub kind: ReportKind,
    /// One line.
    pub title: String,
    /// Markdown of the agent's.
    pub text: String,
}

/// Kinds of reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReportKind {
    /// Why something is as it is.
    Diagnosis,
    /// What should be done.
    Plan,
}

impl ReportKind {
    /// The word for people.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Diagnosis => "diagnosis",
            Self::Plan => "plan",
        }
    }
}

/// The comment that holds a report, as Markdown.
#[must_use]
pub fn comment(task: &Task, attempt: AttemptNumber, report: &Report) -> String {
    let whole = format!(
        "### The agent's {} (attempt {attempt})\n\n{}",
        report.kind.word(),
        quoted(task, report, REPORT_CHARS)
    );
    shortened(whole)
}

/// The same within a pull request.
pub(super) fn section(task: &Task, report: &Report) -> String {
    format!(
        "### The agent's {}\n\n{}",
        report.kind.word(),
        quoted(task, report, SECTION_CHARS)
    )
}

fn quoted(task: &Task, report: &Report, max: usize) -> String {
    let hosts = text::LinkHosts(&task.policy.links);
    let title = text::neutral(&without_secrets(&report.title), TITLE_CHARS).replace('\n', " ");
    let words = text::neutral_with(&without_secrets(&report.text), max, hosts);
    let lines = words.lines().map(|line| format!("\n> {line}"));
    format!(
        "Written by the agent, not checked by anybody.\n\n> **{title}**\n>{}",
        lines.collect::<String>()
    )
}
