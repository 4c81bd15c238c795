//! Checks that do not come, come late, wait for somebody, or leave drafts out.

use castellan::domain::ci::reading::Wait;
use castellan::domain::ci::stuck::Verdict;
use castellan::yard::{Fault, Outcome, Permission, Play, PlayedJob, PlayedWorkflow, Requirement};

use super::super::world::{FIX, World};
use super::scene::{LOG, green, red, stage};

/// By which all is asked that CI says of a commit.
const QUESTION: &str = "/graphql/CommitChecks";
/// Longer than checks are waited for.
const TOO_LONG_S: i64 = 7_300;

#[tokio::test]
async fn a_required_check_that_never_reports() {
    let world = World::begins().await;
    world.has_ci(green(), vec![Play::green("lint")]).await;
    let issue = world.labelled_issue().await;
    world.attempts(FIX).await;
    assert_eq!(stage(&world.task(issue).await), "checking");
    world.waits(TOO_LONG_S).await;
    let task = world.task(issue).await;
    assert_eq!(
        (stage(&task), task.ledger[0].verdict),
        ("delivered", Verdict::Unsettled)
    );
    assert_eq!(task.ledger[0].awaited[0].why, Wait::NotReported);
    insta::assert_snapshot!(world.transcript().await);
    world.ends().await;
}

#[tokio::test]
async fn a_workflow_that_never_started() {
    let world = World::begins().await;
    let fails = Outcome::Fails(LOG.to_owned());
    let job = PlayedJob::new("test", Outcome::Queued).again(fails);
    let queued = PlayedWorkflow::ci().job(job);
    world.has_ci(green(), vec![Play::of([queued])]).await;
    let issue = world.labelled_issue().await;
    world.attempts(FIX).await;
    world.waits(TOO_LONG_S).await;
    let task = world.task(issue).await;
    assert_eq!(task.ledger[0].verdict, Verdict::Unsettled);
    assert_eq!(task.ledger[0].awaited[0].why, Wait::NotBegun);
    // It starts after all, and fails: what was settled is open again.
    let head = task.pull.unwrap().head;
    let fails = Outcome::Fails(LOG.to_owned());
    world
        .repo
        .ends_job(head.as_str(), "test", fails)
        .await
        .unwrap();
    for _ in 0..3 {
        world.looks().await;
    }
    assert_eq!(world.waits_for_runner(issue).await, Some(2));
    world.runner().await.returns_nothing().await;
    world.ends().await;
}

#[tokio::test]
async fn a_run_that_waits_for_approval_is_said_at_once() {
    let world = World::begins().await;
    let waits = Play::of([PlayedWorkflow::ci()
        .waits_for_approval()
        .job(PlayedJob::passes("test"))]);
    world.has_ci(green(), vec![waits]).await;
    let issue = world.labelled_issue().await;
    world.attempts(FIX).await;
    insta::assert_snapshot!(world.transcript().await);
    let head = world.task(issue).await.pull.unwrap().head;
    assert_eq!(world.repo.approves_runs(head.as_str()).await.unwrap(), 1);
    world.looks().await;
    let task = world.task(issue).await;
    assert_eq!(
        (stage(&task), task.ledger[0].verdict),
        ("delivered", Verdict::Passed)
    );
    world.ends().await;
}

#[tokio::test]
async fn a_late_check_reopens_what_was_settled() {
    let world = World::begins().await;
    world.free_ci(green(), vec![green()]).await;
    let issue = world.labelled_issue().await;
    world.attempts(FIX).await;
    world.looks().await;
    let task = world.task(issue).await;
    assert_eq!(stage(&task), "delivered");
    let head = task.pull.unwrap().head;
    let late = PlayedWorkflow::new("slow.yml", "Slow").job(PlayedJob::fails("slow", LOG));
    world.repo.runs_late(head.as_str(), late).await.unwrap();
    for _ in 0..5 {
        world.looks().await;
    }
    assert_eq!(world.waits_for_runner(issue).await, Some(2));
    world.runner().await.returns_nothing().await;
    world.ends().await;
}

#[tokio::test]
async fn d6_a_late_check_whose_delivery_is_lost_is_found_by_the_sweep() {
    let world = World::begins().await;
    world.has_ci(green(), vec![green()]).await;
    let issue = world.labelled_issue().await;
    world.attempts(FIX).await;
    let head = world.task(issue).await.pull.unwrap().head;
    for (event, times) in [("workflow_run", 3), ("check_run", 2), ("check_suite", 1)] {
        world.yard.swallows_deliveries(event, times);
    }
    let late = PlayedWorkflow::ci().job(PlayedJob::fails("test", LOG));
    world.repo.runs_late(head.as_str(), late).await.unwrap();
    world.settles().await;
    assert_eq!(stage(&world.task(issue).await), "delivered");
    world.sweeps().await;
    for _ in 0..3 {
        world.waits(301).await;
    }
    assert_eq!(world.waits_for_runner(issue).await, Some(2));
    world.runner().await.returns_nothing().await;
    world.ends().await;
}

#[tokio::test]
async fn drafts_that_ci_leaves_out_are_marked_ready_once_acceptance_passed() {
    let world = World::begins().await;
    let play = Play::of([PlayedWorkflow::ci()
        .skips_drafts()
        .job(PlayedJob::passes("test"))]);
    world.free_ci(green(), vec![play]).await;
    let issue = world.labelled_issue().await;
    world.attempts(FIX).await;
    for _ in 0..3 {
        world.looks().await;
    }
    let task = world.task(issue).await;
    assert_eq!(
        (stage(&task), task.ledger[0].verdict),
        ("delivered", Verdict::Passed)
    );
    insta::assert_snapshot!(world.transcript().await);
    world.ends().await;
}

#[tokio::test]
async fn a_repository_without_ci_is_told_so_and_nothing_is_waited_for() {
    let world = World::begins().await;
    let issue = world.labelled_issue().await;
    world.runner().await.returns_change(&[FIX]).await;
    let task = world.task(issue).await;
    assert_eq!(
        (stage(&task), task.ledger[0].verdict),
        ("delivered", Verdict::None)
    );
    world.ends().await;
}

#[tokio::test]
async fn d13_a10_a_list_that_is_cut_is_never_green() {
    let world = World::begins().await;
    world.has_ci(green(), vec![green()]).await;
    let issue = world.labelled_issue().await;
    let lists = "/repos/octo/sample/commits/*/check-runs";
    for (method, path) in [("POST", QUESTION), ("GET", lists)] {
        world.yard.fault(method, path, Fault::Partial, 3);
    }
    world.attempts(FIX).await;
    assert_eq!(stage(&world.task(issue).await), "checking");
    for _ in 0..6 {
        world.waits(301).await;
    }
    assert_eq!(world.task(issue).await.ledger[0].verdict, Verdict::Passed);
    world.ends().await;
}

#[tokio::test]
async fn a_person_pushes_while_ci_runs() {
    let world = World::begins().await;
    let hangs = Play::of([PlayedWorkflow::ci().job(PlayedJob::new("test", Outcome::Hangs))]);
    world.has_ci(green(), vec![hangs, red(LOG)]).await;
    let issue = world.labelled_issue().await;
    world.attempts(FIX).await;
    let branch = world.task(issue).await.id.branch();
    let bob = world.person("bob", Permission::Write).await;
    bob.pushes(&branch, &[("README.md", "Mine\n")], "Mine")
        .await
        .unwrap();
    world.looks().await;
    world.looks().await;
    let task = world.task(issue).await;
    assert_eq!((stage(&task), task.attempts.len()), ("paused", 1));
    world.ends().await;
}

#[tokio::test]
async fn a_stop_ends_the_waiting() {
    let world = World::begins().await;
    let hangs = Play::of([PlayedWorkflow::ci().job(PlayedJob::new("test", Outcome::Hangs))]);
    world.has_ci(green(), vec![hangs]).await;
    let issue = world.labelled_issue().await;
    world.attempts(FIX).await;
    let task = world.task(issue).await;
    let pull = task.pull.unwrap();
    world
        .alice
        .comments(pull.number.0, "/agent stop")
        .await
        .unwrap();
    world.settles().await;
    let fails = Outcome::Fails(LOG.to_owned());
    world
        .repo
        .ends_job(pull.head.as_str(), "test", fails)
        .await
        .unwrap();
    world.looks().await;
    assert_eq!(stage(&world.task(issue).await), "closed");
    world.ends().await;
}

/// Where the rules of the base are read.
const RULES: &str = "/repos/*/*/rules/branches/**";
const BRANCH: &str = "/repos/*/*/branches/**";

#[tokio::test]
async fn a20_a_plan_without_rules_leaves_every_check_to_count() {
    let world = World::begins().await;
    world.free_ci(green(), vec![red(LOG)]).await;
    for path in [RULES, BRANCH] {
        world.yard.fault("GET", path, Fault::NotOnPlan, 9);
    }
    let issue = world.first_attempt().await;
    for _ in 0..3 {
        world.looks().await;
    }
    assert_eq!(world.waits_for_runner(issue).await, Some(2));
    world.runner().await.returns_nothing().await;
    world.ends().await;
}

#[tokio::test]
async fn a10_rules_that_cannot_be_read_to_their_end_make_nothing_green() {
    let world = World::begins().await;
    world.has_ci(green(), vec![green()]).await;
    world.yard.fault("GET", RULES, Fault::Endless, 100_000);
    let issue = world.labelled_issue().await;
    world.attempts(FIX).await;
    for _ in 0..3 {
        world.looks().await;
    }
    assert_eq!(stage(&world.task(issue).await), "checking");
    assert!(world.task(issue).await.ledger.is_empty());
    world.waits(TOO_LONG_S).await;
    let task = world.task(issue).await;
    assert_eq!(task.ledger[0].verdict, Verdict::Unsettled);
    world.ends().await;
}

#[tokio::test]
async fn branch_protection_requires_as_a_ruleset_does() {
    let world = World::begins().await;
    let rule = Requirement::Protection {
        checks: vec![("deploy".to_owned(), None)],
        strict: false,
    };
    world.repo.requires("main", rule).await.unwrap();
    world.free_ci(green(), vec![green()]).await;
    let issue = world.labelled_issue().await;
    world.attempts(FIX).await;
    world.waits(TOO_LONG_S).await;
    let task = world.task(issue).await;
    assert_eq!(task.ledger[0].verdict, Verdict::Unsettled);
    assert_eq!(task.ledger[0].awaited[0].name, "deploy");
    world.ends().await;
}
