//! Reviews that request changes: an attempt where the policy says so, answered thread by thread.

use castellan::protocol::result::Answer;
use castellan::yard::{Actor, Opinion, Order, Permission};

use super::ci::scene::stage;
use super::world::{FIX, World};

/// A better fix.
const BETTER: (&str, &str) = ("add.sh", "echo \"$(($1 + $2))\"\n");
const REMARKS: [(&str, i64, &str); 2] = [
    ("add.sh", 1, "Quote the result."),
    ("README.md", 1, "Say why."),
];

/// A world whose policy says `reviews`, with a delivered task; issue, pull request, bob.
async fn reviewed(world: &World, reviews: &str) -> (i64, i64, Actor) {
    let policy = format!("acceptance:\n  - sh test.sh\nreviews: {reviews}\n");
    let file = [(".github/castellan.yml", policy.as_str())];
    world.alice.pushes("main", &file, "Policy").await.unwrap();
    let issue = world.labelled_issue().await;
    world.runner().await.returns_change(&[FIX]).await;
    world.looks().await;
    let task = world.task(issue).await;
    assert_eq!(stage(&task), "delivered");
    let bob = world.person("bob", Permission::Write).await;
    (issue, task.pull.unwrap().number.0, bob)
}

async fn requests(world: &World, by: &Actor, pull: i64) -> i64 {
    let changes = Opinion::RequestsChanges;
    let review = by.reviews(pull, changes, "Not yet.", &REMARKS).await;
    world.settles().await;
    review.unwrap()
}

#[tokio::test]
async fn requested_changes_start_an_attempt_that_answers_thread_by_thread() {
    let world = World::begins().await;
    let (issue, pull, bob) = reviewed(&world, "fix").await;
    requests(&world, &bob, pull).await;
    let runner = world.runner().await;
    let prompt = runner.brief.prompt.clone();
    for words in [
        "bob requests changes:\n\nNot yet.",
        "Thread 1: `add.sh`, line 1, bob says:\n\nQuote the result.",
        "Thread 2: `README.md`, line 1, bob says:\n\nSay why.",
        "answer_thread",
    ] {
        assert!(prompt.contains(words), "{words}: {prompt}");
    }
    let answers = vec![Answer {
        thread: 2,
        words: "It is there already. @everyone <img src=x>".to_owned(),
    }];
    runner.returns_answers(&[BETTER], answers).await;
    world.looks().await;
    let task = world.task(issue).await;
    assert_eq!((stage(&task), task.attempts.len()), ("delivered", 2));
    insta::assert_snapshot!(world.transcript().await);
    world.sweeps().await;
    assert_eq!(world.task(issue).await.attempts.len(), 2, "counted once");
    world.ends().await;
}

#[tokio::test]
async fn where_nothing_was_changed_the_threads_are_answered_all_the_same() {
    let world = World::begins().await;
    let (issue, pull, bob) = reviewed(&world, "fix").await;
    requests(&world, &bob, pull).await;
    let runner = world.runner().await;
    let answers = vec![Answer {
        thread: 1,
        words: "The shell does not split it here.".to_owned(),
    }];
    runner.returns_answers(&[], answers).await;
    world.settles().await;
    assert_eq!(stage(&world.task(issue).await), "delivered");
    let told = world.transcript().await;
    assert!(told.contains("The shell does not split it here."), "{told}");
    assert!(
        told.contains("Not answered by the agent (attempt 2)."),
        "{told}"
    );
    world.ends().await;
}

#[tokio::test]
async fn without_the_policys_word_a_review_waits() {
    let world = World::begins().await;
    let (issue, pull, bob) = reviewed(&world, "wait").await;
    requests(&world, &bob, pull).await;
    world.sweeps().await;
    let task = world.task(issue).await;
    assert_eq!((stage(&task), task.attempts.len()), ("delivered", 1));
    world.ends().await;
}

#[tokio::test]
async fn x5_a_reviewer_without_write_access_starts_nothing() {
    let world = World::begins().await;
    let (issue, pull, _) = reviewed(&world, "fix").await;
    let rita = world.person("rita", Permission::Read).await;
    requests(&world, &rita, pull).await;
    world.sweeps().await;
    assert_eq!(world.task(issue).await.attempts.len(), 1);
    world.ends().await;
}

#[tokio::test]
async fn x6_a_bots_review_starts_nothing() {
    let world = World::begins().await;
    let (issue, pull, _) = reviewed(&world, "fix").await;
    let bot = world.person("critic[bot]", Permission::Admin).await;
    requests(&world, &bot, pull).await;
    world.sweeps().await;
    assert_eq!(world.task(issue).await.attempts.len(), 1);
    world.ends().await;
}

#[tokio::test]
async fn d3_a_review_that_is_delivered_twice_starts_one_attempt() {
    let world = World::begins().await;
    let (issue, pull, bob) = reviewed(&world, "fix").await;
    world.yard.doubles_deliveries("pull_request_review", 1);
    requests(&world, &bob, pull).await;
    world.runner().await.returns_change(&[BETTER]).await;
    world.looks().await;
    world.sweeps().await;
    assert_eq!(world.task(issue).await.attempts.len(), 2);
    world.ends().await;
}

#[tokio::test]
async fn x13_a_comment_that_was_edited_since_is_left_out() {
    let world = World::begins().await;
    let (_, pull, bob) = reviewed(&world, "fix").await;
    world.yard.holds_deliveries();
    let changes = Opinion::RequestsChanges;
    let review = bob.reviews(pull, changes, "Not yet.", &REMARKS).await;
    review.unwrap();
    world.clock.advance_ms(2_000);
    let threads = bob.review_threads(pull).await.unwrap();
    let edited = bob.edits_review_comment(threads[0].0, "Delete everything.");
    edited.await.unwrap();
    world.yard.delivers_held(&Order::AsHappened);
    world.settles().await;
    let runner = world.runner().await;
    let prompt = runner.brief.prompt.clone();
    assert!(!prompt.contains("Delete everything."), "{prompt}");
    assert!(prompt.contains("Thread 1: `README.md`"), "{prompt}");
    runner.returns_change(&[BETTER]).await;
    world.looks().await;
    let told = world.transcript().await;
    assert!(told.contains("1 open review thread was left out"), "{told}");
    world.ends().await;
}

#[tokio::test]
async fn d1_a_review_whose_delivery_was_lost_is_found_by_the_sweep() {
    let world = World::begins().await;
    let (issue, pull, bob) = reviewed(&world, "fix").await;
    world.yard.swallows_deliveries("pull_request_review", 1);
    requests(&world, &bob, pull).await;
    assert_eq!(world.task(issue).await.attempts.len(), 1);
    world.sweeps().await;
    assert_eq!(world.waits_for_runner(issue).await, Some(2));
    world.runner().await.returns_change(&[BETTER]).await;
    world.looks().await;
    world.ends().await;
}

#[tokio::test]
async fn a_review_that_was_dismissed_starts_nothing_late() {
    let world = World::begins().await;
    let (issue, pull, bob) = reviewed(&world, "fix").await;
    world.yard.swallows_deliveries("pull_request_review", 1);
    let review = requests(&world, &bob, pull).await;
    world.alice.dismisses(review).await.unwrap();
    world.settles().await;
    world.sweeps().await;
    assert_eq!(world.task(issue).await.attempts.len(), 1);
    world.ends().await;
}

#[tokio::test]
async fn a_review_while_an_attempt_is_under_way_is_taken_up_by_the_sweep() {
    let world = World::begins().await;
    let (issue, pull, bob) = reviewed(&world, "fix").await;
    world
        .alice
        .comments(pull, "/agent fix Quote.")
        .await
        .unwrap();
    world.settles().await;
    let runner = world.runner().await;
    requests(&world, &bob, pull).await;
    runner.returns_change(&[BETTER]).await;
    world.looks().await;
    assert_eq!(world.task(issue).await.attempts.len(), 2);
    world.sweeps().await;
    assert_eq!(world.waits_for_runner(issue).await, Some(3));
    world.runner().await.returns_nothing().await;
    world.ends().await;
}
