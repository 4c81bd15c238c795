//! Permissions that the installation's owner has not accepted yet, or took back (H17, A5).

use castellan::yard::Level;
use serde_json::json;

use super::world::{FIX, World};

#[tokio::test]
async fn h17_a_permission_that_is_not_granted_parks_the_delivery_and_is_named() {
    let mut world = World::begins().await;
    world.yard.regrants("issues", None);
    // A token of before would be refused by GitHub itself; this server has none.
    world.restarts().await;
    world.labelled_issue().await;
    assert_eq!(world.tasks().await, 0);
    let kept = world.remembers().await;
    let kept = String::from_utf8_lossy(&kept);
    assert!(kept.contains("has not granted issues: read"));
    let store = &world.engine.store;
    assert_eq!(store.count_deliveries().await.unwrap().parked, 1);
    world.yard.regrants("issues", Some(Level::Write));
    assert_eq!(store.replay_deliveries(None).await.unwrap(), 1);
    world.settles().await;
    world.runner().await.returns_change(&[FIX]).await;
    world.ends().await;
}

#[tokio::test]
async fn h17_a_permission_that_is_not_granted_ends_no_task() {
    let mut world = World::begins().await;
    let issue = world.labelled_issue().await;
    world.yard.regrants("actions", None);
    world.restarts().await;
    let id = world.repo.id();
    let store = &world.engine.store;
    let known = store.repository(id).await.unwrap().unwrap();
    // Days late: it was taken out of the archive since.
    let late = json!({
        "action": "archived", "installation": {"id": known.installation},
        "repository": {"id": id, "full_name": world.repo.full_name(), "owner": {"id": 1}},
    });
    let late = late.to_string();
    let taken = world.delivers("late", "repository", late.as_bytes()).await;
    assert_eq!(taken, 202);
    world.settles().await;
    assert!(!world.task(issue).await.stage.is_closed());
    assert!(store.repository(id).await.unwrap().is_some());
    assert_eq!(store.count_deliveries().await.unwrap().parked, 1);
    world.yard.regrants("actions", Some(Level::Write));
    world.runner().await.returns_change(&[FIX]).await;
    world.sweeps().await;
    assert!(store.replay_deliveries(None).await.is_ok());
    world.ends().await;
}

#[tokio::test]
async fn a5_a_run_that_may_not_be_started_says_which_permission_lacks() {
    let mut world = World::begins().await;
    let issue = world.issue().await;
    // Reading is granted, starting is not.
    world.yard.regrants("actions", Some(Level::Read));
    world.restarts().await;
    world.alice.labels(issue, "agent").await.unwrap();
    world.settles().await;
    assert!(world.task(issue).await.stage.is_closed());
    let told = world.transcript().await;
    assert!(told.contains("actions: write"), "{told}");
    world.ends().await;
}
