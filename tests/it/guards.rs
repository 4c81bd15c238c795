//! Every guard is missed when it is taken away: the table names a test for each, and
//! `tests/guards.sh` shows that it fails without its guard and passes with it.

use std::collections::BTreeSet;

use castellan::domain::ids::{AttemptNumber, Fence, Sha256Hex};
use castellan::engine::attempt::{Bearer, RunnerRefusal};
use castellan::guard::Guard;
use castellan::protocol::enter::{Exchange, RunIdentity};
use castellan::protocol::progress::{Phase, Progress};
use castellan::protocol::result::{Outcome, Returned, RunEvidence};
use castellan::yard::{HeldRun, Permission};
use serde_json::{Value, json};

use crate::storm::world::{AUDIENCE, World};

/// Guard and the test that misses it. `tests/guards.sh` reads these lines.
const MISSED_BY: [(&str, &str); 21] = [
    ("signature", "guards::x1_an_unsigned_delivery_is_refused"),
    ("dedupe", "store::deliveries::a_known_guid_is_nothing_more"),
    ("request", "guards::d3_a_comment_asks_for_one_attempt"),
    ("permission", "guards::x3_who_may_not_write_gets_no_task"),
    ("fence", "guards::u2_an_older_fence_is_stale"),
    (
        "exact-old-id",
        "guards::h2_what_a_person_dropped_is_not_brought_back",
    ),
    ("path-rules", "change::x51_git_s_own_names"),
    ("identity", "guards::x21_another_workflow_may_not_sign_in"),
    ("identity-once", "guards::x20_a_token_counts_once"),
    (
        "sandbox",
        "sandbox::without_bubblewrap_nothing_runs_and_the_remedy_is_named",
    ),
    (
        "budget",
        "gateway::budget::x46_calls_side_by_side_do_not_go_past_the_budget",
    ),
    (
        "model-lease",
        "gateway::lease::x27_a_lease_calls_a_model_only_while_its_attempt_works",
    ),
    (
        "egress",
        "runner::egress::x36_a_host_that_is_not_on_the_list_is_refused",
    ),
    (
        "private-addresses",
        "runner::egress::x35_a_name_that_leads_to_a_private_address_is_refused",
    ),
    (
        "kernel-calls",
        "redteam::kernel::the_kernel_gives_an_agent_nothing_that_is_not_everybody_s",
    ),
    (
        "machine",
        "stories::machines::u15_a_policy_that_wants_hosted_machines_refuses_others_once_and_says_so",
    ),
    (
        "job-log",
        "redteam::say::x41_what_a_server_answers_commands_nothing",
    ),
    (
        "ci-approval",
        "stories::approval::x62_nothing_reaches_a_branch_unapproved",
    ),
    (
        "clock",
        "stories::clocks::u10_a_wrong_clock_is_named_and_the_server_is_not_ready",
    ),
    (
        "base-kept",
        "stories::base::h6_a_change_that_drops_what_the_base_did_is_refused_and_tried_again",
    ),
    (
        "weakened-tests",
        "stories::weakened::x61_a_deleted_test_is_refused_and_the_sentence_says_which",
    ),
];

#[test]
fn every_guard_has_its_test() {
    let named: BTreeSet<&str> = MISSED_BY.iter().map(|(guard, _)| *guard).collect();
    let all: BTreeSet<&str> = Guard::ALL.iter().map(|guard| guard.name()).collect();
    assert_eq!(named, all);
}

/// alice asks; everything is done that can be done.
async fn asked(world: &World) -> i64 {
    let alice = &world.alice;
    let issue = alice
        .opens_issue("The code is broken", "Please fix it.")
        .await
        .unwrap();
    alice.labels(issue, "agent").await.unwrap();
    settles(world).await;
    issue
}

async fn settles(world: &World) {
    world.yard.settle().await;
    world.engine().settle().await.unwrap();
    assert_eq!(world.yard.violations(), [], "what must never happen");
}

async fn tasks(world: &World) -> usize {
    world.engine().store.newest_tasks(9).await.unwrap().len()
}

/// A runner that holds the lease of a run.
struct Held {
    bearer: Bearer,
    fence: Fence,
}

/// A run that was dispatched for a task.
async fn dispatched() -> (World, HeldRun) {
    let world = World::begin(1).await;
    asked(&world).await;
    let run = world.yard.take_run().await;
    (world, run)
}

/// What the workflow's job `enter` does, with a token that says what stands in `instead`.
async fn signs_in(world: &World, run: &HeldRun, instead: &Value) -> Result<String, RunnerRefusal> {
    let token = run.identity(AUDIENCE, instead).unwrap();
    presents(world, run, &token).await
}

async fn presents(world: &World, run: &HeldRun, token: &str) -> Result<String, RunnerRefusal> {
    let task = run.inputs["task"].parse().unwrap();
    let attempt = AttemptNumber(run.inputs["attempt"].parse().unwrap());
    let nonce = &run.inputs["nonce"];
    world.engine().sign_in(&task, attempt, nonce, token).await
}

async fn enters(world: &World) -> Held {
    let run: HeldRun = world.yard.take_run().await;
    let key = String::from(Sha256Hex::of("a key"));
    let ticket = signs_in(world, &run, &Value::Null).await.unwrap();
    let exchange = Exchange {
        protocol: castellan::protocol::VERSION,
        ticket,
        key: key.clone(),
        run: RunIdentity {
            run_id: run.run_id,
            run_attempt: 1,
        },
    };
    let lease = world.engine().exchange(&exchange).await.unwrap();
    let bearer = format!("{}.{}.{key}", lease.task, lease.attempt);
    Held {
        bearer: Bearer::parse(&bearer).unwrap(),
        fence: lease.fence,
    }
}

/// The runner returns one new file.
async fn returns(
    world: &World,
    held: &Held,
    path: &str,
    fence: Fence,
) -> Result<(), RunnerRefusal> {
    let brief = world.engine().brief(&held.bearer).await?;
    let file = castellan::domain::change::FileChange {
        path: path.to_owned(),
        operation: castellan::domain::change::Operation::Add,
        mode: "100644".to_owned(),
        content: b"new\n".to_vec(),
        base_blob: None,
    };
    let returned = Returned {
        fence,
        start: brief.checkout.start,
        outcome: Outcome::Changed {
            change: castellan::domain::change::Change { files: vec![file] },
        },
        partial: None,
        evidence: RunEvidence::default(),
        transcript: String::new(),
    };
    let body = serde_json::to_vec(&returned).unwrap();
    let sha256 = String::from(Sha256Hex::of(&body));
    world
        .engine()
        .take_result(&held.bearer, &sha256, &body)
        .await?;
    Ok(())
}

/// A task whose pull request is there; the number of it.
async fn delivered(world: &World) -> i64 {
    asked(world).await;
    let held = enters(world).await;
    returns(world, &held, "first.txt", held.fence)
        .await
        .unwrap();
    settles(world).await;
    let stored = world.engine().store.newest_tasks(1).await.unwrap();
    stored[0]
        .task
        .pull
        .as_ref()
        .expect("a pull request")
        .number
        .0
}

#[tokio::test]
async fn x21_another_workflow_may_not_sign_in() {
    let (world, run) = dispatched().await;
    let other = "octo/sample/.github/workflows/evil.yml@refs/heads/main";
    let refused = signs_in(&world, &run, &json!({"workflow_ref": other})).await;
    assert!(
        matches!(refused, Err(RunnerRefusal::Stranger(_))),
        "{refused:?}"
    );
}

#[tokio::test]
async fn x20_a_token_counts_once() {
    let (world, run) = dispatched().await;
    let token = run.identity(AUDIENCE, &Value::Null).unwrap();
    presents(&world, &run, &token).await.unwrap();
    let again = presents(&world, &run, &token).await;
    assert!(
        matches!(again, Err(RunnerRefusal::TokenReplayed)),
        "{again:?}"
    );
}

#[tokio::test]
async fn x1_an_unsigned_delivery_is_refused() {
    let world = World::begin(1).await;
    let before = world
        .engine()
        .store
        .count_deliveries()
        .await
        .unwrap()
        .stored;
    for signature in [None, Some("sha256="), Some("sha256=0000")] {
        let mut post = world
            .http
            .post(format!("{}/webhook", world.url()))
            .header("x-github-event", "ping")
            .header("x-github-delivery", "g")
            .body("{}");
        if let Some(signature) = signature {
            post = post.header("x-hub-signature-256", signature);
        }
        assert_eq!(post.send().await.unwrap().status(), 401, "{signature:?}");
    }
    let after = world
        .engine()
        .store
        .count_deliveries()
        .await
        .unwrap()
        .stored;
    assert_eq!(before, after);
}

#[tokio::test]
async fn d3_a_comment_asks_for_one_attempt() {
    let world = World::begin(1).await;
    let pull = delivered(&world).await;
    world.alice.comments(pull, "/agent fix more").await.unwrap();
    settles(&world).await;
    let held = enters(&world).await;
    returns(&world, &held, "second.txt", held.fence)
        .await
        .unwrap();
    settles(&world).await;
    // The sweep finds the comment that a delivery has brought before.
    world.clock.advance_ms(3600 * 1000);
    world.engine().sweep_next().await.unwrap();
    settles(&world).await;
    let stored = world.engine().store.newest_tasks(1).await.unwrap();
    assert_eq!(stored[0].task.attempts.len(), 2);
    assert_eq!(stored[0].task.stage.name(), "delivered");
}

#[tokio::test]
async fn x3_who_may_not_write_gets_no_task() {
    let world = World::begin(1).await;
    let eve = world.repo.person("eve", Permission::Triage).await.unwrap();
    let issue = eve.opens_issue("Mine", "Do it.").await.unwrap();
    eve.labels(issue, "agent").await.unwrap();
    settles(&world).await;
    assert_eq!(tasks(&world).await, 0);
    assert!(
        world
            .yard
            .transcript("octo/sample")
            .await
            .unwrap()
            .contains("write access")
    );
}

#[tokio::test]
async fn u2_an_older_fence_is_stale() {
    let world = World::begin(1).await;
    asked(&world).await;
    let held = enters(&world).await;
    let older = Fence(held.fence.0 - 1);
    let progress = Progress {
        fence: older,
        phase: Phase::Agent,
        note: None,
        questions: Vec::new(),
    };
    let said = world.engine().report(&held.bearer, &progress).await;
    assert!(matches!(said, Err(RunnerRefusal::Stale)), "{said:?}");
    let said = returns(&world, &held, "late.txt", older).await;
    assert!(matches!(said, Err(RunnerRefusal::Stale)), "{said:?}");
    returns(&world, &held, "good.txt", held.fence)
        .await
        .unwrap();
}

#[tokio::test]
async fn h2_what_a_person_dropped_is_not_brought_back() {
    let world = World::begin(1).await;
    let pull = delivered(&world).await;
    let stored = world.engine().store.newest_tasks(1).await.unwrap();
    let (branch, start) = (stored[0].task.id.branch(), stored[0].task.base.oid.clone());
    world.alice.comments(pull, "/agent fix more").await.unwrap();
    settles(&world).await;
    let held = enters(&world).await;
    // Nobody tells us: the push is seen only by the branch itself.
    world.yard.swallows_deliveries("*", 1000);
    world
        .alice
        .force_pushes_back(&branch, &start)
        .await
        .unwrap();
    returns(&world, &held, "second.txt", held.fence)
        .await
        .unwrap();
    settles(&world).await;
    let tip = world.yard.branch_tip("octo/sample", &branch);
    assert_eq!(tip, Some(start), "the branch is as she left it");
    let stored = world.engine().store.newest_tasks(1).await.unwrap();
    assert_eq!(stored[0].task.stage.name(), "paused");
}
