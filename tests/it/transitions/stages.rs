//! The standings that the table is made for: each stage, with and without a pull request, with
//! attempts left and without. Each is reached by facts, so none is made up.

use castellan::domain::ci::reading::Outcome;
use castellan::domain::event::{Ending, Fact};
use castellan::domain::ids::{AttemptNumber, CommentId, Number, Oid, RunId, Sha256Hex};
use castellan::domain::task::attempt::{Phase, RunIdentity};
use castellan::domain::task::decide::decide;
use castellan::domain::task::{Task, Written};

use super::checks::{heard, read, red, rerun};
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

pub(super) fn last(task: &Task) -> AttemptNumber {
    task.last_attempt()
        .map_or(AttemptNumber(0), |last| last.number)
}

pub(super) fn after(task: &Task, fact: Fact) -> Task {
    decide(task, &event(60, fact)).task
}

pub(super) fn opened() -> Task {
    after(&sample::task(1), Fact::Opened)
}

pub(super) fn dispatched(task: &Task) -> Task {
    let attempt = last(task);
    let run = Some(run(attempt.0));
    after(task, Fact::Dispatched { attempt, run })
}

pub(super) fn working(task: &Task) -> Task {
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

pub(super) fn applying(task: &Task) -> Task {
    change_of(&working(task))
}

pub(super) fn change_of(task: &Task) -> Task {
    let fact = Fact::Returned {
        attempt: last(task),
        result: Sha256Hex::of("result"),
        ending: Ending::Changed { blobs: 0 },
        has_report: false,
    };
    after(task, fact)
}

/// The change waits for approval.
fn staged(task: &Task) -> Task {
    put_aside(&applying(task))
}

fn put_aside(task: &Task) -> Task {
    let fact = Fact::Staged {
        attempt: last(task),
        staged: Box::new(super::facts::staged(6)),
    };
    after(task, fact)
}

/// It was approved and goes on to its branch.
fn releasing(task: &Task) -> Task {
    after(&staged(task), super::facts::approved(11, 65))
}

fn stopped(task: &Task) -> Task {
    let (by, comment) = (alice(), Some(CommentId(6)));
    after(task, Fact::StopAsked { by, comment })
}

/// The standings of a change whose CI waits for a person.
fn of_approval() -> Vec<Standing> {
    let again = |task: &Task| fixing(&delivered(task), 8);
    let handed = Fact::HandoffAsked {
        by: alice(),
        comment: Some(CommentId(12)),
        page: None,
    };
    let waits = staged(&again(&opened()));
    let (early, late) = (70, 2 * DAY_S);
    [
        ("staged", staged(&opened()), early),
        ("staged, a day later", staged(&opened()), late),
        ("staged, last attempt", of(staged(&opened()), 1), early),
        ("applying, approved", releasing(&opened()), early),
        ("staged with pull", waits.clone(), early),
        (
            "applying with pull, approved",
            releasing(&again(&opened())),
            early,
        ),
        (
            "paused, handed over while staged",
            after(&waits, handed),
            early,
        ),
        (
            "closed: stopped while applying",
            stopped(&applying(&opened())),
            early,
        ),
        (
            "closed: stopped while staged",
            stopped(&staged(&opened())),
            early,
        ),
    ]
    .map(|(name, task, at_s)| Standing { name, task, at_s })
    .into()
}

/// The change is written as this commit, and checks are to be expected for it.
fn checking_at(task: &Task, head: u8) -> Task {
    let task = applying(task);
    let fact = Fact::Applied {
        attempt: last(&task),
        pull: Number(2),
        head: oid(head),
        written: Written {
            tree: Some(oid(0x40 + head)),
            bytes: 100,
            has_workflows: true,
            accepted: true,
            ..Written::default()
        },
    };
    after(&task, fact)
}

fn checking(task: &Task) -> Task {
    checking_at(task, 2)
}

/// The same, where the files hold no workflow.
fn unexpecting() -> Task {
    let task = applying(&opened());
    let fact = Fact::Applied {
        attempt: last(&task),
        pull: Number(2),
        head: oid(2),
        written: Written::default(),
    };
    after(&task, fact)
}

pub(super) fn head(task: &Task) -> Oid {
    task.pull.as_ref().unwrap().head.clone()
}

pub(super) fn delivered(task: &Task) -> Task {
    let task = checking(task);
    after(&task, read(head(&task), Outcome::Passed { checks: 1 }))
}

fn fixing(task: &Task, comment: i64) -> Task {
    let fact = Fact::FixAsked {
        by: alice(),
        comment: Some(CommentId(comment)),
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
pub(super) fn of(mut task: Task, attempts: u32) -> Task {
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
    .chain(super::bases::standings())
    .chain(of_approval())
    .chain(super::reviews::standings())
    .collect()
}

/// The standings once there is a pull request, and at the end.
#[expect(clippy::too_many_lines, reason = "one entry a standing")]
fn with_pull() -> Vec<Standing> {
    let stopped = stopped(&opened());
    let merged = after(&delivered(&opened()), Fact::PullEnded { merged: true });
    let (early, late) = (70, 2 * DAY_S);
    [
        ("checking", checking(&opened()), early),
        ("checking, nothing to expect", unexpecting(), early),
        ("checking, beyond its limit", checking(&opened()), late),
        ("checking, last attempt", of(checking(&opened()), 1), early),
        (
            "checking, run again",
            rerun(&checking(&opened()), "a"),
            early,
        ),
        (
            "checking, run again, last attempt",
            of(rerun(&checking(&opened()), "a"), 1),
            early,
        ),
        ("sent back by CI", red(&checking(&opened()), "a"), early),
        (
            "checking, failed so before, run again",
            rerun(&checking_at(&red(&checking(&opened()), "a"), 3), "a"),
            early,
        ),
        (
            "checking, after another approach, run again",
            rerun(
                &checking_at(
                    &red(&checking_at(&red(&checking(&opened()), "a"), 3), "a"),
                    4,
                ),
                "a",
            ),
            early,
        ),
        (
            "delivered, given up",
            red(&of(checking(&opened()), 1), "a"),
            early,
        ),
        (
            "checking, given up, reported again",
            heard(&red(&of(checking(&opened()), 1), "a")),
            early,
        ),
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
