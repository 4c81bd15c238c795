//! How much may still be written for each installation (W11, W12).
//!
//! GitHub asks for a second between writes when there are many, and for at most 80 content
//! creations a minute and 500 an hour. So writes draw from three buckets; a short burst is
//! let through, since a single task writes ten times and then rests. The last part of each
//! bucket is kept for cancels. How attempts go is shown out of a fourth bucket, and only while the
//! others are full enough that nothing else waits for it. Kept in memory: a restart forgets it, and GitHub's own answer
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
/// Writes that only show how attempts go, which may come at once within a minute; with what
/// flows in, 20 a minute.
pub const PROGRESS_BURST: i64 = 5;
/// Milliseconds for one such write: 15 a minute.
pub const PROGRESS_EVERY_MS: i64 = 4_000;
/// Verdicts that may be published at once.
pub const VERDICT_BURST: i64 = 30;
/// Milliseconds for one verdict: 120 a minute. GitHub takes 900 points a minute, and counts 5 for
/// a write and 1 for each read before it.
pub const VERDICT_EVERY_MS: i64 = 500;
/// Share of their bucket that verdicts leave in which do not shut what is open: one in this many.
const LEFT_BY_OPENING: i64 = 3;
/// Share of each bucket that a new phase leaves in for what moves tasks: one in this many.
const LEFT_BY_NEWS: i64 = 3;
/// Share of each bucket that a sign of life leaves in: one in this many.
const LEFT_BY_LIFE: i64 = 2;
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

impl Cost {
    /// One call that people see.
    pub const SHOWN: Self = Self {
        writes: 1,
        content: 1,
    };
}

/// The allowances of all installations.
#[derive(Debug, Default)]
pub struct Allowance(Mutex<HashMap<InstallationId, Buckets>>);

/// The allowance of one installation.
#[derive(Clone, Copy, Debug)]
struct Buckets {
    /// Writes a second, content a minute, content an hour.
    writes: [Bucket; 3],
    progress: Bucket,
    verdicts: Bucket,
}

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

impl Buckets {
    const fn full(now: Timestamp) -> Self {
        Self {
            writes: [
                Bucket::full(BURST, WRITE_EVERY_MS, now),
                Bucket::full(MINUTE_BURST, MINUTE_EVERY_MS, now),
                Bucket::full(HOUR_BURST, HOUR_EVERY_MS, now),
            ],
            progress: Bucket::full(PROGRESS_BURST, PROGRESS_EVERY_MS, now),
            verdicts: Bucket::full(VERDICT_BURST, VERDICT_EVERY_MS, now),
        }
    }

    fn fill(&mut self, now: Timestamp) {
        let beside = [&mut self.progress, &mut self.verdicts];
        for bucket in self.writes.iter_mut().chain(beside) {
            bucket.fill(now);
        }
    }

    /// Milliseconds until `cost` can be drawn while one in `share` of each bucket stays in.
    fn wait_ms(&self, cost: Cost, share: Option<i64>) -> i64 {
        let costs = [cost.writes, cost.content, cost.content];
        let waits = self.writes.iter().zip(costs).map(|(bucket, cost)| {
            let floor = share.map_or(0, |share| bucket.size / share);
            // A cost beyond the whole bucket is let through once it is full.
            bucket.wait_ms(cost.min(bucket.size - floor), floor)
        });
        waits.max().unwrap_or(0)
    }

    fn draw(&mut self, cost: Cost, share: Option<i64>) {
        let costs = [cost.writes, cost.content, cost.content];
        for (bucket, cost) in self.writes.iter_mut().zip(costs) {
            let floor = share.map_or(0, |share| bucket.size / share);
            bucket.level -= cost.min(bucket.size - floor) * 1000;
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
        let share = match priority {
            Priority::Cancel => None,
            Priority::Acknowledge | Priority::Task | Priority::Show => Some(RESERVE),
            Priority::Progress => Some(LEFT_BY_LIFE),
        };
        self.with(installation, now, |buckets| {
            let wait_ms = buckets.wait_ms(cost, share);
            if wait_ms > 0 {
                return Err(now.plus_ms(wait_ms));
            }
            buckets.draw(cost, share);
            Ok(())
        })
    }

    /// Draws one write that shows how an attempt goes: within its own allowance, or beyond it
    /// where it is news.
    ///
    /// # Errors
    /// It is not there yet: the time from which it will be.
    pub fn draw_progress(
        &self,
        installation: InstallationId,
        is_news: bool,
        now: Timestamp,
    ) -> Result<(), Timestamp> {
        let share = if is_news { LEFT_BY_NEWS } else { LEFT_BY_LIFE };
        self.with(installation, now, |buckets| {
            let own_wait_ms = buckets.progress.wait_ms(1, 0);
            let mut wait_ms = buckets.wait_ms(Cost::SHOWN, Some(share));
            if !is_news {
                wait_ms = wait_ms.max(own_wait_ms);
            }
            if wait_ms > 0 {
                return Err(now.plus_ms(wait_ms));
            }
            buckets.draw(Cost::SHOWN, Some(share));
            if own_wait_ms == 0 {
                buckets.progress.level -= 1000;
            }
            Ok(())
        })
    }

    /// Draws one verdict of the gate, which has an allowance of its own: no task waits for it, and
    /// it for no task. What shuts an open gate goes before the rest.
    ///
    /// # Errors
    /// It is not there yet: the time from which it will be.
    pub fn draw_verdict(
        &self,
        installation: InstallationId,
        shuts: bool,
        now: Timestamp,
    ) -> Result<(), Timestamp> {
        self.with(installation, now, |buckets| {
            let left = match shuts {
                true => 0,
                false => VERDICT_BURST / LEFT_BY_OPENING,
            };
            match buckets.verdicts.wait_ms(1, left) {
                0 => {
                    buckets.verdicts.level -= 1000;
                    Ok(())
                }
                wait_ms => Err(now.plus_ms(wait_ms)),
            }
        })
    }

    fn with<T>(
        &self,
        installation: InstallationId,
        now: Timestamp,
        draw: impl FnOnce(&mut Buckets) -> T,
    ) -> T {
        let mut all = self
            .0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let buckets = all
            .entry(installation)
            .or_insert_with(|| Buckets::full(now));
        buckets.fill(now);
        draw(buckets)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(allowance: &Allowance, priority: Priority, now: Timestamp) -> usize {
        (0..10_000)
            .take_while(|_| {
                allowance
                    .draw(InstallationId(1), priority, Cost::SHOWN, now)
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
    fn what_shuts_a_gate_goes_before_the_other_verdicts() {
        let allowance = Allowance::default();
        let now = Timestamp(1_000_000);
        let drawn = |shuts, now| {
            let draw = |_: &i32| {
                allowance
                    .draw_verdict(InstallationId(1), shuts, now)
                    .is_ok()
            };
            (0..10_000).take_while(draw).count()
        };
        assert_eq!(drawn(false, now), 20);
        assert_eq!(drawn(true, now), 10);
        assert_eq!(drawn(false, now.plus_s(2)), 0);
        assert_eq!(drawn(true, now.plus_s(2)), 4);
        let minute = (3..63).map(|at| drawn(true, now.plus_s(at)));
        assert_eq!(minute.sum::<usize>(), 120);
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
                .draw(InstallationId(2), Priority::Task, Cost::SHOWN, Timestamp(0))
                .is_ok()
        );
    }

    #[test]
    fn at_most_twenty_progresses_a_minute_and_news_beyond_them() {
        let one = InstallationId(1);
        let drawn = |allowance: &Allowance, is_news, now| {
            (0..1_000)
                .take_while(|_| allowance.draw_progress(one, is_news, now).is_ok())
                .count()
        };
        let allowance = Allowance::default();
        let minute = (0..60).map(|second| drawn(&allowance, false, Timestamp(0).plus_s(second)));
        let minute: usize = minute.sum();
        assert!((18..=20).contains(&minute), "{minute}");
        assert!(drawn(&allowance, true, Timestamp(0).plus_s(60)) > 0);
    }

    #[test]
    fn progress_leaves_enough_for_what_moves_tasks() {
        let one = InstallationId(1);
        let allowance = Allowance::default();
        for second in 0..3_600 {
            let now = Timestamp(0).plus_s(second);
            while allowance.draw_progress(one, true, now).is_ok() {}
            let cost = Cost {
                writes: 5,
                content: 1,
            };
            let task = allowance.0.lock().unwrap()[&one].wait_ms(cost, Some(RESERVE));
            assert_eq!(task, 0, "at {second} s");
        }
    }
}
