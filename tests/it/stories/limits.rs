//! GitHub asks us to wait: over GraphQL with the status 200, where only the answer's words tell.

use castellan::yard::Fault;

use super::world::{FIX, World};

/// The read that opens every task.
const READ: (&str, &str) = ("POST", "/graphql/TaskInput");

#[tokio::test]
async fn a4_a_used_up_hour_of_graphql_is_slept_through() {
    let world = World::begins().await;
    let fault = Fault::PrimaryLimit { reset_in_s: 1800 };
    world.yard.fault(READ.0, READ.1, fault, 1);
    world.labelled_issue().await;
    world.yard.resets_calls();
    for _ in 0..17 {
        world.waits(100).await;
    }
    assert_eq!(
        world.yard.call_list().len(),
        0,
        "nothing is asked meanwhile"
    );
    world.waits(200).await;
    world.runner().await.returns_change(&[FIX]).await;
    assert!(world.transcript().await.contains("is ready for you"));
    world.ends().await;
}

#[tokio::test]
async fn a3_a_secondary_limit_of_graphql_pauses_the_whole_installation() {
    for status in [200, 403] {
        let world = World::begins().await;
        let first = world.labelled_issue().await;
        let fault = Fault::SecondaryLimit {
            status,
            retry_after_s: 120,
        };
        world.yard.fault(READ.0, READ.1, fault, 1);
        world.labelled_issue().await;
        world.yard.resets_calls();
        world.alice.comments(first, "/agent status").await.unwrap();
        world.settles().await;
        world.waits(100).await;
        assert_eq!(world.yard.call_list().len(), 0, "{status}");
        world.waits(30).await;
        assert_eq!(world.tasks().await, 2, "{status}");
        world.runner().await.returns_change(&[FIX]).await;
        world.runner().await.returns_change(&[FIX]).await;
        world.ends().await;
    }
}
