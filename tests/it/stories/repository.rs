//! The issue, the repository and the installation change under a task.

use castellan::domain::task::stage::{Outcome as End, Stage};
use castellan::yard::Permission;

use super::world::{FIX, World};

#[tokio::test]
async fn h11_a_renamed_repository_gets_its_pull_request() {
    let mut world = World::begins().await;
    world.labelled_issue().await;
    let root = world.person("root", Permission::Admin).await;
    let runner = world.runner().await;
    root.renames("example").await.unwrap();
    world.settles().await;
    runner.returns_change(&[FIX]).await;
    world.restarts().await;
    world.sweeps().await;
    insta::assert_snapshot!(world.transcript().await);
    world.ends().await;
}

#[tokio::test]
async fn h11_a_rename_that_nobody_told_us_of_is_found_by_the_call() {
    let world = World::begins().await;
    world.labelled_issue().await;
    let root = world.person("root", Permission::Admin).await;
    let runner = world.runner().await;
    world.yard.swallows_deliveries("repository.renamed", 1);
    root.renames("example").await.unwrap();
    runner.returns_change(&[FIX]).await;
    assert!(world.transcript().await.contains("Draft pull request #2"));
    world.ends().await;
}

#[tokio::test]
async fn h12_a_transferred_repository_stops_its_task() {
    let world = World::begins().await;
    let issue = world.labelled_issue().await;
    let root = world.person("root", Permission::Admin).await;
    let runner = world.runner().await;
    root.transfers("someone-else").await.unwrap();
    world.settles().await;
    let ended = world.task(issue).await.stage;
    assert_eq!(
        ended,
        Stage::Closed {
            outcome: End::AccessLost
        }
    );
    let returned = runner.result(&[(FIX.0, Some(FIX.1))]).await;
    assert_eq!(runner.returns_raw(&returned).await.0, 410);
    world.sweeps().await;
    world.ends().await;
}

#[tokio::test]
async fn h16_an_app_that_was_uninstalled_tries_nothing_more() {
    let world = World::begins().await;
    let issue = world.labelled_issue().await;
    let root = world.person("root", Permission::Admin).await;
    let runner = world.runner().await;
    root.uninstalls_app().await.unwrap();
    world.settles().await;
    world.yard.resets_calls();
    let returned = runner.result(&[(FIX.0, Some(FIX.1))]).await;
    assert_eq!(runner.returns_raw(&returned).await.0, 410);
    world.waits(3600).await;
    assert_eq!(world.yard.call_list().len(), 0);
    let ended = world.task(issue).await.stage;
    assert_eq!(
        ended,
        Stage::Closed {
            outcome: End::AccessLost
        }
    );
    world.sweeps().await;
    // Nobody may be told on GitHub any more: the comment says what it said last.
    insta::assert_snapshot!(world.transcript().await);
    world.ends().await;
}

#[tokio::test]
async fn h16_an_uninstall_with_a_change_on_its_way_leaves_nothing_waiting() {
    let world = World::begins().await;
    let issue = world.labelled_issue().await;
    let root = world.person("root", Permission::Admin).await;
    let runner = world.runner().await;
    let returned = runner.result(&[(FIX.0, Some(FIX.1))]).await;
    assert_eq!(runner.returns_raw(&returned).await.0, 200);
    root.uninstalls_app().await.unwrap();
    world.settles().await;
    let ended = world.task(issue).await.stage;
    assert_eq!(
        ended,
        Stage::Closed {
            outcome: End::AccessLost
        }
    );
    world.sweeps().await;
    world.ends().await;
}

#[tokio::test]
async fn h16_an_uninstall_that_nobody_told_us_of_is_found_by_the_sweep() {
    let world = World::begins().await;
    let issue = world.labelled_issue().await;
    let root = world.person("root", Permission::Admin).await;
    world.runner().await;
    world.yard.swallows_deliveries("installation.deleted", 1);
    root.uninstalls_app().await.unwrap();
    world.sweeps().await;
    let ended = world.task(issue).await.stage;
    assert_eq!(
        ended,
        Stage::Closed {
            outcome: End::AccessLost
        }
    );
    world.ends().await;
}

#[tokio::test]
async fn h16_a_repository_taken_from_the_installation_ends_its_task() {
    let world = World::begins().await;
    let issue = world.labelled_issue().await;
    let root = world.person("root", Permission::Admin).await;
    let runner = world.runner().await;
    root.removes_app().await.unwrap();
    world.settles().await;
    let ended = world.task(issue).await.stage;
    assert_eq!(
        ended,
        Stage::Closed {
            outcome: End::AccessLost
        }
    );
    let returned = runner.result(&[(FIX.0, Some(FIX.1))]).await;
    assert_eq!(runner.returns_raw(&returned).await.0, 410);
    world.sweeps().await;
    world.ends().await;
}

#[tokio::test]
async fn h16_an_uninstall_that_nobody_told_us_of_leaves_nothing_parked() {
    let world = World::begins().await;
    let issue = world.labelled_issue().await;
    let root = world.person("root", Permission::Admin).await;
    let runner = world.runner().await;
    world.yard.swallows_deliveries("installation.deleted", 1);
    root.uninstalls_app().await.unwrap();
    world.waits(3_600).await;
    runner.held.ends("failure").await.unwrap();
    world.settles().await;
    world.sweeps().await;
    let ended = world.task(issue).await.stage;
    assert!(matches!(ended, Stage::Closed { .. }), "{ended:?}");
    world.ends().await;
}

#[tokio::test]
async fn h16_a_repository_taken_away_while_all_is_paused_leaves_nothing_waiting() {
    let world = World::begins().await;
    let issue = world.labelled_issue().await;
    let root = world.person("root", Permission::Admin).await;
    let runner = world.runner().await;
    let limit = castellan::yard::Fault::PrimaryLimit { reset_in_s: 100 };
    world.yard.fault("PATCH", "/repos/**", limit, 1);
    runner.returns_nothing().await;
    world.alice.comments(issue, "/agent status").await.unwrap();
    world.settles().await;
    root.removes_app().await.unwrap();
    world.settles().await;
    world.waits(200).await;
    world.ends().await;
}

#[tokio::test]
async fn h17_a_suspension_that_nobody_told_us_of_is_waited_out() {
    let world = World::begins().await;
    world.labelled_issue().await;
    let root = world.person("root", Permission::Admin).await;
    let runner = world.runner().await;
    world.yard.swallows_deliveries("installation", 2);
    root.suspends(true).await.unwrap();
    runner.returns_change(&[FIX]).await;
    world.waits(7_200).await;
    root.suspends(false).await.unwrap();
    world.waits(3_700).await;
    assert!(world.transcript().await.contains("is ready for you"));
    world.ends().await;
}

#[tokio::test]
async fn h17_a_suspended_installation_is_silent_and_goes_on_when_it_is_back() {
    let world = World::begins().await;
    world.labelled_issue().await;
    let root = world.person("root", Permission::Admin).await;
    let runner = world.runner().await;
    root.suspends(true).await.unwrap();
    world.settles().await;
    world.yard.resets_calls();
    let returned = runner.result(&[(FIX.0, Some(FIX.1))]).await;
    assert_eq!(runner.returns_raw(&returned).await.0, 200);
    world.waits(600).await;
    assert_eq!(world.yard.call_list().len(), 0);
    root.suspends(false).await.unwrap();
    world.settles().await;
    insta::assert_snapshot!(world.transcript().await);
    world.ends().await;
}

#[tokio::test]
async fn h14_an_archived_repository_ends_its_task() {
    let world = World::begins().await;
    let issue = world.labelled_issue().await;
    let root = world.person("root", Permission::Admin).await;
    world.runner().await;
    root.archives().await.unwrap();
    world.settles().await;
    let ended = world.task(issue).await.stage;
    assert_eq!(
        ended,
        Stage::Closed {
            outcome: End::AccessLost
        }
    );
    world.ends().await;
}

#[tokio::test]
async fn h13_a_repository_made_public_ends_its_task() {
    let world = World::begins().await;
    let root = world.person("root", Permission::Admin).await;
    root.makes_private(true).await.unwrap();
    let issue = world.labelled_issue().await;
    root.makes_private(false).await.unwrap();
    world.settles().await;
    let ended = world.task(issue).await.stage;
    assert_eq!(
        ended,
        Stage::Closed {
            outcome: End::AccessLost
        }
    );
    world.ends().await;
}

#[tokio::test]
async fn h10_a_closed_issue_stops_its_task() {
    let world = World::begins().await;
    let issue = world.labelled_issue().await;
    let runner = world.runner().await;
    world.alice.closes(issue).await.unwrap();
    world.settles().await;
    assert!(runner.held.is_cancelled());
    insta::assert_snapshot!(world.transcript().await);
    world.ends().await;
}

#[tokio::test]
async fn h10_a_deleted_issue_stops_its_task_and_nobody_is_told() {
    let world = World::begins().await;
    let issue = world.labelled_issue().await;
    let runner = world.runner().await;
    world.alice.deletes_issue(issue).await.unwrap();
    world.settles().await;
    assert!(runner.held.is_cancelled());
    let ended = world.task(issue).await.stage;
    assert_eq!(
        ended,
        Stage::Closed {
            outcome: End::Stopped
        }
    );
    world.ends().await;
}

#[tokio::test]
async fn h20_a_label_taken_off_stops_the_task() {
    let world = World::begins().await;
    let issue = world.labelled_issue().await;
    let runner = world.runner().await;
    world.alice.unlabels(issue, "agent").await.unwrap();
    world.settles().await;
    assert!(runner.held.is_cancelled());
    insta::assert_snapshot!(world.transcript().await);
    world.ends().await;
}

#[tokio::test]
async fn h20_a_label_taken_off_by_somebody_without_write_access_stops_nothing() {
    let world = World::begins().await;
    let issue = world.labelled_issue().await;
    let runner = world.runner().await;
    let tom = world.person("tom", Permission::Triage).await;
    tom.unlabels(issue, "agent").await.unwrap();
    world.settles().await;
    runner.returns_change(&[FIX]).await;
    assert!(world.transcript().await.contains("Draft pull request #2"));
    world.ends().await;
}

#[tokio::test]
async fn h9_a_merged_pull_request_ends_its_task() {
    let world = World::begins().await;
    let (pull, _) = world.delivered().await;
    world.alice.readies(pull).await.unwrap();
    world.alice.merges(pull).await.unwrap();
    world.settles().await;
    insta::assert_snapshot!(world.transcript().await);
    world.ends().await;
}

#[tokio::test]
async fn h9_a_pull_request_closed_while_the_agent_works_gets_no_more_pushes() {
    let world = World::begins().await;
    let (pull, branch) = world.delivered().await;
    world.alice.comments(pull, "/agent fix").await.unwrap();
    world.settles().await;
    let runner = world.runner().await;
    let before = world.tip(&branch);
    world.yard.holds_deliveries();
    world.alice.closes(pull).await.unwrap();
    runner.returns_change(&[("add.sh", "echo 5\n")]).await;
    world
        .yard
        .delivers_held(&castellan::yard::Order::AsHappened);
    world.settles().await;
    assert_eq!(world.tip(&branch), before);
    insta::assert_snapshot!(world.transcript().await);
    world.ends().await;
}
