//! What becomes of a change that weakens tests or checks (X61).

use castellan::domain::ci::weakened::Kind;

use super::world::{FIX, World};

const SHOW: (&str, &str) = (
    ".github/castellan.yml",
    "acceptance:\n  - sh test.sh\nweakened_tests: show\n",
);

/// alice asks in these words, and all that follows from that is done.
async fn asked(world: &World, body: &str) -> i64 {
    let issue = world.alice.opens_issue("Adding subtracts", body).await;
    let issue = issue.unwrap();
    world.settles().await;
    world.alice.labels(issue, "agent").await.unwrap();
    world.settles().await;
    issue
}

/// The fix, and a test that is gone.
async fn returns_without_test(world: &World) {
    let runner = world.runner().await;
    let returned = runner
        .result(&[(FIX.0, Some(FIX.1)), ("test.sh", None)])
        .await;
    runner.returns(&returned).await;
}

#[tokio::test]
async fn x61_a_deleted_test_is_refused_and_the_sentence_says_which() {
    let world = World::begins().await;
    let issue = asked(&world, "`add.sh` subtracts.").await;
    returns_without_test(&world).await;
    // The agent goes again, and is told why.
    let runner = world.runner().await;
    let prompt = &runner.brief.prompt;
    assert!(prompt.contains("a test was deleted"), "{prompt}");
    runner.returns_nothing().await;
    let task = world.task(issue).await;
    assert!(task.pull.is_none());
    assert_eq!(world.tip(&task.id.branch()), None);
    let told = world.transcript().await;
    assert!(told.contains("a test was deleted"), "{told}");
    insta::assert_snapshot!(told);
    world.ends().await;
}

#[tokio::test]
async fn x61_a_loosened_test_is_refused_with_its_line() {
    let world = World::begins().await;
    let issue = asked(&world, "`add.sh` subtracts.").await;
    let loosened = ("test.sh", "# Adds.\ntest \"$(sh add.sh 2 3)\" != 7\n");
    for _ in 0..3 {
        world.runner().await.returns_change(&[loosened]).await;
        assert!(world.task(issue).await.pull.is_none());
    }
    assert_eq!(world.task(issue).await.stage.name(), "closed");
    let told = world.transcript().await;
    assert!(told.contains("test.sh:2"), "{told}");
    world.ends().await;
}

#[tokio::test]
async fn x61_where_the_policy_says_so_it_is_shown_and_kept() {
    let world = World::begins().await;
    world.alice.pushes("main", &[SHOW], "Show").await.unwrap();
    world.settles().await;
    let issue = asked(&world, "`add.sh` subtracts.").await;
    returns_without_test(&world).await;
    let pull = world.task(issue).await.pull.expect("a pull request");
    let kept: Vec<(Kind, &str)> = pull
        .written
        .weakened
        .iter()
        .map(|one| (one.kind, one.path.as_str()))
        .collect();
    assert_eq!(kept, [(Kind::TestDeleted, "test.sh")]);
    insta::assert_snapshot!(world.transcript().await);
    world.ends().await;
}

#[tokio::test]
async fn x61_what_the_issue_names_in_its_scope_is_shown_and_not_refused() {
    let world = World::begins().await;
    let body = "The test is wrong.\n\n### Files in scope\n\n- add.sh\n- test.sh\n";
    let issue = asked(&world, body).await;
    returns_without_test(&world).await;
    let pull = world.task(issue).await.pull.expect("a pull request");
    assert_eq!(
        pull.written.weakened.len(),
        1,
        "{:?}",
        pull.written.weakened
    );
    let told = world.transcript().await;
    assert!(
        told.contains("Tests and checks that this weakens"),
        "{told}"
    );
    world.ends().await;
}

#[tokio::test]
async fn x61_what_a_person_weakened_on_the_branch_is_shown_and_not_the_agent_s_to_mend() {
    let world = World::begins().await;
    let (pull, branch) = world.delivered().await;
    let loosened = [("test.sh", "test -n \"$(sh add.sh 2 3)\"\n")];
    world
        .alice
        .pushes(&branch, &loosened, "Looser")
        .await
        .unwrap();
    world.settles().await;
    world.alice.comments(pull, "/agent fix").await.unwrap();
    world.settles().await;
    let better = ("add.sh", "# Adds.\necho $(($1 + $2))\n");
    world.runner().await.returns_change(&[better]).await;
    let tasks = world.engine.store.newest_tasks(9).await.unwrap();
    let kept = tasks[0].task.pull.as_ref().expect("a pull request");
    let kinds: Vec<Kind> = kept.written.weakened.iter().map(|one| one.kind).collect();
    assert_eq!(kinds, [Kind::TestLoosened]);
    let told = world.transcript().await;
    assert!(
        told.contains("Tests and checks that this weakens"),
        "{told}"
    );
    world.ends().await;
}

#[tokio::test]
async fn x61_a_change_that_weakens_nothing_says_nothing() {
    let world = World::begins().await;
    let issue = world.labelled_issue().await;
    world.runner().await.returns_change(&[FIX]).await;
    let pull = world.task(issue).await.pull.expect("a pull request");
    assert_eq!(pull.written.weakened, []);
    assert!(!world.transcript().await.contains("weakens"));
    world.ends().await;
}

/// The base that is taken in is no reason to forget what the branch did before.
#[tokio::test]
async fn x61_what_was_weakened_before_the_base_was_taken_in_is_still_shown() {
    let world = World::begins().await;
    world.alice.pushes("main", &[SHOW], "Show").await.unwrap();
    world.settles().await;
    let issue = asked(&world, "`add.sh` subtracts.").await;
    returns_without_test(&world).await;
    let theirs = [(FIX.0, "echo \"$(($1 - $2))\"\n")];
    world.alice.pushes("main", &theirs, "Quote").await.unwrap();
    world.settles().await;
    let runner = world.runner().await;
    assert!(runner.brief.checkout.merge.is_some());
    let both = (FIX.0, "echo \"$(($1 + $2))\"\n");
    runner.returns_change(&[both]).await;
    let pull = world.task(issue).await.pull.expect("a pull request");
    assert!(pull.written.merged.is_some());
    let kept: Vec<&str> = pull
        .written
        .weakened
        .iter()
        .map(|one| one.path.as_str())
        .collect();
    assert_eq!(kept, ["test.sh"]);
    world.ends().await;
}
