//! A policy that changes while pull requests are open.

use castellan::yard::Permission;

use super::super::ci::scene::green;
use super::super::world::{FIX, World};

/// By which all is T3.
const STRICT: (&str, &str) = (
    ".github/castellan.yml",
    "acceptance:\n  - sh test.sh\nrisk:\n  rules:\n    - tier: T3\n      because: all is dear\n      paths: [\"**\"]\n",
);

#[tokio::test]
async fn x83_h7_a_stricter_policy_shuts_what_was_open() {
    let world = World::begins().await;
    let (ours, _) = world.open().await;
    let pushed = world.alice.pushes("main", &[STRICT], "Stricter").await;
    pushed.unwrap();
    world.settles().await;
    world.gate_says(&ours.head, "action_required: T3").await;
    assert!(world.repo.may_merge(ours.number).await.is_err());
    world.ends().await;
}

#[tokio::test]
async fn h7_a_policy_that_is_deleted_shuts_every_gate_that_is_required() {
    let world = World::begins().await;
    let (ours, _) = world.open().await;
    let gone = [(STRICT.0, None)];
    let pushed = world.alice.pushes_changes("main", &gone, "Away").await;
    pushed.unwrap();
    world.settles().await;
    world.gate_says(&ours.head, "failure: policy ").await;
    world.ends().await;
}

#[tokio::test]
async fn c7_a_task_keeps_its_policy_and_the_gate_takes_the_base_s() {
    let world = World::begins().await;
    world.is_gated(vec![green(), green()]).await;
    let issue = world.labelled_issue().await;
    let pushed = world.alice.pushes("main", &[STRICT], "Stricter").await;
    pushed.unwrap();
    world.settles().await;
    world.attempts(FIX).await;
    world.looks().await;
    let task = world.task(issue).await;
    assert_eq!(task.contract.budget.attempts, 3, "as it began");
    let pull = task.pull.unwrap();
    let bob = world.person("bob", Permission::Write).await;
    let review = bob.reviews(pull.number.0, castellan::yard::Opinion::Approves, "", &[]);
    review.await.unwrap();
    world.settles().await;
    world
        .gate_says(pull.head.as_str(), "action_required: T3")
        .await;
    world.ends().await;
}
