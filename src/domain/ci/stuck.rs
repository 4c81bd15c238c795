//! Whether corrections lead anywhere: the ledger of what was tried, and when it is enough.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::classify::Whose;
use super::failure::Failure;
use super::reading::Awaited;
use super::watch::Watch;
use crate::domain::ids::{AttemptNumber, Oid};
use crate::domain::time::Timestamp;

/// Growth of the change, in hundredths, that counts as growth.
const GROWTH: u64 = 150;

/// What CI said of one head of ours: a line of the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The head.
    pub head: Oid,
    /// The attempt that made it.
    pub attempt: AttemptNumber,
    /// When its checks had settled.
    pub at: Timestamp,
    /// Its tree, where it is known.
    pub tree: Option<Oid>,
    /// Bytes of new content in the change that led to it.
    pub bytes: u64,
    /// What came of it.
    pub verdict: Verdict,
    /// What failed, and whose failure it is.
    pub failures: Vec<(Whose, Failure)>,
    /// What had not come to an end.
    pub awaited: Vec<Awaited>,
    /// How it was watched: a late report goes on from there.
    pub watch: Watch,
    /// Whether the agent was told to try another approach on top of it.
    pub other_approach: bool,
}

/// What came of a head's checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// All that counts passed.
    Passed,
    /// Something failed, and none of it is the change's own failure.
    Excused,
    /// The change's own failure.
    Failed,
    /// There are no checks.
    None,
    /// They did not come to an end in time.
    Unsettled,
}

/// Why going on in the same way is useless.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stuck {
    /// The same failure came twice.
    Same,
    /// The files are again what they were before.
    Reverted,
    /// The change grows, and no less fails.
    Growing,
    /// More fails than before.
    More,
}

impl Stuck {
    /// One sentence, for people and agents.
    #[must_use]
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::Same => "The same failure came twice.",
            Self::Reverted => "The last change took back the one before.",
            Self::Growing => "The change keeps growing, and no less fails.",
            Self::More => "More fails than before.",
        }
    }
}

/// Whether `now` shows that the corrections after `before`, oldest first, lead nowhere.
#[must_use]
pub fn stuck(before: &[Entry], now: &Entry) -> Option<Stuck> {
    let failed: Vec<&Entry> = before.iter().filter(|entry| entry.is_own()).collect();
    let last = failed.last()?;
    let reverts = |entry: &&Entry| entry.tree.is_some() && entry.tree == now.tree;
    if failed.iter().any(reverts) {
        return Some(Stuck::Reverted);
    }
    let (was, is) = (last.weight(), now.weight());
    if last.prints() == now.prints() && is.tests >= was.tests {
        return Some(Stuck::Same);
    }
    if is.is_more_than(was) {
        return Some(Stuck::More);
    }
    let grows = |from: &Entry, to: &Entry| {
        to.bytes.saturating_mul(100) >= from.bytes.saturating_mul(GROWTH) && from.bytes > 0
    };
    let before_last = failed.len().checked_sub(2).and_then(|at| failed.get(at))?;
    let no_less =
        is.checks >= before_last.weight().checks && is.tests >= before_last.weight().tests;
    (no_less && grows(before_last, last) && grows(last, now)).then_some(Stuck::Growing)
}

/// How much fails.
#[derive(Clone, Copy)]
struct Weight {
    checks: usize,
    tests: u32,
}

impl Weight {
    /// What could not be counted before is not more now: a build that was mended shows its tests.
    const fn is_more_than(self, before: Self) -> bool {
        self.checks > before.checks || (before.tests > 0 && self.tests > before.tests)
    }
}

impl Entry {
    /// Whether the change's own failure came of it.
    #[must_use]
    pub fn is_own(&self) -> bool {
        self.verdict == Verdict::Failed
    }

    /// The change's own failures.
    pub fn own(&self) -> impl Iterator<Item = &Failure> {
        let own = |entry: &&(Whose, Failure)| entry.0.wakes();
        self.failures.iter().filter(own).map(|(_, failure)| failure)
    }

    fn weight(&self) -> Weight {
        Weight {
            checks: self.own().count(),
            tests: self
                .own()
                .fold(0, |sum, failure| sum.saturating_add(failure.tests)),
        }
    }

    /// What its own failures are recognised by: without a log, the check's name has to do.
    fn prints(&self) -> BTreeSet<(&str, &str)> {
        self.own()
            .map(|failure| {
                let print = failure.print.as_ref();
                (
                    failure.check.as_str(),
                    print.map_or("", |print| print.coarse.as_str()),
                )
            })
            .collect()
    }
}
