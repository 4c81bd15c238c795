//! A base that is about to be protected, over a real server: its pull requests have the check before
//! any rule asks for it.

use castellan::domain::ids::Number;
use castellan::engine::Patience;
use castellan::github::audit::OpenPull;
use castellan::yard::{Fault, Permission};
use serde_json::{Value, json};

use super::ci::scene::green;
use super::world::{DAY_S, FIX, World};

const CHECK: &str = "agent-gate / main";
const PATIENCE: Patience = Patience {
    looks: 1,
    rest: std::time::Duration::ZERO,
};

impl World {
    /// alice opens a pull request of her own; its number and its head.
    async fn by_hand(&self, topic: &str) -> OpenPull {
        let file = format!("{topic}.txt");
        let head = self.alice.pushes(topic, &[(&file, "x\n")], topic).await;
        let number = self.alice.opens_pull(topic, "main", topic).await.unwrap();
        self.settles().await;
        OpenPull {
            number: Number(number),
            head: head.unwrap(),
        }
    }

    async fn has_check(&self, pull: &OpenPull) -> bool {
        let newest = self.repo.newest_check(pull.head.as_str(), CHECK).await;
        newest.unwrap().is_some()
    }

    async fn publishes(&self, open: &[OpenPull]) -> Result<Vec<i64>, String> {
        let target = castellan::github::Target::from(
            &self
                .engine
                .store
                .repository(self.repo.id())
                .await
                .unwrap()
                .unwrap(),
        );
        let mut told = Vec::new();
        let engine = &self.engine;
        let done = engine.publish_open(&target, "main", open, PATIENCE, |one| {
            told.push(one.number.0)
        });
        done.await.map_err(|error| error.to_string()).map(|()| told)
    }
}

#[tokio::test]
async fn from_its_announcement_on_every_pull_request_of_a_base_has_the_check() {
    let world = World::begins().await;
    let one = world.by_hand("one").await;
    assert!(!world.has_check(&one).await, "nothing asks for it");
    world
        .engine
        .announce(world.repo.id(), "main")
        .await
        .unwrap();
    let found = world.engine.github.as_ref().unwrap();
    let home = found
        .find_home(&world.repo.full_name().parse().unwrap())
        .await;
    let target = home.unwrap().unwrap().target;
    let open = found.open_pulls_into(&target, "main").await.unwrap();
    assert_eq!(open.as_slice(), std::slice::from_ref(&one));
    assert_eq!(world.publishes(&open).await, Ok(vec![one.number.0]));
    assert!(world.has_check(&one).await);
    // What is opened now is heard of by the server, which publishes too.
    let two = world.by_hand("two").await;
    assert!(world.has_check(&two).await);
    // Twice is once.
    let count = world.yard.call_list().len();
    assert_eq!(world.publishes(&open).await, Ok(vec![one.number.0]));
    let calls = world.yard.call_list();
    assert!(
        calls[count..]
            .iter()
            .all(|call| call.method != "POST" || !call.path.ends_with("/check-runs"))
    );
    // One that is closed needs none.
    world.alice.closes(two.number.0).await.unwrap();
    assert_eq!(world.publishes(&[two]).await, Ok(vec![]));
    world.waits(3_601).await;
    let three = world.by_hand("three").await;
    assert!(
        !world.has_check(&three).await,
        "it was announced for an hour"
    );
    world
        .engine
        .announce(world.repo.id(), "main")
        .await
        .unwrap();
    world
        .engine
        .unannounce(world.repo.id(), "main")
        .await
        .unwrap();
    let four = world.by_hand("four").await;
    assert!(!world.has_check(&four).await, "it was taken back");
    world.ends().await;
}

#[tokio::test]
async fn a_head_that_cannot_be_published_on_is_named() {
    let world = World::begins().await;
    let one = world.by_hand("one").await;
    world
        .engine
        .announce(world.repo.id(), "main")
        .await
        .unwrap();
    world.yard.fault(
        "POST",
        "/repos/octo/sample/check-runs",
        Fault::Before(502),
        1,
    );
    let error = world
        .publishes(std::slice::from_ref(&one))
        .await
        .unwrap_err();
    assert!(
        error.contains("pull request #1") && error.contains("502"),
        "{error}"
    );
    // While another worker has it, it is not ours to publish.
    let store = &world.engine.store;
    let now = world.clock.now();
    let taken = store
        .lease_this_pull(world.repo.id(), one.number, now)
        .await;
    assert!(taken.unwrap().is_some());
    let error = world
        .publishes(std::slice::from_ref(&one))
        .await
        .unwrap_err();
    assert!(error.contains("another worker"), "{error}");
    world.waits(300).await;
    assert_eq!(
        world.publishes(std::slice::from_ref(&one)).await,
        Ok(vec![1])
    );
    world.ends().await;
}

impl World {
    /// A call by an admin's token, below the repository.
    async fn as_admin(&self, token: &str, method: &str, path: &str, body: &Value) -> Value {
        let url = format!("{}/repos/octo/sample{path}", self.yard.api_url());
        let call = self.http.request(method.parse().unwrap(), url);
        let answer = call.bearer_auth(token).json(body).send().await.unwrap();
        assert!(
            answer.status().is_success(),
            "{method} {path}: {}",
            answer.status()
        );
        answer.json().await.unwrap_or_default()
    }

    /// Our newest check of a commit.
    async fn own_check(&self, token: &str, head: &str) -> Value {
        let path = format!("/commits/{head}/check-runs?check_name=agent-gate%20/%20main");
        let mut all = self.as_admin(token, "GET", &path, &Value::Null).await;
        all["check_runs"][0].take()
    }

    /// The head of a pull request of ours that waits for an approval.
    async fn head_that_waits(&self) -> String {
        self.has_ci(green(), vec![green(), green()]).await;
        let issue = self.labelled_issue().await;
        self.attempts(FIX).await;
        self.looks().await;
        self.task(issue).await.pull.unwrap().head.to_string()
    }
}

#[tokio::test]
async fn h23_a_rule_that_is_gone_is_said_in_the_check_itself() {
    let world = World::begins().await;
    let ada = world.person("ada", Permission::Admin).await;
    let rule = json!({"name": "by hand", "target": "branch", "enforcement": "active",
        "conditions": {"ref_name": {"include": ["refs/heads/main"], "exclude": []}},
        "rules": [{"type": "required_status_checks", "parameters": {
            "strict_required_status_checks_policy": false,
            "required_status_checks": [{"context": CHECK, "integration_id": world.yard.app().app_id}]}}]});
    let made = world
        .as_admin(ada.token(), "POST", "/rulesets", &rule)
        .await;
    let head = world.head_that_waits().await;
    let said = async || {
        let check = world.own_check(ada.token(), &head).await;
        check["output"]["summary"].as_str().unwrap().to_owned()
    };
    assert!(
        said().await.contains("Enforcement: unknown"),
        "{}",
        said().await
    );
    let gone = format!("/rulesets/{}", made["id"]);
    world
        .as_admin(ada.token(), "DELETE", &gone, &Value::Null)
        .await;
    world.waits(DAY_S + 1).await;
    assert!(
        said()
            .await
            .contains("advisory: the base's rules let people merge"),
        "{}",
        said().await
    );
    world.ends().await;
}

#[tokio::test]
async fn a15_a_check_that_waits_for_weeks_is_posted_anew_before_it_goes_stale() {
    let world = World::begins().await;
    let head = world.head_that_waits().await;
    let token = world.alice.token();
    let first = world.own_check(token, &head).await;
    assert_eq!(first["status"], "in_progress", "{first}");
    for _ in 0..15 {
        world.waits(DAY_S).await;
    }
    let now = world.own_check(token, &head).await;
    assert_eq!(
        (&now["status"], &now["conclusion"]),
        (&json!("in_progress"), &Value::Null)
    );
    assert_ne!(now["id"], first["id"]);
    world.ends().await;
}
