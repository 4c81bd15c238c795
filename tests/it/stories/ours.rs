//! What may have been written before is found again, and only where it is ours (K14, K16).

use castellan::yard::{Fault, Permission};

use super::world::{FIX, World};

#[tokio::test]
async fn k14_a_pull_request_of_another_app_is_not_taken_for_ours() {
    let world = World::begins().await;
    let issue = world.labelled_issue().await;
    let other = world.person("other[bot]", Permission::Write).await;
    let down = Fault::Before(502);
    world.yard.fault("POST", "/repos/*/*/pulls", down, 1);
    world.runner().await.returns_change(&[FIX]).await;
    let branch = world.task(issue).await.id.branch();
    let theirs = other.opens_pull(&branch, "main", "Mine").await.unwrap();
    world.waits(60).await;
    assert_eq!(world.task(issue).await.pull, None, "it is theirs");
    other.closes(theirs).await.unwrap();
    world.waits(900).await;
    let pull = world.task(issue).await.pull.expect("our own");
    assert_ne!(pull.number.0, theirs);
    world.ends().await;
}

#[tokio::test]
async fn k16_our_comment_is_found_at_the_end_of_a_long_conversation() {
    let world = World::begins().await;
    let issue = world.issue().await;
    world.yard.swallows_deliveries("issue_comment", 2_001);
    for _ in 0..2_001 {
        world
            .alice
            .comments(issue, "And another thing.")
            .await
            .unwrap();
    }
    world.waits(3_600).await;
    let lost = Fault::After(502);
    let comments = "/repos/*/*/issues/*/comments";
    world.yard.fault("POST", comments, lost, 1);
    world.alice.labels(issue, "agent").await.unwrap();
    world.settles().await;
    world.waits(60).await;
    world.runner().await.returns_change(&[FIX]).await;
    let told = world.transcript().await;
    let said = told.matches("castellan[bot] commented").count();
    assert_eq!(said, 1, "the status comment is not written twice");
    world.ends().await;
}
