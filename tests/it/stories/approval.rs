//! CI with secrets (X62): a commit waits on no branch until somebody with write access says
//! `/agent ci`.

use castellan::domain::ids::Oid;
use castellan::yard::{Fault, Permission};

use super::ci::scene::{LOG, WRONG, green, red, stage};
use super::world::{DAY_S, FIX, World};

/// A policy that asks for approval before CI runs.
pub(crate) const POLICY: &str =
    "ci: after_approval\nacceptance:\n  - sh test.sh\nbudget:\n  attempts: 3\n  minutes: 10\n";

impl World {
    /// The repository asks for approval before CI runs.
    pub(crate) async fn asks_for_approval(&self) {
        let policy = (".github/castellan.yml", POLICY);
        let pushed = self.alice.pushes("main", &[policy], "Ask first").await;
        pushed.unwrap();
        self.settles().await;
    }

    /// The same, and the first change waits; the number of its issue.
    async fn staged(&self) -> i64 {
        self.asks_for_approval().await;
        let issue = self.labelled_issue().await;
        self.runner().await.returns_change(&[FIX]).await;
        assert_eq!(stage(&self.task(issue).await), "staged");
        issue
    }

    /// What lies under the ref of commits that wait.
    async fn waiting(&self, issue: i64) -> Option<Oid> {
        let name = self.held_ref(issue).await;
        let refs = self.yard.refs(&self.repo.full_name(), &name);
        refs.get(&name).map(|oid| oid.parse().unwrap())
    }

    async fn held_ref(&self, issue: i64) -> String {
        format!("refs/{}", self.task(issue).await.id.staged_ref())
    }

    /// Nothing of ours is where CI runs it.
    async fn is_untouched(&self, issue: i64) {
        let name = self.repo.full_name();
        let branch = self.task(issue).await.id.branch();
        assert_eq!(self.tip(&branch), None, "no branch");
        assert_eq!(self.yard.open_pulls(&name), [], "no pull request");
        if let Some(head) = self.waiting(issue).await {
            assert_eq!(self.repo.ci_jobs(head.as_str()).await.unwrap(), []);
        }
    }

    async fn says(&self, number: i64, words: &str) {
        self.alice.comments(number, words).await.unwrap();
        self.settles().await;
    }
}

#[tokio::test]
async fn x62_nothing_reaches_a_branch_unapproved() {
    let world = World::begins().await;
    world.has_ci(green(), vec![green()]).await;
    let issue = world.staged().await;
    world.waits(3_600).await;
    world.sweeps().await;
    assert!(world.waiting(issue).await.is_some());
    world.is_untouched(issue).await;
    world.ends().await;
}

#[tokio::test]
async fn x62_a_change_waits_is_approved_and_ci_runs_once() {
    let world = World::begins().await;
    world.has_ci(green(), vec![green()]).await;
    let issue = world.staged().await;
    insta::assert_snapshot!("waiting", world.transcript().await);
    let waiting = world.waiting(issue).await.unwrap();
    world.says(issue, "/agent ci").await;
    world.looks().await;
    let task = world.task(issue).await;
    assert_eq!(stage(&task), "delivered");
    let head = task.pull.as_ref().unwrap().head.clone();
    assert_eq!(head, waiting, "the very commit that was looked at");
    assert_eq!(world.waiting(issue).await, None, "its ref is gone");
    let jobs = world.repo.ci_jobs(head.as_str()).await.unwrap();
    assert_eq!(jobs.len(), 1, "{jobs:?}");
    let approvers: Vec<&str> = task.approvers().map(|by| by.login.as_str()).collect();
    assert_eq!(approvers, ["alice"]);
    insta::assert_snapshot!("approved", world.transcript().await);
    // Once more says nothing new.
    world.says(issue, "/agent ci").await;
    assert_eq!(stage(&world.task(issue).await), "delivered");
    world.ends().await;
}

#[tokio::test]
async fn x62_two_attempts_need_two_approvals() {
    let world = World::begins().await;
    world
        .has_ci(green(), vec![red(LOG), red(LOG), green()])
        .await;
    world.asks_for_approval().await;
    let issue = world.labelled_issue().await;
    world.runner().await.returns_change(&[WRONG]).await;
    world.says(issue, "/agent ci").await;
    for _ in 0..4 {
        world.looks().await;
    }
    assert_eq!(world.waits_for_runner(issue).await, Some(2), "CI failed");
    let first = world.task(issue).await.pull.unwrap().head;
    world.runner().await.returns_change(&[FIX]).await;
    world.waits(3_600).await;
    let task = world.task(issue).await;
    assert_eq!(stage(&task), "staged", "the correction waits again");
    assert_eq!(world.tip(&task.id.branch()), Some(first));
    let second = world.waiting(issue).await.unwrap();
    assert_eq!(world.repo.ci_jobs(second.as_str()).await.unwrap(), []);
    let bob = world.person("bob", Permission::Write).await;
    let pull = task.pull.unwrap().number.0;
    bob.comments(pull, "/agent ci").await.unwrap();
    world.settles().await;
    world.looks().await;
    let task = world.task(issue).await;
    assert_eq!(world.tip(&task.id.branch()), Some(second));
    let approvers: Vec<&str> = task.approvers().map(|by| by.login.as_str()).collect();
    assert_eq!(approvers, ["alice", "bob"]);
    world.ends().await;
}

#[tokio::test]
async fn x62_who_may_not_write_approves_nothing() {
    let world = World::begins().await;
    let issue = world.staged().await;
    let eve = world.person("eve", Permission::Triage).await;
    eve.comments(issue, "/agent ci").await.unwrap();
    world.settles().await;
    assert_eq!(stage(&world.task(issue).await), "staged");
    world.is_untouched(issue).await;
    assert!(
        world
            .transcript()
            .await
            .contains("only people with write access")
    );
    world.ends().await;
}

#[tokio::test]
async fn x62_an_approval_from_before_the_commit_is_not_for_it() {
    let world = World::begins().await;
    let issue = world.staged().await;
    let first = world.waiting(issue).await.unwrap();
    // Heard of only when another attempt's commit waits.
    world.yard.swallows_deliveries("issue_comment", 1);
    world.says(issue, "/agent ci").await;
    world.says(issue, "/agent fix more").await;
    assert_eq!(world.waiting(issue).await, None, "the commit is dropped");
    world.runner().await.returns_change(&[WRONG]).await;
    let second = world.waiting(issue).await.unwrap();
    assert_ne!(first, second);
    world.sweeps().await;
    assert_eq!(stage(&world.task(issue).await), "staged");
    world.is_untouched(issue).await;
    assert!(
        world
            .transcript()
            .await
            .contains("another commit waits now")
    );
    world.ends().await;
}

#[tokio::test]
async fn x62_a_ref_that_somebody_moved_is_not_let_on() {
    for deleted in [false, true] {
        let world = World::begins().await;
        let issue = world.staged().await;
        let name = world.held_ref(issue).await;
        let evil = world.alice.pushes("evil", &[WRONG], "Mine").await.unwrap();
        let to = (!deleted).then_some(&evil);
        world.alice.moves_ref(&name, to).await.unwrap();
        world.says(issue, "/agent ci").await;
        let task = world.task(issue).await;
        assert_eq!(stage(&task), "closed");
        assert_eq!(world.tip(&task.id.branch()), None);
        assert_eq!(world.waiting(issue).await.as_ref(), to, "theirs stays");
        assert!(
            world
                .transcript()
                .await
                .contains("moved or deleted by somebody else")
        );
        world.ends().await;
    }
}

#[tokio::test]
async fn x62_h1_a_branch_that_somebody_made_stays_theirs() {
    let world = World::begins().await;
    let issue = world.staged().await;
    let branch = world.task(issue).await.id.branch();
    let theirs = world.alice.pushes(&branch, &[WRONG], "Mine").await.unwrap();
    world.says(issue, "/agent ci").await;
    assert_eq!(world.tip(&branch), Some(theirs));
    assert_eq!(stage(&world.task(issue).await), "closed");
    assert_eq!(world.waiting(issue).await, None);
    world.ends().await;
}

#[tokio::test]
async fn x62_h2_a_branch_that_was_forced_back_unheard_gets_no_approved_commit() {
    let world = World::begins().await;
    let issue = world.staged().await;
    world.says(issue, "/agent ci").await;
    let task = world.task(issue).await;
    let (pull, branch) = (task.pull.unwrap().number.0, task.id.branch());
    world.says(pull, "/agent fix more").await;
    world.runner().await.returns_change(&[WRONG]).await;
    assert_eq!(stage(&world.task(issue).await), "staged");
    // Nobody tells us of the push.
    world.yard.swallows_deliveries("push", 1);
    world.yard.swallows_deliveries("pull_request", 1);
    let back = world.tip("main").unwrap();
    world.alice.force_pushes_back(&branch, &back).await.unwrap();
    world.says(pull, "/agent ci").await;
    assert_eq!(world.tip(&branch), Some(back));
    let task = world.task(issue).await;
    assert_eq!(stage(&task), "paused");
    world.alice.comments(pull, "/agent stop").await.unwrap();
    world.settles().await;
    assert_eq!(world.waiting(issue).await, None);
    world.ends().await;
}

#[tokio::test]
async fn x62_who_approved_and_lost_access_approved_nothing() {
    let world = World::begins().await;
    let issue = world.staged().await;
    let bob = world.person("bob", Permission::Write).await;
    bob.comments(issue, "/agent ci").await.unwrap();
    world.yard.settle().await;
    while world.engine.read_next().await.unwrap() {}
    assert_eq!(stage(&world.task(issue).await), "applying");
    world.repo.person("bob", Permission::Read).await.unwrap();
    world.settles().await;
    assert_eq!(stage(&world.task(issue).await), "staged");
    world.is_untouched(issue).await;
    world.says(issue, "/agent ci").await;
    let task = world.task(issue).await;
    assert!(world.tip(&task.id.branch()).is_some(), "somebody else may");
    assert_eq!(task.approvers().count(), 1);
    world.ends().await;
}

#[tokio::test]
async fn x62_c4_stopped_while_it_is_released_nothing_is_let_on() {
    let world = World::begins().await;
    let issue = world.staged().await;
    world.alice.comments(issue, "/agent ci").await.unwrap();
    world.yard.settle().await;
    while world.engine.read_next().await.unwrap() {}
    world.alice.comments(issue, "/agent stop").await.unwrap();
    world.yard.settle().await;
    while world.engine.read_next().await.unwrap() {}
    world.settles().await;
    assert_eq!(stage(&world.task(issue).await), "closed");
    assert_eq!(world.waiting(issue).await, None);
    world.is_untouched(issue).await;
    world.ends().await;
}

#[tokio::test]
async fn x62_stopped_unlabelled_or_closed_the_commit_goes() {
    for how in ["stop", "unlabel", "close"] {
        let world = World::begins().await;
        let issue = world.staged().await;
        match how {
            "stop" => world.says(issue, "/agent stop").await,
            "unlabel" => world.alice.unlabels(issue, "agent").await.unwrap(),
            _ => world.alice.closes(issue).await.unwrap(),
        }
        world.settles().await;
        assert_eq!(stage(&world.task(issue).await), "closed", "{how}");
        assert_eq!(world.waiting(issue).await, None, "{how}");
        world.is_untouched(issue).await;
        world.says(issue, "/agent ci").await;
        world.is_untouched(issue).await;
        world.ends().await;
    }
}

#[tokio::test]
async fn x62_h21_a_requester_who_lost_access_gets_nothing_on_a_branch() {
    let world = World::begins().await;
    let issue = world.staged().await;
    let bob = world.person("bob", Permission::Write).await;
    world.repo.person("alice", Permission::Read).await.unwrap();
    bob.comments(issue, "/agent ci").await.unwrap();
    world.settles().await;
    assert_eq!(stage(&world.task(issue).await), "closed");
    assert_eq!(world.waiting(issue).await, None);
    world.is_untouched(issue).await;
    world.ends().await;
}

#[tokio::test]
async fn x62_h26_other_workflows_on_the_base_ask_for_another_approval() {
    let world = World::begins().await;
    let issue = world.staged().await;
    let first = world.waiting(issue).await.unwrap();
    let workflow = (".github/workflows/ci.yml", "on: [push]\njobs: {}\n");
    world
        .alice
        .pushes("main", &[workflow], "Test it")
        .await
        .unwrap();
    world.settles().await;
    world.says(issue, "/agent ci").await;
    let second = world.waiting(issue).await.unwrap();
    assert_ne!(first, second);
    world.is_untouched(issue).await;
    assert_eq!(world.task(issue).await.approvers().count(), 0);
    world.says(issue, "/agent ci").await;
    let task = world.task(issue).await;
    assert_eq!(world.tip(&task.id.branch()), Some(second));
    assert_eq!(task.attempts.len(), 1);
    world.ends().await;
}

#[tokio::test]
async fn x62_people_are_reminded_once() {
    let world = World::begins().await;
    let issue = world.staged().await;
    for _ in 0..3 {
        world.waits(DAY_S).await;
    }
    assert_eq!(stage(&world.task(issue).await), "staged");
    let told = world.transcript().await;
    let said = told.matches("Look at it (`git fetch origin").count();
    assert_eq!(said, 2, "the status comment and one reminder:\n{told}");
    world.ends().await;
}

#[tokio::test]
async fn x62_k13_every_effect_that_was_done_but_not_recorded_is_found_again() {
    let mut world = World::begins().await;
    world.has_ci(green(), vec![green()]).await;
    world.asks_for_approval().await;
    let issue = world.labelled_issue().await;
    let runner = world.runner().await;
    let returned = runner.result(&[(FIX.0, Some(FIX.1))]).await;
    assert_eq!(runner.returns_raw(&returned).await.0, 200);
    let held = runner.held;
    while world.does_and_forgets_an_effect().await {}
    held.ends("success").await.unwrap();
    world.settles().await;
    let waiting = world.waiting(issue).await.unwrap();
    world.is_untouched(issue).await;
    world.alice.comments(issue, "/agent ci").await.unwrap();
    world.yard.settle().await;
    while world.engine.read_next().await.unwrap() {}
    while world.does_and_forgets_an_effect().await {}
    world.settles().await;
    let task = world.task(issue).await;
    assert_eq!(world.tip(&task.id.branch()), Some(waiting));
    assert_eq!(world.yard.open_pulls(&world.repo.full_name()).len(), 1);
    assert_eq!(world.waiting(issue).await, None);
    world.ends().await;
}

#[tokio::test]
async fn x62_k13_what_github_did_and_did_not_say_is_found_again() {
    let refs = ("POST", "/graphql/UpdateRefs");
    let pulls = ("POST", "/repos/*/*/pulls");
    for (at, fault) in [
        (refs, Fault::DroppedAfter),
        (refs, Fault::Before(502)),
        (pulls, Fault::DroppedAfter),
        (pulls, Fault::Before(502)),
    ] {
        let world = World::begins().await;
        world.asks_for_approval().await;
        let issue = world.labelled_issue().await;
        if at == refs {
            world.yard.fault(at.0, at.1, fault.clone(), 1);
        }
        world.runner().await.returns_change(&[FIX]).await;
        world.waits(120).await;
        let waiting = world.waiting(issue).await.unwrap();
        world.is_untouched(issue).await;
        world.yard.fault(at.0, at.1, fault.clone(), 1);
        world.says(issue, "/agent ci").await;
        world.waits(120).await;
        let task = world.task(issue).await;
        assert_eq!(
            world.tip(&task.id.branch()),
            Some(waiting),
            "{at:?} {fault:?}"
        );
        assert_eq!(world.yard.open_pulls(&world.repo.full_name()).len(), 1);
        world.ends().await;
    }
}

#[tokio::test]
async fn x62_handed_over_the_commit_is_named_and_fix_drops_it() {
    let world = World::begins().await;
    world.has_ci(green(), vec![green()]).await;
    let issue = world.staged().await;
    world.says(issue, "/agent ci").await;
    world.looks().await;
    let pull = world.task(issue).await.pull.unwrap().number.0;
    world.says(pull, "/agent fix shorter").await;
    world.runner().await.returns_change(&[WRONG]).await;
    world.says(pull, "/agent handoff").await;
    assert!(world.transcript().await.contains("nobody has approved yet"));
    assert!(world.waiting(issue).await.is_some());
    world.says(pull, "/agent ci").await;
    assert_eq!(stage(&world.task(issue).await), "paused");
    world.alice.closes(pull).await.unwrap();
    world.settles().await;
    assert_eq!(world.waiting(issue).await, None);
    world.ends().await;
}
