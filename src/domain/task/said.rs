//! What CI said of a task's commits, as plain lines for pages.
//!
//! Names of checks and lines of logs are foreign: one line each, bounded, and without what looks
//! like a secret; a template escapes them.

use super::Task;
use super::shown::without_secrets;
use crate::domain::ci::stuck::{Entry, Verdict};
use crate::domain::ids::Oid;
use crate::domain::text;
use crate::domain::time::Timestamp;

/// Characters of a check's name, and of the first line of its failure.
const NAME_CHARS: usize = 100;
const FIRST_CHARS: usize = 200;
/// Failures and awaited checks of one commit that are shown; the others are counted.
const LINES_MAX: usize = 20;

/// What CI said of one commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// The commit.
    pub head: Oid,
    /// The number of the attempt that made it.
    pub attempt: u32,
    /// When its checks had settled.
    pub at: Timestamp,
    /// What came of it.
    pub verdict: &'static str,
    /// One line a failed or awaited check; foreign.
    pub lines: Vec<String>,
}

/// What CI said of each commit, oldest first.
#[must_use]
pub fn said(task: &Task) -> Vec<Said> {
    let one = |entry: &Entry| Said {
        head: entry.head.clone(),
        attempt: entry.attempt.0,
        at: entry.at,
        verdict: match entry.verdict {
            Verdict::Passed => "passed",
            Verdict::Excused => "failed, and not because of this change",
            Verdict::Failed => "failed because of this change",
            Verdict::None => "no check was reported",
            Verdict::Unsettled => "did not come to an end in time",
        },
        lines: lines(entry),
    };
    task.ledger.iter().map(one).collect()
}

fn lines(entry: &Entry) -> Vec<String> {
    let shown = |foreign: &str, most| text::line(&without_secrets(foreign), most);
    let failed = entry.failures.iter().map(|(whose, failure)| {
        let first = shown(&failure.first, FIRST_CHARS);
        let check = shown(&failure.check, NAME_CHARS);
        match first.is_empty() {
            true => format!("{check} {}", whose.sentence()),
            false => format!("{check} {}: {first}", whose.sentence()),
        }
    });
    let awaited = entry.awaited.iter();
    let awaited =
        awaited.map(|one| format!("{} {}", shown(&one.name, NAME_CHARS), one.why.words()));
    let awaited: Vec<String> = match entry.verdict {
        Verdict::Unsettled => awaited.collect(),
        Verdict::Passed | Verdict::Excused | Verdict::Failed | Verdict::None => Vec::new(),
    };
    let mut lines: Vec<String> = failed.chain(awaited).collect();
    let more = lines.len().saturating_sub(LINES_MAX);
    lines.truncate(LINES_MAX);
    if more > 0 {
        lines.push(format!("and {more} more"));
    }
    lines
}
