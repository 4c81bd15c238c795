//! What CI says to the gate beside the checks of the head: on the test merge, and how long it took.

use castellan::yard::PlayedStatus;

use super::super::world::World;

/// When the gate looks again by itself, in seconds.
const HOUR_S: i64 = 3_601;
/// A policy by which CI takes an hour at least.
const SLOW: &str = "acceptance:\n  - sh test.sh\ngate:\n  min_ci_s: 3600\n";

#[tokio::test]
async fn row_42_what_is_red_on_the_test_merge_shuts_the_gate() {
    let world = World::begins().await;
    let (ours, _) = world.open().await;
    let merge = world.repo.test_merge(ours.number).await.unwrap().unwrap();
    for (state, said) in [
        (
            "failure",
            "failure: T1: CI cannot be trusted: lint is red on the test merge",
        ),
        ("success", "success: T1"),
    ] {
        let status = PlayedStatus::new("lint", state, "alice");
        world.repo.sets_status(&merge, status).await.unwrap();
        world.waits(HOUR_S).await;
        world.gate_says(&ours.head, said).await;
    }
    world.ends().await;
}

#[tokio::test]
async fn row_40_ci_that_was_faster_than_the_policy_allows_shuts_the_gate() {
    let world = World::begins().await;
    let (ours, _) = world.open().await;
    let policy = (".github/castellan.yml", SLOW);
    let pushed = world
        .alice
        .pushes("main", &[policy], "CI takes an hour")
        .await;
    pushed.unwrap();
    world.settles().await;
    let said = "failure: T1: CI cannot be trusted: it took ";
    world.gate_says(&ours.head, said).await;
    world.ends().await;
}
