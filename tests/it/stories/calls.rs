//! How many calls a task costs, from the label to the draft pull request, on a warm server.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::Arc;

use castellan::engine::Rules;

use super::world::World;

/// Calls that people see, and all calls: what the measure aims at.
const AIM: (u64, u64) = (6, 20);

/// The calls of one task, by kind, after one that warmed tokens and mirror up.
async fn calls_of_a_task() -> BTreeMap<&'static str, u64> {
    let world = World::begins().await;
    world.delivered().await;
    world.yard.resets_calls();
    world.delivered().await;
    let mut told = std::io::stderr();
    for call in world.yard.call_list() {
        writeln!(
            told,
            "{:8} {} {} {}",
            call.kind, call.status, call.method, call.path
        )
        .unwrap();
    }
    let calls = world.yard.calls();
    world.ends().await;
    calls
}

#[tokio::test]
async fn a_task_costs_few_calls() {
    let calls = calls_of_a_task().await;
    let all: u64 = calls.values().sum();
    writeln!(
        std::io::stderr(),
        "calls from label to draft pull request: {calls:?}, {all} in all"
    )
    .unwrap();
    assert!(calls["content"] <= AIM.0 && all <= AIM.1, "{calls:?}");
}

/// Calls that a repository where nothing happens may cost in an hour.
const IDLE_AIM: usize = 5;

#[tokio::test]
async fn an_idle_repository_costs_at_most_five_calls_an_hour() {
    let mut world = World::begins().await;
    // As `sweep-minutes` has it where nobody sets it.
    world.engine.rules = Arc::new(Rules {
        sweep_idle_s: 30 * 60,
        ..(*world.engine.rules).clone()
    });
    while world.engine.sweep_next().await.unwrap() {}
    world.yard.resets_calls();
    for _ in 0..4 * 60 {
        world.clock.advance_ms(60_000);
        world.engine.sweep_next().await.unwrap();
        world.settles().await;
    }
    // The App's deliveries are listed once for all repositories together.
    let calls = world.yard.call_list();
    let of_it = calls
        .iter()
        .filter(|call| !call.path.starts_with("/app/hook/"))
        .count();
    writeln!(
        std::io::stderr(),
        "calls of an idle repository in four hours: {of_it}"
    )
    .unwrap();
    assert!(of_it <= 4 * IDLE_AIM, "{of_it} calls in four hours");
    world.ends().await;
}
