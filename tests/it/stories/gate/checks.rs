//! What CI and reviews say, as it is observed: rows of the specification over a real server.

use castellan::yard::{Opinion, Outcome, Permission, Play, PlayedJob, PlayedWorkflow, Requirement};

use super::super::ci::scene::{LOG, green, red};
use super::super::world::{FIX, World};
use super::{BESIDE, CHECK};

impl World {
    /// Pull request and head of the only task.
    async fn judged(&self, plays: Vec<Play>) -> (i64, String) {
        let ours = self.ready_with(plays).await;
        let bob = self.person("bob", Permission::Write).await;
        self.approves(&bob, &ours).await;
        let head = self.head_of(&ours);
        (ours.number, head)
    }
}

#[tokio::test]
async fn row_8_a_base_that_moved_elsewhere_changes_nothing() {
    let world = World::begins().await;
    let (ours, _) = world.open().await;
    let pushed = world.alice.pushes("main", &[BESIDE], "Words").await;
    pushed.unwrap();
    world.settles().await;
    world.gate_says(&ours.head, "success: T1").await;
    world.ends().await;
}

#[tokio::test]
async fn row_11_a_required_check_that_never_reports_runs_out_of_time() {
    let world = World::begins().await;
    let rule = Requirement::Ruleset {
        checks: vec![("deploy".to_owned(), None)],
        strict: false,
    };
    world.repo.requires("main", rule).await.unwrap();
    let (_, head) = world.judged(vec![green()]).await;
    world.gate_says(&head, "in_progress: T1").await;
    for _ in 0..48 {
        world.waits(1_800).await;
    }
    world.gate_says(&head, "timed_out: T1: ").await;
    assert!(world.gate(&head).await.contains("deploy"));
    world.ends().await;
}

#[tokio::test]
async fn row_12_a_required_check_that_was_skipped_has_not_passed() {
    let world = World::begins().await;
    let job = PlayedJob::new("test", Outcome::Skipped);
    let skipped = Play::of([PlayedWorkflow::ci().job(job)]);
    let (number, head) = world.judged(vec![skipped]).await;
    world.gate_says(&head, "failure: T1: ").await;
    assert!(world.repo.may_merge(number).await.is_err());
    world.ends().await;
}

#[tokio::test]
async fn row_13_red_ci_is_a_failure_once_the_agent_has_given_up() {
    let world = World::begins().await;
    world.is_gated(vec![red(LOG)]).await;
    let issue = world.labelled_issue().await;
    for file in [
        FIX,
        BESIDE,
        ("add.sh", "expr $1 + $2\n"),
        ("add.sh", "expr $2 + $1\n"),
    ] {
        if world.waits_for_runner(issue).await.is_none() {
            break;
        }
        world.attempts(file).await;
        world.looks().await;
    }
    assert!(world.waits_for_runner(issue).await.is_none());
    let head = world.task(issue).await.pull.unwrap().head;
    let bob = world.person("bob", Permission::Write).await;
    let number = world.task(issue).await.pull.unwrap().number.0;
    let review = bob.reviews(number, Opinion::Approves, "", &[]).await;
    review.unwrap();
    world.settles().await;
    world
        .gate_says(head.as_str(), "failure: T1: CI failed (test)")
        .await;
    world.ends().await;
}

#[tokio::test]
async fn rows_22_and_28_whoever_asked_for_changes_has_to_approve_them() {
    let world = World::begins().await;
    let ours = world.ready().await;
    let bob = world.person("bob", Permission::Write).await;
    let carol = world.person("carol", Permission::Write).await;
    let review = bob.reviews(ours.number, Opinion::RequestsChanges, "Use expr", &[]);
    review.await.unwrap();
    world.settles().await;
    world.approves(&carol, &ours).await;
    world
        .gate_says(&ours.head, "in_progress: T1: changes requested by bob")
        .await;
    world.approves(&bob, &ours).await;
    world.gate_says(&ours.head, "success: T1").await;
    world.ends().await;
}

#[tokio::test]
async fn row_39_a_repository_without_checks_stays_shut() {
    let world = World::begins().await;
    let own = world.yard.app().app_id;
    let rule = Requirement::Ruleset {
        checks: vec![(CHECK.to_owned(), Some(own))],
        strict: false,
    };
    world.repo.requires("main", rule).await.unwrap();
    let issue = world.labelled_issue().await;
    world.attempts(FIX).await;
    for _ in 0..20 {
        world.waits(300).await;
    }
    let pull = world.task(issue).await.pull.unwrap();
    let bob = world.person("bob", Permission::Write).await;
    let review = bob.reviews(pull.number.0, Opinion::Approves, "", &[]).await;
    review.unwrap();
    world.settles().await;
    world.gate_says(pull.head.as_str(), "failure: T1: ").await;
    world.ends().await;
}

#[tokio::test]
async fn row_41_of_two_suites_that_disagree_the_worse_counts() {
    let world = World::begins().await;
    let more = PlayedWorkflow::new("other.yml", "Other").job(PlayedJob::fails("test", LOG));
    let both = green().with(more);
    let (number, head) = world.judged(vec![both]).await;
    let said = world.gate(&head).await;
    assert!(!said.starts_with("success"), "{said}");
    assert!(world.repo.may_merge(number).await.is_err());
    world.ends().await;
}
