//! The standings that the table is made for: each stage, with and without a pull request, with
//! attempts left and without. Each is reached by facts, so none is made up.

use castellan::domain::event::{Ending, Fact};
use castellan::domain::ids::{AttemptNumber, CommentId, Number, RunId, Sha256Hex};
use castellan::domain::task::Task;
use castellan::domain::task::attempt::{Phase, RunIdentity};
use castellan::domain::task::decide::decide;

use super::sample::{self, alice, event, oid};

/// A task at a point of its life.
pub(super) struct Standing {
    pub(super) name: &'static str,
    pub(super) task: Task,
    /// Seconds after the start at which facts come.
    pub(super) at_s: i64,
}

/// Seconds of a day.
const DAY_S: i64 = 24 * 3600;

/// The run of an attempt.
pub(super) const fn run(attempt: u32) -> RunId {
    RunId(100 + attempt as i64)
}

fn last(task: &Task) -> AttemptNumber {
    task.last_attempt()
        .map_or(AttemptNumber(0), |last| last.number)
}

fn after(task: &Task, fact: Fact) -> Task {
    decide(task, &event(60, fact)).task
}

fn opened() -> Task {
    after(&sample::task(1), Fact::Opened)
}

fn dispatched(task: &Task) -> Task {
    let attempt = last(task);
    let run = Some(run(attempt.0));
    after(task, Fact::Dispatched { attempt, run })
}

fn working(task: &Task) -> Task {
    let task = dispatched(task);
    let attempt = last(&task);
    let run = RunIdentity {
        run_id: run(attempt.0),
        run_attempt: 1,
    };
    let ticket = Sha256Hex::of("ticket");
    let signed_in = Fact::SignedIn {
        attempt,
        run,
        ticket,
        machine: None,
    };
    let task = after(&task, signed_in);
    let key = Sha256Hex::of("key");
    let entered = Fact::Entered {
        attempt,
        run,
        key,
        work_s: 720,
    };
    let task = after(&task, entered);
    let phase = Phase::Agent;
    after(
        &task,
        Fact::Reported {
            attempt,
            phase,
            note: None,
        },
    )
}

/// At work, with a question asked.
fn wondering(task: &Task) -> Task {
    let task = working(task);
    after(&task, super::facts::asked(last(&task), 1))
}

/// Ended without a change, with a question asked.
fn asking(task: &Task) -> Task {
    let task = wondering(task);
    let fact = Fact::Returned {
        attempt: last(&task),
        result: Sha256Hex::of("result"),
        ending: Ending::Unchanged,
        has_report: false,
    };
    after(&task, fact)
}

fn applying(task: &Task) -> Task {
    change_of(&working(task))
}

fn change_of(task: &Task) -> Task {
    let fact = Fact::Returned {
        attempt: last(task),
        result: Sha256Hex::of("result"),
        ending: Ending::Changed { blobs: 0 },
        has_report: false,
    };
    after(task, fact)
}

fn delivered(task: &Task) -> Task {
    let task = applying(task);
    let fact = Fact::Applied {
        attempt: last(&task),
        pull: Number(2),
        head: oid(2),
        weakened: Vec::new(),
    };
    after(&task, fact)
}

fn fixing(task: &Task, comment: i64) -> Task {
    let fact = Fact::FixAsked {
        by: alice(),
        comment: CommentId(comment),
        words: None,
        head: oid(2),
    };
    after(task, fact)
}

fn moved(task: &Task, head: Option<u8>) -> Task {
    let fact = Fact::BranchMoved {
        head: head.map(oid),
        by: Some(alice()),
    };
    after(task, fact)
}

fn edited(task: &Task) -> Task {
    let difference = "+ more".to_owned();
    after(task, Fact::TextEdited { difference })
}

/// With this many attempts in the budget.
fn of(mut task: Task, attempts: u32) -> Task {
    task.contract.budget.attempts = attempts;
    task
}

/// All standings, in the order of a task's life.
pub(super) fn standings() -> Vec<Standing> {
    let (early, late) = (70, 2 * DAY_S);
    [
        ("new", sample::task(1), 0),
        ("queued, run not known", opened(), early),
        ("queued", dispatched(&opened()), early),
        ("queued, beyond its deadline", dispatched(&opened()), late),
        ("working", working(&opened()), early),
        ("working, beyond its deadline", working(&opened()), late),
        ("working, last attempt", of(working(&opened()), 1), late),
        ("working, text edited", edited(&working(&opened())), early),
        ("working, asked", wondering(&opened()), early),
        (
            "working, asked, last attempt",
            of(wondering(&opened()), 1),
            early,
        ),
        (
            "working, asked and answered",
            fixing(&wondering(&opened()), 8),
            early,
        ),
        ("asking", asking(&opened()), early),
        ("asking, beyond its deadline", asking(&opened()), 8 * DAY_S),
        ("applying", applying(&opened()), early),
        (
            "applying, asked and answered",
            change_of(&fixing(&wondering(&opened()), 8)),
            early,
        ),
        ("applying, last attempt", of(applying(&opened()), 1), early),
    ]
    .map(|(name, task, at_s)| Standing { name, task, at_s })
    .into_iter()
    .chain(with_pull())
    .collect()
}

/// The standings once there is a pull request, and at the end.
fn with_pull() -> Vec<Standing> {
    let stopped = after(
        &opened(),
        Fact::StopAsked {
            by: alice(),
            comment: Some(CommentId(6)),
        },
    );
    let merged = after(&delivered(&opened()), Fact::PullEnded { merged: true });
    let early = 70;
    [
        ("delivered", delivered(&opened()), early),
        (
            "delivered, last attempt",
            of(delivered(&opened()), 1),
            early,
        ),
        (
            "queued with pull",
            dispatched(&fixing(&delivered(&opened()), 8)),
            early,
        ),
        (
            "working with pull",
            working(&fixing(&delivered(&opened()), 8)),
            early,
        ),
        (
            "asking with pull",
            asking(&fixing(&delivered(&opened()), 8)),
            early,
        ),
        (
            "asking with pull, beyond its deadline",
            asking(&fixing(&delivered(&opened()), 8)),
            8 * DAY_S,
        ),
        (
            "applying with pull",
            applying(&fixing(&delivered(&opened()), 8)),
            early,
        ),
        (
            "paused with pull",
            moved(&delivered(&opened()), Some(9)),
            early,
        ),
        (
            "paused, branch deleted",
            moved(&delivered(&opened()), None),
            early,
        ),
        (
            "closed: branch moved before there was a pull",
            moved(&applying(&opened()), Some(9)),
            early,
        ),
        ("closed: stopped", stopped, early),
        ("closed: merged", merged, early),
    ]
    .map(|(name, task, at_s)| Standing { name, task, at_s })
    .into()
}
