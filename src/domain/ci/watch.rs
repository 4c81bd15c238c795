//! How long a head's checks are waited for, and when they are looked at next.

use serde::{Deserialize, Serialize};

use super::failure::Failure;
use super::reading::{Awaited, Outcome, Reading};
use crate::domain::ids::{RunId, Sha256Hex};
use crate::domain::time::Timestamp;

/// Seconds between two looks where nothing is heard: a delivery may be lost.
pub const LOOK_EVERY_S: i64 = 300;
/// Seconds between two looks that deliveries ask for.
pub const LOOKS_APART_S: i64 = 5;
/// Seconds until a look that failed, or said nothing, is taken again; doubled each time.
pub const AGAIN_S: i64 = 30;
/// Longest wait between two such looks.
pub const AGAIN_MAX_S: i64 = 900;
/// Seconds within which the first check appears where any is to be expected.
pub const APPEAR_S: i64 = 600;
/// Seconds within which GitHub shows a re-run that it took (A12).
pub const RERUN_SHOWN_S: i64 = 600;

/// What is known of a head that is being watched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watch {
    /// Since when.
    pub since: Timestamp,
    /// The next look.
    pub look_at: Timestamp,
    /// The last look; `None` before the first.
    pub looked_at: Option<Timestamp>,
    /// What the last look saw, as [`super::reading::Reading::stands`].
    pub stands: Option<Sha256Hex>,
    /// Since when it is that.
    pub stands_since: Timestamp,
    /// Looks in a row that said nothing.
    pub blind: u32,
    /// The runs whose failed jobs were asked for again, and what had failed in them.
    pub reruns: Vec<Rerun>,
    /// What the last look found to be waited for.
    pub awaited: Vec<Awaited>,
    /// Whether the pull request was marked as ready so that its checks run.
    pub readied: bool,
    /// Whether the head's files hold workflows other than ours, so that checks are to be expected.
    pub expects: bool,
}

/// A run whose failed jobs were asked for once more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rerun {
    /// The run.
    pub run: RunId,
    /// When it was asked for.
    pub at: Timestamp,
    /// Whether GitHub would not take it: what failed counts as seen twice then.
    pub refused: bool,
    /// What had failed.
    pub failures: Vec<Failure>,
}

impl Watch {
    /// A watch that begins. Where checks are to be expected they are given `pause_s` seconds to
    /// appear before the first look; a delivery shortens that.
    #[must_use]
    pub fn begins(at: Timestamp, expects: bool, pause_s: i64) -> Self {
        Self {
            since: at,
            look_at: if expects { at.plus_s(pause_s) } else { at },
            looked_at: None,
            stands: None,
            stands_since: at,
            blind: 0,
            reruns: Vec::new(),
            awaited: Vec::new(),
            readied: false,
            expects,
        }
    }

    /// Something was reported: looks soon, and not for each word of a flood.
    pub fn hear(&mut self, now: Timestamp) {
        let earliest = self
            .looked_at
            .map_or(now, |last| last.plus_s(LOOKS_APART_S));
        self.look_at = self.look_at.min(earliest.max(now));
    }

    /// A look saw `stands`; the next one is in `next_s` seconds.
    pub fn see(&mut self, now: Timestamp, stands: &Sha256Hex, next_s: i64) {
        if self.stands.as_ref() != Some(stands) {
            self.stands = Some(stands.clone());
            self.stands_since = now;
        }
        self.blind = 0;
        self.looked_at = Some(now);
        self.look_at = now.plus_s(next_s);
    }

    /// A look said nothing.
    pub fn see_nothing(&mut self, now: Timestamp) {
        let doublings = self.blind.min(10);
        let wait_s = (AGAIN_S << doublings).min(AGAIN_MAX_S);
        self.blind = self.blind.saturating_add(1);
        self.looked_at = Some(now);
        self.look_at = now.plus_s(wait_s);
    }

    /// Whether what `stands` now has stood for `pause_s` seconds.
    #[must_use]
    pub fn has_stood(&self, stands: &Sha256Hex, now: Timestamp, pause_s: i64) -> bool {
        let same = self.stands.as_ref() == Some(stands);
        same && self.stands_since.plus_s(pause_s) <= now
    }

    /// Whether the checks have settled: all that counts is over and, where it is not known what
    /// that is, has been for `pause_s` seconds.
    #[must_use]
    pub fn is_settled(&self, reading: &Reading, now: Timestamp, pause_s: i64) -> bool {
        match reading.outcome {
            Outcome::Unknown | Outcome::Waiting { .. } => false,
            Outcome::Nothing if self.expects => {
                self.since.plus_s(APPEAR_S) <= now && self.has_stood(&reading.stands, now, pause_s)
            }
            Outcome::Nothing => true,
            Outcome::Passed { .. } | Outcome::Failed { .. } => {
                reading.named || self.has_stood(&reading.stands, now, pause_s)
            }
        }
    }

    /// What is known of `failure` from a re-run of its jobs.
    #[must_use]
    pub fn seen_again(&self, failure: &Failure, now: Timestamp) -> Again {
        let of_run = |rerun: &&Rerun| Some(rerun.run) == failure.run;
        let Some(rerun) = self.reruns.iter().find(of_run) else {
            return Again::NotAsked;
        };
        // A job that is run again is another job: as long as the old one is shown, GitHub lags.
        let is_old = |known: &Failure| known.job == failure.job;
        let lags = rerun.failures.iter().any(is_old) && rerun.at.plus_s(RERUN_SHOWN_S) > now;
        match lags && !rerun.refused {
            true => Again::Awaited,
            false => Again::Failed,
        }
    }
}

/// What a re-run says of a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Again {
    /// Its jobs were not run again.
    NotAsked,
    /// They were asked for, and GitHub does not show them yet.
    Awaited,
    /// They were run again, and it failed again.
    Failed,
}
