//! A world with CI: a workflow in the repository, a required check, and plays.

use castellan::domain::task::Task;
use castellan::domain::task::stage::Stage;
use castellan::yard::{Outcome, Play, PlayedJob, PlayedWorkflow, Requirement};

use super::super::world::World;

/// What a failing test says.
pub(crate) const LOG: &str = "FAIL: test_adds (test_add.Adds.test_adds)\n\
    ----------------------------------------------------------------------\n\
    Traceback (most recent call last):\n  File \"test_add.py\", line 7, in test_adds\n    \
    self.assertEqual(add(2, 3), 5)\nAssertionError: -1 != 5\n\n\
    ----------------------------------------------------------------------\n\
    Ran 3 tests in 0.012s\n\nFAILED (failures=1)\n";
/// What another one says.
pub(crate) const OTHER_LOG: &str = "FAIL: test_zero (test_add.Adds.test_zero)\n\
    ----------------------------------------------------------------------\n\
    Traceback (most recent call last):\n  File \"test_add.py\", line 21, in test_zero\n    \
    self.assertEqual(add(0, 0), 0)\nAssertionError: '' != 0\n\n\
    ----------------------------------------------------------------------\n\
    Ran 3 tests in 0.011s\n\nFAILED (failures=1)\n";
/// A change that is not right yet; its acceptance passes.
pub(crate) const WRONG: (&str, &str) = ("add.sh", "echo $(($1 + $2 ))\n");
/// Another.
pub(crate) const WRONG_TOO: (&str, &str) = ("add.sh", "echo $(( $1 + $2 ))\n");

/// The one job `test`, which fails so each time.
pub(crate) fn red(log: &str) -> Play {
    Play::red("test", log)
}

/// The one job `test`, which passes.
pub(crate) fn green() -> Play {
    Play::green("test")
}

/// The one job `test`, which fails so and, run again, ends so.
pub(crate) fn then(log: &str, again: Outcome) -> Play {
    Play::of([PlayedWorkflow::ci().job(PlayedJob::fails("test", log).again(again))])
}

impl World {
    /// The repository has a workflow; its base is as the first play says, and the pull request
    /// as the others say, one for each head. Which checks are required nobody says.
    pub(crate) async fn free_ci(&self, base: Play, plays: Vec<Play>) {
        let workflow = (
            ".github/workflows/ci.yml",
            "on: [push, pull_request]\njobs: {}\n",
        );
        let pushed = self.alice.pushes("main", &[workflow], "Test it").await;
        pushed.unwrap();
        self.repo.plays_on("main", vec![base]).await.unwrap();
        self.repo.plays(plays).await.unwrap();
        self.settles().await;
    }

    /// The same, and the check `test` is required.
    pub(crate) async fn has_ci(&self, base: Play, plays: Vec<Play>) {
        let rule = Requirement::Ruleset {
            checks: vec![("test".to_owned(), None)],
            strict: false,
        };
        self.repo.requires("main", rule).await.unwrap();
        self.free_ci(base, plays).await;
    }

    /// What was reported is looked at, as soon as it is time for that.
    pub(crate) async fn looks(&self) {
        self.waits(61).await;
    }

    /// A runner takes the next attempt and returns this; CI reports, and is looked at.
    pub(crate) async fn attempts(&self, file: (&str, &str)) {
        self.runner().await.returns_change(&[file]).await;
        self.looks().await;
    }

    /// alice labels an issue, and its first attempt returns something that is not right yet.
    pub(crate) async fn first_attempt(&self) -> i64 {
        let issue = self.labelled_issue().await;
        self.attempts(WRONG).await;
        issue
    }

    /// Whether the task waits for a runner, and with which attempt.
    pub(crate) async fn waits_for_runner(&self, issue: i64) -> Option<u32> {
        match self.task(issue).await.stage {
            Stage::Queued { attempt, .. } => Some(attempt.0),
            _ => None,
        }
    }
}

/// Where a task stands, in one word.
pub(crate) fn stage(task: &Task) -> &'static str {
    task.stage.name()
}
