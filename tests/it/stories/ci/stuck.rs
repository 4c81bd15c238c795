//! Corrections that lead nowhere: another approach once, then a person. And a task that is handed over.

use castellan::domain::ci::stuck::{Stuck, Verdict};

use super::super::world::{FIX, World};
use super::scene::{LOG, OTHER_LOG, WRONG, WRONG_TOO, green, red, stage};

#[tokio::test]
async fn the_same_failure_twice_asks_for_another_approach_and_then_for_a_person() {
    let world = World::begins().await;
    world.has_ci(green(), vec![red(LOG)]).await;
    let more = (
        ".github/castellan.yml",
        "acceptance:\n  - sh test.sh\nbudget:\n  attempts: 9\n",
    );
    world.alice.pushes("main", &[more], "More").await.unwrap();
    world.settles().await;
    let issue = world.first_attempt().await;
    world.attempts(WRONG_TOO).await;
    let runner = world.runner().await;
    let prompt = &runner.brief.prompt;
    assert!(prompt.contains(Stuck::Same.sentence()), "{prompt}");
    assert!(prompt.contains("try another approach"), "{prompt}");
    assert_eq!(runner.brief.session, None, "a fresh mind");
    runner.returns_change(&[("add.sh", "expr $1 + $2\n")]).await;
    world.looks().await;
    let task = world.task(issue).await;
    assert_eq!((stage(&task), task.attempts.len()), ("delivered", 3));
    insta::assert_snapshot!(world.transcript().await);
    world.ends().await;
}

#[tokio::test]
async fn a_change_that_takes_back_the_last_one_is_seen() {
    let world = World::begins().await;
    world
        .has_ci(green(), vec![red(LOG), red(OTHER_LOG), red(LOG)])
        .await;
    let issue = world.first_attempt().await;
    world.attempts(WRONG_TOO).await;
    world.attempts(WRONG).await;
    let task = world.task(issue).await;
    // No attempt is left for another approach.
    assert_eq!((stage(&task), task.attempts.len()), ("delivered", 3));
    assert!(
        task.ledger
            .iter()
            .all(|entry| entry.verdict == Verdict::Failed)
    );
    world.ends().await;
}

#[tokio::test]
async fn c6_the_budget_ends_corrections_and_the_owner_is_called() {
    let world = World::begins().await;
    world
        .has_ci(green(), vec![red(LOG), red(OTHER_LOG), red(LOG)])
        .await;
    let issue = world.first_attempt().await;
    world.attempts(WRONG_TOO).await;
    world.attempts(FIX).await;
    let task = world.task(issue).await;
    assert_eq!((stage(&task), task.attempts.len()), ("delivered", 3));
    let pull = task.pull.unwrap().number.0;
    world.alice.comments(pull, "/agent fix").await.unwrap();
    world.settles().await;
    assert_eq!(world.task(issue).await.attempts.len(), 3);
    insta::assert_snapshot!(world.transcript().await);
    world.ends().await;
}

#[tokio::test]
async fn a_task_is_handed_over_and_taken_back() {
    let world = World::begins().await;
    world.has_ci(green(), vec![red(LOG), green()]).await;
    let issue = world.first_attempt().await;
    let pull = world.task(issue).await.pull.unwrap();
    world
        .alice
        .comments(pull.number.0, "/agent handoff")
        .await
        .unwrap();
    world.settles().await;
    assert_eq!(stage(&world.task(issue).await), "paused");
    let branch = world.task(issue).await.id.branch();
    let mine = [("README.md", "Mine\n")];
    world.alice.pushes(&branch, &mine, "Mine").await.unwrap();
    world.settles().await;
    world
        .alice
        .comments(pull.number.0, "/agent fix Go on")
        .await
        .unwrap();
    world.settles().await;
    let runner = world.lucky_runner().await;
    assert_eq!(
        Some(&runner.brief.checkout.start),
        world.tip(&branch).as_ref()
    );
    runner.returns_change(&[FIX]).await;
    world.looks().await;
    insta::assert_snapshot!(world.transcript().await);
    world.ends().await;
}
