//! Faults on request: what GitHub does on a bad day, for the next calls that a pattern names.
//!
//! Names them; `mishaps` brings them about.

/// What goes wrong.
#[derive(Clone, Debug)]
pub enum Fault {
    /// This status (500, 502, 503, 504), and nothing happened.
    Before(u16),
    /// This status, and it happened all the same (A2).
    After(u16),
    /// The connection breaks, and nothing happened.
    Dropped,
    /// The connection breaks after it happened.
    DroppedAfter,
    /// A secondary limit: 403 or 429 with `retry-after`; over GraphQL 403 or 200 (A3).
    SecondaryLimit {
        /// 403, 429 or 200.
        status: u16,
        /// Seconds to wait.
        retry_after_s: i64,
    },
    /// The hourly limit is used up: 403, and over GraphQL 200 with an error in it (A4).
    PrimaryLimit {
        /// Seconds until it is renewed.
        reset_in_s: i64,
    },
    /// 403 "Resource not accessible by integration" (A5).
    NotAccessible,
    /// 403 "Upgrade to GitHub Pro or make this repository public to enable this feature." (A20).
    NotOnPlan,
    /// 404 (A6).
    NotFound,
    /// 401 (A7).
    BadCredentials,
    /// 409 with this message (A8).
    Conflict(String),
    /// 422 with this message (A8).
    Invalid(String),
    /// A push ruleset refuses, with this text (A9).
    Ruleset(String),
    /// Over GraphQL, of a server that is older than a field which is asked for: 200, and nothing
    /// but an error without a type.
    NoSuchField,
    /// A list without its second half and without a next page, a tree cut off, or over GraphQL
    /// an issue without its title, suites without half of their check runs (A10).
    Partial,
    /// A list with nothing in it, and `total_count` 0 where it counts; over GraphQL suites without
    /// check runs (G18).
    Empty,
    /// A list without its second half, and page after page of nothing behind it: one that is
    /// too long to be read to its end.
    Endless,
    /// What was answered to the same question before; nothing or 404 if it was not asked (A12).
    Stale,
}

/// A fault and the calls that it meets.
#[derive(Clone, Debug)]
pub(super) struct FaultRule {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) fault: Fault,
    pub(super) left: u64,
}
