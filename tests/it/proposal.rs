//! What a pull request of ours says of a change and of the agent's words.

use castellan::domain::change::DiffFacts;
use castellan::domain::ids::{AttemptNumber, Fence, Sha256Hex};
use castellan::domain::task::Task;
use castellan::domain::task::attempt::{Attempt, Phase};
use castellan::domain::task::proposal::{Facts, Instruction, body};
use castellan::domain::task::reach::{Reach, Refused};

use crate::transitions::sample::{START, oid, task};

fn said(task: &Task, diff: &DiffFacts, words: &str) -> String {
    of(task, diff, words, &Reach::default(), &[])
}

fn of(
    task: &Task,
    diff: &DiffFacts,
    words: &str,
    reach: &Reach,
    instructions: &[Instruction],
) -> String {
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
        questions: Vec::new(),
        answer: None,
        correction: None,
        merge: None,
        staged: None,
        approved: None,
    };
    let facts = Facts {
        attempt: &attempt,
        files: &[],
        diff,
        acceptance: &[],
        refused: &[],
        instructions,
        reach,
        agent: None,
        words,
        report: None,
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

#[test]
fn x33_the_instruction_files_of_the_base_are_named_and_bounded() {
    let file = |at: usize| Instruction {
        path: format!("{at}/AGENTS.md"),
        sha256: Sha256Hex::of("Be kind."),
    };
    let files: Vec<Instruction> = (1..=12).map(file).collect();
    let shown = of(
        &task(1),
        &DiffFacts::default(),
        "",
        &Reach::default(),
        &files,
    );
    let sha256 = Sha256Hex::of("Be kind.");
    let sha256 = &sha256.as_str()[..12];
    let first = format!("- Instructed by the base's `1/AGENTS.md` (`{sha256}`), ");
    assert!(shown.contains(&first), "{shown}");
    assert!(
        shown.contains(", and 2 more") && !shown.contains("11/AGENTS.md"),
        "{shown}"
    );
    assert!(!said(&task(1), &DiffFacts::default(), "").contains("Instructed by"));
}

#[test]
fn x37_an_open_network_and_what_was_refused_are_said() {
    let (task, diff) = (task(1), DiffFacts::default());
    let closed = said(&task, &diff, "");
    assert!(
        closed.contains("- Closed to the agent but for its model"),
        "{closed}"
    );
    let no = |at: u32| Refused {
        phase: if at == 1 { Phase::Setup } else { Phase::Agent },
        place: format!("h{at}`@octocat.example:443"),
        because: "not on the list <!-- @octocat -->".to_owned(),
        count: at,
    };
    let reach = Reach {
        open_hosts: vec!["registry.example".to_owned(), "a`b @octocat".to_owned()],
        refusals: (1..=23).map(no).collect(),
    };
    let open = of(&task, &diff, "", &reach, &[]);
    for line in [
        "- Open to the agent: `registry.example`, `` a`b @octocat ``. Data could leave through them.",
        "- Refused: and 3 more",
    ] {
        assert!(open.lines().any(|l| l == line), "{open}");
    }
    assert!(
        open.contains("- Refused to set-up: `` h1`@octocat.example:443 ``"),
        "{open}"
    );
    assert!(open.contains("- Refused to the agent, 2 times: "), "{open}");
    assert!(
        !open.contains("<!--") && !open.contains(" @octocat -"),
        "{open}"
    );
}
