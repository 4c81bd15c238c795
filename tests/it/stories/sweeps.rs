//! How far the sweep has come: what it could not see or read is neither lost nor in the way.

use castellan::domain::time::Timestamp;
use castellan::yard::{Fault, Permission};

use super::world::{FIX, World};

const COMMENTS: &str = "/repos/*/*/issues/comments";
/// Pages of one list in one sweep.
const PAGES: u64 = 20;

impl World {
    /// The sweep goes round after `span_s` seconds; what it found is done.
    async fn sweeps_after(&self, span_s: i64) {
        self.clock.advance_ms(span_s * 1_000);
        self.engine.sweep_next().await.unwrap();
        self.settles().await;
    }

    async fn swept_until(&self) -> Timestamp {
        let known = self.engine.store.repository(self.repo.id()).await;
        known.unwrap().expect("enrolled").swept_until
    }
}

#[tokio::test]
async fn a10_what_was_behind_the_end_of_a_cut_list_is_found_in_the_next_sweep() {
    let world = World::begins().await;
    let issue = world.issue().await;
    world.sweeps_after(3_600).await;
    world.yard.swallows_deliveries("issue_comment", 2);
    world.alice.comments(issue, "First.").await.unwrap();
    world.waits(60).await;
    world.alice.comments(issue, "/agent run").await.unwrap();
    world.waits(3_600).await;
    world.yard.fault("GET", COMMENTS, Fault::Endless, PAGES);
    world.sweeps_after(0).await;
    assert_eq!(world.tasks().await, 0, "it was behind the end");
    world.sweeps_after(300).await;
    assert_eq!(world.tasks().await, 1);
    world.runner().await.returns_change(&[FIX]).await;
    world.ends().await;
}

#[tokio::test]
async fn k22_a_comment_that_can_never_be_read_does_not_hold_the_cursor_for_ever() {
    let world = World::begins().await;
    let issue = world.issue().await;
    let carol = world.person("carol", Permission::Write).await;
    world.sweeps_after(3_600).await;
    let of_carol = "/repos/*/*/collaborators/carol/permission";
    world.yard.fault("GET", of_carol, Fault::Before(502), 1_000);
    world.yard.swallows_deliveries("issue_comment", 1);
    carol.comments(issue, "/agent run").await.unwrap();
    let before = world.swept_until().await;
    for _ in 0..14 {
        world.sweeps_after(3_601).await;
    }
    assert_eq!(world.swept_until().await, before, "looked for again");
    assert_eq!(world.engine.given_up().await.unwrap(), 0);
    world.sweeps_after(3_601).await;
    assert!(world.swept_until().await > before);
    assert_eq!(world.engine.given_up().await.unwrap(), 1);
    world.ends().await;
}
