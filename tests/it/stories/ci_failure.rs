//! What CI said of the head that an attempt corrects: shown to that attempt, and to nobody else.

use castellan::digest;
use castellan::domain::ids::{AppId, JobId, Oid};
use castellan::domain::task::because::Because;
use castellan::domain::task::correction::Correction;
use castellan::store::{Cause, NewFailure, Recorded, Recording};
use serde_json::Value;

use super::runner::Run;
use super::world::World;
use crate::transitions::sample::{event, oid};

impl World {
    async fn keeps_failure(&self, issue: i64, head: &Oid, check: &str, digest: &str) {
        let task = self.task(issue).await;
        let log: String = (1..=500).map(|line| format!("line {line} ok\n")).collect();
        let log = digest::pack(log.as_bytes()).unwrap();
        let failure = NewFailure {
            repository: task.repository,
            task: &task.id,
            head,
            check,
            app: Some(AppId(15_368)),
            job: Some(JobId(9)),
            attempt: 1,
            print: None,
            class: "test",
            tests: 1,
            first: "it does not hold",
            digest,
            log: Some(&log.bytes),
            log_lines: log.lines,
            at: task.opened_at,
        };
        assert!(self.engine.store.put_failure(&failure).await.unwrap());
    }

    /// The attempt under way is one that corrects `head`.
    async fn corrects(&self, issue: i64, head: &Oid) {
        let store = &self.engine.store;
        let id = self.task(issue).await.id;
        let mut stored = store.task(&id).await.unwrap().unwrap();
        stored.task.attempts.last_mut().unwrap().correction = Some(Correction {
            head: head.clone(),
            checks: vec!["unit".to_owned()],
            stuck: None,
        });
        let recording = Recording {
            version: Some(stored.version),
            task: &stored.task,
            event: &event(0, castellan::domain::event::Fact::Opened),
            because: Because::RunnerAlive,
            effects: &[],
            cause: Cause::None,
        };
        assert_eq!(store.record(recording).await.unwrap(), Recorded::Done);
    }

    async fn asks_ci(&self, run: &Run<'_>, query: &str) -> (u16, Value) {
        let url = format!("{}/runner/ci-failure{query}", self.address);
        let call = self.http.get(url).bearer_auth(&run.bearer);
        let answer = call.send().await.unwrap();
        let status = answer.status().as_u16();
        (status, answer.json().await.unwrap())
    }
}

#[tokio::test]
async fn an_attempt_sees_the_failure_that_it_corrects_and_pages_of_its_log() {
    let world = World::begins().await;
    let issue = world.labelled_issue().await;
    let run = world.runner().await;
    let url = format!("{}/runner/ci-failure", world.address);
    assert_eq!(world.http.get(&url).send().await.unwrap().status(), 401);
    let (status, none) = world.asks_ci(&run, "").await;
    assert_eq!((status, &none["data"]), (200, &Value::from("")), "{none}");
    let head = oid(7);
    world
        .keeps_failure(issue, &head, "unit", "One test fails.")
        .await;
    world
        .keeps_failure(issue, &head, "lint", "Not asked for.")
        .await;
    world
        .keeps_failure(issue, &oid(8), "unit", "Of another head.")
        .await;
    world.corrects(issue, &head).await;
    let data = async |query| {
        let (status, said) = world.asks_ci(&run, query).await;
        assert_eq!(status, 200, "{said}");
        said["data"].as_str().unwrap().to_owned()
    };
    let list = data("").await;
    assert_eq!(list, "1. unit (test): One test fails. [500 lines of log]\n");
    assert_eq!(data("?check=1").await, "One test fails.");
    let lines = data("?check=1&from=10&lines=2").await;
    assert_eq!(lines, "10: line 10 ok\n11: line 11 ok\n");
    let found = data("?check=1&search=LINE%2077%20&lines=1").await;
    assert_eq!(found, "76: line 76 ok\n77: line 77 ok\n78: line 78 ok\n");
    for bad in [
        "?check=2",
        "?check=0",
        "?check=x",
        "?other=1",
        "?check=1&search=",
    ] {
        assert_eq!(world.asks_ci(&run, bad).await.0, 422, "{bad}");
    }
    run.returns_nothing().await;
    world.ends().await;
}
