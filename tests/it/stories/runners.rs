//! Runners that do not come, die, come late, come twice, or return what they should not.

use castellan::domain::ids::Sha256Hex;
use castellan::domain::task::GRACE_S;
use castellan::domain::task::stage::{Outcome as End, Stage};
use castellan::protocol::RESULT_BYTES_MAX;
use castellan::protocol::progress::{Directive, Phase};
use castellan::store::Cause;
use serde_json::json;

use super::runner::key;
use super::world::{DAY_S, FIX, World};

#[tokio::test]
async fn u12_nothing_changed_is_said_and_no_pull_request_is_opened() {
    let world = World::begins().await;
    world.labelled_issue().await;
    world.runner().await.returns_nothing().await;
    insta::assert_snapshot!(world.transcript().await);
    world.ends().await;
}

/// That the real runner says this is shown by `runner::agent::a_hanging_agent_is_ended_in_time`:
/// a contract's minutes are too long for a story.
#[tokio::test]
async fn an_agent_that_hangs_until_its_limit_is_said_with_its_remedy() {
    let world = World::begins().await;
    world.labelled_issue().await;
    let runner = world.runner().await;
    let cause = "the agent did not end its turn within 600 s";
    let remedy = "give it more time (the budget's minutes), or split the task";
    runner.fails(Phase::Agent, cause, remedy).await;
    insta::assert_snapshot!(world.transcript().await);
    world.ends().await;
}

#[tokio::test]
async fn u14_a_sandbox_that_cannot_start_is_said_with_its_remedy() {
    let world = World::begins().await;
    world.labelled_issue().await;
    let runner = world.runner().await;
    let cause = "The sandbox cannot start: bwrap is not there.";
    runner
        .fails(Phase::Sandbox, cause, "Install bubblewrap.")
        .await;
    insta::assert_snapshot!(world.transcript().await);
    world.ends().await;
}

#[tokio::test]
async fn u5_no_runner_within_a_day_is_said_and_the_run_is_cancelled() {
    let world = World::begins().await;
    world.labelled_issue().await;
    let held = world.held().await;
    world.waits(DAY_S).await;
    assert!(held.is_cancelled());
    insta::assert_snapshot!(world.transcript().await);
    world.ends().await;
}

#[tokio::test]
async fn u1_a_runner_that_dies_silently_is_replaced_with_a_higher_fence() {
    let world = World::begins().await;
    let issue = world.labelled_issue().await;
    let lost = world.runner().await;
    world.waits(200).await;
    assert!(lost.held.is_cancelled());
    let second = world.runner().await;
    assert!(second.lease.fence > lost.lease.fence);
    assert_eq!(second.lease.attempt.0, 2);
    // U2: the lost one comes back.
    let late = lost.result(&[(FIX.0, Some("echo 5\n"))]).await;
    let (status, answer) = lost.returns_raw(&late).await;
    assert_eq!(status, 409, "{answer}");
    second.returns_change(&[FIX]).await;
    let task = world.task(issue).await;
    let body = Sha256Hex::of(serde_json::to_vec(&late).unwrap());
    let first = task.attempts[0].number;
    let kept = world.engine.store.result(&task.id, first, &body).await;
    assert!(kept.unwrap().is_some(), "evidence is kept");
    insta::assert_snapshot!(world.transcript().await);
    world.ends().await;
}

#[tokio::test]
async fn u1_a_runner_within_the_limits_of_its_brief_is_not_lost() {
    let mut setting = super::world::Setting::default();
    (setting.limits.setup_s, setting.limits.acceptance_s) = (900, 900);
    let world = World::begins_with(setting).await;
    let issue = world.labelled_issue().await;
    let runner = world.runner().await;
    let granted = i64::from(runner.brief.limits.work_s());
    let entered = world.task(issue).await.attempts[0].entered.clone().unwrap();
    let span_ms = entered.deadline.since_ms(entered.at);
    assert_eq!(span_ms, (granted + GRACE_S) * 1_000);
    for _ in 0..granted / 150 {
        world.waits(149).await;
        assert_eq!(runner.reports(Phase::Agent).await, Directive::Continue);
    }
    runner.returns_change(&[FIX]).await;
    assert_eq!(world.task(issue).await.attempts.len(), 1);
    world.ends().await;
}

#[tokio::test]
async fn u1_runners_that_keep_dying_use_up_the_budget_and_no_more() {
    let world = World::begins().await;
    let issue = world.labelled_issue().await;
    for _ in 0..3 {
        world.runner().await;
        world.waits(200).await;
    }
    let task = world.task(issue).await;
    assert_eq!(task.attempts.len(), 3);
    assert_eq!(
        task.stage,
        Stage::Closed {
            outcome: End::Failed
        }
    );
    insta::assert_snapshot!(world.transcript().await);
    world.ends().await;
}

#[tokio::test]
async fn u11_signs_of_life_do_not_outlast_the_limits_of_the_brief() {
    let world = World::begins().await;
    let issue = world.labelled_issue().await;
    let runner = world.runner().await;
    for _ in 0..15 {
        assert_eq!(runner.reports(Phase::Agent).await, Directive::Continue);
        world.waits(110).await;
    }
    let said = runner.reports(Phase::Agent).await;
    assert!(matches!(said, Directive::Stop { .. }), "{said:?}");
    assert_eq!(world.task(issue).await.attempts.len(), 2);
    world.runner().await.returns_nothing().await;
    world.ends().await;
}

#[tokio::test]
async fn u7_a_run_that_ends_without_a_result_is_tried_again() {
    let world = World::begins().await;
    let issue = world.labelled_issue().await;
    let runner = world.runner().await;
    runner.held.ends("failure").await.unwrap();
    world.settles().await;
    assert_eq!(world.task(issue).await.attempts.len(), 2);
    world.runner().await.returns_change(&[FIX]).await;
    insta::assert_snapshot!(world.transcript().await);
    world.ends().await;
}

#[tokio::test]
async fn u7_a_run_that_a_person_cancels_stays_cancelled() {
    let world = World::begins().await;
    let issue = world.labelled_issue().await;
    let runner = world.runner().await;
    runner.held.ends("cancelled").await.unwrap();
    world.settles().await;
    let task = world.task(issue).await;
    assert_eq!(task.attempts.len(), 1, "{:?}", task.stage);
    insta::assert_snapshot!(world.transcript().await);
    world.ends().await;
}

#[tokio::test]
async fn x86_the_same_key_gets_the_same_lease_and_another_key_ends_the_attempt() {
    let world = World::begins().await;
    world.labelled_issue().await;
    let runner = world.runner().await;
    let run = runner.held.run_id.0;
    let (status, again) = world.exchanges(&runner.held, &key(1), run).await;
    assert_eq!((status, &again["fence"]), (200, &json!(runner.lease.fence)));
    let (status, _) = world.exchanges(&runner.held, &key(2), run).await;
    assert_eq!(status, 409);
    world.settles().await;
    insta::assert_snapshot!(world.transcript().await);
    world.ends().await;
}

/// Its dispatch was asked for twice, and the answer to the second came after it had entered.
#[tokio::test]
async fn k8_a_runner_that_entered_gets_its_lease_again_whatever_was_dispatched_since() {
    let world = World::begins_with(super::world::Setting {
        knows_run_details: false,
        ..Default::default()
    })
    .await;
    world.labelled_issue().await;
    let runner = world.runner().await;
    let fact = castellan::domain::event::Fact::Dispatched {
        attempt: runner.lease.attempt,
        run: Some(castellan::domain::ids::RunId(999)),
    };
    let task = &runner.lease.task;
    let told = world.engine.record(task, fact, Cause::None).await;
    told.unwrap().expect("a decision");
    let run = runner.held.run_id.0;
    let (status, again) = world.exchanges(&runner.held, &key(1), run).await;
    assert_eq!((status, &again["fence"]), (200, &json!(runner.lease.fence)));
    let (status, _) = world.exchanges(&runner.held, &key(2), 999).await;
    assert_eq!(status, 409, "the other run came second");
    runner.returns_change(&[FIX]).await;
    world.ends().await;
}

#[tokio::test]
async fn x21_another_run_with_our_ticket_is_told_that_it_is_taken() {
    let world = World::begins().await;
    world.labelled_issue().await;
    let runner = world.runner().await;
    let (status, _) = world.exchanges(&runner.held, &key(3), 1).await;
    assert_eq!(status, 409);
    runner.returns_change(&[FIX]).await;
    world.ends().await;
}

#[tokio::test]
async fn u3_the_same_result_twice_has_one_receipt_and_another_one_is_refused() {
    let world = World::begins().await;
    world.labelled_issue().await;
    let runner = world.runner().await;
    let returned = runner.result(&[(FIX.0, Some(FIX.1))]).await;
    let first = runner.returns_raw(&returned).await;
    assert_eq!(first.0, 200);
    assert_eq!(runner.returns_raw(&returned).await, first);
    world.settles().await;
    assert_eq!(runner.returns_raw(&returned).await, first);
    let other = runner.result(&[(FIX.0, Some("echo 5\n"))]).await;
    assert_eq!(runner.returns_raw(&other).await.0, 409);
    world.settles().await;
    insta::assert_snapshot!(world.transcript().await);
    world.ends().await;
}

#[tokio::test]
async fn k9_u8_u13_a_broken_result_stores_nothing_and_the_attempt_stays_open() {
    let world = World::begins().await;
    world.labelled_issue().await;
    let runner = world.runner().await;
    let body = serde_json::to_vec(&runner.result(&[(FIX.0, Some(FIX.1))]).await).unwrap();
    let whole = Sha256Hex::of(&body);
    let half = body[..body.len() / 2].to_vec();
    assert_eq!(
        runner.posts(half, whole.as_str()).await.0,
        422,
        "broken off"
    );
    for garbage in [
        b"no json".to_vec(),
        b"\xff\xfe".to_vec(),
        br#"{"fence":1,"fence":2}"#.to_vec(),
        "[".repeat(100_000).into_bytes(),
    ] {
        let sha256 = Sha256Hex::of(&garbage);
        assert_eq!(runner.posts(garbage, sha256.as_str()).await.0, 422);
    }
    let large = vec![b' '; RESULT_BYTES_MAX + 1];
    let sha256 = Sha256Hex::of(&large);
    assert_eq!(runner.posts(large, sha256.as_str()).await.0, 413);
    assert_eq!(runner.posts(body, whole.as_str()).await.0, 200);
    world.settles().await;
    assert!(world.transcript().await.contains("Draft pull request #2"));
    world.ends().await;
}

#[tokio::test]
async fn x28_a_lease_of_one_task_is_no_lease_of_another() {
    let world = World::begins().await;
    world.labelled_issue().await;
    let one = world.runner().await;
    world.labelled_issue().await;
    let two = world.runner().await;
    let mut returned = one.result(&[(FIX.0, Some(FIX.1))]).await;
    returned.fence = two.lease.fence;
    // Its own fence is another one: kept as late, never applied.
    assert_eq!(one.returns_raw(&returned).await.0, 409);
    one.returns_change(&[FIX]).await;
    two.returns_nothing().await;
    world.ends().await;
}

#[tokio::test]
async fn a_run_that_github_does_not_start_is_said_with_its_remedy() {
    use castellan::yard::Fault;
    let world = World::begins().await;
    let path = "/repos/*/*/actions/workflows/*/dispatches";
    world.yard.fault("POST", path, Fault::NotFound, 2);
    world.labelled_issue().await;
    insta::assert_snapshot!(world.transcript().await);
    world.ends().await;
}

#[tokio::test]
async fn a_server_that_names_no_run_still_has_its_runner() {
    let world = World::begins_with(super::world::Setting {
        knows_run_details: false,
        ..Default::default()
    })
    .await;
    world.labelled_issue().await;
    world.runner().await.returns_change(&[FIX]).await;
    assert!(world.transcript().await.contains("Draft pull request #2"));
    world.ends().await;
}
