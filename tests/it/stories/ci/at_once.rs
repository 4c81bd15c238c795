//! What CI says of a commit, asked by one question, and by lists where its answer is not whole.

use castellan::domain::ci::checks::Observed;
use castellan::github::{Kind, Target};
use castellan::yard::{
    Fault, Outcome, Permission, Play, PlayedCheck, PlayedJob, PlayedStatus, PlayedWorkflow,
};

use super::super::world::World;
use super::scene::{LOG, WRONG, green};

/// By which all is asked at once, and the lists that say the same.
const QUESTION: (&str, &str) = ("POST", "/graphql/CommitChecks");
const LISTS: [(&str, &str); 3] = [
    ("GET", "/repos/octo/sample/commits/*/check-runs"),
    ("GET", "/repos/octo/sample/commits/*/status"),
    ("GET", "/repos/octo/sample/actions/runs"),
];

/// The head of a pull request of which much is reported, and whose failed jobs were run again.
async fn much_is_said(world: &World) -> (Target, castellan::domain::ids::Oid) {
    let jobs = PlayedWorkflow::ci()
        .job(PlayedJob::fails("test", LOG).again(Outcome::Fails(LOG.to_owned())))
        .job(PlayedJob::passes("test"))
        .job(PlayedJob::new("slow", Outcome::Hangs));
    let another = PlayedWorkflow::new("lint.yml", "Lint").job(PlayedJob::passes("test"));
    let held = PlayedWorkflow::new("deploy.yml", "Deploy").waits_for_approval();
    let broken = PlayedWorkflow::new("broken.yml", "Broken").fails_to_start();
    let check = PlayedCheck::new(99, "quay", "quay / scan", Some("neutral"));
    let play = Play::of([jobs, another, held, broken])
        .with_check(check.says("2 notes", "None of them is grave."))
        .with_status(PlayedStatus::new("old/ci", "failure", "bob").says("It broke"))
        .with_status(PlayedStatus::new("old/ci", "pending", "bob").says("Again"));
    world.person("bob", Permission::Write).await;
    world.free_ci(green(), vec![play]).await;
    let issue = world.labelled_issue().await;
    world.attempts(WRONG).await;
    let task = world.task(issue).await;
    let head = task.pull.as_ref().unwrap().head.clone();
    world.repo.runs_again(head.as_str()).await.unwrap();
    world.settles().await;
    (Target::from(&task), head)
}

impl World {
    async fn asks(&self, target: &Target, head: &castellan::domain::ids::Oid) -> Observed {
        let github = self.engine.github.as_ref().unwrap();
        github.checks(target, head).await.unwrap()
    }

    /// The calls that are made for one look at `head`, but for those for tokens.
    async fn calls_of_a_look(
        &self,
        target: &Target,
        head: &castellan::domain::ids::Oid,
    ) -> (Observed, Vec<String>) {
        self.yard.resets_calls();
        let observed = self.asks(target, head).await;
        let calls = self.yard.call_list();
        let calls = calls.iter().filter(|call| call.kind != "tokens");
        (observed, calls.map(|call| call.path.clone()).collect())
    }
}

#[tokio::test]
async fn one_question_says_what_three_lists_say() {
    let world = World::begins().await;
    let (target, head) = much_is_said(&world).await;
    let base = world.tip("main").unwrap();
    for commit in [&head, &base] {
        let (at_once, calls) = world.calls_of_a_look(&target, commit).await;
        assert_eq!(calls, [QUESTION.1]);
        assert!(at_once.whole);
        world
            .yard
            .fault(QUESTION.0, QUESTION.1, Fault::Before(502), 1);
        let (listed, calls) = world.calls_of_a_look(&target, commit).await;
        assert_eq!(calls.len(), 4, "{calls:?}");
        assert_eq!(at_once.runs, listed.runs);
        assert_eq!(at_once.checks, listed.checks);
        assert!(listed.whole && !listed.checks.is_empty());
    }
    world.ends().await;
}

#[tokio::test]
async fn a10_d13_an_answer_that_is_cut_counts_for_nothing_and_the_lists_are_read() {
    let world = World::begins().await;
    let (target, head) = much_is_said(&world).await;
    let whole = world.asks(&target, &head).await;
    for fault in [Fault::Partial, Fault::Endless] {
        world.yard.fault(QUESTION.0, QUESTION.1, fault.clone(), 1);
        let (listed, calls) = world.calls_of_a_look(&target, &head).await;
        assert_eq!(calls.len(), 4, "{fault:?}: {calls:?}");
        assert_eq!(listed, whole, "{fault:?}");
        for list in LISTS {
            world.yard.fault(QUESTION.0, QUESTION.1, fault.clone(), 1);
            world.yard.fault(list.0, list.1, Fault::Partial, 1);
            let observed = world.asks(&target, &head).await;
            assert!(!observed.whole || list.1.ends_with("/status"), "{list:?}");
        }
    }
    world.ends().await;
}

#[tokio::test]
async fn a_server_that_knows_no_such_question_is_asked_once() {
    let world = World::begins().await;
    let (target, head) = much_is_said(&world).await;
    let whole = world.asks(&target, &head).await;
    world
        .yard
        .fault(QUESTION.0, QUESTION.1, Fault::NoSuchField, 1);
    assert_eq!(world.asks(&target, &head).await, whole);
    let (observed, calls) = world.calls_of_a_look(&target, &head).await;
    assert_eq!(observed, whole);
    assert_eq!(calls.len(), 3, "{calls:?}");
    world.ends().await;
}

#[tokio::test]
async fn a4_where_the_question_meets_a_limit_the_lists_are_not_read() {
    let world = World::begins().await;
    let (target, head) = much_is_said(&world).await;
    let fault = Fault::PrimaryLimit { reset_in_s: 1800 };
    world.yard.fault(QUESTION.0, QUESTION.1, fault, 1);
    world.yard.resets_calls();
    let github = world.engine.github.as_ref().unwrap();
    let refused = github.checks(&target, &head).await.unwrap_err();
    assert!(matches!(refused.kind, Kind::Limited { .. }), "{refused}");
    assert_eq!(world.yard.call_list().len(), 1);
    world.ends().await;
}

#[tokio::test]
async fn what_is_reported_between_two_looks_is_seen_by_the_next() {
    let world = World::begins().await;
    world.has_ci(green(), vec![green()]).await;
    let issue = world.labelled_issue().await;
    world.attempts(super::super::world::FIX).await;
    let head = world.task(issue).await.pull.unwrap().head;
    world.yard.resets_calls();
    let late = PlayedWorkflow::new("late.yml", "Late").job(PlayedJob::passes("late"));
    world.repo.runs_late(head.as_str(), late).await.unwrap();
    world.settles().await;
    let calls = world.yard.call_list();
    let looks = calls.iter().filter(|call| call.path == QUESTION.1).count();
    assert_eq!(looks, 1, "gate and task share it, and a burst is one");
    world.ends().await;
}
