//! What a pull request of ours says of a change and of the agent's words.

use castellan::domain::change::DiffFacts;
use castellan::domain::ids::{AttemptNumber, Fence, Sha256Hex};
use castellan::domain::task::Task;
use castellan::domain::task::attempt::Attempt;
use castellan::domain::task::proposal::{Facts, body};

use crate::transitions::sample::{START, oid, task};

fn said(task: &Task, diff: &DiffFacts, words: &str) -> String {
    let attempt = Attempt {
        number: AttemptNumber(1),
        fence: Fence(1),
        seed: Sha256Hex::of("seed"),
        nonce: "0123456789abcdef01234567".to_owned(),
        start: oid(1),
        feedback: None,
        asked_at: START,
        run: None,
        signed_in: None,
        entered: None,
        going: None,
        result: None,
        ended: None,
    };
    let facts = Facts {
        attempt: &attempt,
        files: &[],
        diff,
        acceptance: &[],
        refused: &[],
        agent: None,
        words,
        page: None,
    };
    body(task, &facts)
}

#[test]
fn x54_x58_what_is_easily_overlooked_is_pointed_out_and_bounded() {
    let mut diff = DiffFacts {
        added: 1,
        modified: 2,
        ..DiffFacts::default()
    };
    let plain = said(&task(1), &diff, "");
    assert!(plain.contains("1 added, 2 modified, 0 deleted"), "{plain}");
    assert!(!plain.contains("Worth a look"), "{plain}");
    diff.executable = (1..=13).map(|at| format!("bin/{at}")).collect();
    diff.lockfiles = vec![String::from("Cargo.lock")];
    diff.binaries = vec![String::from("a`b.png")];
    let shown = said(&task(1), &diff, "");
    for line in [
        "- Lockfiles, which name what is installed: `Cargo.lock`",
        "- Binary files, which no difference shows: `` a`b.png ``",
    ] {
        assert!(shown.lines().any(|l| l == line), "{shown}");
    }
    assert!(shown.contains("`bin/10`, and 3 more"), "{shown}");
    assert!(!shown.contains("bin/11"), "{shown}");
}

#[test]
fn x39_links_lead_only_where_the_policy_of_the_task_allows() {
    let words = "See [the docs](https://docs.rs/x) and [this](https://evil.example/y).";
    let mut task = task(1);
    let closed = said(&task, &DiffFacts::default(), words);
    assert!(!closed.contains("](https://"), "{closed}");
    task.policy.links = vec![String::from("docs.rs")];
    let open = said(&task, &DiffFacts::default(), words);
    assert!(open.contains("[the docs](https://docs.rs/x)"), "{open}");
    assert!(!open.contains("](https://evil"), "{open}");
}
