//! The gate over a real server: what its check says from the first commit to the last approval.

use castellan::yard::{Opinion, Permission, Requirement};

use super::ci::scene::{LOG, green, red};
use super::world::{FIX, World};

/// The required check of the base.
const CHECK: &str = "agent-gate / main";

impl World {
    /// The base's rules require the gate and the test.
    async fn is_gated(&self, plays: Vec<castellan::yard::Play>) {
        let rule = Requirement::Ruleset {
            checks: vec![("test".to_owned(), None), (CHECK.to_owned(), None)],
            strict: false,
        };
        self.repo.requires("main", rule).await.unwrap();
        self.free_ci(green(), plays).await;
    }

    /// What the newest check of the gate says of this commit: its standing and its title.
    async fn gate(&self, head: &str) -> String {
        let newest = self.repo.newest_check(head, CHECK).await.unwrap();
        newest.map_or_else(
            || "nothing".to_owned(),
            |(standing, title)| format!("{standing}: {title}"),
        )
    }
}

#[tokio::test]
async fn an_agents_pull_request_opens_once_somebody_else_approves_it() {
    let world = World::begins().await;
    world.is_gated(vec![green()]).await;
    let issue = world.labelled_issue().await;
    world.attempts(FIX).await;
    world.looks().await;
    let pull = world.task(issue).await.pull.unwrap();
    let head = pull.head.as_str();
    let said = world.gate(head).await;
    assert!(said.starts_with("in_progress: T1"), "{said}");
    // The requester does not count at T1.
    let approve = |by: castellan::yard::Actor| async move {
        by.reviews(pull.number.0, Opinion::Approves, "", &[])
            .await
            .unwrap()
    };
    approve(world.alice.clone()).await;
    world.settles().await;
    let said = world.gate(head).await;
    assert!(said.starts_with("in_progress: T1"), "{said}");
    let bob = world.person("bob", Permission::Write).await;
    let review = approve(bob.clone()).await;
    world.settles().await;
    let said = world.gate(head).await;
    assert!(said.starts_with("success: T1"), "{said}");
    bob.dismisses(review).await.unwrap();
    world.settles().await;
    let said = world.gate(head).await;
    assert!(said.starts_with("in_progress: T1"), "{said}");
    insta::assert_snapshot!(world.transcript().await);
    world.ends().await;
}

#[tokio::test]
async fn red_ci_keeps_it_shut_until_the_correction() {
    let world = World::begins().await;
    world.is_gated(vec![red(LOG), green()]).await;
    let issue = world.first_attempt().await;
    for _ in 0..2 {
        world.looks().await;
    }
    let head = world.task(issue).await.pull.unwrap().head;
    let said = world.gate(head.as_str()).await;
    assert!(said.starts_with("in_progress"), "{said}");
    world.attempts(FIX).await;
    world.looks().await;
    let head = world.task(issue).await.pull.unwrap().head;
    let said = world.gate(head.as_str()).await;
    assert!(said.starts_with("in_progress: T1"), "{said}");
    world.ends().await;
}
