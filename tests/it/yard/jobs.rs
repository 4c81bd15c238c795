//! Workflow runs, held and started, and the repository's own CI.

use std::process::Command;
use std::sync::Arc;

use castellan::yard::{Ci, CiRunner, Options, Program, Runner, Sandboxed, Step, StepEnd};
use futures::future::{BoxFuture, FutureExt};
use reqwest::Method;
use serde_json::{Value, json};

use super::scene::Scene;
use crate::sandbox::limits::looks_until;

const DISPATCH: &str = "/repos/octo/sample/actions/workflows/castellan.yml/dispatches";

/// Runs steps without a sandbox: the test's own two lines of shell only.
struct Plainly;

impl CiRunner for Plainly {
    fn run(&self, step: Step) -> BoxFuture<'static, StepEnd> {
        async move {
            let run = move || {
                Command::new("sh")
                    .args(["-c", &step.command])
                    .current_dir(&step.workspace)
                    .output()
                    .unwrap()
            };
            let done = tokio::task::spawn_blocking(run).await.unwrap();
            StepEnd {
                exit_code: done.status.code().unwrap_or(-1),
                output: String::from_utf8_lossy(&done.stdout).into_owned(),
            }
        }
        .boxed()
    }
}

#[tokio::test]
async fn a_dispatched_run_is_held_for_the_test_to_play() {
    let scene = Scene::set().await;
    let token = scene.token(json!({"actions": "write"})).await;
    let body = json!({"ref": "main", "inputs": {"task": "t1"}, "return_run_details": true});
    let (status, details, _) = scene.call(&token, Method::POST, DISPATCH, body).await;
    assert_eq!(status, 200);
    let run = scene.yard.take_run().await;
    assert_eq!(details["workflow_run_id"].as_i64(), Some(run.run_id.0));
    assert_eq!((run.inputs["task"].as_str(), run.run_attempt), ("t1", 1));
    run.begins().await.unwrap();
    let path = format!("/repos/octo/sample/actions/runs/{}", run.run_id);
    let (_, shown, _) = scene.call(&token, Method::GET, &path, Value::Null).await;
    assert_eq!(
        (shown["status"].as_str(), shown["conclusion"].as_str()),
        (Some("in_progress"), None)
    );
    let (status, ..) = scene
        .call(
            &run.token,
            Method::GET,
            "/repos/octo/sample/git/ref/heads/main",
            Value::Null,
        )
        .await;
    assert_eq!(status, 200, "the token of a run reads contents");
    run.ends("success").await.unwrap();
    let (status, ..) = scene
        .call(&token, Method::POST, &format!("{path}/cancel"), Value::Null)
        .await;
    assert_eq!(status, 409);
    scene.yard.settle().await;
    let names = scene.received.names();
    assert_eq!(
        names,
        [
            "workflow_run.requested",
            "workflow_run.in_progress",
            "workflow_run.completed",
            "check_suite.completed"
        ]
    );
}

#[tokio::test]
async fn a_dispatch_is_refused_as_github_refuses_it() {
    let scene = Scene::set_with(Options {
        knows_run_details: false,
        ..Options::default()
    })
    .await;
    let token = scene.token(json!({"actions": "write"})).await;
    for (path, body, wanted) in [
        (
            DISPATCH,
            json!({"ref": "main", "return_run_details": true}),
            400,
        ),
        (DISPATCH, json!({"ref": "nowhere"}), 422),
        (
            DISPATCH,
            json!({"ref": "main", "inputs": {"other": "x"}}),
            422,
        ),
        (
            "/repos/octo/sample/actions/workflows/none.yml/dispatches",
            json!({"ref": "main"}),
            404,
        ),
        (
            "/repos/octo/sample/actions/workflows/ci.yml/dispatches",
            json!({"ref": "main"}),
            422,
        ),
        (
            DISPATCH,
            json!({"ref": "main", "inputs": {"task": "t1"}}),
            204,
        ),
    ] {
        let (status, answer, _) = scene.call(&token, Method::POST, path, body).await;
        assert_eq!(status, wanted, "{answer}");
    }
    let run = scene.yard.take_run().await;
    let (status, ..) = scene
        .call(
            &token,
            Method::POST,
            &format!("/repos/octo/sample/actions/runs/{}/cancel", run.run_id),
            Value::Null,
        )
        .await;
    assert_eq!(status, 202);
    assert!(run.is_cancelled());
}

#[tokio::test]
async fn a_started_run_is_a_program_with_its_inputs_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let program = Program {
        argv: ["sh", "-c", "echo $INPUT_TASK $GITHUB_REPOSITORY $EXTRA [$HOME] ${GITHUB_TOKEN%%_*}; test $INPUT_TASK = good"].map(str::to_owned).into(),
        env: vec![("EXTRA".to_owned(), "more".to_owned())],
        dir: dir.path().to_path_buf(),
        enters: None,
    };
    let scene = Scene::set_with(Options {
        runner: Runner::Started(program),
        ..Options::default()
    })
    .await;
    let token = scene.token(json!({"actions": "write"})).await;
    for (task, wanted) in [("good", "success"), ("bad", "failure")] {
        let body = json!({"ref": "main", "inputs": {"task": task}, "return_run_details": true});
        let (_, details, _) = scene.call(&token, Method::POST, DISPATCH, body).await;
        scene.yard.runs_ended().await;
        let id = details["workflow_run_id"].as_i64().unwrap();
        let (_, run, _) = scene
            .call(
                &token,
                Method::GET,
                &format!("/repos/octo/sample/actions/runs/{id}"),
                Value::Null,
            )
            .await;
        assert_eq!(run["conclusion"], wanted);
        assert_eq!(
            scene.yard.run_output(id).unwrap(),
            format!("{task} octo/sample more [] ghs\n")
        );
    }
}

#[tokio::test]
async fn a_cancelled_program_ends_with_all_that_it_started() {
    let dir = tempfile::tempdir().unwrap();
    // A name that no other process of this machine has.
    let mark = format!("sleep 89{}", std::process::id());
    let line = format!("{mark} >/dev/null 2>&1 & wait");
    let program = Program {
        argv: vec!["sh".to_owned(), "-c".to_owned(), line],
        env: Vec::new(),
        dir: dir.path().to_path_buf(),
        enters: None,
    };
    let scene = Scene::set_with(Options {
        runner: Runner::Started(program),
        ..Options::default()
    })
    .await;
    let token = scene.token(json!({"actions": "write"})).await;
    let body = json!({"ref": "main", "return_run_details": true});
    let (_, details, _) = scene.call(&token, Method::POST, DISPATCH, body).await;
    let path = format!(
        "/repos/octo/sample/actions/runs/{}",
        details["workflow_run_id"]
    );
    looks_until(&mark, true).await;
    scene
        .call(&token, Method::POST, &format!("{path}/cancel"), Value::Null)
        .await;
    scene.yard.runs_ended().await;
    looks_until(&mark, false).await;
    let (_, run, _) = scene.call(&token, Method::GET, &path, Value::Null).await;
    assert_eq!(run["conclusion"], "cancelled");
}

#[tokio::test]
async fn ci_runs_in_the_sandbox_and_reaches_nothing_outside() {
    let Some(sandbox) = crate::sandbox::sandbox_for("CI in the sandbox").await else {
        return;
    };
    let runner = Sandboxed::new(sandbox, "/tmp".into());
    let scene = Scene::set_with(Options {
        ci: Ci::On(Arc::new(runner)),
        ..Options::default()
    })
    .await;
    let script = "touch made && grep -q fixed code.txt && ! ls /root /home/* 2>/dev/null\n";
    let files = [("code.txt", "fixed\n"), ("test.sh", script)];
    scene.alice.pushes("topic", &files, "Fix it").await.unwrap();
    scene
        .alice
        .opens_pull("topic", "main", "Fix")
        .await
        .unwrap();
    scene.yard.settle().await;
    let last = scene.received.bodies("check_run").pop().unwrap();
    assert_eq!(
        last["check_run"]["conclusion"], "success",
        "{}",
        last["check_run"]["output"]
    );
}

#[tokio::test]
async fn ci_really_runs_and_reports() {
    let scene = Scene::set_with(Options {
        ci: Ci::On(Arc::new(Plainly)),
        ..Options::default()
    })
    .await;
    scene
        .alice
        .pushes("topic", &[("other.txt", "x\n")], "Something")
        .await
        .unwrap();
    scene
        .alice
        .opens_pull("topic", "main", "Fix")
        .await
        .unwrap();
    scene.yard.settle().await;
    scene
        .alice
        .pushes("topic", &[("code.txt", "fixed\n")], "Fix it")
        .await
        .unwrap();
    scene.yard.settle().await;
    let ended: Vec<_> = scene
        .received
        .bodies("check_run")
        .iter()
        .filter(|one| one["action"] == "completed")
        .map(|one| {
            (
                one["check_run"]["app"]["id"].clone(),
                one["check_run"]["name"].clone(),
                one["check_run"]["conclusion"].clone(),
            )
        })
        .collect();
    assert_eq!(
        ended,
        [
            (json!(15368), json!("test"), json!("failure")),
            (json!(15368), json!("test"), json!("success"))
        ]
    );
    let token = scene.token(json!({"checks": "read"})).await;
    let path = format!(
        "/repos/octo/sample/commits/{}/check-runs",
        scene.tip("topic")
    );
    let (_, list, _) = scene.call(&token, Method::GET, &path, Value::Null).await;
    assert_eq!(
        (
            list["total_count"].as_i64(),
            list["check_runs"][0]["conclusion"].as_str()
        ),
        (Some(1), Some("success"))
    );
}
