//! Rows of the table for reviews that request changes, and for tasks that mend a person's pull request.

use castellan::domain::event::Fact;
use castellan::domain::ids::{CommentId, Oid, ReviewId};
use castellan::domain::task::Task;
use castellan::domain::task::correction::Correction;
use castellan::domain::task::kind::{Kind, Mended};
use castellan::domain::task::thread::Thread;

use super::sample::{self, alice, oid};
use super::stages::{Standing, after, applying, change_of, delivered, dispatched, opened, working};

fn requested(review: i64, head: Oid) -> Fact {
    let thread = |root| Thread::new(CommentId(root), "add.sh", Some(1), "alice", "Quote it.");
    Fact::ChangesRequested {
        by: alice(),
        review: ReviewId(review),
        words: Some("Not yet.".to_owned()),
        threads: vec![thread(21), thread(22)],
        left_out: 1,
        head,
    }
}

/// The facts that reviews bring about.
pub(super) fn facts() -> [(&'static str, Fact); 3] {
    [
        ("changes requested", requested(5, oid(2))),
        ("changes requested by a known review", requested(6, oid(2))),
        ("changes requested, head moved", requested(5, oid(9))),
    ]
}

fn mended() -> Task {
    let failed = Correction::asked(&oid(1), vec!["test".to_owned()]);
    let mut task = sample::task(1);
    task.kind = Kind::Pull(Mended::new(Some("bob"), "Adds", Some(failed)));
    after(&task, Fact::Opened)
}

/// Where such tasks stand.
pub(super) fn standings() -> Vec<Standing> {
    let reworked = after(&delivered(&opened()), requested(6, oid(2)));
    [
        ("queued for a review", dispatched(&reworked)),
        ("working for a review", working(&reworked)),
        ("applying for a review", change_of(&working(&reworked))),
        ("mending, queued", dispatched(&mended())),
        ("mending, applying", applying(&mended())),
        ("mended, delivered", delivered(&mended())),
    ]
    .map(|(name, task)| Standing {
        name,
        task,
        at_s: 70,
    })
    .into()
}

#[test]
fn what_is_to_be_mended_is_told_to_each_attempt_until_there_is_a_change_of_ours() {
    let task = dispatched(&mended());
    let lost = after(
        &task,
        Fact::RunEnded {
            run: super::stages::run(1),
            conclusion: "failure".to_owned(),
        },
    );
    let told: Vec<bool> = lost
        .attempts
        .iter()
        .map(|one| one.correction.is_some())
        .collect();
    assert_eq!(told, [true, true]);
}
