//! What people are told of a task: bounded, and with nothing foreign in it that acts.

use castellan::domain::event::Fact;
use castellan::domain::task::Task;
use castellan::domain::task::decide::decide;
use castellan::domain::task::status;

use super::sample::{self, event};

/// Most characters of a comment that GitHub takes.
const GITHUB_TAKES: usize = 65_536;

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
    let told = status::comment(&task, page);
    assert!(told.chars().count() < GITHUB_TAKES);
    assert!(told.contains("Comment `/agent stop`"), "its next step");
    assert!(told.contains("https://castellan.example"), "its page");
    task.attempts = vec![last];
    let told = status::comment(&task, page);
    assert!(told.contains("and 480 more notes"), "{told}");
}
