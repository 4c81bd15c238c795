//! Failures that are not the change's own: nobody is woken, and a person is told once.

use castellan::domain::ci::classify::Whose;
use castellan::domain::ci::stuck::Verdict;
use castellan::domain::task::Task;
use castellan::yard::{Outcome, Play, PlayedCheck, PlayedJob, PlayedWorkflow};

use super::super::world::World;
use super::scene::{LOG, OTHER_LOG, WRONG_TOO, green, red, stage, then};

/// A world whose base and whose pull request did so; the task afterwards.
async fn after(base: Play, play: Play) -> (World, i64) {
    let world = World::begins().await;
    world.has_ci(base, vec![play]).await;
    let issue = world.first_attempt().await;
    world.looks().await;
    (world, issue)
}

/// Nobody was woken, and it was called so.
fn is_excused(task: &Task, whose: Whose) {
    assert_eq!((stage(task), task.attempts.len()), ("delivered", 1));
    let entry = &task.ledger[0];
    assert_eq!(entry.verdict, Verdict::Excused);
    assert_eq!(entry.failures[0].0, whose, "{:?}", entry.failures);
}

#[tokio::test]
async fn broken_on_the_base() {
    let (world, issue) = after(red(LOG), red(LOG)).await;
    is_excused(&world.task(issue).await, Whose::Base);
    insta::assert_snapshot!(world.transcript().await);
    // Whoever wants it mended here says so.
    let pull = world.task(issue).await.pull.unwrap().number.0;
    world.alice.comments(pull, "/agent fix").await.unwrap();
    world.settles().await;
    world.attempts(WRONG_TOO).await;
    assert_eq!(
        world.waits_for_runner(issue).await,
        Some(3),
        "now it is its own"
    );
    world.runner().await.returns_nothing().await;
    world.ends().await;
}

#[tokio::test]
async fn another_failure_on_the_base_is_no_excuse() {
    let (world, issue) = after(red(OTHER_LOG), red(LOG)).await;
    assert_eq!(world.waits_for_runner(issue).await, Some(2));
    world.runner().await.returns_nothing().await;
    world.ends().await;
}

#[tokio::test]
async fn infrastructure() {
    let log = "Error: connect ECONNREFUSED 10.0.0.7:5432\n\
        ##[error]The runner has received a shutdown signal. This can happen when the runner service is stopped, or a manually started runner is canceled.\n";
    let (world, issue) = after(green(), red(log)).await;
    is_excused(&world.task(issue).await, Whose::Infrastructure);
    insta::assert_snapshot!(world.transcript().await);
    world.ends().await;
}

#[tokio::test]
async fn a_secret_that_is_missing() {
    let log = "Error: Input required and not supplied: token\n\
        remote: Permission to octo/sample.git denied to github-actions[bot].\n\
        fatal: unable to access: The requested URL returned error: 403\n";
    let (world, issue) = after(green(), red(log)).await;
    is_excused(&world.task(issue).await, Whose::PermissionOrSecret);
    world.ends().await;
}

#[tokio::test]
async fn a_job_that_takes_too_long_is_run_again_and_then_told() {
    let play = Play::of([PlayedWorkflow::ci().job(PlayedJob::new(
        "test",
        Outcome::TimedOut("collecting tests\n".to_owned()),
    ))]);
    let (world, issue) = after(green(), play).await;
    is_excused(&world.task(issue).await, Whose::Timeout);
    world.ends().await;
}

#[tokio::test]
async fn a_person_who_cancels_is_not_contradicted() {
    let play = Play::of([PlayedWorkflow::ci().job(PlayedJob::new("test", Outcome::Cancelled))]);
    let (world, issue) = after(green(), play).await;
    is_excused(&world.task(issue).await, Whose::Cancelled);
    world.ends().await;
}

#[tokio::test]
async fn a_workflow_that_cannot_be_started() {
    let world = World::begins().await;
    let play = Play::of([PlayedWorkflow::ci().fails_to_start()]);
    world.free_ci(green(), vec![play]).await;
    let issue = world.first_attempt().await;
    world.looks().await;
    is_excused(&world.task(issue).await, Whose::Policy);
    insta::assert_snapshot!(world.transcript().await);
    world.ends().await;
}

#[tokio::test]
async fn a_rule_about_contributions_is_not_the_agent_s() {
    let world = World::begins().await;
    let dco = PlayedCheck::new(1861, "dco", "DCO", Some("action_required"));
    world
        .free_ci(green(), vec![Play::nothing().with_check(dco)])
        .await;
    let issue = world.first_attempt().await;
    world.looks().await;
    is_excused(&world.task(issue).await, Whose::Person);
    world.ends().await;
}

#[tokio::test]
async fn the_same_is_told_once() {
    let world = World::begins().await;
    world.has_ci(red(LOG), vec![red(LOG)]).await;
    let issue = world.first_attempt().await;
    let head = world.task(issue).await.pull.unwrap().head;
    // Somebody runs it again, and it fails again.
    for _ in 0..2 {
        let late = PlayedWorkflow::ci().job(PlayedJob::fails("test", LOG));
        world.repo.runs_late(head.as_str(), late).await.unwrap();
        world.looks().await;
        world.looks().await;
    }
    let transcript = world.transcript().await;
    assert_eq!(
        transcript
            .matches("not because of this change. No agent")
            .count(),
        1
    );
    world.ends().await;
}

#[tokio::test]
async fn a_late_success_is_told() {
    let world = World::begins().await;
    world
        .has_ci(red(LOG), vec![then(LOG, Outcome::Passes)])
        .await;
    let issue = world.first_attempt().await;
    is_excused(&world.task(issue).await, Whose::Base);
    let head = world.task(issue).await.pull.unwrap().head;
    assert_eq!(world.repo.runs_again(head.as_str()).await.unwrap(), 1);
    world.looks().await;
    let task = world.task(issue).await;
    assert_eq!(task.ledger[0].verdict, Verdict::Passed);
    world.ends().await;
}
