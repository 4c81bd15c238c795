//! Check runs of the App: what is final, what is limited, buttons, staleness, forged names.

use castellan::yard::{Permission, PlayedCheck};
use reqwest::Method;
use serde_json::{Value, json};

use super::scene::Scene;

/// The name of the check.
const NAME: &str = "agent-gate / main";
const RUNS: &str = "/repos/octo/sample/check-runs";

/// A scene with a pull request, and a token that may write checks.
async fn pulled() -> (Scene, String, String) {
    let scene = Scene::set().await;
    let files = [("code.txt", "one\n")];
    let head = scene.alice.pushes("topic", &files, "Do it").await.unwrap();
    scene
        .alice
        .opens_pull("topic", "main", "Fix")
        .await
        .unwrap();
    let token = scene.token(json!({"checks": "write"})).await;
    (scene, head.to_string(), token)
}

async fn patches(scene: &Scene, token: &str, id: &Value, body: Value) -> (u16, Value) {
    let path = format!("{RUNS}/{id}");
    let (status, answer, _) = scene.call(token, Method::PATCH, &path, body).await;
    (status.as_u16(), answer)
}

async fn refused(scene: &Scene, token: &str, body: Value) -> String {
    let (status, answer, _) = scene.call(token, Method::POST, RUNS, body).await;
    assert_eq!(status, 422, "{answer}");
    answer["message"].as_str().unwrap().to_owned()
}

fn action(label: &str, identifier: &str) -> Value {
    json!({"label": label, "identifier": identifier, "description": "Does it"})
}

#[tokio::test]
async fn a_completed_run_is_final_and_says_so_with_200() {
    let (scene, head, token) = pulled().await;
    let body = json!({"name": NAME, "head_sha": head, "status": "in_progress", "external_id": "v1:1",
                      "output": {"title": "Waiting", "summary": "for CI"}});
    let run = scene.post(&token, "/check-runs", body).await;
    assert_eq!(
        (&run["status"], &run["conclusion"]),
        (&json!("in_progress"), &Value::Null)
    );
    let done = json!({"conclusion": "success", "output": {"title": "Good", "summary": "all"}});
    let (status, run) = patches(&scene, &token, &run["id"], done).await;
    assert_eq!((status, &run["conclusion"]), (200, &json!("success")));
    for again in ["in_progress", "queued"] {
        let body = json!({"status": again, "output": {"title": "Other words", "summary": "all"}});
        let (status, run) = patches(&scene, &token, &run["id"], body).await;
        assert_eq!(
            (status, &run["status"]),
            (200, &json!("completed")),
            "{again}"
        );
        assert_eq!(run["conclusion"], "success");
        assert_eq!(run["output"]["title"], "Other words", "words do change");
        assert_eq!(run["external_id"], "v1:1");
    }
    let names = json!(["created", "completed"]);
    scene.yard.settle().await;
    let told = scene.received.bodies("check_run");
    let told: Vec<&Value> = told.iter().map(|one| &one["action"]).collect();
    assert_eq!(json!(told), names, "nothing is told of what did not happen");
}

#[tokio::test]
async fn a_run_is_kept_within_githubs_limits() {
    let (scene, head, token) = pulled().await;
    let run = |more: Value| {
        let mut body = json!({"name": NAME, "head_sha": head, "conclusion": "failure"});
        let map = body.as_object_mut().unwrap();
        map.extend(more.as_object().unwrap().clone());
        body
    };
    let output = |text: &str| json!({"output": {"title": "t", "summary": text, "text": text}});
    scene
        .post(&token, "/check-runs", run(output(&"ä".repeat(65_535))))
        .await;
    let said = refused(&scene, &token, run(output(&"a".repeat(65_536)))).await;
    assert!(said.contains("65535"), "{said}");
    refused(
        &scene,
        &token,
        run(json!({"output": {"title": "no summary"}})),
    )
    .await;
    refused(
        &scene,
        &token,
        run(json!({"actions": vec![action("Go", "go"); 4]})),
    )
    .await;
    let (twenty, more) = ("a".repeat(20), "a".repeat(21));
    scene
        .post(
            &token,
            "/check-runs",
            run(json!({"actions": [action(&twenty, &twenty)]})),
        )
        .await;
    refused(
        &scene,
        &token,
        run(json!({"actions": [action(&more, "go")]})),
    )
    .await;
    refused(
        &scene,
        &token,
        run(json!({"actions": [action("Go", &more)]})),
    )
    .await;
    refused(
        &scene,
        &token,
        json!({"name": NAME, "head_sha": head, "status": "completed"}),
    )
    .await;
    refused(&scene, &token, run(json!({"conclusion": "stale"}))).await;
    let mark = json!({"path": "code.txt", "start_line": 1, "end_line": 1,
                      "annotation_level": "warning", "message": "look"});
    let output =
        |marks: Vec<Value>| json!({"output": {"title": "t", "summary": "s", "annotations": marks}});
    let made = scene
        .post(&token, "/check-runs", run(output(vec![mark.clone(); 50])))
        .await;
    refused(&scene, &token, run(output(vec![mark.clone(); 51]))).await;
    refused(
        &scene,
        &token,
        run(output(vec![json!({"path": "code.txt"})])),
    )
    .await;
    let (_, made) = patches(&scene, &token, &made["id"], output(vec![mark; 7])).await;
    assert_eq!(made["output"]["annotations_count"], 57, "they are added");
    assert_eq!(made["conclusion"], "failure");
}

#[tokio::test]
async fn a_person_with_write_access_clicks_a_button_of_a_finished_run() {
    let (scene, head, token) = pulled().await;
    let body = json!({"name": "agent-evidence", "head_sha": head, "status": "in_progress", "actions": [action("Stop", "stop")]});
    let run = scene.post(&token, "/check-runs", body).await;
    let id = run["id"].as_i64().unwrap();
    assert!(
        scene.alice.clicks(id, "stop").await.is_err(),
        "no buttons yet"
    );
    patches(&scene, &token, &run["id"], json!({"conclusion": "neutral"})).await;
    assert!(scene.alice.clicks(id, "other").await.is_err());
    let rita = scene.repo.person("rita", Permission::Read).await.unwrap();
    assert!(
        rita.clicks(id, "stop").await.is_err(),
        "readers have no buttons"
    );
    scene.alice.clicks(id, "stop").await.unwrap();
    scene.alice.reruns_check(id).await.unwrap();
    let theirs = PlayedCheck::new(7, "other", "lint", Some("failure"));
    let theirs = scene.repo.adds_check("topic", theirs).await.unwrap();
    scene.alice.reruns_check(theirs).await.unwrap();
    scene.alice.reruns_suite("topic").await.unwrap();
    scene.yard.settle().await;
    let suites = scene.received.bodies("check_suite");
    let again = suites.iter().filter(|one| one["action"] == "rerequested");
    let again: Vec<&Value> = again.map(|one| &one["check_suite"]["head_sha"]).collect();
    assert_eq!(json!(again), json!([head]));
    let told = scene.received.bodies("check_run");
    let of = |action: &str| {
        told.iter()
            .filter(|one| one["action"] == action)
            .collect::<Vec<_>>()
    };
    let clicked = of("requested_action");
    assert_eq!(clicked.len(), 1);
    assert_eq!(
        clicked[0]["requested_action"],
        json!({"identifier": "stop"})
    );
    assert_eq!(clicked[0]["sender"]["login"], "alice");
    assert_eq!(clicked[0]["check_run"]["id"].as_i64(), Some(id));
    assert_eq!(
        of("rerequested").len(),
        1,
        "of the runs of others we are not told"
    );
}

#[tokio::test]
async fn what_nobody_ends_goes_stale_after_fourteen_days() {
    let (scene, head, token) = pulled().await;
    let body = json!({"name": NAME, "head_sha": head, "status": "in_progress"});
    let run = scene.post(&token, "/check-runs", body).await;
    let path = format!("{RUNS}/{}", run["id"]);
    scene.clock.advance_ms((14 * 24 * 3600 - 1) * 1000);
    let token = scene.token(json!({"checks": "write"})).await;
    let (_, shown, _) = scene.call(&token, Method::GET, &path, Value::Null).await;
    assert_eq!(shown["status"], "in_progress");
    scene.clock.advance_ms(1000);
    let (_, shown, _) = scene.call(&token, Method::GET, &path, Value::Null).await;
    assert_eq!(
        (&shown["status"], &shown["conclusion"]),
        (&json!("completed"), &json!("stale"))
    );
}

#[tokio::test]
async fn x66_a_check_of_our_name_can_come_from_anybody_but_not_under_our_app() {
    let (scene, head, token) = pulled().await;
    let forged = scene
        .repo
        .forges_check("topic", NAME, "success")
        .await
        .unwrap();
    let path = format!("{RUNS}/{forged}");
    let (_, shown, _) = scene.call(&token, Method::GET, &path, Value::Null).await;
    assert_eq!(shown["app"]["slug"], "github-actions");
    let (status, _) = patches(
        &scene,
        &token,
        &json!(forged),
        json!({"conclusion": "failure"}),
    )
    .await;
    assert_eq!(status, 403, "only its App changes a run");
    let body = json!({"name": NAME, "head_sha": head, "conclusion": "success"});
    let (status, ..) = scene
        .call(scene.alice.token(), Method::POST, RUNS, body)
        .await;
    assert_eq!(status, 403, "a person posts no check runs");
}
