//! A thousand open pull requests of agents, approved: how soon a review shows in the required
//! check, what that costs, and how soon a stricter policy has shut all of them.
//!
//! One task is really worked on; the others are copies of it, each with a branch, a commit and a
//! pull request of its own. Each answer of GitHub takes 50 ms.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use castellan::domain::event::{Event, Fact};
use castellan::domain::ids::{Number, TaskId};
use castellan::domain::request::Origin;
use castellan::domain::task::because::Because;
use castellan::domain::task::{Pull, Task};
use castellan::github::Target;
use castellan::github::apply::Proposal;
use castellan::store::{Cause, Recording};
use castellan::yard::{Actor, Opinion, Permission, Play, PlayedJob, PlayedWorkflow, Requirement};

use crate::world::{Setting, World};

/// Open pull requests.
const PULLS: usize = 1_000;
/// Reviews that are measured one after the other, all others being open meanwhile.
const REVIEWS: usize = 100;
/// What GitHub takes to answer.
const SETTING: Setting = Setting {
    runs_ci: false,
    latency: Duration::from_millis(50),
};
/// The required check.
const CHECK: &str = "agent-gate / main";
/// Longest wait for all gates together.
const ALL_MAX: Duration = Duration::from_secs(1_800);
/// Rest between two looks at a check.
const LOOK: Duration = Duration::from_millis(2);
/// Under which no pull request of the bench has reviews enough.
const STRICT: &str = "acceptance:\n  - python3 -m unittest -q\nrisk:\n  rules:\n    - tier: T3\n      paths: [\"**\"]\n";

/// What was measured.
pub(crate) struct Measured {
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
    /// Calls for a review, but for tokens.
    pub(crate) calls: u64,
    pub(crate) tighten_s: f64,
}

/// A pull request of the bench.
struct Open {
    number: i64,
    head: String,
}

pub(crate) async fn measured() -> Measured {
    let world = World::start(&SETTING).await;
    let bob = world.repo.person("bob", Permission::Write).await.unwrap();
    let pulls = world.pulls().await;
    world
        .says_of_all(&pulls, |standing| standing == "in_progress")
        .await;
    let (mut waits_ms, mut calls) = (Vec::new(), Vec::new());
    for pull in pulls.iter().take(REVIEWS) {
        world.settles().await;
        world.yard.resets_calls();
        waits_ms.push(world.approved(&bob, pull).await);
        world.settles().await;
        let list = world.yard.call_list();
        calls.push(list.iter().filter(|call| call.kind != "tokens").count() as u64);
    }
    for pull in pulls.iter().skip(REVIEWS) {
        let review = bob.reviews(pull.number, Opinion::Approves, "", &[]).await;
        review.unwrap();
    }
    world
        .says_of_all(&pulls, |standing| standing == "success")
        .await;
    world.settles().await;
    let start = Instant::now();
    let policy = [(".github/castellan.yml", STRICT)];
    world
        .alice
        .pushes("main", &policy, "Stricter")
        .await
        .unwrap();
    world
        .says_of_all(&pulls, |standing| standing != "success")
        .await;
    let tighten_s = start.elapsed().as_secs_f64();
    waits_ms.sort_by(f64::total_cmp);
    calls.sort_unstable();
    Measured {
        p50_ms: waits_ms[waits_ms.len() / 2],
        p99_ms: waits_ms[waits_ms.len() * 99 / 100],
        calls: calls[calls.len() / 2],
        tighten_s,
    }
}

impl World {
    /// All pull requests, green and ready for review.
    async fn pulls(&self) -> Vec<Open> {
        let own = self.yard.app().app_id;
        let rule = Requirement::Ruleset {
            checks: vec![("test".to_owned(), None), (CHECK.to_owned(), Some(own))],
            strict: false,
        };
        self.repo.requires("main", rule).await.unwrap();
        let jobs = ["test", "examples"].map(PlayedJob::passes);
        let workflow = jobs
            .into_iter()
            .fold(PlayedWorkflow::ci(), PlayedWorkflow::job);
        let green = || vec![Play::of([workflow.clone()])];
        self.repo.plays_on("main", green()).await.unwrap();
        self.repo.plays(green()).await.unwrap();
        let issue = self.issue().await;
        let task = self.works(issue).await;
        let mut pulls = Vec::with_capacity(PULLS);
        for nth in 0..PULLS {
            pulls.push(self.copied(&task, nth).await);
        }
        pulls
    }

    /// Another task like this one, with a pull request of its own.
    async fn copied(&self, of: &Task, nth: usize) -> Open {
        let issue = 9_000_000 + nth as i64;
        let mut copy = of.clone();
        copy.request.origin = Origin::Label {
            event: issue.to_string(),
        };
        copy.id = TaskId::of_request(of.repository, &copy.request.key());
        copy.issue = Number(issue);
        let branch = copy.id.branch();
        let text = format!("def count_words(text):\n    return len(text.split())  # {nth}\n");
        let files = [("words.py", text.as_str())];
        let head = self.alice.pushes(&branch, &files, "Fix");
        let head = head.await.unwrap();
        let first = of.pull.as_ref().unwrap();
        let document = serde_json::to_string(&copy).unwrap();
        let document = document.replace(first.head.as_str(), head.as_str());
        let mut copy: Task = serde_json::from_str(&document).unwrap();
        let store = &self.engine.store;
        let repository = store.repository(of.repository).await.unwrap().unwrap();
        let proposal = Proposal {
            title: "Count words",
            body: "",
            head: &branch,
            base: "main",
        };
        let github = self.engine.github.as_ref().unwrap();
        let opened = github.open_pull(&Target::from(&repository), proposal).await;
        let number = opened.unwrap();
        copy.pull = Some(Pull {
            number,
            ..copy.pull.unwrap()
        });
        let now = self.engine.clock.now();
        let event = Event {
            at: now,
            draw: "0".repeat(64),
            fact: Fact::DeadlinePassed,
        };
        let recorded = store.record(Recording {
            version: None,
            task: &copy,
            event: &event,
            because: Because::Outdated,
            effects: &[],
            cause: Cause::None,
        });
        recorded.await.unwrap();
        self.alice.readies(number.0).await.unwrap();
        store.mark_pull(of.repository, number, now).await.unwrap();
        Open {
            number: number.0,
            head: head.to_string(),
        }
    }

    /// Milliseconds from a review until the required check says `success`.
    async fn approved(&self, by: &Actor, pull: &Open) -> f64 {
        let start = Instant::now();
        let review = by.reviews(pull.number, Opinion::Approves, "", &[]).await;
        review.unwrap();
        while self.says(pull).await != "success" {
            tokio::time::sleep(LOOK).await;
        }
        start.elapsed().as_secs_f64() * 1e3
    }

    async fn says(&self, pull: &Open) -> String {
        let newest = self.repo.newest_check(&pull.head, CHECK).await.unwrap();
        newest.map(|(standing, _)| standing).unwrap_or_default()
    }

    /// Waits until the newest check of each says that.
    async fn says_of_all(&self, pulls: &[Open], is_it: impl Fn(&str) -> bool) {
        let all = async {
            for pull in pulls {
                while !is_it(&self.says(pull).await) {
                    tokio::time::sleep(LOOK).await;
                }
            }
        };
        if tokio::time::timeout(ALL_MAX, all).await.is_err() {
            let mut told = BTreeMap::new();
            for pull in pulls {
                let newest = self.repo.newest_check(&pull.head, CHECK).await.unwrap();
                *told.entry(newest.unwrap_or_default()).or_insert(0) += 1;
            }
            panic!("not within {ALL_MAX:?}: {told:#?}");
        }
    }
}
