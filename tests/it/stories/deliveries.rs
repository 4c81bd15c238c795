//! Deliveries that are lost, late, twice, in another order, or not what they should be.

use castellan::yard::Order;

use super::world::{FIX, World};

#[tokio::test]
async fn d6_a_lost_label_is_found_by_the_sweep() {
    let world = World::begins().await;
    let issue = world.issue().await;
    world.yard.swallows_deliveries("issues.labeled", 1);
    world.alice.labels(issue, "agent").await.unwrap();
    world.settles().await;
    assert_eq!(world.tasks().await, 0);
    world.sweeps().await;
    world.runner().await.returns_change(&[FIX]).await;
    insta::assert_snapshot!(world.transcript().await);
    world.ends().await;
}

#[tokio::test]
async fn d6_a_lost_comment_is_found_by_the_sweep() {
    let world = World::begins().await;
    let issue = world.issue().await;
    world.yard.swallows_deliveries("issue_comment", 1);
    world.alice.comments(issue, "/agent run").await.unwrap();
    world.sweeps().await;
    world.runner().await.returns_change(&[FIX]).await;
    insta::assert_snapshot!(world.transcript().await);
    world.ends().await;
}

#[tokio::test]
async fn d6_with_every_delivery_lost_the_sweep_brings_the_task_to_its_end() {
    let world = World::begins().await;
    let issue = world.issue().await;
    world.yard.swallows_deliveries("*", 1_000);
    world.alice.labels(issue, "agent").await.unwrap();
    world.sweeps().await;
    world.runner().await.returns_change(&[FIX]).await;
    let pull = world.task(issue).await.pull.unwrap().number.0;
    world.alice.closes(pull).await.unwrap();
    world.sweeps().await;
    insta::assert_snapshot!(world.transcript().await);
    world.ends().await;
}

#[tokio::test]
async fn d6_a_lost_end_of_an_issue_is_found_by_the_sweep() {
    let world = World::begins().await;
    let issue = world.labelled_issue().await;
    world.yard.swallows_deliveries("issues.closed", 1);
    world.alice.closes(issue).await.unwrap();
    world.clock.advance_ms(600_000);
    while world.engine.sweep_next().await.unwrap() {}
    world.settles().await;
    assert!(world.task(issue).await.stage.is_closed());
    world.ends().await;
}

#[tokio::test]
async fn d6_a_lost_stop_is_found_by_the_sweep() {
    let world = World::begins().await;
    let issue = world.labelled_issue().await;
    world.yard.swallows_deliveries("issue_comment", 1);
    world.alice.comments(issue, "/agent stop").await.unwrap();
    world.clock.advance_ms(600_000);
    while world.engine.sweep_next().await.unwrap() {}
    world.settles().await;
    assert!(world.task(issue).await.stage.is_closed());
    world.ends().await;
}

#[tokio::test]
async fn a_failed_delivery_is_asked_for_again_by_the_sweep() {
    let world = World::begins().await;
    let issue = world.issue().await;
    world.yard.loses_deliveries("issues.labeled", 1);
    world.alice.labels(issue, "agent").await.unwrap();
    world.settles().await;
    assert_eq!(world.tasks().await, 0);
    world.clock.advance_ms(601_000);
    while world.engine.sweep_next().await.unwrap() {}
    world.settles().await;
    assert_eq!(world.tasks().await, 1);
    world.runner().await.returns_change(&[FIX]).await;
    world.ends().await;
}

#[tokio::test]
async fn s1_a_delivery_that_cannot_be_kept_is_503_and_comes_again() {
    let mut world = World::begins().await;
    let issue = world.issue().await;
    world.engine.store.close().await;
    world.alice.labels(issue, "agent").await.unwrap();
    world.yard.settle().await;
    let (_, name, status) = world.yard.deliveries().pop().unwrap();
    assert_eq!((name.as_str(), status), ("issues.labeled", 503));
    world.restarts().await;
    world.sweeps().await;
    assert_eq!(world.tasks().await, 1);
    world.runner().await.returns_change(&[FIX]).await;
    world.ends().await;
}

#[tokio::test]
async fn d1_every_delivery_twice_changes_nothing() {
    let world = World::begins().await;
    world.yard.doubles_deliveries("*", 1_000);
    let issue = world.labelled_issue().await;
    world.runner().await.returns_change(&[FIX]).await;
    assert_eq!(world.task(issue).await.attempts.len(), 1);
    insta::assert_snapshot!(world.transcript().await);
    world.ends().await;
}

#[tokio::test]
async fn d5_deliveries_in_any_order_end_the_same() {
    for order in [Order::Reversed, Order::Shuffled(1), Order::Shuffled(2)] {
        let world = World::begins().await;
        world.yard.holds_deliveries();
        let issue = world.issue().await;
        world.alice.labels(issue, "agent").await.unwrap();
        let comment = world.alice.comments(issue, "Please.").await.unwrap();
        world.alice.edits_comment(comment, "Please!").await.unwrap();
        world.yard.delivers_held(&order);
        world.settles().await;
        world.yard.holds_deliveries();
        world.runner().await.returns_change(&[FIX]).await;
        world.yard.delivers_held(&order);
        world.settles().await;
        let task = world.task(issue).await;
        assert_eq!((task.stage.name(), task.attempts.len()), ("delivered", 1));
        world.ends().await;
    }
}

#[tokio::test]
async fn d5_a_label_that_was_taken_off_again_starts_nothing() {
    let world = World::begins().await;
    let issue = world.issue().await;
    world.yard.holds_deliveries();
    world.alice.labels(issue, "agent").await.unwrap();
    world.alice.unlabels(issue, "agent").await.unwrap();
    world.yard.delivers_held(&Order::Reversed);
    world.settles().await;
    assert_eq!(world.tasks().await, 0);
    world.ends().await;
}

#[tokio::test]
async fn d3_a_label_set_anew_starts_a_new_task_only_after_the_old_one_is_over() {
    let world = World::begins().await;
    let issue = world.labelled_issue().await;
    world.runner().await.returns_nothing().await;
    world.alice.unlabels(issue, "agent").await.unwrap();
    world.settles().await;
    world.alice.labels(issue, "agent").await.unwrap();
    world.settles().await;
    assert_eq!(world.tasks().await, 2);
    world.runner().await.returns_change(&[FIX]).await;
    world.alice.unlabels(issue, "agent").await.unwrap();
    world.alice.labels(issue, "agent").await.unwrap();
    world.settles().await;
    assert_eq!(world.tasks().await, 2);
    insta::assert_snapshot!(world.transcript().await);
    world.ends().await;
}

#[tokio::test]
async fn d4_an_old_comment_that_comes_again_starts_nothing() {
    let world = World::begins().await;
    let issue = world.issue().await;
    world.alice.comments(issue, "/agent run").await.unwrap();
    world.settles().await;
    world.runner().await.returns_nothing().await;
    let deliveries = world.yard.deliveries();
    let found = deliveries
        .iter()
        .find(|(_, name, _)| name == "issue_comment.created");
    assert!(world.yard.redelivers(&found.unwrap().0));
    world.sweeps().await;
    world.sweeps().await;
    assert_eq!(world.tasks().await, 1);
    world.ends().await;
}
