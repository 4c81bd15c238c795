//! The facts that a base brings about which does not merge any more, and the standings of a task
//! that was told so.

use castellan::domain::event::Fact;
use castellan::domain::ids::{Number, Oid};
use castellan::domain::task::attempt::Merge;
use castellan::domain::task::{Task, Written};

use super::sample::oid;
use super::stages::{Standing, after, applying, delivered, head, last, of, opened};

/// The base at `tip` meets the change in one file.
pub(super) fn conflicts(head: Oid, tip: u8) -> Fact {
    Fact::BaseConflicts {
        head,
        merge: Merge {
            tip: oid(tip),
            base: oid(1),
            paths: vec!["add.sh".to_owned()],
        },
    }
}

/// What can be said of the base, by name.
pub(super) fn facts(task: &Task) -> Vec<(&'static str, Fact)> {
    let head = || task.pull.as_ref().map_or(oid(2), |pull| pull.head.clone());
    vec![
        ("base conflicts", conflicts(head(), 0x70)),
        ("base conflicts at another commit", conflicts(head(), 0x71)),
        ("base conflicts with another head", conflicts(oid(8), 0x70)),
        (
            "base renamed",
            Fact::BaseRenamed {
                branch: "trunk".to_owned(),
            },
        ),
    ]
}

/// The base has moved to where it does not merge with the head any more.
fn conflicted(task: &Task) -> Task {
    after(task, conflicts(head(task), 0x70))
}

/// The change of an attempt that takes the base in is written, with the base in it.
fn taken_in(task: &Task) -> Task {
    let task = applying(task);
    let fact = Fact::Applied {
        attempt: last(&task),
        pull: Number(2),
        head: oid(3),
        written: Written {
            has_workflows: true,
            merged: Some(oid(0x70)),
            ..Written::default()
        },
    };
    after(&task, fact)
}

/// The standings once the base does not merge any more.
pub(super) fn standings() -> [Standing; 4] {
    let early = 70;
    [
        (
            "queued, takes the base in",
            conflicted(&delivered(&opened())),
            early,
        ),
        (
            "applying, takes the base in",
            applying(&conflicted(&delivered(&opened()))),
            early,
        ),
        (
            "checking, base taken in",
            taken_in(&conflicted(&delivered(&opened()))),
            early,
        ),
        (
            "delivered, told of a conflict",
            conflicted(&of(delivered(&opened()), 1)),
            early,
        ),
    ]
    .map(|(name, task, at_s)| Standing { name, task, at_s })
}
