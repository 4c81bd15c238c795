//! How many calls of GitHub's API a task costs, by kind, and what that allows in an hour.
//!
//! Server, runner, agent and sandbox are the real ones; GitHub is the yard, which counts. The
//! sweep at the start is over before anything is counted. Ends with one JSON object.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench fails by panicking, and prints"
)]

mod world;

use std::collections::BTreeMap;
use std::time::Duration;

use castellan::engine::allowance::HOUR_EVERY_MS;
use castellan::yard::CallRecord;
use serde_json::json;

use world::{Setting, World};

/// Issues that are labelled one after the other.
const ISSUES: usize = 7;
/// Aims: calls that people see, all calls of a task, calls that a person's push costs.
const CONTENT: u64 = 6;
const CALLS: u64 = 20;
const HUMAN_PUSH: u64 = 1;
/// Aim: calls of one correction, beside one for each log that is read.
const CORRECTION: u64 = 12;
/// Content creations that Castellan allows itself in an hour; GitHub allows 500.
const CONTENT_PER_HOUR: u64 = 3_600_000 / HOUR_EVERY_MS.unsigned_abs();
/// What GitHub lets one installation ask in an hour.
const REQUESTS_PER_HOUR: u64 = 5_000;
/// CI runs for real.
const SETTING: Setting = Setting {
    runs_ci: true,
    latency: Duration::ZERO,
};

type Calls = BTreeMap<&'static str, u64>;

impl World {
    /// From label to draft pull request, and from there until CI has settled (of the first task: by
    /// one correction): the calls of both, and the branch.
    async fn labels(&self) -> (Calls, u64, String) {
        let issue = self.issue().await;
        self.yard.resets_calls();
        let branch = self.works(issue).await.id.branch();
        let list = self.yard.call_list();
        // Where the first look at CI begins; rules are asked for once in ten minutes.
        let is_look = |call: &CallRecord| {
            call.path.contains("/rules/branches/") || call.path.ends_with("/CommitChecks")
        };
        let first = list.iter().position(is_look).unwrap();
        let mut calls = Calls::new();
        for call in &list[..first] {
            *calls.entry(call.kind).or_default() += 1;
        }
        let counts = |call: &&CallRecord| call.kind != "tokens" && !call.path.ends_with("/logs");
        let looks = list[first..].iter().filter(counts).count();
        (calls, looks as u64, branch)
    }

    /// The calls that a push of a person causes.
    async fn pushes(&self, branch: &str) -> u64 {
        self.yard.resets_calls();
        self.alice
            .pushes(branch, &[("README.md", "better\n")], "Polish")
            .await
            .unwrap();
        self.settles().await;
        self.yard.calls().values().sum()
    }
}

/// Measured to aimed at, to two places: below 1 is better than aimed at.
fn ratio(measured: u64, aim: u64) -> f64 {
    (measured as f64 / aim as f64 * 100.0).round() / 100.0
}

fn median(mut counts: Vec<u64>) -> u64 {
    counts.sort_unstable();
    counts[counts.len() / 2]
}

#[tokio::main]
async fn main() {
    let world = World::start(&SETTING).await;
    let (mut stories, mut correction) = (Vec::new(), 0);
    let mut branch = String::new();
    for nth in 1..=ISSUES {
        let (calls, looks, of) = world.labels().await;
        println!("issue {nth}: {calls:?}, then {looks} until CI had settled");
        // The next tasks fail in the same way as the first, so that no agent is woken for them.
        if nth == 1 {
            correction = looks;
        }
        if nth == ISSUES {
            for call in world.yard.call_list() {
                println!("  {} {} {}", call.status, call.method, call.path);
            }
        }
        stories.push(calls);
        branch = of;
    }
    // The first issue pays for the tokens too, which are good for an hour.
    let first = stories.remove(0);
    let calls: u64 = first.values().sum();
    let calls_next = median(stories.iter().map(|calls| calls.values().sum()).collect());
    let human_push = world.pushes(&branch).await;
    let human_push_own = world.pushes("topic").await;
    assert_eq!(world.yard.violations(), []);
    let by_content = CONTENT_PER_HOUR / first["content"];
    let by_requests = REQUESTS_PER_HOUR / calls;
    let object = json!({
        "bench": "calls",
        "results": {
            "content_creating": first["content"],
            "git": first["git"],
            "tokens": first["tokens"],
            "reads": first["reads"],
            "other": first["other"],
            "calls": calls,
            "calls_next": calls_next,
            "correction": correction,
            "human_push": human_push,
            "human_push_own": human_push_own,
            "tasks_per_hour": by_content.min(by_requests),
            "tasks_per_hour_by_content": by_content,
            "tasks_per_hour_by_requests": by_requests,
        },
        "ratios": {
            "content_creating": ratio(first["content"], CONTENT),
            "calls": ratio(calls, CALLS),
            "correction": ratio(correction, CORRECTION),
            "human_push": ratio(human_push, HUMAN_PUSH),
        },
    });
    println!("{object}");
}
