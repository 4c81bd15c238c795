//! Runs that run again, that are cancelled, and that are real: what CI leaves behind each time, and
//! how one question tells of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use castellan::yard::{
    Ci, CiRunner, Options, Outcome, Play, PlayedJob, PlayedStatus, PlayedWorkflow, Step, StepEnd,
};
use futures::future::{BoxFuture, FutureExt};
use reqwest::Method;
use serde_json::{Value, json};

use super::ci::{column, grants, played};
use super::scene::Scene;

/// A machine on which a step fails the first time.
#[derive(Default)]
struct Flaky(AtomicUsize);

impl CiRunner for Flaky {
    fn run(&self, step: Step) -> BoxFuture<'static, StepEnd> {
        let count = self.0.fetch_add(1, Ordering::SeqCst);
        async move {
            StepEnd {
                exit_code: i32::from(count == 0) * 3,
                output: format!("{} for the {count}. time", step.command),
            }
        }
        .boxed()
    }
}

#[tokio::test]
async fn only_the_failed_jobs_run_again_under_new_numbers_and_the_old_names() {
    let workflow = PlayedWorkflow::ci()
        .job(PlayedJob::passes("lint"))
        .job(PlayedJob::fails("test", "flaked").again(Outcome::Passes));
    let (scene, token, head) = played(vec![Play::of([workflow])]).await;
    let checks = format!("/commits/{head}/check-runs");
    let before = scene.reads(&token, &checks).await;
    let runs = scene.reads(&token, "/actions/runs").await;
    let path = format!("/actions/runs/{}", runs["workflow_runs"][0]["id"]);
    scene
        .post(&token, &format!("{path}/rerun-failed-jobs"), Value::Null)
        .await;
    let after = scene.reads(&token, &checks).await;
    assert_eq!(after["total_count"], 2);
    assert_eq!(
        column(&after["check_runs"], "conclusion"),
        ["success", "success"]
    );
    for check in column(&after["check_runs"], "id") {
        assert!(!column(&before["check_runs"], "id").contains(&check));
    }
    let all = scene.reads(&token, &format!("{checks}?filter=all")).await;
    assert_eq!(all["total_count"], 4);
    let run = scene.reads(&token, &path).await;
    assert_eq!(
        (&run["run_attempt"], &run["conclusion"]),
        (&json!(2), &json!("success"))
    );
    let jobs = scene.reads(&token, &format!("{path}/jobs")).await;
    assert_eq!(column(&jobs["jobs"], "run_attempt"), [2, 2]);
    let old = scene
        .reads(&token, &format!("{path}/attempts/1/jobs"))
        .await;
    assert_eq!(column(&old["jobs"], "conclusion"), ["success", "failure"]);
    let again = format!("/repos/octo/sample{path}/rerun-failed-jobs");
    let (status, answer, _) = scene.call(&token, Method::POST, &again, Value::Null).await;
    assert_eq!(
        (status.as_u16(), answer["message"].as_str().unwrap()),
        (403, "This workflow run cannot be retried")
    );
}

#[tokio::test]
async fn a_real_run_has_logs_and_steps_and_runs_again() {
    let runner = Arc::new(Flaky::default());
    let scene = Scene::set_with(Options {
        ci: Ci::On(runner),
        ..Options::default()
    })
    .await;
    let files = [("other.txt", "x\n")];
    scene.alice.pushes("topic", &files, "Do it").await.unwrap();
    let opened = scene.alice.opens_pull("topic", "main", "Fix").await;
    assert_eq!(opened.unwrap(), 1);
    scene.yard.settle().await;
    let token = scene.token(grants()).await;
    let runs = scene.reads(&token, "/actions/runs").await;
    let path = format!("/actions/runs/{}", runs["workflow_runs"][0]["id"]);
    let jobs = scene.reads(&token, &format!("{path}/jobs")).await;
    let job = &jobs["jobs"][0];
    assert_eq!(
        column(&job["steps"], "name"),
        ["Set up job", "Run sh test.sh", "Complete job"]
    );
    let (_, log) = scene.log(&token, &job["id"]).await;
    assert!(log.contains("sh test.sh for the 0. time"), "{log}");
    assert!(log.contains("##[error]Process completed with exit code 3."));
    scene
        .post(&token, &format!("{path}/rerun-failed-jobs"), Value::Null)
        .await;
    scene.yard.settle().await;
    let run = scene.reads(&token, &path).await;
    assert_eq!(
        (&run["run_attempt"], &run["conclusion"]),
        (&json!(2), &json!("success"))
    );
    let jobs = scene
        .reads(&token, &format!("{path}/jobs?filter=all"))
        .await;
    assert_eq!(column(&jobs["jobs"], "conclusion"), ["failure", "success"]);
    let transcript = scene.yard.transcript("octo/sample").await.unwrap();
    assert!(transcript.contains("check test (GitHub Actions): failure"));
    assert!(transcript.contains("check test (GitHub Actions, attempt 2): success"));
}

#[tokio::test]
async fn a_cancelled_run_ends_its_jobs_and_may_be_run_again() {
    let hangs = PlayedJob::new("test", Outcome::Hangs).again(Outcome::Passes);
    let play = Play::of([PlayedWorkflow::ci().job(hangs)]);
    let (scene, token, head) = played(vec![play]).await;
    assert_eq!(scene.repo.cancels_runs(&head).await.unwrap(), 1);
    let list = scene
        .reads(&token, &format!("/commits/{head}/check-runs"))
        .await;
    assert_eq!(column(&list["check_runs"], "conclusion"), ["cancelled"]);
    let run = scene.repo.ci_jobs(&head).await.unwrap()[0].run;
    let path = format!("/actions/runs/{run}/rerun-failed-jobs");
    scene.post(&token, &path, Value::Null).await;
    let jobs = scene.repo.ci_jobs("topic").await.unwrap();
    assert_eq!(jobs[1].conclusion.as_deref(), Some("success"));
}

#[tokio::test]
async fn a_dispatched_run_reports_on_the_default_branch_where_that_is_wanted() {
    let scene = Scene::set_with(Options {
        dispatched_runs_report: true,
        ..Options::default()
    })
    .await;
    let token = scene.token(grants()).await;
    let path = "/repos/octo/sample/actions/workflows/castellan.yml/dispatches";
    let body = json!({"ref": "main"});
    let (status, ..) = scene.call(&token, Method::POST, path, body).await;
    assert_eq!(status, 204);
    let run = scene.yard.take_run().await;
    run.begins().await.unwrap();
    run.ends("failure").await.unwrap();
    let list = scene.reads(&token, "/commits/main/check-runs").await;
    let check = &list["check_runs"][0];
    assert_eq!(
        (&check["name"], &check["conclusion"]),
        (&json!("work"), &json!("failure"))
    );
}

#[tokio::test]
async fn one_question_in_graphql_tells_what_ci_says_of_a_commit() {
    let play = Play::red("test", "no").with_status(PlayedStatus::new("old", "pending", "alice"));
    let (scene, token, head) = played(vec![play]).await;
    let asked = json!({"owner": "octo", "name": "sample", "head": head});
    let answer = scene.asks(&token, "CommitChecks", asked.clone()).await;
    let commit = &answer["data"]["repository"]["object"];
    let suite = &commit["checkSuites"]["nodes"][0];
    assert_eq!(commit["checkSuites"]["totalCount"], 1, "{answer}");
    assert_eq!(suite["conclusion"], "FAILURE");
    assert_eq!(suite["workflowRun"]["runAttempt"], 1);
    let check = &suite["checkRuns"]["nodes"][0];
    assert_eq!(check["name"], "test");
    assert_eq!(check["conclusion"], "FAILURE");
    assert_eq!(commit["status"]["contexts"][0]["state"], "PENDING");
    assert_eq!(
        commit["statusCheckRollup"]["contexts"]["statusContextCount"],
        1
    );
    for needed in ["actions", "checks", "contents", "statuses"] {
        let mut granted = grants();
        granted.as_object_mut().unwrap().remove(needed);
        let token = scene.token(granted).await;
        let refused = scene.asks(&token, "CommitChecks", asked.clone()).await;
        assert_eq!(refused["errors"][0]["type"], "FORBIDDEN", "{needed}");
    }
}
