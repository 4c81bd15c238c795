//! What happened to a task's issue and repository while no delivery told of it.

use castellan::domain::task::stage::{Outcome, Stage};
use castellan::yard::{Fault, Permission};

use super::world::World;

const CLOSED: Stage = Stage::Closed {
    outcome: Outcome::AccessLost,
};

#[tokio::test]
async fn h20_a_lost_unlabelling_stops_the_task_in_the_next_sweep() {
    let world = World::begins().await;
    let issue = world.labelled_issue().await;
    let runner = world.runner().await;
    world.yard.swallows_deliveries("issues.unlabeled", 1);
    world.alice.unlabels(issue, "agent").await.unwrap();
    world.sweeps_after(600).await;
    assert!(world.task(issue).await.stage.is_closed());
    assert!(runner.held.is_cancelled());
    world.ends().await;
}

#[tokio::test]
async fn h20_a_lost_unlabelling_by_somebody_without_write_access_stops_nothing() {
    let world = World::begins().await;
    let issue = world.labelled_issue().await;
    world.runner().await;
    let tom = world.person("tom", Permission::Triage).await;
    world.yard.swallows_deliveries("issues.unlabeled", 1);
    tom.unlabels(issue, "agent").await.unwrap();
    world.sweeps_after(600).await;
    assert!(!world.task(issue).await.stage.is_closed());
    world.ends().await;
}

/// A task that a comment asked for never had the label, or had it before.
#[tokio::test]
async fn h20_an_unlabelling_of_before_the_task_stops_nothing() {
    let world = World::begins().await;
    let issue = world.labelled_issue().await;
    world.runner().await.returns_nothing().await;
    world.alice.unlabels(issue, "agent").await.unwrap();
    world.settles().await;
    world.alice.comments(issue, "/agent run").await.unwrap();
    world.settles().await;
    world.runner().await;
    world.sweeps_after(600).await;
    assert!(!world.task(issue).await.stage.is_closed());
    world.ends().await;
}

#[tokio::test]
async fn h14_a_lost_archive_ends_the_task_in_the_next_sweep() {
    let world = World::begins().await;
    let issue = world.labelled_issue().await;
    let root = world.person("root", Permission::Admin).await;
    world.runner().await;
    world.yard.swallows_deliveries("repository.archived", 1);
    root.archives().await.unwrap();
    world.sweeps_after(600).await;
    assert_eq!(world.task(issue).await.stage, CLOSED);
    world.ends().await;
}

#[tokio::test]
async fn h14_a_lost_archive_ends_what_only_listens_with_the_days_list() {
    let world = World::begins().await;
    let (pull, _) = world.delivered().await;
    let issue = pull - 1;
    let root = world.person("root", Permission::Admin).await;
    world.yard.swallows_deliveries("repository.archived", 1);
    root.archives().await.unwrap();
    world.sweeps().await;
    assert_eq!(world.task(issue).await.stage, CLOSED);
    let id = world.repo.id();
    world.sweeps().await;
    let known = world.engine.store.repository(id).await.unwrap();
    assert_eq!(known, None, "and the list does not enroll it again");
    world.ends().await;
}

#[tokio::test]
async fn h13_a_lost_publication_ends_the_task_with_the_days_list() {
    let world = World::begins().await;
    let root = world.person("root", Permission::Admin).await;
    root.makes_private(true).await.unwrap();
    let (pull, _) = world.delivered().await;
    let issue = pull - 1;
    world.sweeps().await;
    assert_eq!(world.task(issue).await.stage.name(), "delivered");
    world.yard.swallows_deliveries("repository.publicized", 1);
    root.makes_private(false).await.unwrap();
    world.sweeps().await;
    assert_eq!(world.task(issue).await.stage, CLOSED);
    world.ends().await;
}

#[tokio::test]
async fn a10_an_issue_that_cannot_be_read_is_not_one_that_is_gone() {
    let world = World::begins().await;
    let issue = world.labelled_issue().await;
    world.runner().await;
    let read = "/graphql/TaskInput";
    world.yard.fault("POST", read, Fault::Partial, 2);
    world.sweeps_after(600).await;
    assert!(!world.task(issue).await.stage.is_closed());
    world.ends().await;
}
