//! Stories with the real runner: real sandbox, real git, and an agent that follows a script.

use std::path::{Path, PathBuf};

use castellan::domain::task::stage::Stage;
use castellan::protocol::enter::RunIdentity;
use castellan::protocol::progress::Phase;
use castellan::runner::{Ended, Pace, Resolve, WorkError, WorkOptions, work};
use castellan::yard::HeldRun;
use serde_json::{Value, json};

use super::world::{Setting, World};
use crate::sandbox::{sandbox_for, system};

const AGENT: &str = env!("CARGO_BIN_EXE_castellan-scripted-agent");

impl World {
    /// A world whose agent follows `script`, or a loud word that the test `name` is left out.
    async fn scripted(name: &str, script: Value) -> Option<Self> {
        sandbox_for(name).await?;
        let setting = Setting {
            script,
            ..Setting::default()
        };
        Some(Self::begins_with(setting).await)
    }

    async fn options(&self, held: &HeldRun, search: Vec<PathBuf>) -> WorkOptions {
        WorkOptions {
            server: self.address.parse().unwrap(),
            ticket: self.signs_in(held).await.unwrap(),
            run: RunIdentity {
                run_id: held.run_id,
                run_attempt: 1,
            },
            read_token: Some(held.token.clone()),
            scratch: PathBuf::from("/tmp"),
            search,
            may_install: false,
            read_only: Vec::new(),
            agents: PathBuf::from("/nonexistent"),
            relay_program: None,
            secret_of: std::sync::Arc::new(|_| None),
            plain_tool_servers: false,
            pace: Pace::default(),
            resolve: Resolve::default(),
        }
    }

    /// The real runner does the dispatched run, with programs from these folders.
    async fn real_runner_with(&self, search: Vec<PathBuf>) -> Result<Ended, WorkError> {
        let held = self.held().await;
        held.begins().await.unwrap();
        let worked = work(self.options(&held, search).await).await;
        held.ends(if worked.is_ok() { "success" } else { "failure" })
            .await
            .unwrap();
        self.settles().await;
        worked.map(|summary| summary.ended)
    }

    /// The real runner does the dispatched run to its end.
    async fn real_runner(&self) {
        let ended = self.real_runner_with(programs()).await.unwrap();
        assert!(matches!(ended, Ended::Returned { .. }), "{ended:?}");
    }
}

/// Whether a runner has said that its agent works.
fn is_at_work(stage: &Stage) -> bool {
    matches!(
        stage,
        Stage::Working {
            phase: Phase::Agent,
            ..
        }
    )
}

fn programs() -> Vec<PathBuf> {
    let mut search = vec![Path::new(AGENT).parent().unwrap().to_owned()];
    search.extend(system());
    search
}

/// A world with this script, or the end of a test that is left out.
macro_rules! scripted {
    ($name:literal, $($script:tt)+) => {
        match World::scripted($name, json!($($script)+)).await {
            Some(world) => world,
            None => return,
        }
    };
}

#[tokio::test]
async fn the_real_runner_brings_a_draft_pull_request_that_passes() {
    let world = scripted!("the_real_runner_brings_a_draft_pull_request_that_passes", [
        {"ask": {"kind": "edit", "title": "Edit add.sh"}},
        {"replace": {"path": "add.sh", "find": "-", "with": "+"}},
        {"say": "It subtracted; now it adds. @everyone fixes #1"}
    ]);
    world.labelled_issue().await;
    world.real_runner().await;
    insta::assert_snapshot!(world.transcript().await);
    world.ends().await;
}

#[tokio::test]
async fn a_second_real_attempt_hears_the_words_and_goes_on_from_the_branch() {
    let world = scripted!("a_second_real_attempt_hears_the_words_and_goes_on_from_the_branch", {"attempts": [
        [{"replace": {"path": "add.sh", "find": "-", "with": "+"}}, {"say": "Done."}],
        [{"replace": {"path": "add.sh", "find": "echo", "with": "printf '%s\\n'"}}, {"say": "As you say."}]
    ]});
    let issue = world.labelled_issue().await;
    world.real_runner().await;
    let pull = world.task(issue).await.pull.unwrap().number.0;
    world
        .alice
        .comments(pull, "/agent fix use printf")
        .await
        .unwrap();
    world.settles().await;
    world.real_runner().await;
    insta::assert_snapshot!(world.transcript().await);
    world.ends().await;
}

#[tokio::test]
async fn r8_a_second_real_attempt_resumes_the_session_of_the_first() {
    let world = scripted!("r8_a_second_real_attempt_resumes_the_session_of_the_first", {"attempts": [
        [{"recall": true}, {"remember": "minus was wrong"},
            {"replace": {"path": "add.sh", "find": "-", "with": "+"}}],
        [{"recall": true}, {"replace": {"path": "add.sh", "find": "echo", "with": "printf '%s\\n'"}}]
    ]});
    let issue = world.labelled_issue().await;
    world.real_runner().await;
    let task = world.task(issue).await;
    let kept = world.engine.store.session(&task.id).await.unwrap();
    assert_eq!(kept.expect("a session").agent, "castellan-scripted-agent");
    let pull = task.pull.unwrap().number.0;
    let words = "/agent fix use printf";
    world.alice.comments(pull, words).await.unwrap();
    world.settles().await;
    world.real_runner().await;
    let page = format!("{}/tasks/{}/attempts/2", world.address, task.id);
    let shown = world.http.get(page).send().await.unwrap().text().await;
    let shown = shown.unwrap();
    assert!(shown.contains("resumed"), "{shown}");
    assert!(shown.contains("I remember: minus was wrong"), "{shown}");
    world.alice.readies(pull).await.unwrap();
    world.alice.merges(pull).await.unwrap();
    world.settles().await;
    let kept = world.engine.store.session(&task.id).await.unwrap();
    assert_eq!(kept, None, "the task is closed");
    world.ends().await;
}

#[tokio::test]
async fn an_agent_that_crashes_is_said() {
    let world = scripted!("an_agent_that_crashes_is_said", [{"crash": 3}]);
    world.labelled_issue().await;
    world.real_runner().await;
    insta::assert_snapshot!(world.transcript().await);
    world.ends().await;
}

#[tokio::test]
async fn u13_an_agent_that_floods_is_ended() {
    let world = scripted!("u13_an_agent_that_floods_is_ended", [{"flood": 50_000_000}]);
    world.labelled_issue().await;
    world.real_runner().await;
    insta::assert_snapshot!(world.transcript().await);
    world.ends().await;
}

#[tokio::test]
async fn an_agent_that_changes_nothing_is_said() {
    let world = scripted!("an_agent_that_changes_nothing_is_said", [{"say": "All is well."}]);
    world.labelled_issue().await;
    world.real_runner().await;
    insta::assert_snapshot!(world.transcript().await);
    world.ends().await;
}

#[tokio::test]
async fn an_agent_that_hangs_on_a_lost_machine_is_replaced() {
    let world = scripted!("an_agent_that_hangs_on_a_lost_machine_is_replaced", {"attempts": [
        [{"hang": true}],
        [{"replace": {"path": "add.sh", "find": "-", "with": "+"}}]
    ]});
    let issue = world.labelled_issue().await;
    let held = world.held().await;
    held.begins().await.unwrap();
    let working = async {
        // The machine is lost as soon as its agent is at work.
        // No bell rings for a sign of life, so the task is looked at again and again.
        while !is_at_work(&world.task(issue).await.stage) {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        ended = work(world.options(&held, programs()).await) => panic!("{ended:?}"),
        () = working => {}
    }
    world.waits(200).await;
    world.real_runner().await;
    insta::assert_snapshot!(world.transcript().await);
    world.ends().await;
}

#[tokio::test]
async fn a_set_up_that_hangs_is_ended_by_its_limit() {
    let name = "a_set_up_that_hangs_is_ended_by_its_limit";
    if sandbox_for(name).await.is_none() {
        return;
    }
    let mut setting = Setting::default();
    setting.limits.setup_s = 1;
    let world = World::begins_with(setting).await;
    let policy = [(".github/castellan.yml", "setup:\n  - sleep 600\n")];
    world.alice.pushes("main", &policy, "Sleep").await.unwrap();
    world.labelled_issue().await;
    world.real_runner().await;
    insta::assert_snapshot!(world.transcript().await);
    world.ends().await;
}

#[tokio::test]
async fn u14_without_bubblewrap_nothing_runs_and_the_remedy_is_said() {
    let world = World::begins().await;
    world.labelled_issue().await;
    let only_git = tempfile::tempdir().unwrap();
    let git = castellan::sandbox::locate("git", &system()).unwrap();
    std::os::unix::fs::symlink(git, only_git.path().join("git")).unwrap();
    let search = vec![only_git.path().to_owned()];
    world.real_runner_with(search).await.unwrap();
    let told = world.transcript().await;
    insta::assert_snapshot!(told.replace(&only_git.path().display().to_string(), "/programs"));
    world.ends().await;
}

/// In the second attempt the files hold the base and git's markers, where both meet.
#[tokio::test]
async fn h6_a_real_attempt_takes_the_base_in() {
    let resolve = "if grep -q '^<<<<<<< the-change' add.sh; \
        then cat README.md add.sh; test -e .github/workflows/ci.yml; \
            printf '# Adds.\\necho \"$(($1 + $2))\"\\n# End.\\n' >add.sh; \
        else sed -i 's/\\$1 - \\$2/$1 + $2/' add.sh; fi";
    let world = scripted!("h6_a_real_attempt_takes_the_base_in", [
        {"run": ["sh", "-c", resolve]},
        {"say": "Both."}
    ]);
    let issue = world.labelled_issue().await;
    world.real_runner().await;
    let head = world.task(issue).await.pull.unwrap().head;
    let moved = [
        ("add.sh", "echo \"$(($1 - $2))\"\n# End.\n"),
        ("README.md", "Adds two numbers, always.\n"),
        (".github/workflows/ci.yml", "on: push\njobs: {}\n"),
    ];
    let tip = world.alice.pushes("main", &moved, "Quote").await.unwrap();
    world.settles().await;
    world.real_runner().await;
    let task = world.task(issue).await;
    assert_eq!(task.attempts.len(), 2);
    assert_eq!(task.base.oid, tip);
    let pull = task.pull.unwrap();
    assert_ne!(pull.head, head);
    let files = world.yard.files_at(super::world::SAMPLE, &pull.head).await;
    let files = files.unwrap();
    let text = |path: &str| String::from_utf8(files[path].1.clone()).unwrap();
    assert_eq!(text("add.sh"), "# Adds.\necho \"$(($1 + $2))\"\n# End.\n");
    assert_eq!(text("README.md"), moved[1].1);
    assert_eq!(text(".github/workflows/ci.yml"), moved[2].1);
    insta::assert_snapshot!(world.transcript().await);
    world.ends().await;
}
