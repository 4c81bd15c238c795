//! The server dies between and within its steps, and comes back over the same rows (K2 to K16).

use castellan::yard::{CallRecord, Fault};

use super::world::{FIX, World};

async fn usual() -> String {
    let world = World::begins().await;
    world.labelled_issue().await;
    world.runner().await.returns_change(&[FIX]).await;
    let told = world.transcript().await;
    world.ends().await;
    told
}

#[tokio::test]
async fn k3_k5_k10_a_restart_after_every_step_changes_nothing() {
    let mut world = World::begins().await;
    let issue = world.issue().await;
    world.alice.labels(issue, "agent").await.unwrap();
    world.yard.settle().await;
    crawls(&mut world).await;
    let runner = world.runner().await;
    let returned = runner.result(&[(FIX.0, Some(FIX.1))]).await;
    assert_eq!(runner.returns_raw(&returned).await.0, 200);
    let held = runner.held;
    crawls(&mut world).await;
    held.ends("success").await.unwrap();
    crawls(&mut world).await;
    assert_eq!(world.transcript().await, usual().await);
    world.ends().await;
}

/// Settles with a restart between any two steps.
async fn crawls(world: &mut World) {
    world.yard.settle().await;
    while world.steps().await {
        world.restarts().await;
        world.yard.settle().await;
    }
}

#[tokio::test]
async fn k2_a_delivery_that_was_kept_but_not_answered_is_one() {
    let mut world = World::begins().await;
    let issue = world.issue().await;
    world.alice.labels(issue, "agent").await.unwrap();
    world.yard.settle().await;
    let (guid, name, _) = world.yard.deliveries().pop().unwrap();
    assert_eq!(name, "issues.labeled");
    assert!(world.yard.redelivers(&guid));
    world.restarts().await;
    world.settles().await;
    assert_eq!(world.tasks().await, 1);
    world.runner().await.returns_change(&[FIX]).await;
    assert_eq!(world.transcript().await, usual().await);
    world.ends().await;
}

#[tokio::test]
async fn k4_a_reading_that_was_forgotten_is_done_again_from_scratch() {
    let mut world = World::begins().await;
    let issue = world.issue().await;
    world.alice.labels(issue, "agent").await.unwrap();
    world.yard.settle().await;
    let before = world.remembers().await;
    assert!(world.engine.read_next().await.unwrap());
    assert_eq!(world.tasks().await, 1);
    world.forgets(&before).await;
    assert_eq!(world.tasks().await, 0);
    world.settles().await;
    world.runner().await.returns_change(&[FIX]).await;
    assert_eq!(world.transcript().await, usual().await);
    world.ends().await;
}

#[tokio::test]
async fn k6_k11_to_k16_every_effect_that_was_done_but_not_recorded_is_found_again() {
    let mut world = World::begins().await;
    let issue = world.issue().await;
    world.alice.labels(issue, "agent").await.unwrap();
    world.yard.settle().await;
    while world.engine.read_next().await.unwrap() {}
    while world.does_and_forgets_an_effect().await {}
    world.settles().await;
    let runner = world.lucky_runner().await;
    let returned = runner.result(&[(FIX.0, Some(FIX.1))]).await;
    assert_eq!(runner.returns_raw(&returned).await.0, 200);
    let held = runner.held;
    while world.does_and_forgets_an_effect().await {}
    held.ends("success").await.unwrap();
    world.settles().await;
    assert_eq!(world.transcript().await, usual().await);
    world.ends().await;
}

/// How many runs of Castellan's workflow there are.
fn dispatches(world: &World) -> usize {
    let calls = world.yard.call_list();
    let dispatched =
        |call: &&CallRecord| call.path.ends_with("/dispatches") && call.method == "POST";
    calls.iter().filter(dispatched).count()
}

#[tokio::test]
async fn k6_k7_a_run_whose_dispatch_was_not_heard_of_is_found_by_its_name() {
    for fault in [Fault::DroppedAfter, Fault::After(502), Fault::After(504)] {
        let world = World::begins().await;
        world.yard.fault("POST", DISPATCHES, fault.clone(), 1);
        let issue = world.labelled_issue().await;
        world.waits(61).await;
        assert_eq!(dispatches(&world), 1, "{fault:?}");
        let held = world.held().await;
        let attempt = world.task(issue).await.attempts[0].clone();
        assert_eq!(attempt.run, Some(held.run_id), "{fault:?}");
        world.runner_of(held, 1).await.returns_change(&[FIX]).await;
        world.ends().await;
    }
}

#[tokio::test]
async fn k6_k7_a_run_that_never_began_is_asked_for_again_once_it_would_be_listed() {
    for fault in [Fault::Dropped, Fault::Before(503)] {
        let world = World::begins().await;
        world.yard.fault("POST", DISPATCHES, fault.clone(), 1);
        world.labelled_issue().await;
        world.waits(10).await;
        assert_eq!(dispatches(&world), 1, "{fault:?}: GitHub may list it late");
        world.waits(60).await;
        assert_eq!(dispatches(&world), 2, "{fault:?}");
        world.runner().await.returns_change(&[FIX]).await;
        world.ends().await;
    }
}

const DISPATCHES: &str = "/repos/octo/sample/actions/workflows/castellan.yml/dispatches";
