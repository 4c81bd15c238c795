//! The merge queue: groups, what is told of them, and how it merges, throws out and builds anew.

use castellan::yard::{Opinion, Permission, Play, Queueing, Requirement};
use serde_json::{Value, json};

use super::scene::Scene;

/// The name of the check.
const NAME: &str = "agent-gate / main";

/// A scene with three pull requests of which ours is green, and a queue.
async fn queued(queue: Queueing) -> (Scene, String) {
    let scene = Scene::set().await;
    let checks = vec![(NAME.to_owned(), Some(scene.yard.app().app_id))];
    let strict = true;
    for rule in [
        Requirement::Ruleset { checks, strict },
        Requirement::Queue(queue),
    ] {
        scene.repo.requires("main", rule).await.unwrap();
    }
    let token = scene
        .token(json!({"checks": "write", "merge_queues": "read", "contents": "write"}))
        .await;
    for n in 1..=3 {
        let (branch, file) = (format!("topic{n}"), format!("file{n}"));
        let files = [(file.as_str(), "x\n")];
        let pushed = scene.alice.pushes(&branch, &files, "Do").await.unwrap();
        scene.alice.opens_pull(&branch, "main", "Do").await.unwrap();
        posts(&scene, &token, pushed.as_str(), "success").await;
    }
    (scene, token)
}

async fn posts(scene: &Scene, token: &str, head: &str, conclusion: &str) {
    let body = json!({"name": NAME, "head_sha": head, "conclusion": conclusion});
    scene.post(token, "/check-runs", body).await;
}

/// The heads in the queue, by pull request.
async fn heads(scene: &Scene) -> Vec<(i64, String)> {
    scene.repo.queued("main").await.unwrap()
}

/// What was told of groups: action, reason, pull request.
async fn told(scene: &Scene) -> Value {
    scene.yard.settle().await;
    let told = scene.received.bodies("merge_group");
    let line = |one: &Value| {
        let name = one["merge_group"]["head_ref"].as_str().unwrap();
        let pull = name
            .split("/pr-")
            .nth(1)
            .unwrap()
            .split('-')
            .next()
            .unwrap();
        json!([one["action"], one["reason"], pull])
    };
    told.iter().map(line).collect()
}

#[tokio::test]
async fn a_group_is_told_and_merged_when_its_checks_pass() {
    let (scene, token) = queued(Queueing::default()).await;
    let refused = scene.alice.merges(1).await.unwrap_err().to_string();
    assert!(refused.contains("merge queue"), "{refused}");
    let main = scene.tip("main");
    scene.alice.enqueues(1).await.unwrap();
    scene.alice.enqueues(2).await.unwrap();
    assert!(scene.alice.enqueues(2).await.is_err(), "twice");
    scene.yard.settle().await;
    let all = scene.received.bodies("merge_group");
    let heads = heads(&scene).await;
    let group = |at: usize| &all[at]["merge_group"];
    assert_eq!(group(0)["base_sha"], json!(main));
    assert_eq!(group(0)["base_ref"], "refs/heads/main");
    assert_eq!(group(0)["head_sha"], json!(heads[0].1));
    let name = format!("refs/heads/gh-readonly-queue/main/pr-1-{main}");
    assert_eq!(group(0)["head_ref"], json!(name));
    assert_eq!(group(0)["head_commit"]["id"], json!(heads[0].1));
    assert_eq!(
        group(1)["base_sha"],
        json!(heads[0].1),
        "built on the one before"
    );
    let variables = json!({"owner": "octo", "name": "sample", "branch": "main"});
    let answer = scene.asks(&token, "MergeQueue", variables).await;
    let entries = &answer["data"]["repository"]["mergeQueue"]["entries"]["nodes"];
    let entry = |at: usize| {
        let one = &entries[at];
        json!([
            one["position"],
            one["pullRequest"]["number"],
            one["headCommit"]["oid"]
        ])
    };
    assert_eq!(
        (entry(0), entry(1)),
        (json!([1, 1, heads[0].1]), json!([2, 2, heads[1].1]))
    );
    posts(&scene, &token, &heads[1].1, "success").await;
    assert_eq!(scene.tip("main"), main, "the first is not there yet");
    posts(&scene, &token, &heads[0].1, "success").await;
    assert_eq!(scene.tip("main"), heads[1].1);
    let ends = told(&scene).await;
    let expected = json!([
        ["checks_requested", null, "1"],
        ["checks_requested", null, "2"],
        ["destroyed", "merged", "1"],
        ["destroyed", "merged", "2"],
    ]);
    assert_eq!(ends, expected);
    let refs = scene
        .yard
        .refs("octo/sample", "refs/heads/gh-readonly-queue");
    assert!(refs.is_empty(), "{refs:?}");
    assert!(scene.yard.violations().is_empty());
}

#[tokio::test]
async fn a_failing_member_is_thrown_out_and_the_others_are_built_anew() {
    let (scene, token) = queued(Queueing::default()).await;
    for n in 1..=3 {
        scene.alice.enqueues(n).await.unwrap();
    }
    let before = heads(&scene).await;
    posts(&scene, &token, &before[1].1, "failure").await;
    let after = heads(&scene).await;
    let pulls: Vec<i64> = after.iter().map(|one| one.0).collect();
    assert_eq!(pulls, [1, 3]);
    assert_eq!(after[0], before[0], "what was before it stays");
    assert_ne!(after[1].1, before[2].1);
    let ends = told(&scene).await;
    let expected = json!([
        ["checks_requested", null, "1"],
        ["checks_requested", null, "2"],
        ["checks_requested", null, "3"],
        ["destroyed", "dequeued", "2"],
        ["destroyed", "invalidated", "3"],
        ["checks_requested", null, "3"],
    ]);
    assert_eq!(ends, expected);
    let pulls = scene.received.bodies("pull_request");
    let mut gone = pulls.iter().filter(|one| one["action"] == "dequeued");
    assert_eq!(gone.next().unwrap()["reason"], "CI_FAILURE");
    // The base moves beneath the queue: everything is built anew.
    scene
        .alice
        .pushes("main", &[("base", "x\n")], "Past it")
        .await
        .unwrap();
    let anew = heads(&scene).await;
    assert!(
        anew.iter()
            .zip(&after)
            .all(|(new, old)| new.0 == old.0 && new.1 != old.1)
    );
    // A push to a member takes it out.
    scene
        .alice
        .pushes("topic1", &[("file1", "y\n")], "More")
        .await
        .unwrap();
    let left: Vec<i64> = heads(&scene).await.iter().map(|one| one.0).collect();
    assert_eq!(left, [3]);
    scene.alice.dequeues(3).await.unwrap();
    assert_eq!(heads(&scene).await, []);
}

#[tokio::test]
async fn a_group_that_nobody_answers_fails_after_the_timeout() {
    let (scene, _) = queued(Queueing {
        timeout_minutes: 10,
        ..Queueing::default()
    })
    .await;
    scene.alice.enqueues(1).await.unwrap();
    scene.clock.advance_ms(10 * 60_000 - 1);
    scene.repo.turns_queues().await.unwrap();
    assert_eq!(heads(&scene).await.len(), 1);
    scene.clock.advance_ms(1);
    scene.repo.turns_queues().await.unwrap();
    assert_eq!(heads(&scene).await, []);
    scene.yard.settle().await;
    let pulls = scene.received.bodies("pull_request");
    let mut gone = pulls.iter().filter(|one| one["action"] == "dequeued");
    assert_eq!(gone.next().unwrap()["reason"], "CI_TIMEOUT");
}

#[tokio::test]
async fn only_the_head_of_a_group_must_pass_where_the_queue_says_so() {
    let (scene, token) = queued(Queueing {
        all_green: false,
        ..Queueing::default()
    })
    .await;
    scene.alice.enqueues(1).await.unwrap();
    scene.alice.enqueues(2).await.unwrap();
    let heads = heads(&scene).await;
    posts(&scene, &token, &heads[0].1, "failure").await;
    assert_eq!(
        told(&scene).await.as_array().unwrap().len(),
        2,
        "nothing ended"
    );
    posts(&scene, &token, &heads[1].1, "success").await;
    assert_eq!(scene.tip("main"), heads[1].1, "the failing one is in it");
}

#[tokio::test]
async fn what_a_head_must_have_is_asked_before_it_is_queued() {
    let (scene, token) = queued(Queueing::default()).await;
    let ci = vec![("test".to_owned(), None)];
    let strict = false;
    let rule = Requirement::Ruleset { checks: ci, strict };
    scene.repo.requires("main", rule).await.unwrap();
    let refused = scene.alice.enqueues(1).await.unwrap_err().to_string();
    assert!(refused.contains("\"test\" is expected"), "{refused}");
    scene
        .repo
        .forges_check("topic1", "test", "success")
        .await
        .unwrap();
    scene
        .repo
        .plays_on_groups(vec![Play::green("test")])
        .await
        .unwrap();
    scene.alice.enqueues(1).await.unwrap();
    let head = heads(&scene).await[0].1.clone();
    let jobs = scene.repo.ci_jobs(&head).await.unwrap();
    assert_eq!(
        jobs[0].conclusion.as_deref(),
        Some("success"),
        "CI ran on the group"
    );
    // An approval that is lost takes nobody out of the queue: that is the gate's to see.
    let bob = scene.repo.person("bob", Permission::Write).await.unwrap();
    bob.reviews(1, Opinion::RequestsChanges, "No", &[])
        .await
        .unwrap();
    assert_eq!(heads(&scene).await.len(), 1);
    posts(&scene, &token, &head, "success").await;
    assert_eq!(scene.tip("main"), head);
}
