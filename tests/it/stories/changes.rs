//! What becomes of a returned change that cannot be written as it is.

use castellan::yard::Permission;

use super::world::{FIX, World};

async fn refused(files: &[(&str, &str)]) -> String {
    let world = World::begins().await;
    let issue = world.labelled_issue().await;
    world.runner().await.returns_change(files).await;
    let task = world.task(issue).await;
    assert!(task.stage.is_closed() && task.pull.is_none());
    assert_eq!(world.tip(&task.id.branch()), None);
    let told = world.transcript().await;
    world.ends().await;
    told
}

#[tokio::test]
async fn x55_a_change_of_a_workflow_is_refused_whole() {
    let workflow = (".github/workflows/ci.yml", "on: push\njobs: {}\n");
    insta::assert_snapshot!(refused(&[FIX, workflow]).await);
}

#[tokio::test]
async fn x51_a_path_in_gits_own_folder_is_refused_whole() {
    insta::assert_snapshot!(refused(&[FIX, (".git/hooks/post-checkout", "sh\n")]).await);
}

#[tokio::test]
async fn a_change_out_of_scope_is_refused_with_the_file_named() {
    insta::assert_snapshot!(refused(&[FIX, ("README.md", "Adds.\n")]).await);
}

#[tokio::test]
async fn h21_a_requester_who_lost_access_gets_nothing_written() {
    let world = World::begins().await;
    let issue = world.labelled_issue().await;
    let runner = world.runner().await;
    world.person("alice", Permission::Read).await;
    runner.returns_change(&[FIX]).await;
    assert_eq!(world.tip(&world.task(issue).await.id.branch()), None);
    insta::assert_snapshot!(world.transcript().await);
    world.ends().await;
}

#[tokio::test]
async fn h21_it_is_whoever_asked_for_the_attempt_who_has_to_have_access() {
    let world = World::begins().await;
    let (pull, branch) = world.delivered().await;
    let bob = world.person("bob", Permission::Write).await;
    let carol = world.person("carol", Permission::Write).await;
    world.person("alice", Permission::Read).await;
    carol.comments(pull, "/agent fix").await.unwrap();
    world.settles().await;
    let runner = world.runner().await;
    world.person("carol", Permission::Read).await;
    let before = world.tip(&branch);
    runner.returns_change(&[("add.sh", "echo 5\n")]).await;
    assert_eq!(world.tip(&branch), before);
    bob.comments(pull, "/agent fix").await.unwrap();
    world.settles().await;
    let better = ("add.sh", "# Adds.\necho $(($1 + $2))\n");
    world.runner().await.returns_change(&[better]).await;
    assert_ne!(world.tip(&branch), before);
    insta::assert_snapshot!(world.transcript().await);
    world.ends().await;
}

#[tokio::test]
async fn h26_a_change_beside_new_workflows_is_laid_upon_the_tip() {
    let world = World::begins().await;
    let issue = world.labelled_issue().await;
    let runner = world.runner().await;
    let ci = [(".github/workflows/ci.yml", "on: push\njobs: {}\n")];
    let tip = world.alice.pushes("main", &ci, "CI").await.unwrap();
    world.settles().await;
    runner.returns_change(&[FIX]).await;
    let branch = world.task(issue).await.id.branch();
    let commits = world.yard.commits_of(super::world::SAMPLE, &branch).await;
    assert_eq!(commits.unwrap().len(), 1, "on top of {tip}");
    insta::assert_snapshot!(world.transcript().await);
    world.ends().await;
}

#[tokio::test]
async fn h26_a_change_that_conflicts_beside_new_workflows_goes_again() {
    let world = World::begins().await;
    let issue = world.labelled_issue().await;
    let runner = world.runner().await;
    let both = [
        (".github/workflows/ci.yml", "on: push\njobs: {}\n"),
        ("add.sh", "# Adds.\necho $(($1 - $2))\n"),
    ];
    let tip = world.alice.pushes("main", &both, "CI").await.unwrap();
    world.settles().await;
    runner.returns_change(&[FIX]).await;
    let again = world.runner().await;
    assert_eq!(again.brief.checkout.start, tip);
    again.returns_change(&[FIX]).await;
    assert_eq!(world.task(issue).await.attempts.len(), 2);
    insta::assert_snapshot!(world.transcript().await);
    world.ends().await;
}

#[tokio::test]
async fn h5_a_base_that_moved_elsewhere_changes_nothing() {
    let world = World::begins().await;
    let issue = world.labelled_issue().await;
    let runner = world.runner().await;
    let start = runner.brief.checkout.start.clone();
    let other = [("README.md", "Adds two numbers, always.\n")];
    world.alice.pushes("main", &other, "Words").await.unwrap();
    world.settles().await;
    runner.returns_change(&[FIX]).await;
    let task = world.task(issue).await;
    assert_eq!(task.attempts[0].start, start);
    assert!(task.pull.is_some());
    world.ends().await;
}

#[tokio::test]
async fn x60_a_change_against_another_commit_is_refused() {
    let world = World::begins().await;
    let issue = world.labelled_issue().await;
    let runner = world.runner().await;
    let mut returned = runner.result(&[(FIX.0, Some(FIX.1))]).await;
    returned.start = "0123456789012345678901234567890123456789".parse().unwrap();
    assert_eq!(runner.returns_raw(&returned).await.0, 200);
    world.settles().await;
    assert!(world.task(issue).await.pull.is_none());
    insta::assert_snapshot!(world.transcript().await);
    world.ends().await;
}

#[tokio::test]
async fn x60_a_base_that_was_forced_away_is_refused() {
    let world = World::begins().await;
    let first = world.tip("main").unwrap();
    let words = [("README.md", "Adds.\n")];
    world.alice.pushes("main", &words, "Words").await.unwrap();
    let issue = world.labelled_issue().await;
    let runner = world.runner().await;
    world.alice.force_pushes_back("main", &first).await.unwrap();
    world.settles().await;
    runner.returns_change(&[FIX]).await;
    assert!(world.task(issue).await.pull.is_none());
    insta::assert_snapshot!(world.transcript().await);
    world.ends().await;
}
