//! The facts that CI brings about, and the standings of a task whose checks are looked at.

use castellan::domain::ci::checks::{ACTIONS_APP, Conclusion};
use castellan::domain::ci::failure::{Failure, OnBase, Print, Said};
use castellan::domain::ci::reading::{Awaited, Outcome, Reading, Wait};
use castellan::domain::event::Fact;
use castellan::domain::ids::{JobId, Oid, RunId, Sha256Hex};
use castellan::domain::task::Task;

use super::sample::oid;
use super::stages::{after, head};

/// A reading in which it is known what is required, so that it has settled at once.
pub(crate) fn reading(outcome: Outcome) -> Reading {
    Reading {
        stands: Sha256Hex::of(format!("{outcome:?}")),
        outcome,
        skipped: false,
        named: true,
    }
}

/// A failed job whose log says `print`; a re-run has another job.
pub(crate) fn failure(print: &str, job: i64) -> Failure {
    Failure {
        check: "test".to_owned(),
        app: Some(ACTIONS_APP),
        slug: "github-actions".to_owned(),
        conclusion: Conclusion::Failure,
        run: Some(RunId(40)),
        job: Some(JobId(job)),
        said: Said::Code,
        print: Some(Print {
            strict: print.to_owned(),
            loose: print.to_owned(),
            coarse: print.to_owned(),
        }),
        tests: 1,
        first: "it does not hold".to_owned(),
        on_base: OnBase::Passed,
        elsewhere: false,
        digest: None,
    }
}

/// The checks of `head` failed so.
pub(crate) fn failed(head: Oid, failures: Vec<Failure>) -> Fact {
    // What a reading lists is the failed checks themselves; the failures tell of them.
    let reading = Reading {
        stands: Sha256Hex::of(format!("{failures:?}")),
        ..reading(Outcome::Failed { failed: Vec::new() })
    };
    Fact::ChecksRead {
        head,
        reading,
        failures,
        draft: None,
    }
}

/// The checks of `head` come to `outcome`.
pub(crate) fn read(head: Oid, outcome: Outcome) -> Fact {
    Fact::ChecksRead {
        head,
        reading: reading(outcome),
        failures: Vec::new(),
        draft: None,
    }
}

fn awaited(why: Wait) -> Outcome {
    let name = "test".to_owned();
    Outcome::Waiting {
        on: vec![Awaited { name, why }],
    }
}

/// What CI can say of the task's head, by name.
pub(super) fn facts(task: &Task) -> Vec<(&'static str, Fact)> {
    let head = || task.pull.as_ref().map_or(oid(2), |pull| pull.head.clone());
    let on_base = |failure: Failure| Failure {
        on_base: OnBase::Failed {
            print: failure.print.clone(),
        },
        ..failure
    };
    let skipped = Fact::ChecksRead {
        head: head(),
        reading: Reading {
            skipped: true,
            ..reading(Outcome::Passed { checks: 1 })
        },
        failures: Vec::new(),
        draft: Some(true),
    };
    vec![
        ("checks reported", Fact::ChecksReported { head: head() }),
        (
            "checks of another commit reported",
            Fact::ChecksReported { head: oid(8) },
        ),
        ("checks unread", Fact::ChecksUnread { head: head() }),
        ("checks unknown", read(head(), Outcome::Unknown)),
        ("no checks", read(head(), Outcome::Nothing)),
        ("checks running", read(head(), awaited(Wait::Running))),
        (
            "checks wait for approval",
            read(head(), awaited(Wait::Approval)),
        ),
        ("checks passed", read(head(), Outcome::Passed { checks: 1 })),
        (
            "checks of another commit passed",
            read(oid(8), Outcome::Passed { checks: 1 }),
        ),
        ("checks skipped for a draft", skipped),
        ("checks failed", failed(head(), vec![failure("a", 1)])),
        (
            "checks failed in a later job",
            failed(head(), vec![failure("a", 2)]),
        ),
        (
            "checks failed as on the base",
            failed(head(), vec![on_base(failure("a", 1))]),
        ),
        ("re-run refused", Fact::RerunRefused { run: RunId(40) }),
    ]
}

/// CI failed on the head, and its jobs were asked for once more.
pub(super) fn rerun(task: &Task, print: &str) -> Task {
    after(task, failed(head(task), vec![failure(print, 1)]))
}

/// It failed again.
pub(super) fn red(task: &Task, print: &str) -> Task {
    let task = rerun(task, print);
    after(&task, failed(head(&task), vec![failure(print, 2)]))
}

/// Something was reported about the head.
pub(super) fn heard(task: &Task) -> Task {
    after(task, Fact::ChecksReported { head: head(task) })
}
