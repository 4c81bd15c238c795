//! The way that everything takes: asked for, worked on, delivered.

use super::world::{FIX, World};

#[tokio::test]
async fn a_label_becomes_a_draft_pull_request() {
    let world = World::begins().await;
    world.labelled_issue().await;
    world.runner().await.returns_change(&[FIX]).await;
    insta::assert_snapshot!(world.transcript().await);
    world.ends().await;
}

#[tokio::test]
async fn a_comment_becomes_a_draft_pull_request() {
    let world = World::begins().await;
    let issue = world.issue().await;
    world.alice.comments(issue, "/agent run").await.unwrap();
    world.settles().await;
    world.runner().await.returns_change(&[FIX]).await;
    insta::assert_snapshot!(world.transcript().await);
    world.ends().await;
}

#[tokio::test]
async fn words_on_our_pull_request_become_another_commit_on_its_branch() {
    let world = World::begins().await;
    let (pull, _) = world.delivered().await;
    let words = "/agent fix say in a comment that it adds";
    world.alice.comments(pull, words).await.unwrap();
    world.settles().await;
    let runner = world.runner().await;
    assert!(runner.brief.prompt.contains("say in a comment"));
    let better = ("add.sh", "# Adds.\necho $(($1 + $2))\n");
    runner.returns_change(&[better]).await;
    insta::assert_snapshot!(world.transcript().await);
    world.ends().await;
}
