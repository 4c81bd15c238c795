//! How far the sweep has come: what it could not see or read is neither lost nor in the way.

use castellan::domain::time::Timestamp;
use castellan::yard::{Fault, Permission};

use super::world::{FIX, World};

const COMMENTS: &str = "/repos/*/*/issues/comments";
/// Pages of one list in one sweep.
const PAGES: u64 = 20;

impl World {
    /// The sweep goes round after `span_s` seconds; what it found is done.
    pub(super) async fn sweeps_after(&self, span_s: i64) {
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

impl World {
    /// How often GitHub was asked to deliver again.
    fn redeliveries(&self) -> usize {
        let calls = self.yard.call_list();
        let asked = calls.iter().filter(|call| call.path.ends_with("/attempts"));
        asked.count()
    }
}

#[tokio::test]
async fn w11_a_delivery_that_is_never_taken_is_asked_for_three_times() {
    let world = World::begins().await;
    world.sweeps_after(601).await;
    let secret = world.yard.app().webhook_secrets.remove(0);
    world.yard.rotates_webhook_secret("another");
    world.issue().await;
    world.yard.resets_calls();
    for _ in 0..12 {
        world.sweeps_after(601).await;
    }
    assert_eq!(world.redeliveries(), 3);
    // What comes with the right secret again is not held up by it.
    world.yard.rotates_webhook_secret(&secret);
    world.yard.loses_deliveries("issues.labeled", 1);
    world.labelled_issue().await;
    world.sweeps_after(601).await;
    assert_eq!(world.tasks().await, 1);
    world.runner().await.returns_change(&[FIX]).await;
    world.ends().await;
}

#[tokio::test]
async fn w11_a_redelivery_that_github_refuses_is_asked_for_once() {
    let world = World::begins().await;
    world.sweeps_after(601).await;
    world.yard.loses_deliveries("issues.opened", 1);
    world.issue().await;
    world.yard.resets_calls();
    let attempts = "/app/hook/deliveries/*/attempts";
    world.yard.fault("POST", attempts, Fault::NotFound, 1_000);
    for _ in 0..5 {
        world.sweeps_after(601).await;
    }
    assert_eq!(world.redeliveries(), 1);
    world.ends().await;
}

#[tokio::test]
async fn w11_one_sweep_asks_for_fifty_deliveries_and_stops_at_a_limit() {
    let world = World::begins().await;
    world.sweeps_after(601).await;
    world.yard.loses_deliveries("*", 60);
    for number in 0..60 {
        let title = format!("Number {number}");
        world.alice.opens_issue(&title, "").await.unwrap();
    }
    world.settles().await;
    world.yard.resets_calls();
    let limit = Fault::SecondaryLimit {
        status: 403,
        retry_after_s: 1_200,
    };
    let attempts = "/app/hook/deliveries/*/attempts";
    world.yard.fault("POST", attempts, limit, 1);
    world.sweeps_after(601).await;
    assert_eq!(world.redeliveries(), 1, "nothing more after a limit");
    world.sweeps_after(1_100).await;
    assert_eq!(world.redeliveries(), 1, "the pause is kept");
    world.sweeps_after(101).await;
    assert_eq!(world.redeliveries(), 1 + 50);
    world.sweeps_after(601).await;
    assert_eq!(world.redeliveries(), 1 + 60, "the rest in the next sweep");
    world.sweeps_after(601).await;
    assert_eq!(world.redeliveries(), 1 + 60);
    world.ends().await;
}

#[tokio::test]
async fn what_was_swept_once_is_not_listed_again() {
    let world = World::begins().await;
    for number in 0..120 {
        let title = format!("Number {number}");
        world.alice.opens_issue(&title, "").await.unwrap();
    }
    world.settles().await;
    world.sweeps_after(601).await;
    world.yard.resets_calls();
    world.sweeps_after(601).await;
    let calls = world.yard.call_list();
    let listed = calls
        .iter()
        .filter(|call| call.path == "/app/hook/deliveries");
    assert_eq!(listed.count(), 1, "one page, however much there was before");
    world.ends().await;
}

#[tokio::test]
async fn installations_that_could_not_be_listed_are_looked_for_again_soon() {
    let world = World::begins().await;
    world.labelled_issue().await;
    let root = world.person("root", Permission::Admin).await;
    world.runner().await.returns_change(&[FIX]).await;
    world.sweeps_after(25 * 3_600).await;
    world.yard.swallows_deliveries("installation.deleted", 1);
    root.uninstalls_app().await.unwrap();
    let down = Fault::Before(503);
    world.yard.fault("GET", "/app/installations", down, 1);
    world.sweeps_after(25 * 3_600).await;
    let known = || world.engine.store.installations();
    assert_eq!(known().await.unwrap().len(), 1, "GitHub did not say");
    world.sweeps_after(601).await;
    assert_eq!(known().await.unwrap().len(), 0);
    world.ends().await;
}

/// The list of an installation's repositories lacks this one, as beyond its two thousandth.
#[tokio::test]
async fn d14_a_repository_beyond_the_end_of_the_list_is_asked_for_itself() {
    let world = World::begins().await;
    let issue = world.issue().await;
    let id = world.repo.id();
    world.engine.store.withdraw_repository(id).await.unwrap();
    let list = "/installation/repositories";
    world.yard.fault("GET", list, Fault::Endless, 1_000);
    world.alice.labels(issue, "agent").await.unwrap();
    world.settles().await;
    assert_eq!(world.tasks().await, 1);
    world.runner().await.returns_change(&[FIX]).await;
    world.ends().await;
}

#[tokio::test]
async fn d14_a_repository_that_a_delivery_tells_us_of_is_not_swept_from_the_apps_first_day() {
    let world = World::begins().await;
    let issue = world.issue().await;
    world.yard.swallows_deliveries("issue_comment", 1);
    world.alice.comments(issue, "/agent run").await.unwrap();
    world.settles().await;
    // Nobody hears of the repository for months; then of another comment.
    let id = world.repo.id();
    world.engine.store.withdraw_repository(id).await.unwrap();
    world.clock.advance_ms(100 * 24 * 3_600 * 1_000);
    world.alice.comments(issue, "/agent help").await.unwrap();
    world.settles().await;
    let known = world.engine.store.repository(id).await.unwrap().unwrap();
    let age_ms = world.clock.now().since_ms(known.enrolled_at);
    assert!(age_ms < 72 * 3_600 * 1_000, "{age_ms}");
    world.sweeps_after(3_601).await;
    assert_eq!(world.tasks().await, 0, "months old");
    world.ends().await;
}
