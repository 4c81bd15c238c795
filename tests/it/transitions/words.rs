//! What people are told of a task: bounded, and with nothing foreign in it that acts.

use castellan::domain::change::DiffFacts;
use castellan::domain::event::Fact;
use castellan::domain::model::Spent;
use castellan::domain::task::Task;
use castellan::domain::task::decide::decide;
use castellan::domain::task::proposal::{self, Acceptance, Facts};
use castellan::domain::task::reach::Reach;
use castellan::domain::task::status;

use super::sample::{self, event};

/// Most characters of a comment that GitHub takes.
const GITHUB_TAKES: usize = 65_536;

/// The status comment while nothing is spent.
fn comment(task: &Task, page: Option<&str>) -> String {
    let beside = status::Beside {
        now: task.opened_at,
        spent: Spent::default(),
        page,
    };
    status::comment(task, &beside)
}

fn opened() -> Task {
    decide(&sample::task(1), &event(0, Fact::Opened)).task
}

#[test]
fn a_status_is_bounded_and_keeps_its_next_step() {
    let mut task = opened();
    task.notes = vec!["A word about the contract. ".repeat(100); 500];
    let ended = "It broke in this way and that. ".repeat(100);
    let last = task.attempts[0].clone();
    for _ in 0..40 {
        let mut over = last.clone();
        over.ended = Some(ended.clone());
        task.attempts.insert(0, over);
    }
    let page = Some("https://castellan.example/tasks/1");
    let told = comment(&task, page);
    assert!(told.chars().count() < GITHUB_TAKES);
    assert!(told.contains("Comment `/agent stop`"), "its next step");
    assert!(told.contains("https://castellan.example"), "its page");
    task.attempts = vec![last];
    let told = comment(&task, page);
    assert!(told.contains("and 480 more notes"), "{told}");
}

/// The body of a pull request of `task`, with what a runner told of it.
fn body(task: &Task, acceptance: &[Acceptance], refused: &[String], agent: &str) -> String {
    let facts = Facts {
        attempt: &task.attempts[0],
        files: &[],
        diff: &DiffFacts::default(),
        acceptance,
        refused,
        reach: &Reach::default(),
        agent: Some(agent),
        instructions: &[],
        words: "",
        report: None,
        page: None,
    };
    proposal::body(task, &facts)
}

#[test]
fn x38_what_the_agent_calls_itself_and_asks_for_goes_out_without_secrets() {
    let secret = format!("ghp_{}", "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7".repeat(2));
    let secret = &secret[..40];
    let title = format!("curl -H 'Authorization: {secret}'");
    let told = body(&opened(), &[], &[title], secret);
    assert!(!told.contains(secret), "{told}");
    assert_eq!(told.matches("left out").count(), 2, "{told}");
}

#[test]
fn x40_the_name_of_a_branch_cannot_leave_its_code() {
    let mut task = opened();
    task.base.branch = "a`@octo/all`b".to_owned();
    for told in [body(&task, &[], &[], "agent"), comment(&task, None)] {
        assert!(told.contains("`` a`@octo/all`b ``"), "{told}");
    }
}

#[test]
fn only_what_was_run_is_said_to_be_run() {
    let task = opened();
    let ours = "Run by Castellan";
    let told = body(&task, &[], &[], "agent");
    assert!(
        told.contains("was not run") && !told.contains(ours),
        "{told}"
    );
    let seen = Acceptance {
        command: task.contract.acceptance[0].clone(),
        exit_code: Some(0),
        output_tail: String::new(),
    };
    assert!(body(&task, &[seen], &[], "agent").contains(ours));
}
