//! Faults on request, and those that GitHub brings about by itself: renames, archives, suspension.

use castellan::yard::{Fault, Permission};
use reqwest::Method;
use serde_json::{Value, json};

use super::scene::Scene;

#[tokio::test]
async fn a_fault_comes_before_the_effect_or_after_it() {
    let scene = Scene::set().await;
    let n = scene.alice.opens_issue("Broken", "").await.unwrap();
    let token = scene.token(json!({"issues": "write"})).await;
    let path = format!("/repos/octo/sample/issues/{n}/comments");
    for (fault, wanted, comments) in [
        (Fault::Before(502), 502, 0),
        (Fault::After(502), 502, 1),
        (Fault::Conflict("no".to_owned()), 409, 1),
        (Fault::NotAccessible, 403, 1),
        (Fault::NotOnPlan, 403, 1),
        (Fault::BadCredentials, 401, 1),
        (Fault::NotFound, 404, 1),
    ] {
        scene
            .yard
            .fault("POST", "/repos/*/*/issues/*/comments", fault, 1);
        let (status, ..) = scene
            .call(&token, Method::POST, &path, json!({"body": "hello"}))
            .await;
        let (_, list, _) = scene.call(&token, Method::GET, &path, Value::Null).await;
        assert_eq!(
            (status.as_u16(), list.as_array().unwrap().len()),
            (wanted, comments)
        );
    }
    assert_eq!(
        scene.yard.violations(),
        [],
        "what was asked for is no violation"
    );
}

#[tokio::test]
async fn limits_say_when_to_come_again() {
    let scene = Scene::set().await;
    let token = scene.token(json!({"metadata": "read"})).await;
    scene.yard.fault(
        "GET",
        "/repos/**",
        Fault::SecondaryLimit {
            status: 429,
            retry_after_s: 30,
        },
        1,
    );
    let (status, _, headers) = scene
        .call(&token, Method::GET, "/repos/octo/sample", Value::Null)
        .await;
    assert_eq!(
        (status.as_u16(), headers["retry-after"].to_str().unwrap()),
        (429, "30")
    );
    scene
        .yard
        .fault("*", "**", Fault::PrimaryLimit { reset_in_s: 60 }, 1);
    let (status, _, headers) = scene
        .call(&token, Method::GET, "/repos/octo/sample", Value::Null)
        .await;
    assert_eq!(
        (
            status.as_u16(),
            headers["x-ratelimit-remaining"].to_str().unwrap()
        ),
        (403, "0")
    );
    let now = scene.clock.now().0 / 1000;
    assert_eq!(
        headers["x-ratelimit-reset"].to_str().unwrap(),
        (now + 60).to_string()
    );
    let (status, ..) = scene
        .call(&token, Method::GET, "/repos/octo/sample", Value::Null)
        .await;
    assert_eq!(status, 200);
}

#[tokio::test]
async fn a_connection_breaks_with_or_without_the_effect() {
    let scene = Scene::set().await;
    let n = scene.alice.opens_issue("Broken", "").await.unwrap();
    let token = scene.token(json!({"issues": "write"})).await;
    let url = format!(
        "{}/repos/octo/sample/issues/{n}/comments",
        scene.yard.api_url()
    );
    for (fault, comments) in [(Fault::Dropped, 0), (Fault::DroppedAfter, 1)] {
        scene.yard.fault("POST", "/repos/**", fault, 1);
        let sent = scene
            .http
            .post(&url)
            .bearer_auth(&token)
            .json(&json!({"body": "hello"}))
            .send()
            .await;
        let broken = match sent {
            Ok(response) => response.text().await.is_err(),
            Err(_) => true,
        };
        assert!(broken);
        let (_, list, _) = scene
            .call(
                &token,
                Method::GET,
                &format!("/repos/octo/sample/issues/{n}/comments"),
                Value::Null,
            )
            .await;
        assert_eq!(list.as_array().unwrap().len(), comments);
    }
}

#[tokio::test]
async fn reads_are_stale_and_lists_are_partial_on_request() {
    let scene = Scene::set().await;
    let token = scene
        .token(json!({"issues": "write", "contents": "read"}))
        .await;
    let list = "/repos/octo/sample/issues";
    let (_, before, _) = scene.call(&token, Method::GET, list, Value::Null).await;
    for title in ["one", "two"] {
        scene.alice.opens_issue(title, "").await.unwrap();
    }
    scene.yard.fault("GET", list, Fault::Stale, 1);
    let (_, stale, _) = scene.call(&token, Method::GET, list, Value::Null).await;
    assert_eq!(stale, before);
    scene.yard.fault("GET", list, Fault::Partial, 1);
    let (_, partial, _) = scene.call(&token, Method::GET, list, Value::Null).await;
    assert_eq!(partial.as_array().unwrap().len(), 1);
    let tree = format!(
        "/repos/octo/sample/git/trees/{}?recursive=1",
        scene.tip("main")
    );
    scene
        .yard
        .fault("GET", "/repos/*/*/git/trees/*", Fault::Partial, 1);
    let (_, cut, _) = scene.call(&token, Method::GET, &tree, Value::Null).await;
    assert_eq!(cut["truncated"], true);
    let (_, whole, _) = scene.call(&token, Method::GET, &tree, Value::Null).await;
    assert_eq!(whole["truncated"], false);
}

#[tokio::test]
async fn the_old_name_of_a_repository_redirects_to_its_number() {
    let scene = Scene::set().await;
    let token = scene.token(json!({"issues": "write"})).await;
    let ada = scene.repo.person("ada", Permission::Admin).await.unwrap();
    let n = scene.alice.opens_issue("Broken", "").await.unwrap();
    ada.renames("better").await.unwrap();
    let (status, _, headers) = scene
        .call(
            &token,
            Method::GET,
            &format!("/repos/octo/sample/issues/{n}"),
            Value::Null,
        )
        .await;
    assert_eq!(status, 301);
    let to = headers["location"]
        .to_str()
        .unwrap()
        .strip_prefix(&scene.yard.api_url())
        .unwrap()
        .to_owned();
    assert_eq!(to, format!("/repositories/{}/issues/{n}", scene.repo.id()));
    let (status, issue, _) = scene.call(&token, Method::GET, &to, Value::Null).await;
    assert_eq!(
        (status.as_u16(), issue["title"].as_str()),
        (200, Some("Broken"))
    );
    let path = format!("/repos/octo/sample/issues/{n}/comments");
    let (status, ..) = scene
        .call(&token, Method::POST, &path, json!({"body": "hello"}))
        .await;
    assert_eq!(status, 307);
    scene.yard.settle().await;
    let renamed = &scene.received.bodies("repository")[0];
    assert_eq!(renamed["changes"]["repository"]["name"]["from"], "sample");
    assert_eq!(renamed["repository"]["full_name"], "octo/better");
}

#[tokio::test]
async fn an_archived_repository_is_read_only_and_a_lost_installation_is_lost() {
    let scene = Scene::set().await;
    let ada = scene.repo.person("ada", Permission::Admin).await.unwrap();
    let n = scene.alice.opens_issue("Broken", "").await.unwrap();
    let token = scene.token(json!({"issues": "write"})).await;
    let path = format!("/repos/octo/sample/issues/{n}/comments");
    ada.archives().await.unwrap();
    let (status, body, _) = scene
        .call(&token, Method::POST, &path, json!({"body": "hello"}))
        .await;
    assert_eq!(
        (status.as_u16(), body["message"].as_str()),
        (403, Some("Repository was archived so is read-only."))
    );
    ada.suspends(true).await.unwrap();
    let (status, ..) = scene.call(&token, Method::GET, &path, Value::Null).await;
    assert_eq!(status, 403);
    ada.suspends(false).await.unwrap();
    let mint = format!(
        "/app/installations/{}/access_tokens",
        scene.installation().await
    );
    ada.uninstalls_app().await.unwrap();
    let (status, ..) = scene.call(&token, Method::GET, &path, Value::Null).await;
    assert_eq!(status, 401);
    let (status, ..) = scene
        .call(&scene.jwt(-60, 600), Method::POST, &mint, Value::Null)
        .await;
    assert_eq!(status, 404);
    scene.yard.settle().await;
    let names = scene.received.names();
    assert_eq!(
        names[1..],
        [
            "repository.archived",
            "installation.suspend",
            "installation.unsuspend",
            "installation.deleted"
        ]
    );
}
