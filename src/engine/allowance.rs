//! How much may still be written for each installation (W11, W12).
//!
//! GitHub asks for a second between writes when there are many, and for at most 80 content
//! creations a minute and 500 an hour. So writes draw from three buckets; a short burst is
//! let through, since a single task writes ten times and then rests. The last part of each
//! bucket is kept for cancels. Kept in memory: a restart forgets it, and GitHub's own answer
//! then pauses the installation.

use std::collections::HashMap;
use std::sync::Mutex;

use crate::domain::effect::Priority;
use crate::domain::ids::InstallationId;
use crate::domain::time::Timestamp;

/// Writes that may follow each other without a pause.
pub const BURST: i64 = 30;
/// Milliseconds after which one more write is allowed.
pub const WRITE_EVERY_MS: i64 = 1_000;
/// Content creations that may come at once within a minute; with what flows in, 80 a minute.
pub const MINUTE_BURST: i64 = 30;
/// Milliseconds for one content creation: 50 a minute.
pub const MINUTE_EVERY_MS: i64 = 1_200;
/// Content creations that may come at once within an hour; with what flows in, 500 an hour.
pub const HOUR_BURST: i64 = 100;
/// Milliseconds for one content creation: 400 an hour.
pub const HOUR_EVERY_MS: i64 = 9_000;
/// Share of each bucket that only cancels may use: one in this many.
const RESERVE: i64 = 10;

/// What an effect writes at most, for the allowance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// Calls that write.
    pub writes: i64,
    /// Those of them that people see.
    pub content: i64,
}

/// The allowances of all installations.
#[derive(Debug, Default)]
pub struct Allowance(Mutex<HashMap<InstallationId, [Bucket; 3]>>);

/// Fills with time, up to its size; in thousandths of a call.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    size: i64,
    /// Milliseconds for one call.
    refill_ms: i64,
    level: i64,
    at: Timestamp,
}

impl Bucket {
    const fn full(size: i64, refill_ms: i64, at: Timestamp) -> Self {
        Self {
            size,
            refill_ms,
            level: size * 1000,
            at,
        }
    }

    fn fill(&mut self, now: Timestamp) {
        let gained = now.since_ms(self.at).max(0) * 1000 / self.refill_ms;
        if gained > 0 {
            self.level = (self.level + gained).min(self.size * 1000);
            self.at = now;
        }
    }

    /// Milliseconds until `cost` can be drawn while `floor` calls stay in.
    fn wait_ms(&self, cost: i64, floor: i64) -> i64 {
        let missing = (cost + floor) * 1000 - self.level;
        if missing <= 0 {
            0
        } else {
            missing * self.refill_ms / 1000 + 1
        }
    }
}

impl Allowance {
    /// Draws `cost` for an effect of `priority`.
    ///
    /// # Errors
    /// It is not there yet: the time from which it will be.
    pub fn draw(
        &self,
        installation: InstallationId,
        priority: Priority,
        cost: Cost,
        now: Timestamp,
    ) -> Result<(), Timestamp> {
        let mut all = self
            .0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let buckets = all.entry(installation).or_insert_with(|| {
            [
                Bucket::full(BURST, WRITE_EVERY_MS, now),
                Bucket::full(MINUTE_BURST, MINUTE_EVERY_MS, now),
                Bucket::full(HOUR_BURST, HOUR_EVERY_MS, now),
            ]
        });
        let costs = [cost.writes, cost.content, cost.content];
        let mut wait = 0;
        for (bucket, cost) in buckets.iter_mut().zip(costs) {
            bucket.fill(now);
            let floor = match priority {
                Priority::Cancel => 0,
                Priority::Acknowledge | Priority::Task | Priority::Show => bucket.size / RESERVE,
            };
            // A cost beyond the whole bucket is let through once it is full.
            let cost = cost.min(bucket.size - floor);
            wait = wait.max(bucket.wait_ms(cost, floor));
        }
        if wait > 0 {
            return Err(now.plus_ms(wait));
        }
        for (bucket, cost) in buckets.iter_mut().zip(costs) {
            bucket.level -= cost * 1000;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHOW: Cost = Cost {
        writes: 1,
        content: 1,
    };

    fn drawn(allowance: &Allowance, priority: Priority, now: Timestamp) -> usize {
        (0..10_000)
            .take_while(|_| {
                allowance
                    .draw(InstallationId(1), priority, SHOW, now)
                    .is_ok()
            })
            .count()
    }

    #[test]
    fn a_burst_then_one_a_second_and_cancels_have_their_own() {
        let allowance = Allowance::default();
        let start = Timestamp(1_000_000);
        assert_eq!(drawn(&allowance, Priority::Task, start), 27);
        assert_eq!(drawn(&allowance, Priority::Cancel, start), 3);
        assert_eq!(drawn(&allowance, Priority::Cancel, start), 0);
        assert_eq!(drawn(&allowance, Priority::Cancel, start.plus_s(3)), 2);
    }

    #[test]
    fn never_more_than_the_hours_content() {
        let allowance = Allowance::default();
        let start = Timestamp(0);
        let total: usize = (0..3600)
            .map(|second| drawn(&allowance, Priority::Cancel, start.plus_s(second)))
            .sum();
        assert!(total <= 500, "{total}");
    }

    #[test]
    fn installations_do_not_share() {
        let allowance = Allowance::default();
        drawn(&allowance, Priority::Task, Timestamp(0));
        assert!(
            allowance
                .draw(InstallationId(2), Priority::Task, SHOW, Timestamp(0))
                .is_ok()
        );
    }
}
