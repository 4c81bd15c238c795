//! The facts that the table is made for: each variant, about the attempt under way and about one
//! that is not.

use castellan::domain::event::{Ending, Fact};
use castellan::domain::ids::{AttemptNumber, CommentId, Number, RunId, Sha256Hex, UserId};
use castellan::domain::request::Person;
use castellan::domain::task::Task;
use castellan::domain::task::attempt::{Phase, RunIdentity, Staged};
use castellan::domain::task::question::Question;

use super::sample::{START, alice, oid};
use super::stages::run;

/// An attempt that no task of the table has.
const STALE: AttemptNumber = AttemptNumber(9);

/// Every fact that can be told of `task`, by name.
pub(super) fn facts(task: &Task) -> Vec<(String, Fact)> {
    let attempt = task
        .last_attempt()
        .map_or(AttemptNumber(1), |last| last.number);
    let mut facts = Vec::new();
    for (name, fact) in of_attempt(attempt) {
        facts.push((name.to_owned(), fact));
    }
    for (name, fact) in others(attempt) {
        facts.push((name.to_owned(), fact));
    }
    for (name, fact) in super::checks::facts(task) {
        facts.push((name.to_owned(), fact));
    }
    for (name, fact) in super::bases::facts(task) {
        facts.push((name.to_owned(), fact));
    }
    for (name, fact) in of_attempt(STALE) {
        facts.push((format!("{name} (stale)"), fact));
    }
    facts
}

/// The facts that name an attempt.
pub(super) fn of_attempt(attempt: AttemptNumber) -> Vec<(&'static str, Fact)> {
    let returned = |ending| Fact::Returned {
        attempt,
        result: Sha256Hex::of("another result"),
        ending,
        has_report: false,
    };
    let words = || ("it broke".to_owned(), "mend it".to_owned());
    let ((cause, remedy), (failed, mend)) = (words(), words());
    let run = RunIdentity {
        run_id: run(attempt.0),
        run_attempt: 1,
    };
    let phase = |phase| Fact::Reported {
        attempt,
        phase,
        note: Some("Edit add.sh".to_owned()),
    };
    let mut facts = vec![
        (
            "dispatched",
            Fact::Dispatched {
                attempt,
                run: Some(run.run_id),
            },
        ),
        (
            "dispatch refused",
            Fact::DispatchRefused {
                attempt,
                cause,
                remedy,
            },
        ),
        (
            "entered",
            Fact::Entered {
                attempt,
                run,
                key: Sha256Hex::of("key"),
                work_s: 720,
            },
        ),
        (
            "signed in",
            Fact::SignedIn {
                attempt,
                run,
                ticket: Sha256Hex::of("ticket"),
                machine: None,
            },
        ),
        ("machine refused", Fact::MachineRefused { attempt }),
        ("ticket replayed", Fact::TicketReplayed { attempt }),
        ("reported the same phase", phase(Phase::Agent)),
        ("reported another phase", phase(Phase::Acceptance)),
        ("returned a change", returned(Ending::Changed { blobs: 0 })),
        ("returned no change", returned(Ending::Unchanged)),
        (
            "returned a failure",
            returned(Ending::Failed {
                phase: Phase::Setup,
                cause: failed,
                remedy: mend,
            }),
        ),
    ];
    facts.extend(of_tools(attempt));
    facts.extend(of_writing(attempt));
    facts
}

/// The facts that an agent's tools bring about.
fn of_tools(attempt: AttemptNumber) -> [(&'static str, Fact); 3] {
    [
        (
            "returned a report",
            Fact::Returned {
                attempt,
                result: Sha256Hex::of("another result"),
                ending: Ending::Unchanged,
                has_report: true,
            },
        ),
        ("asked a question", asked(attempt, 1)),
        ("asked more questions", asked(attempt, 9)),
    ]
}

/// So many questions of an attempt.
pub(super) fn asked(attempt: AttemptNumber, questions: usize) -> Fact {
    let question = Question {
        question: "Tabs or spaces?".to_owned(),
        options: vec!["tabs".to_owned(), "spaces".to_owned()],
        default: "spaces".to_owned(),
    };
    Fact::Asked {
        attempt,
        questions: vec![question; questions],
    }
}

/// The facts that come of a change being written.
fn of_writing(attempt: AttemptNumber) -> [(&'static str, Fact); 7] {
    [
        (
            "applied",
            Fact::Applied {
                attempt,
                pull: Number(2),
                head: oid(3),
                written: Default::default(),
            },
        ),
        (
            "put aside",
            Fact::Staged {
                attempt,
                staged: Box::new(staged(5)),
            },
        ),
        ("approval void", Fact::ApprovalVoid { attempt }),
        (
            "applied without a pull request",
            Fact::Unproposed {
                attempt,
                head: oid(3),
                cause: "GitHub said no".to_owned(),
            },
        ),
        (
            "change refused",
            Fact::ChangeRefused {
                attempt,
                sentences: vec!["No.".to_owned()],
                again: false,
            },
        ),
        (
            "change refused towards the agent",
            Fact::ChangeRefused {
                attempt,
                sentences: vec!["Leave the test alone.".to_owned()],
                again: true,
            },
        ),
        (
            "base moved",
            Fact::BaseMoved {
                attempt,
                tip: oid(4),
            },
        ),
    ]
}

/// A commit on no branch.
pub(super) fn staged(head: u8) -> Staged {
    Staged {
        head: oid(head),
        parent: oid(1),
        written: Default::default(),
        files: vec!["add.sh".to_owned()],
        count: 1,
        page: "https://github.com/octo/sample/commit/c0".to_owned(),
        at: START,
        gone: false,
    }
}

/// CI is approved by this comment, so many seconds after the start.
pub(super) fn approved(comment: i64, after_s: i64) -> Fact {
    Fact::CiApproved {
        by: alice(),
        comment: CommentId(comment),
        said_at: START.plus_s(after_s),
    }
}

/// The facts that name none.
#[expect(clippy::too_many_lines, reason = "one entry a fact")]
pub(super) fn others(attempt: AttemptNumber) -> Vec<(&'static str, Fact)> {
    let fix = |comment| Fact::FixAsked {
        by: alice(),
        comment: Some(CommentId(comment)),
        words: Some("again".to_owned()),
        head: oid(9),
    };
    let by = |login: &str| {
        Some(Person {
            id: UserId(7),
            login: login.to_owned(),
        })
    };
    let mut facts = vec![
        ("opened", Fact::Opened),
        (
            "branch moved by a person",
            Fact::BranchMoved {
                head: Some(oid(9)),
                by: by("bob"),
            },
        ),
        (
            "branch deleted",
            Fact::BranchMoved {
                head: None,
                by: by("bob"),
            },
        ),
        (
            "branch is where we left it",
            Fact::BranchMoved {
                head: Some(oid(2)),
                by: None,
            },
        ),
        ("requester lost access", Fact::RequesterLostAccess),
        (
            "stop asked",
            Fact::StopAsked {
                by: alice(),
                comment: Some(CommentId(6)),
            },
        ),
        (
            "handoff asked",
            Fact::HandoffAsked {
                by: alice(),
                comment: Some(CommentId(7)),
                page: None,
            },
        ),
        ("CI approved", approved(9, 65)),
        ("CI approved before the commit was there", approved(10, 30)),
        ("CI approved by a known comment", approved(11, 65)),
        ("fix asked", fix(5)),
        ("fix asked by a known comment", fix(8)),
        (
            "text edited",
            Fact::TextEdited {
                difference: "+ words".to_owned(),
            },
        ),
        ("label removed", Fact::LabelRemoved { by: alice() }),
        (
            "issue ended",
            Fact::IssueEnded {
                how: "closed".to_owned(),
            },
        ),
        ("pull merged", Fact::PullEnded { merged: true }),
        ("pull closed", Fact::PullEnded { merged: false }),
    ];
    facts.extend(of_surroundings(attempt));
    facts
}

/// The facts of runs, the repository and time.
fn of_surroundings(attempt: AttemptNumber) -> Vec<(&'static str, Fact)> {
    let ended_by = |run, conclusion: &str| Fact::RunEnded {
        run,
        conclusion: conclusion.to_owned(),
    };
    let ended = |run| ended_by(run, "failure");
    let mut facts = super::reviews::facts().to_vec();
    facts.extend([
        ("its run ended", ended(run(attempt.0))),
        (
            "its run was cancelled",
            ended_by(run(attempt.0), "cancelled"),
        ),
        ("another run ended", ended(RunId(999))),
        (
            "access lost",
            Fact::AccessLost {
                why: "the App was uninstalled".to_owned(),
            },
        ),
        ("owner changed", Fact::OwnerChanged { owner: UserId(9) }),
        ("deadline passed", Fact::DeadlinePassed),
    ]);
    facts
}

/// No fact is left out: this match stops compiling when one is added.
pub(super) const fn kind(fact: &Fact) -> usize {
    match fact {
        Fact::Opened => 0,
        Fact::Dispatched { .. } => 1,
        Fact::DispatchRefused { .. } => 2,
        Fact::SignedIn { .. } => 23,
        Fact::MachineRefused { .. } => 24,
        Fact::Entered { .. } => 3,
        Fact::TicketReplayed { .. } => 4,
        Fact::Reported { .. } => 5,
        Fact::Returned { .. } => 6,
        Fact::Applied { .. } => 7,
        Fact::ChangeRefused { .. } => 8,
        Fact::BaseMoved { .. } => 9,
        Fact::BranchMoved { .. } => 10,
        Fact::RequesterLostAccess => 11,
        Fact::StopAsked { .. } => 12,
        Fact::FixAsked { .. } => 13,
        Fact::TextEdited { .. } => 14,
        Fact::LabelRemoved { .. } => 15,
        Fact::IssueEnded { .. } => 16,
        Fact::PullEnded { .. } => 17,
        Fact::RunEnded { .. } => 18,
        Fact::AccessLost { .. } => 19,
        Fact::OwnerChanged { .. } => 20,
        Fact::DeadlinePassed => 21,
        Fact::Unproposed { .. } => 22,
        Fact::Asked { .. } => 25,
        Fact::ChecksReported { .. } => 26,
        Fact::ChecksRead { .. } => 27,
        Fact::ChecksUnread { .. } => 28,
        Fact::RerunRefused { .. } => 29,
        Fact::HandoffAsked { .. } => 30,
        Fact::Staged { .. } => 31,
        Fact::CiApproved { .. } => 32,
        Fact::ApprovalVoid { .. } => 33,
        Fact::ChangesRequested { .. } => 34,
        Fact::BaseConflicts { .. } => 35,
        Fact::BaseRenamed { .. } => 36,
    }
}

#[test]
fn every_fact_is_in_the_table() {
    let told = facts(&super::sample::task(1));
    let mut kinds: Vec<usize> = told.iter().map(|(_, fact)| kind(fact)).collect();
    kinds.sort_unstable();
    kinds.dedup();
    assert_eq!(kinds, (0..37).collect::<Vec<_>>());
}
