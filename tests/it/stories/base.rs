//! The base moves under a pull request: beside it, and against it (H5, H6, H26).

use castellan::domain::ids::Oid;
use castellan::domain::task::because::Because;
use castellan::git::{Fetched, Remote};
use castellan::protocol::result::{Outcome, Returned};

use super::runner::Run;
use super::world::{FIX, SAMPLE, World};

/// What the base makes of the same line.
const THEIRS: (&str, &str) = ("add.sh", "echo \"$(($1 - $2))\"\n");
/// What both wanted.
const BOTH: (&str, &str) = ("add.sh", "echo \"$(($1 + $2))\"\n");
/// What the base does beside that, out of the task's scope.
const WORDS: (&str, &str) = ("README.md", "Adds two numbers, always.\n");
/// What no agent may touch.
const CI: (&str, &str) = (".github/workflows/ci.yml", "on: push\njobs: {}\n");

impl World {
    /// A pull request, and a base that does not merge with it: issue, branch, and the base's tip.
    async fn conflicted(&self) -> (i64, String, Oid) {
        let issue = self.labelled_issue().await;
        self.runner().await.returns_change(&[FIX]).await;
        let files = [THEIRS, WORDS, CI];
        let tip = self.alice.pushes("main", &files, "Quote").await.unwrap();
        self.settles().await;
        (issue, self.task(issue).await.id.branch(), tip)
    }

    /// Whether `commit` is in the history of `branch`.
    async fn holds(&self, branch: &str, commit: &Oid) -> bool {
        let github = self.engine.github.as_ref().unwrap();
        let stored = self.engine.store.newest_tasks(1).await.unwrap();
        let target = castellan::github::Target::from(&stored[0].task);
        let remote = Remote {
            url: format!("{}/{SAMPLE}.git", self.yard.web_url()),
            token: github.read_token(&target).await.unwrap(),
        };
        let mirror = self.engine.mirrors.open(self.repo.id()).await.unwrap();
        let fetched = mirror.fetch(&remote, branch, commit).await.unwrap();
        let Fetched::Tip(tip) = fetched else {
            panic!("{fetched:?}");
        };
        mirror.leads_to(commit, &tip).await.unwrap()
    }

    async fn becauses(&self, issue: i64) -> Vec<Because> {
        let task = self.task(issue).await;
        let history = self.engine.store.history(&task.id).await.unwrap();
        history.iter().map(|entry| entry.because).collect()
    }
}

/// What an agent returns that took the base in so.
async fn merged(runner: &Run<'_>, files: &[(&str, &str)]) -> Returned {
    let files: Vec<_> = files
        .iter()
        .map(|(path, text)| (*path, Some(*text)))
        .collect();
    runner.result(&files).await
}

#[tokio::test]
async fn h5_a_base_that_moved_beside_a_pull_request_changes_nothing() {
    let world = World::begins().await;
    let issue = world.labelled_issue().await;
    world.runner().await.returns_change(&[FIX]).await;
    let before = world.task(issue).await;
    let words = [WORDS, CI];
    world.alice.pushes("main", &words, "Words").await.unwrap();
    world.settles().await;
    let task = world.task(issue).await;
    assert_eq!((task.attempts.len(), task.base), (1, before.base));
    assert_eq!(task.pull, before.pull);
    world.ends().await;
}

#[tokio::test]
async fn h6_conflict_with_the_base() {
    let world = World::begins().await;
    let (issue, branch, tip) = world.conflicted().await;
    let before = world.tip(&branch).unwrap();
    let runner = world.runner().await;
    assert_eq!(runner.brief.checkout.start, before);
    let merge = runner.brief.checkout.merge.clone().unwrap();
    assert_eq!((&merge.tip, &runner.brief.checkout.base), (&tip, &tip));
    let prompt = &runner.brief.prompt;
    for words in ["# The base has moved", "- `add.sh`", "survives"] {
        assert!(prompt.contains(words), "{words}: {prompt}");
    }
    let returned = merged(&runner, &[BOTH, WORDS, CI]).await;
    runner.returns(&returned).await;
    let head = world.tip(&branch).unwrap();
    assert!(world.holds(&branch, &before).await, "the branch's own");
    assert!(world.holds(&branch, &tip).await, "and the base's");
    assert!(world.yard.is_verified(&head));
    let commits = world.yard.commits_of(SAMPLE, &branch).await.unwrap();
    assert_eq!(commits.len(), 2, "one commit an attempt: {commits:?}");
    let files = world.yard.files_at(SAMPLE, &head).await.unwrap();
    for (path, text) in [BOTH, WORDS, CI] {
        assert_eq!(files[path].1, text.as_bytes(), "{path}");
    }
    let task = world.task(issue).await;
    assert_eq!((task.attempts.len(), &task.base.oid), (2, &tip));
    assert_eq!(task.stage.name(), "checking");
    // What is shown as the agent's is the agent's.
    insta::assert_snapshot!(world.transcript().await);
    world.ends().await;
}

#[tokio::test]
async fn h6_the_sweep_finds_a_conflict_whose_delivery_was_lost_once() {
    let world = World::begins().await;
    let issue = world.labelled_issue().await;
    world.runner().await.returns_change(&[FIX]).await;
    world.yard.swallows_deliveries("push", 1);
    world
        .alice
        .pushes("main", &[THEIRS], "Quote")
        .await
        .unwrap();
    world.settles().await;
    assert_eq!(world.task(issue).await.attempts.len(), 1);
    world.sweeps().await;
    let runner = world.runner().await;
    assert!(runner.brief.checkout.merge.is_some());
    let returned = merged(&runner, &[BOTH]).await;
    runner.returns(&returned).await;
    world.sweeps().await;
    assert_eq!(world.task(issue).await.attempts.len(), 2, "once");
    world.ends().await;
}

#[tokio::test]
async fn h6_without_attempts_left_a_person_is_told_once() {
    let world = World::begins().await;
    let issue = world.labelled_issue().await;
    world.runner().await.returns_change(&[FIX]).await;
    let pull = world.task(issue).await.pull.unwrap().number.0;
    for words in ["# One.\n", "# Two.\n"] {
        world.alice.comments(pull, "/agent fix").await.unwrap();
        world.settles().await;
        let text = format!("{words}{}", FIX.1);
        world.runner().await.returns_change(&[(FIX.0, &text)]).await;
    }
    let head = world.task(issue).await.pull.unwrap().head;
    for words in [THEIRS.1, "echo 5\n"] {
        let theirs = [(THEIRS.0, words)];
        world.alice.pushes("main", &theirs, "Quote").await.unwrap();
        world.settles().await;
    }
    world.sweeps().await;
    let task = world.task(issue).await;
    assert_eq!(task.attempts.len(), 3);
    assert_eq!(task.pull.unwrap().head, head);
    let told = world.transcript().await;
    assert_eq!(told.matches("this needs you").count(), 1, "{told}");
    insta::assert_snapshot!(told);
    world.ends().await;
}

#[tokio::test]
async fn h6_a_change_that_drops_what_the_base_did_is_refused_and_tried_again() {
    let world = World::begins().await;
    let (issue, branch, tip) = world.conflicted().await;
    let before = world.tip(&branch).unwrap();
    let runner = world.runner().await;
    let returned = merged(&runner, &[BOTH, CI]).await;
    runner.returns(&returned).await;
    assert_eq!(
        world.tip(&branch),
        Some(before.clone()),
        "nothing is written"
    );
    let task = world.task(issue).await;
    let ended = task.attempts[1].ended.clone().unwrap();
    assert!(
        ended.contains("undoes changes of the base at `README.md`"),
        "{ended}"
    );
    let again = world.runner().await;
    assert_eq!(again.brief.checkout.start, before);
    assert_eq!(again.brief.checkout.merge.as_ref().unwrap().tip, tip);
    assert!(again.brief.prompt.contains("undoes changes of the base"));
    let returned = merged(&again, &[BOTH, WORDS, CI]).await;
    again.returns(&returned).await;
    assert!(world.holds(&branch, &tip).await);
    world.ends().await;
}

#[tokio::test]
async fn h6_markers_of_a_conflict_are_refused_and_tried_again() {
    let world = World::begins().await;
    let (issue, branch, tip) = world.conflicted().await;
    let runner = world.runner().await;
    let left = format!(
        "<<<<<<< the-change\n{}=======\n{}>>>>>>> the-base\n",
        FIX.1, THEIRS.1
    );
    let returned = merged(&runner, &[(FIX.0, &left), WORDS, CI]).await;
    runner.returns(&returned).await;
    let ended = world.task(issue).await.attempts[1].ended.clone().unwrap();
    assert!(
        ended.contains("Line 1 of `add.sh` still holds a marker"),
        "{ended}"
    );
    let again = world.runner().await;
    let returned = merged(&again, &[BOTH, WORDS, CI]).await;
    again.returns(&returned).await;
    assert!(world.holds(&branch, &tip).await);
    world.ends().await;
}

#[tokio::test]
async fn h6_more_than_the_base_did_out_of_scope_is_the_agents() {
    let world = World::begins().await;
    let (issue, branch, _) = world.conflicted().await;
    let before = world.tip(&branch);
    let runner = world.runner().await;
    let more = (WORDS.0, "Adds two numbers, always. And more.\n");
    let returned = merged(&runner, &[BOTH, more, CI]).await;
    runner.returns(&returned).await;
    assert_eq!(world.tip(&branch), before);
    let task = world.task(issue).await;
    let ended = task.attempts[1].ended.clone().unwrap();
    assert!(ended.contains("`README.md` is not in scope"), "{ended}");
    assert_eq!((task.stage.name(), task.attempts.len()), ("delivered", 2));
    // The same commit of the base is not tried by itself again.
    world.sweeps().await;
    let task = world.task(issue).await;
    assert_eq!((task.stage.name(), task.attempts.len()), ("delivered", 2));
    assert_eq!(
        world.becauses(issue).await.last(),
        Some(&Because::ConflictLeft)
    );
    // A person may ask for it.
    let pull = task.pull.unwrap().number.0;
    world.alice.comments(pull, "/agent fix").await.unwrap();
    world.settles().await;
    let again = world.runner().await;
    assert!(again.brief.checkout.merge.is_some());
    let returned = merged(&again, &[BOTH, WORDS, CI]).await;
    again.returns(&returned).await;
    assert_ne!(world.tip(&branch), before);
    world.ends().await;
}

#[tokio::test]
async fn h26_workflow_drift_on_an_existing_branch_is_merged_without_an_agent() {
    let world = World::begins().await;
    let (issue, branch, first) = world.conflicted().await;
    let runner = world.runner().await;
    let newer = (CI.0, "on: pull_request\njobs: {}\n");
    let tip = world.alice.pushes("main", &[newer], "CI").await.unwrap();
    world.settles().await;
    let returned = merged(&runner, &[BOTH, WORDS, CI]).await;
    runner.returns(&returned).await;
    let task = world.task(issue).await;
    assert_eq!((task.attempts.len(), &task.base.oid), (2, &tip));
    assert!(world.holds(&branch, &first).await && world.holds(&branch, &tip).await);
    let head = world.tip(&branch).unwrap();
    let files = world.yard.files_at(SAMPLE, &head).await.unwrap();
    for (path, text) in [BOTH, WORDS, newer] {
        assert_eq!(files[path].1, text.as_bytes(), "{path}");
    }
    insta::assert_snapshot!(world.transcript().await);
    world.ends().await;
}

#[tokio::test]
async fn h26_workflow_drift_that_conflicts_goes_to_the_agent() {
    let world = World::begins().await;
    let (issue, branch, _) = world.conflicted().await;
    let before = world.tip(&branch).unwrap();
    let runner = world.runner().await;
    let newer = [
        (CI.0, "on: pull_request\njobs: {}\n"),
        (THEIRS.0, "echo 5\n"),
    ];
    let tip = world.alice.pushes("main", &newer, "CI").await.unwrap();
    world.settles().await;
    let returned = merged(&runner, &[BOTH, WORDS, CI]).await;
    assert!(matches!(returned.outcome, Outcome::Changed { .. }));
    runner.returns(&returned).await;
    assert_eq!(world.tip(&branch), Some(before.clone()));
    let again = world.runner().await;
    assert_eq!(again.brief.checkout.start, before);
    assert_eq!(again.brief.checkout.merge.as_ref().unwrap().tip, tip);
    let returned = merged(&again, &[BOTH, WORDS, newer[0]]).await;
    again.returns(&returned).await;
    assert_eq!(world.task(issue).await.base.oid, tip);
    assert!(world.holds(&branch, &tip).await);
    world.ends().await;
}

#[tokio::test]
async fn h4_a_renamed_base_is_followed_by_the_pull_request() {
    let world = World::begins().await;
    let (pull, branch) = world.delivered().await;
    world.alice.renames_branch("main", "trunk").await.unwrap();
    world.sweeps().await;
    let stored = world.engine.store.newest_tasks(1).await.unwrap();
    assert_eq!(stored[0].task.base.branch, "trunk");
    // Another attempt runs, and is applied, under the new name.
    world.alice.comments(pull, "/agent fix").await.unwrap();
    world.settles().await;
    world.runner().await.returns_change(&[BOTH]).await;
    let task = world.engine.store.newest_tasks(1).await.unwrap();
    assert_eq!(task[0].task.attempts.len(), 2);
    let head = task[0].task.pull.as_ref().unwrap().head.clone();
    assert_eq!(world.tip(&branch), Some(head));
    assert!(world.transcript().await.contains("trunk"));
    world.ends().await;
}

/// What GitHub does with pull requests of a branch that it renames it does not document; a new
/// name is as good as a branch that is gone (H3), and nothing is made anew under the old one.
#[tokio::test]
async fn h4_a_renamed_branch_of_ours_is_a_branch_that_is_gone() {
    let world = World::begins().await;
    let (_, branch) = world.delivered().await;
    world.alice.renames_branch(&branch, "mine").await.unwrap();
    world.sweeps().await;
    let stored = world.engine.store.newest_tasks(1).await.unwrap();
    let stage = &stored[0].task.stage;
    assert_eq!(stage.name(), "paused", "{stage:?}");
    assert_eq!(world.tip(&branch), None);
    world.ends().await;
}

/// A task goes on under the policy that it was frozen with; what is asked for from then on is under
/// the new one, and under none where that cannot be read. (The gate judges by the newest.)
#[tokio::test]
async fn h7_a_policy_that_became_unreadable_starts_nothing_new() {
    let world = World::begins().await;
    world.delivered().await;
    let broken = [(".github/castellan.yml", "version: [\n")];
    let pushed = world.alice.pushes("main", &broken, "Break it").await;
    pushed.unwrap();
    world.settles().await;
    let before = world.tasks().await;
    let issue = world.alice.opens_issue("Another", "x").await.unwrap();
    world.alice.labels(issue, "agent").await.unwrap();
    world.settles().await;
    assert_eq!(world.tasks().await, before);
    let transcript = world.transcript().await;
    assert!(transcript.contains(".github/castellan.yml"), "{transcript}");
    world.ends().await;
}
