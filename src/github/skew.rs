//! How far this machine's clock is from GitHub's, by the `Date` of its answers (U10).
//!
//! A wrong clock makes GitHub refuse our JWTs and us refuse its tokens; here it gets its name.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use chrono::DateTime;

use crate::domain::time::Timestamp;
use crate::guard::{self, Guard};

/// Clocks that differ by more are wrong: a JWT of ours is back-dated by a minute, and a token of
/// GitHub's is given a minute.
const SKEW_MAX_S: i64 = 120;

/// A clock that is wrong by more than two minutes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockSkew {
    /// Seconds that it is ahead of GitHub's; negative where it is behind.
    pub ahead_s: i64,
}

impl fmt::Display for ClockSkew {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let how = if self.ahead_s < 0 {
            "behind"
        } else {
            "ahead of"
        };
        write!(
            f,
            "this server's clock is {} s {how} GitHub's; set it right, for example with \
             `sudo timedatectl set-ntp true`",
            self.ahead_s.unsigned_abs()
        )
    }
}

/// What the last answer showed.
#[derive(Debug, Default)]
pub(super) struct Skew(Mutex<i64>);

impl Skew {
    /// Learns from an answer that was made somewhen between `asked` and `answered` of our clock.
    pub(super) fn learn(&self, headers: &http::HeaderMap, asked: Timestamp, answered: Timestamp) {
        let date = headers.get(http::header::DATE);
        let date = date.and_then(|date| DateTime::parse_from_rfc2822(date.to_str().ok()?).ok());
        let Some(date_s) = date.map(|date| date.timestamp()) else {
            return;
        };
        let (from_s, to_s) = (asked.0.div_euclid(1000), answered.0.div_euclid(1000));
        let ahead_s = match date_s {
            early if early < from_s => from_s.saturating_sub(early),
            late if late > to_s => to_s.saturating_sub(late),
            _ => 0,
        };
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = ahead_s;
    }

    /// The skew, where it is more than any network explains.
    pub(super) fn found(&self) -> Option<ClockSkew> {
        let ahead_s = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_wrong = ahead_s.saturating_abs() > SKEW_MAX_S && guard::holds(Guard::Clock);
        is_wrong.then_some(ClockSkew { ahead_s })
    }
}
