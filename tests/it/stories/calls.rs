//! How many calls a task costs, from the label to the draft pull request, on a warm server.

use std::collections::BTreeMap;
use std::io::Write as _;

use super::world::World;

/// Calls that people see, and all calls: what the measure aims at.
const AIM: (u64, u64) = (6, 20);

/// The calls of one task, by kind, after one that warmed tokens and mirror up.
pub(crate) async fn calls_of_a_task() -> BTreeMap<&'static str, u64> {
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
