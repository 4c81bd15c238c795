//! What goes wrong in a storm, chosen by its seed: what becomes of deliveries, which calls of
//! GitHub fail, and where the server dies.

use castellan::yard::{Fault, Order, Yard};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};

/// Deliveries that may get lost, doubled or never be made.
const DELIVERIES: [&str; 6] = [
    "*",
    "issues.labeled",
    "issue_comment.created",
    "push",
    "workflow_run",
    "pull_request",
];

/// Calls that may fail.
const CALLS: [(&str, &str); 15] = [
    ("POST", "/repos/*/*/issues/*/comments"),
    ("PATCH", "/repos/*/*/issues/comments/*"),
    ("POST", "/repos/*/*/issues/**"),
    ("POST", "/repos/*/*/actions/workflows/*/dispatches"),
    ("POST", "/repos/*/*/git/blobs"),
    ("POST", "/repos/*/*/git/trees"),
    ("POST", "/repos/*/*/git/commits"),
    ("POST", "/graphql/UpdateRefs"),
    ("POST", "/graphql/TaskInput"),
    ("POST", "/repos/*/*/pulls"),
    ("PATCH", "/repos/*/*/pulls/*"),
    ("GET", "/repos/*/*/collaborators/*/permission"),
    ("POST", "/app/installations/*/access_tokens"),
    ("GET", "/app/hook/deliveries"),
    ("*", "/**"),
];

/// What happens next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gust {
    Read,
    Perform,
    Deadlines,
    Sweep,
    /// A runner works.
    Run,
    /// Some seconds pass.
    Time(i64),
    /// What waits is delivered in any order.
    Deliver,
    /// The server dies between two steps and starts again; `true`: deliveries fail meanwhile.
    Crash(bool),
}

/// Chooses, the same for the same seed.
pub(super) struct Weather(StdRng);

impl Weather {
    pub(super) fn of(seed: u64) -> Self {
        Self(StdRng::seed_from_u64(seed))
    }

    pub(super) fn one_in(&mut self, n: u32) -> bool {
        self.0.random_range(0..n) == 0
    }

    pub(super) fn up_to(&mut self, n: usize) -> usize {
        self.0.random_range(1..=n)
    }

    pub(super) fn gust(&mut self) -> Gust {
        match self.0.random_range(0..100) {
            0..25 => Gust::Read,
            25..58 => Gust::Perform,
            58..62 => Gust::Deadlines,
            62..68 => Gust::Sweep,
            68..80 => Gust::Run,
            80..87 => Gust::Time(self.0.random_range(0..20)),
            87..94 => Gust::Deliver,
            _ => Gust::Crash(self.0.random()),
        }
    }

    /// Deliveries wait from now on; some get lost, some never are, some come twice.
    pub(super) fn gathers(&mut self, yard: &Yard) {
        yard.holds_deliveries();
        for _ in 0..self.0.random_range(0..4) {
            let filter = DELIVERIES[self.0.random_range(0..DELIVERIES.len())];
            let times = self.0.random_range(1..4);
            match self.0.random_range(0..3) {
                0 => yard.loses_deliveries(filter, times),
                1 => yard.swallows_deliveries(filter, times),
                _ => yard.doubles_deliveries(filter, times),
            }
        }
        for _ in 0..self.0.random_range(0..4) {
            let (method, path) = CALLS[self.0.random_range(0..CALLS.len())];
            let times = self.0.random_range(1..3);
            yard.fault(method, path, self.fault(), times);
        }
    }

    fn fault(&mut self) -> Fault {
        let status = [500, 502, 503, 504][self.0.random_range(0..4)];
        match self.0.random_range(0..4) {
            0 => Fault::Before(status),
            1 => Fault::After(status),
            2 => Fault::Dropped,
            _ => Fault::DroppedAfter,
        }
    }

    pub(super) fn order(&mut self) -> Order {
        match self.0.random_range(0..3) {
            0 => Order::Reversed,
            _ => Order::Shuffled(self.0.random()),
        }
    }
}
