//! A bad day at GitHub: each write of the usual way fails once, before or after it happened (A1 to A12).

use castellan::yard::Fault;

use super::world::{FIX, World};

/// The writes from the label to the draft pull request.
pub(crate) const WRITES: [(&str, &str); 9] = [
    ("POST", "/app/installations/*/access_tokens"),
    ("POST", "/repos/*/*/issues/*/reactions"),
    ("POST", "/repos/*/*/issues/*/comments"),
    ("PATCH", "/repos/*/*/issues/comments/*"),
    ("POST", "/repos/*/*/actions/workflows/*/dispatches"),
    ("POST", "/repos/*/*/git/trees"),
    ("POST", "/repos/*/*/git/commits"),
    ("POST", "/graphql/UpdateRefs"),
    ("POST", "/repos/*/*/pulls"),
];
/// The reads on that way.
const READS: [(&str, &str); 3] = [
    ("POST", "/graphql/TaskInput"),
    ("GET", "/repos/*/*/collaborators/*/permission"),
    ("GET", "/repos/*/*"),
];

/// The usual way with one fault, and time for it to pass; what a person sees.
async fn told_with(method: &str, path: &str, fault: Option<Fault>) -> String {
    let world = World::begins().await;
    if let Some(fault) = fault {
        world.yard.fault(method, path, fault, 1);
    }
    world.labelled_issue().await;
    world.waits(60).await;
    world.waits(60).await;
    world.lucky_runner().await.returns_change(&[FIX]).await;
    world.waits(60).await;
    world.waits(60).await;
    let told = world.transcript().await;
    world.ends().await;
    told
}

async fn ends_the_same(calls: &[(&str, &str)], fault: Fault) {
    let usual = told_with("", "", None).await;
    for (method, path) in calls {
        let told = told_with(method, path, Some(fault.clone())).await;
        assert!(usual == told, "{method} {path} {fault:?}:\n{told}");
    }
}

#[tokio::test]
async fn a1_a_write_that_fails_is_done_later_and_once() {
    ends_the_same(&WRITES, Fault::Before(502)).await;
}

#[tokio::test]
async fn a2_a_write_that_only_seems_to_fail_is_not_done_twice() {
    ends_the_same(&WRITES, Fault::After(502)).await;
}

#[tokio::test]
async fn a2_a_line_that_breaks_before_or_after_a_write_changes_nothing() {
    ends_the_same(&WRITES[4..5], Fault::Dropped).await;
    ends_the_same(&WRITES[4..5], Fault::DroppedAfter).await;
    ends_the_same(&WRITES[7..], Fault::DroppedAfter).await;
}

#[tokio::test]
async fn a1_a_read_that_fails_is_done_again() {
    ends_the_same(&READS, Fault::Before(503)).await;
}

#[tokio::test]
async fn a7_a_token_that_ended_early_is_minted_once_more() {
    ends_the_same(&WRITES[6..], Fault::BadCredentials).await;
    ends_the_same(&READS[..2], Fault::BadCredentials).await;
}

#[tokio::test]
async fn a3_a_limit_pauses_the_whole_installation_and_nothing_is_hammered() {
    for status in [403, 429] {
        let world = World::begins().await;
        let fault = Fault::SecondaryLimit {
            status,
            retry_after_s: 120,
        };
        world.yard.fault("POST", WRITES[2].1, fault, 1);
        world.labelled_issue().await;
        world.yard.resets_calls();
        world.labelled_issue().await;
        world.waits(100).await;
        let writes = world.yard.call_list();
        let writes = writes.iter().filter(|call| call.kind == "content").count();
        assert_eq!(writes, 0, "the pause holds for all of the installation");
        world.waits(30).await;
        world.runner().await.returns_change(&[FIX]).await;
        world.runner().await.returns_change(&[FIX]).await;
        let told = world.transcript().await;
        assert_eq!(told.matches("is ready for you").count(), 2, "{told}");
        world.ends().await;
    }
}

#[tokio::test]
async fn a4_a_used_up_hour_is_slept_through() {
    let world = World::begins().await;
    let fault = Fault::PrimaryLimit { reset_in_s: 1800 };
    world.yard.fault("POST", WRITES[4].1, fault, 1);
    world.labelled_issue().await;
    world.yard.resets_calls();
    world.waits(1700).await;
    assert_eq!(world.yard.call_list().len(), 0);
    world.waits(200).await;
    world.runner().await.returns_change(&[FIX]).await;
    assert!(world.transcript().await.contains("is ready for you"));
    world.ends().await;
}

#[tokio::test]
async fn a5_a_permission_that_lacks_is_said_and_not_tried_for_ever() {
    for (method, path) in &WRITES[5..] {
        let world = World::begins().await;
        let issue = world.labelled_issue().await;
        world.yard.fault(method, path, Fault::NotAccessible, 1_000);
        world.runner().await.returns_change(&[FIX]).await;
        world.waits(3600).await;
        let task = world.task(issue).await;
        assert!(task.stage.is_closed(), "{path}: {:?}", task.stage);
        let told = world.transcript().await;
        assert!(told.contains("not accessible"), "{path}: {told}");
        world.ends().await;
    }
}

#[tokio::test]
async fn a5_a_branch_that_was_written_is_named_where_no_pull_request_can_be_opened() {
    let world = World::begins().await;
    let issue = world.labelled_issue().await;
    let pulls = "/repos/*/*/pulls";
    world.yard.fault("POST", pulls, Fault::NotAccessible, 1_000);
    world.runner().await.returns_change(&[FIX]).await;
    let task = world.task(issue).await;
    assert!(task.stage.is_closed(), "{:?}", task.stage);
    assert!(world.tip(&task.id.branch()).is_some());
    let told = world.transcript().await;
    assert!(told.contains(&task.id.branch()), "{told}");
    assert!(!told.contains("nothing was written"), "{told}");
    world.ends().await;
}

#[tokio::test]
async fn a5_a_description_that_cannot_be_edited_does_not_undo_the_commit() {
    let world = World::begins().await;
    let (pull, branch) = world.delivered().await;
    let edits = "/repos/*/*/pulls/*";
    world
        .yard
        .fault("PATCH", edits, Fault::NotAccessible, 1_000);
    world.alice.comments(pull, "/agent fix").await.unwrap();
    world.settles().await;
    let better = ("add.sh", "echo $((${1} + ${2}))\n");
    world.runner().await.returns_change(&[better]).await;
    let task = world.newest().await;
    assert_eq!(task.stage.name(), "delivered", "{:?}", task.attempts);
    assert_eq!(task.pull.map(|pull| pull.head), world.tip(&branch));
    world.sweeps().await;
    let told = world.transcript().await;
    assert!(!told.contains("took the branch over"), "{told}");
    world.ends().await;
}

#[tokio::test]
async fn a9_a_rule_of_the_repository_is_quoted() {
    let world = World::begins().await;
    world.labelled_issue().await;
    let rule = Fault::Ruleset("Files over 1 MB are not allowed".to_owned());
    world.yard.fault("POST", "/repos/*/*/git/trees", rule, 1);
    world.runner().await.returns_change(&[FIX]).await;
    insta::assert_snapshot!(world.transcript().await);
    world.ends().await;
}

/// An empty file is one that goes as a blob, which text does not.
#[tokio::test]
async fn a1_a2_a_blob_that_fails_or_seems_to_is_written_again() {
    let blobs = "/repos/*/*/git/blobs";
    for fault in [Fault::Before(502), Fault::After(502)] {
        let world = World::begins().await;
        let issue = world.labelled_issue().await;
        world.yard.fault("POST", blobs, fault, 1);
        world.yard.resets_calls();
        let runner = world.runner().await;
        runner.returns_change(&[("add.sh", "")]).await;
        world.waits(60).await;
        assert_eq!(world.task(issue).await.stage.name(), "delivered");
        let calls = world.yard.call_list();
        let calls = calls
            .iter()
            .filter(|call| call.path.ends_with("/git/blobs"));
        assert_eq!(calls.count(), 2);
        world.ends().await;
    }
}

#[tokio::test]
async fn a10_a_list_that_lacks_our_repository_does_not_take_it_away() {
    let world = World::begins().await;
    let issue = world.labelled_issue().await;
    world
        .yard
        .fault("GET", "/installation/repositories", Fault::Partial, 10);
    world
        .yard
        .fault("GET", "/app/installations", Fault::Partial, 10);
    world.runner().await.returns_change(&[FIX]).await;
    world.sweeps().await;
    assert_eq!(world.task(issue).await.stage.name(), "delivered");
    world.ends().await;
}

#[tokio::test]
async fn a12_a_pull_request_that_is_not_visible_yet_is_not_opened_twice() {
    let world = World::begins().await;
    let issue = world.labelled_issue().await;
    world
        .yard
        .fault("POST", "/repos/*/*/pulls", Fault::After(502), 1);
    world.yard.fault("GET", "/repos/*/*/pulls", Fault::Stale, 1);
    world.runner().await.returns_change(&[FIX]).await;
    for _ in 0..3 {
        world.waits(60).await;
    }
    let task = world.task(issue).await;
    assert_eq!(task.stage.name(), "delivered", "{:?}", task.attempts);
    world.ends().await;
}

#[tokio::test]
async fn k16_a_status_that_was_deleted_is_said_again_once() {
    let world = World::begins().await;
    let issue = world.labelled_issue().await;
    let task = world.task(issue).await.id;
    let stored = world.engine.store.task(&task).await.unwrap().unwrap();
    let comment = stored.status_comment.unwrap().0;
    world.alice.deletes_comment(comment).await.unwrap();
    world.yard.fault("POST", WRITES[2].1, Fault::After(502), 1);
    let runner = world.runner().await;
    world.waits(60).await;
    runner.returns_change(&[FIX]).await;
    let told = world.transcript().await;
    let statuses = told.matches("is ready for you").count();
    assert_eq!(statuses, 1, "{told}");
    assert!(!told.contains("The agent is working"), "{told}");
    world.ends().await;
}

#[tokio::test]
async fn a5_a_reaction_that_is_not_allowed_is_left_out() {
    let world = World::begins().await;
    world
        .yard
        .fault("POST", WRITES[1].1, Fault::NotAccessible, 1);
    world.labelled_issue().await;
    world.runner().await.returns_change(&[FIX]).await;
    world.ends().await;
}

#[tokio::test]
async fn a12_an_issue_that_is_read_as_it_was_before_its_label_is_found_by_the_sweep() {
    let world = World::begins().await;
    let issue = world.issue().await;
    world.alice.labels(issue, "agent").await.unwrap();
    world.alice.unlabels(issue, "agent").await.unwrap();
    world.settles().await;
    let asked = |path: &str| {
        let calls = world.yard.call_list();
        calls.iter().filter(|call| call.path == path).count()
    };
    let question = "/graphql/TaskInput";
    let before = asked(question);
    assert!(before > 0, "the issue was read without its label");
    world.yard.fault("POST", question, Fault::Stale, 1);
    world.alice.labels(issue, "agent").await.unwrap();
    world.settles().await;
    assert!(asked(question) > before, "it was read again");
    assert_eq!(world.tasks().await, 0, "GitHub says that there is no label");
    world.sweeps().await;
    assert_eq!(world.tasks().await, 1);
    world.runner().await.returns_change(&[FIX]).await;
    assert_eq!(world.task(issue).await.stage.name(), "delivered");
    world.ends().await;
}

#[tokio::test]
async fn a12_a_comment_that_is_not_visible_yet_is_at_worst_said_twice() {
    let world = World::begins().await;
    world.yard.fault("POST", WRITES[2].1, Fault::After(502), 1);
    world
        .yard
        .fault("GET", "/repos/*/*/issues/*/comments", Fault::Stale, 1);
    world.labelled_issue().await;
    world.waits(60).await;
    world.runner().await.returns_change(&[FIX]).await;
    let told = world.transcript().await;
    assert!(
        told.matches("castellan[bot] commented").count() <= 2,
        "{told}"
    );
    world.ends().await;
}

#[tokio::test]
async fn a6_a_404_that_passes_does_not_end_a_task() {
    let world = World::begins().await;
    let issue = world.labelled_issue().await;
    let path = "/repos/*/*/collaborators/*/permission";
    world.yard.fault("GET", path, Fault::NotFound, 1);
    world.runner().await.returns_change(&[FIX]).await;
    world.waits(60).await;
    let task = world.task(issue).await;
    assert_eq!(task.stage.name(), "delivered", "{:?}", task.attempts);
    world.ends().await;
}
