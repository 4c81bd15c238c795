//! CI as GitHub reports it: plays written by a test, jobs and logs, re-runs, statuses, rules.

use castellan::yard::{
    Fault, Outcome, Play, PlayedCheck, PlayedJob, PlayedStatus, PlayedWorkflow, Requirement,
};
use reqwest::Method;
use serde_json::{Value, json};

use super::scene::Scene;

/// What may be read of CI, and run again.
pub(super) fn grants() -> Value {
    json!({"actions": "write", "checks": "read", "statuses": "read", "contents": "read", "pull_requests": "write"})
}

/// A scene whose pull request by alice gets this play; the App's token and the head.
pub(super) async fn played(plays: Vec<Play>) -> (Scene, String, String) {
    let scene = Scene::set().await;
    scene.repo.plays(plays).await.unwrap();
    let files = [("other.txt", "x\n")];
    scene.alice.pushes("topic", &files, "Do it").await.unwrap();
    let opened = scene.alice.opens_pull("topic", "main", "Fix").await;
    assert_eq!(opened.unwrap(), 1);
    scene.yard.settle().await;
    let (token, head) = (scene.token(grants()).await, scene.tip("topic"));
    (scene, token, head)
}

impl Scene {
    pub(super) async fn reads(&self, token: &str, path: &str) -> Value {
        let path = format!("/repos/octo/sample{path}");
        let (status, answer, _) = self.call(token, Method::GET, &path, Value::Null).await;
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    }

    pub(super) async fn log(&self, token: &str, job: &Value) -> (u16, String) {
        let path = format!("/repos/octo/sample/actions/jobs/{job}/logs");
        let (status, _, headers) = self.call(token, Method::GET, &path, Value::Null).await;
        if status != 302 {
            return (status.as_u16(), String::new());
        }
        let link = headers["location"].to_str().unwrap();
        let answer = self.http.get(link).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }
}

pub(super) fn column<'a>(list: &'a Value, key: &str) -> Vec<&'a Value> {
    let rows = list.as_array().unwrap();
    rows.iter().map(|row| &row[key]).collect()
}

#[tokio::test]
async fn a_play_ends_by_itself_and_is_told_in_githubs_order() {
    let (scene, token, head) = played(vec![Play::red("test", "1 test failed")]).await;
    let names = scene.received.names();
    let from = names
        .iter()
        .position(|name| name == "pull_request.opened")
        .unwrap();
    assert_eq!(
        names[from + 1..],
        [
            "workflow_run.requested",
            "check_run.created",
            "workflow_run.in_progress",
            "check_run.completed",
            "workflow_run.completed",
            "check_suite.completed"
        ]
    );
    let list = scene
        .reads(&token, &format!("/commits/{head}/check-runs"))
        .await;
    let check = &list["check_runs"][0];
    assert_eq!(
        (&check["name"], &check["conclusion"], &check["app"]["id"]),
        (&json!("test"), &json!("failure"), &json!(15368))
    );
    assert_eq!(check["output"]["annotations_count"], 1);
    let notes = scene
        .reads(&token, &format!("/check-runs/{}/annotations", check["id"]))
        .await;
    assert_eq!(notes[0]["message"], "Process completed with exit code 1.");
    let runs = scene
        .reads(&token, &format!("/actions/runs?head_sha={head}"))
        .await;
    let run = &runs["workflow_runs"][0];
    assert_eq!(
        (&run["conclusion"], &run["path"], &run["run_attempt"]),
        (
            &json!("failure"),
            &json!(".github/workflows/ci.yml"),
            &json!(1)
        )
    );
    let jobs = scene
        .reads(&token, &format!("/actions/runs/{}/jobs", run["id"]))
        .await;
    let job = &jobs["jobs"][0];
    assert_eq!(job["id"], check["id"], "a job is its check run");
    assert_eq!(
        column(&job["steps"], "conclusion"),
        ["success", "failure", "success"]
    );
    let (status, log) = scene.log(&token, &job["id"]).await;
    assert_eq!(status, 200);
    for line in [
        "##[group]Run make test",
        "1 test failed",
        "##[error]Process completed with exit code 1.",
    ] {
        assert!(log.contains(line), "{log}");
    }
    assert!(log.lines().nth(1).unwrap().starts_with("2026-"), "{log}");
}

#[tokio::test]
async fn what_does_not_end_by_itself_waits_for_the_test() {
    let workflow = PlayedWorkflow::ci().job(PlayedJob::new("test", Outcome::Hangs));
    let waiting = PlayedWorkflow::new("deploy.yml", "Deploy")
        .waits_for_approval()
        .job(PlayedJob::passes("deploy"));
    let broken = PlayedWorkflow::new("broken.yml", "Broken").fails_to_start();
    let (scene, token, head) = played(vec![Play::of([workflow, waiting, broken])]).await;
    let conclusions = async || {
        let runs = scene.reads(&token, "/actions/runs").await;
        let mut ends = column(&runs["workflow_runs"], "conclusion")
            .into_iter()
            .cloned()
            .collect::<Vec<_>>();
        ends.reverse();
        ends
    };
    assert_eq!(
        conclusions().await,
        [
            Value::Null,
            json!("action_required"),
            json!("startup_failure")
        ]
    );
    let suites = scene
        .reads(&token, &format!("/commits/{head}/check-suites"))
        .await;
    let counts = column(&suites["check_suites"], "latest_check_runs_count");
    assert_eq!(counts, [0, 1, 0, 0], "the first is the App's own");
    let job = scene.repo.ci_jobs(&head).await.unwrap().remove(0);
    assert_eq!(scene.log(&token, &json!(job.id)).await.0, 404);
    let running = format!(
        "/repos/octo/sample/actions/runs/{}/rerun-failed-jobs",
        job.run
    );
    let (status, answer, _) = scene
        .call(&token, Method::POST, &running, Value::Null)
        .await;
    assert_eq!(
        (status.as_u16(), answer["message"].as_str().unwrap()),
        (403, "This workflow is already running")
    );
    let end = Outcome::Fails("late".to_owned());
    scene.repo.ends_job(&head, "test", end).await.unwrap();
    assert_eq!(scene.repo.approves_runs("topic").await.unwrap(), 1);
    assert_eq!(
        conclusions().await,
        [json!("failure"), json!("success"), json!("startup_failure")]
    );
    scene.repo.loses_logs(&head).await.unwrap();
    assert_eq!(scene.log(&token, &json!(job.id)).await.0, 410);
}

#[tokio::test]
async fn two_suites_may_disagree_about_one_name() {
    let one = PlayedWorkflow::new("a.yml", "A").job(PlayedJob::passes("test"));
    let other = PlayedWorkflow::new("b.yml", "B").job(PlayedJob::fails("test", "no"));
    let check = PlayedCheck::new(99, "linter", "lint", None).says("Linting", "");
    let play = Play::of([one, other]).with_check(check);
    let (scene, token, head) = played(vec![play]).await;
    let path = format!("/commits/{head}/check-runs");
    let list = scene.reads(&token, &path).await;
    let mut ends: Vec<String> = list["check_runs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|check| format!("{} {}", check["name"], check["conclusion"]))
        .collect();
    ends.sort();
    assert_eq!(
        ends,
        [
            "\"lint\" null",
            "\"test\" \"failure\"",
            "\"test\" \"success\""
        ]
    );
    let late = list["check_runs"][0]["id"].as_i64().unwrap();
    scene.repo.ends_check(late, "neutral").await.unwrap();
    let linted = scene.reads(&token, &format!("{path}?app_id=99")).await;
    let check = &linted["check_runs"][0];
    assert_eq!(
        (&check["conclusion"], &check["app"]["slug"]),
        (&json!("neutral"), &json!("linter"))
    );
    let first = scene.reads(&token, &format!("{path}?per_page=1")).await;
    assert_eq!(
        (
            first["total_count"].as_i64(),
            first["check_runs"].as_array().unwrap().len()
        ),
        (Some(3), 1)
    );
}

#[tokio::test]
async fn a_workflow_that_skips_drafts_runs_when_the_pull_request_is_ready() {
    let workflow = PlayedWorkflow::ci()
        .skips_drafts()
        .job(PlayedJob::passes("test"));
    let scene = Scene::set().await;
    scene.repo.plays(vec![Play::of([workflow])]).await.unwrap();
    let token = scene
        .token(json!({"actions": "read", "pull_requests": "write"}))
        .await;
    let files = [("other.txt", "x\n")];
    scene.alice.pushes("topic", &files, "Do it").await.unwrap();
    let body = json!({"title": "Fix", "head": "topic", "base": "main", "draft": true});
    let pull = scene.post(&token, "/pulls", body).await;
    let runs = scene.reads(&token, "/actions/runs").await;
    assert_eq!(column(&runs["workflow_runs"], "conclusion"), ["skipped"]);
    let id = json!({"pullRequestId": pull["node_id"]});
    let answer = scene
        .asks(&token, "MarkPullRequestReadyForReview", id)
        .await;
    let shown = &answer["data"]["markPullRequestReadyForReview"]["pullRequest"];
    assert_eq!(shown["isDraft"], false, "{answer}");
    let runs = scene.reads(&token, "/actions/runs").await;
    assert_eq!(
        column(&runs["workflow_runs"], "conclusion"),
        ["success", "skipped"]
    );
    scene.yard.settle().await;
    let names = scene.received.names();
    assert!(names.contains(&"pull_request.ready_for_review".to_owned()));
}

#[tokio::test]
async fn statuses_are_told_and_read_together_and_one_by_one() {
    let red = PlayedStatus::new("deploy", "failure", "deployer[bot]");
    let (scene, token, head) = played(vec![Play::nothing().with_status(red)]).await;
    let path = format!("/commits/{head}/status");
    let both = scene.reads(&token, &path).await;
    assert_eq!(
        (&both["state"], &both["total_count"]),
        (&json!("failure"), &json!(1))
    );
    let green = PlayedStatus::new("deploy", "success", "deployer[bot]");
    scene.repo.sets_status("topic", green).await.unwrap();
    let both = scene.reads(&token, &path).await;
    assert_eq!(
        (&both["state"], &both["statuses"][0]["context"]),
        (&json!("success"), &json!("deploy"))
    );
    let all = scene
        .reads(&token, &format!("/commits/{head}/statuses"))
        .await;
    assert_eq!(column(&all, "state"), ["success", "failure"]);
    scene.yard.settle().await;
    let told = scene.received.bodies("status");
    assert_eq!(
        (&told[0]["state"], &told[0]["sha"], &told[0]["name"]),
        (&json!("failure"), &json!(head), &json!("octo/sample"))
    );
    let main = scene.tip("main");
    let none = scene
        .reads(&token, &format!("/commits/{main}/status"))
        .await;
    assert_eq!(
        (&none["state"], &none["total_count"]),
        (&json!("pending"), &json!(0))
    );
}

#[tokio::test]
async fn a_branch_says_what_it_requires_by_rules_and_by_protection() {
    let scene = Scene::set().await;
    let token = scene.token(grants()).await;
    let checks = vec![("test".to_owned(), Some(15368)), ("lint".to_owned(), None)];
    let (ruleset, strict) = (checks.clone(), true);
    for requirement in [
        Requirement::Ruleset {
            checks: ruleset,
            strict,
        },
        Requirement::Protection { checks, strict },
        Requirement::Workflows(vec![".github/workflows/all.yml".to_owned()]),
    ] {
        scene.repo.requires("main", requirement).await.unwrap();
    }
    let rules = scene.reads(&token, "/rules/branches/main").await;
    assert_eq!(
        column(&rules, "type"),
        ["required_status_checks", "workflows"]
    );
    assert_eq!(
        rules[0]["parameters"]["required_status_checks"],
        json!([{"context": "test", "integration_id": 15368}, {"context": "lint"}])
    );
    let branch = scene.reads(&token, "/branches/main").await;
    assert_eq!(
        branch["protection"]["required_status_checks"]["contexts"],
        json!(["test", "lint"])
    );
    let none = scene.reads(&token, "/rules/branches/not%2Fthere").await;
    assert_eq!(none, json!([]));
    assert!(scene.yard.violations().is_empty());
}

#[tokio::test]
async fn pushes_to_a_branch_have_ci_of_their_own() {
    let scene = Scene::set().await;
    let plays = vec![Play::red("test", "broken here"), Play::green("test")];
    scene.repo.plays_on("main", plays).await.unwrap();
    let token = scene.token(grants()).await;
    let path = "/commits/main/check-runs";
    let list = scene.reads(&token, path).await;
    assert_eq!(column(&list["check_runs"], "conclusion"), ["failure"]);
    let files = [("other.txt", "x\n")];
    scene.alice.pushes("main", &files, "Mend it").await.unwrap();
    let list = scene.reads(&token, path).await;
    assert_eq!(column(&list["check_runs"], "conclusion"), ["success"]);
    let runs = scene
        .reads(
            &token,
            "/actions/runs?branch=main&event=push&status=failure",
        )
        .await;
    assert_eq!(runs["total_count"], 1);
}

#[tokio::test]
async fn lists_of_ci_may_be_short_or_empty_and_a_log_may_break_off() {
    let workflow = PlayedWorkflow::ci()
        .job(PlayedJob::passes("lint"))
        .job(PlayedJob::fails("test", "no"));
    let (scene, token, head) = played(vec![Play::of([workflow])]).await;
    let path = format!("/commits/{head}/check-runs");
    let pattern = "/repos/*/*/commits/*/check-runs";
    scene.yard.fault("GET", pattern, Fault::Partial, 1);
    let some = scene.reads(&token, &path).await;
    let counted = |list: &Value| {
        let shown = list["check_runs"].as_array().unwrap().len();
        (list["total_count"].as_i64().unwrap(), shown)
    };
    assert_eq!(counted(&some), (2, 1));
    scene.yard.fault("GET", pattern, Fault::Empty, 1);
    assert_eq!(counted(&scene.reads(&token, &path).await), (0, 0));
    assert_eq!(counted(&scene.reads(&token, &path).await), (2, 2));
    let job = json!(scene.repo.ci_jobs(&head).await.unwrap()[1].id);
    let whole = scene.log(&token, &job).await.1;
    scene.yard.fault("GET", "/_logs/**", Fault::Partial, 1);
    assert!(scene.log(&token, &job).await.1.len() < whole.len());
    let path = format!("/repos/octo/sample/actions/jobs/{job}/logs");
    let (_, _, headers) = scene.call(&token, Method::GET, &path, Value::Null).await;
    scene.clock.advance_ms(61_000);
    let link = headers["location"].to_str().unwrap();
    let late = scene.http.get(link).send().await.unwrap();
    assert_eq!(late.status(), 403, "a link is good for a minute");
}

#[tokio::test]
async fn the_logs_of_a_run_are_one_archive() {
    let workflow = PlayedWorkflow::ci()
        .job(PlayedJob::passes("lint"))
        .job(PlayedJob::fails("test", "no luck"));
    let (scene, token, head) = played(vec![Play::of([workflow])]).await;
    let run = scene.repo.ci_jobs(&head).await.unwrap()[0].run;
    let path = format!("/repos/octo/sample/actions/runs/{run}/logs");
    let (status, _, headers) = scene.call(&token, Method::GET, &path, Value::Null).await;
    assert_eq!(status, 302);
    let link = headers["location"].to_str().unwrap();
    let bytes = scene.http.get(link).send().await.unwrap().bytes().await;
    let reader = std::io::Cursor::new(bytes.unwrap());
    let mut archive = zip::ZipArchive::new(reader).unwrap();
    let mut log = String::new();
    let mut file = archive.by_name("1_test.txt").unwrap();
    std::io::Read::read_to_string(&mut file, &mut log).unwrap();
    assert!(log.contains("no luck"));
}
