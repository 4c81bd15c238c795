//! A person moves the agent's branch: it is theirs from then on (H1 to H3), until they give it back.

use super::world::World;

const PERSONS: (&str, &str) = ("add.sh", "echo $(expr $1 + $2)\n");
const BETTER: (&str, &str) = ("add.sh", "# Adds.\necho $(expr $1 + $2)\n");

#[tokio::test]
async fn h1_a_push_after_delivery_makes_the_branch_the_persons() {
    let world = World::begins().await;
    let (_, branch) = world.delivered().await;
    world
        .alice
        .pushes(&branch, &[PERSONS], "Mine")
        .await
        .unwrap();
    world.settles().await;
    insta::assert_snapshot!(world.transcript().await);
    world.ends().await;
}

#[tokio::test]
async fn h1_a_push_while_the_agent_works_ends_its_attempt() {
    let world = World::begins().await;
    let (pull, branch) = world.delivered().await;
    world.alice.comments(pull, "/agent fix").await.unwrap();
    world.settles().await;
    let runner = world.runner().await;
    let theirs = world
        .alice
        .pushes(&branch, &[PERSONS], "Mine")
        .await
        .unwrap();
    world.settles().await;
    let returned = runner.result(&[(BETTER.0, Some(BETTER.1))]).await;
    let (status, _) = runner.returns_raw(&returned).await;
    assert_eq!(status, 410);
    world.settles().await;
    assert_eq!(world.tip(&branch), Some(theirs));
    insta::assert_snapshot!(world.transcript().await);
    world.ends().await;
}

#[tokio::test]
async fn h1_a_push_whose_delivery_is_late_still_stands() {
    let world = World::begins().await;
    let (pull, branch) = world.delivered().await;
    world.alice.comments(pull, "/agent fix").await.unwrap();
    world.settles().await;
    let runner = world.runner().await;
    world.yard.holds_deliveries();
    let theirs = world
        .alice
        .pushes(&branch, &[PERSONS], "Mine")
        .await
        .unwrap();
    runner.returns_change(&[BETTER]).await;
    assert_eq!(world.tip(&branch), Some(theirs.clone()));
    world
        .yard
        .delivers_held(&castellan::yard::Order::AsHappened);
    world.settles().await;
    assert_eq!(world.tip(&branch), Some(theirs));
    insta::assert_snapshot!(world.transcript().await);
    world.ends().await;
}

/// Its pusher is called a bot and is not us.
#[tokio::test]
async fn h1_another_apps_push_while_the_agent_works_is_heard() {
    let world = World::begins().await;
    let (pull, branch) = world.delivered().await;
    world.alice.comments(pull, "/agent fix").await.unwrap();
    world.settles().await;
    let runner = world.runner().await;
    world.yard.swallows_deliveries("push", 1);
    let theirs = [("README.md", "Adds.\n")];
    world.alice.pushes(&branch, &theirs, "Words").await.unwrap();
    let said = serde_json::json!({
        "ref": format!("refs/heads/{branch}"),
        "after": world.tip(&branch),
        "deleted": false,
        "sender": {"id": 99, "login": "other[bot]", "type": "Bot"},
        "installation": {"id": 60_001},
        "repository": {"id": world.repo.id(), "full_name": "octo/sample", "owner": {"id": 1}},
    });
    let body = serde_json::to_vec(&said).unwrap();
    assert_eq!(world.delivers("h1", "push", &body).await, 202);
    world.settles().await;
    let stored = world.engine.store.task(&runner.lease.task).await.unwrap();
    let stage = stored.unwrap().task.stage;
    assert_eq!(stage.name(), "paused", "{stage:?}");
    world.ends().await;
}

#[tokio::test]
async fn h2_a_forced_back_branch_is_not_brought_back() {
    let world = World::begins().await;
    let (pull, branch) = world.delivered().await;
    let base = world.tip("main").unwrap();
    world.alice.comments(pull, "/agent fix").await.unwrap();
    world.settles().await;
    let runner = world.runner().await;
    world.yard.swallows_deliveries("push", 1);
    world.alice.force_pushes_back(&branch, &base).await.unwrap();
    runner.returns_change(&[BETTER]).await;
    assert_eq!(world.tip(&branch), Some(base.clone()));
    world.sweeps().await;
    assert_eq!(world.tip(&branch), Some(base));
    insta::assert_snapshot!(world.transcript().await);
    world.ends().await;
}

#[tokio::test]
async fn h2_a_branch_forced_back_after_delivery_is_left_alone() {
    let world = World::begins().await;
    let (_, branch) = world.delivered().await;
    let base = world.tip("main").unwrap();
    world.alice.force_pushes_back(&branch, &base).await.unwrap();
    world.settles().await;
    world.sweeps().await;
    assert_eq!(world.tip(&branch), Some(base));
    insta::assert_snapshot!(world.transcript().await);
    world.ends().await;
}

#[tokio::test]
async fn h3_a_deleted_branch_is_not_made_again() {
    let world = World::begins().await;
    let (pull, branch) = world.delivered().await;
    world.alice.deletes_branch(&branch).await.unwrap();
    world.settles().await;
    world.sweeps().await;
    assert_eq!(world.tip(&branch), None);
    world.alice.comments(pull, "/agent fix").await.unwrap();
    world.settles().await;
    insta::assert_snapshot!(world.transcript().await);
    world.ends().await;
}

#[tokio::test]
async fn h3_a_branch_deleted_while_the_agent_works_is_not_made_again() {
    let world = World::begins().await;
    let (pull, branch) = world.delivered().await;
    world.alice.comments(pull, "/agent fix").await.unwrap();
    world.settles().await;
    let runner = world.runner().await;
    world.yard.holds_deliveries();
    world.alice.deletes_branch(&branch).await.unwrap();
    runner.returns_change(&[BETTER]).await;
    assert_eq!(world.tip(&branch), None);
    world
        .yard
        .delivers_held(&castellan::yard::Order::AsHappened);
    world.settles().await;
    insta::assert_snapshot!(world.transcript().await);
    world.ends().await;
}

#[tokio::test]
async fn h1_fix_takes_the_branch_back_on_top_of_their_commits() {
    let world = World::begins().await;
    let (pull, branch) = world.delivered().await;
    let theirs = world
        .alice
        .pushes(&branch, &[PERSONS], "Mine")
        .await
        .unwrap();
    world.settles().await;
    world
        .alice
        .comments(pull, "/agent fix comment it")
        .await
        .unwrap();
    world.settles().await;
    let runner = world.runner().await;
    assert_eq!(runner.brief.checkout.start, theirs);
    runner.returns_change(&[BETTER]).await;
    let commits = world.yard.commits_of(super::world::SAMPLE, &branch).await;
    let commits = commits.unwrap();
    assert_eq!(commits.len(), 3);
    assert_eq!(commits[1].0, theirs);
    insta::assert_snapshot!(world.transcript().await);
    world.ends().await;
}

#[tokio::test]
async fn a_branch_of_ours_that_somebody_made_first_is_theirs() {
    let world = World::begins().await;
    let issue = world.labelled_issue().await;
    let branch = world.task(issue).await.id.branch();
    let theirs = world
        .alice
        .pushes(&branch, &[PERSONS], "First")
        .await
        .unwrap();
    world.yard.settle().await;
    world.runner().await;
    world.settles().await;
    let task = world.task(issue).await;
    // There is no pull request that anybody could take back, so it is over, not paused.
    assert!(task.stage.is_closed(), "{:?}", task.stage);
    assert_eq!(world.tip(&branch), Some(theirs));
    world.ends().await;
}
