//! Deliveries: signed, logged, lost, sent again, and shaped like the recorded ones.

use castellan::yard::{Order, signature};
use reqwest::Method;
use serde_json::{Value, json};

use super::scene::Scene;

#[test]
fn the_signature_is_githubs() {
    assert_eq!(
        signature("It's a Secret to Everybody", b"Hello, World!"),
        "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    );
}

#[tokio::test]
async fn deliveries_are_signed_and_failed_ones_are_sent_again_under_their_guid() {
    let scene = Scene::set().await;
    *scene.received.answer.lock().unwrap() = 503;
    scene.alice.opens_issue("Broken", "It is.").await.unwrap();
    scene.yard.settle().await;
    let (headers, body) = scene.received.posts.lock().unwrap()[0].clone();
    assert_eq!(
        headers["x-hub-signature-256"],
        signature(&scene.yard.app().webhook_secrets[0], &body)
    );
    assert!(headers["user-agent"].starts_with("GitHub-Hookshot/"));

    *scene.received.answer.lock().unwrap() = 202;
    let jwt = scene.jwt(-60, 600);
    let (_, list, _) = scene
        .call(
            &jwt,
            Method::GET,
            "/app/hook/deliveries?per_page=5",
            Value::Null,
        )
        .await;
    assert_eq!(
        (list[0]["event"].as_str(), list[0]["status_code"].as_i64()),
        (Some("issues"), Some(503))
    );
    let path = format!("/app/hook/deliveries/{}", list[0]["id"]);
    let (_, whole, _) = scene.call(&jwt, Method::GET, &path, Value::Null).await;
    assert_eq!(whole["request"]["payload"]["issue"]["title"], "Broken");
    let (status, ..) = scene
        .call(&jwt, Method::POST, &format!("{path}/attempts"), Value::Null)
        .await;
    assert_eq!(status, 202);
    scene.yard.settle().await;
    let guids = scene.received.guids();
    assert_eq!((guids.len(), &guids[0]), (2, &guids[1]));
    let (_, list, _) = scene
        .call(&jwt, Method::GET, "/app/hook/deliveries", Value::Null)
        .await;
    assert_eq!(
        (
            list[0]["redelivery"].as_bool(),
            list[0]["status_code"].as_i64()
        ),
        (Some(true), Some(202))
    );
}

#[tokio::test]
async fn the_list_of_deliveries_has_pages_and_ends_after_three_days() {
    let scene = Scene::set().await;
    for n in 0..5 {
        scene.alice.opens_issue(&format!("{n}"), "").await.unwrap();
    }
    scene.yard.settle().await;
    let jwt = scene.jwt(-60, 600);
    let (_, first, headers) = scene
        .call(
            &jwt,
            Method::GET,
            "/app/hook/deliveries?per_page=3",
            Value::Null,
        )
        .await;
    let link = headers["link"].to_str().unwrap();
    let next = link
        .split(['<', '>'])
        .nth(1)
        .unwrap()
        .strip_prefix(&scene.yard.api_url())
        .unwrap();
    let (_, second, headers) = scene.call(&jwt, Method::GET, next, Value::Null).await;
    assert_eq!(
        (
            first.as_array().unwrap().len(),
            second.as_array().unwrap().len()
        ),
        (3, 2)
    );
    assert!(headers.get("link").is_none());
    scene.clock.advance_ms(3 * 24 * 3_600_000 + 1);
    let (_, none, _) = scene
        .call(
            &scene.jwt(-60, 600),
            Method::GET,
            "/app/hook/deliveries",
            Value::Null,
        )
        .await;
    assert_eq!(none, json!([]));
}

#[tokio::test]
async fn deliveries_get_lost_swallowed_doubled_and_held() {
    let scene = Scene::set().await;
    scene.yard.loses_deliveries("issues.opened", 1);
    let n = scene.alice.opens_issue("Broken", "").await.unwrap();
    scene.yard.swallows_deliveries("issues.labeled", 1);
    scene.alice.labels(n, "agent").await.unwrap();
    scene.yard.doubles_deliveries("issue_comment", 1);
    scene.alice.comments(n, "/agent status").await.unwrap();
    scene.yard.settle().await;
    assert_eq!(
        scene.received.names(),
        ["issue_comment.created", "issue_comment.created"]
    );
    let log = scene.yard.deliveries();
    assert_eq!(
        log.iter()
            .map(|(_, name, status)| (name.as_str(), *status))
            .collect::<Vec<_>>(),
        [
            ("issues.opened", 0),
            ("issue_comment.created", 202),
            ("issue_comment.created", 202),
        ]
    );
    scene.yard.holds_deliveries();
    scene.alice.unlabels(n, "agent").await.unwrap();
    scene.alice.closes(n).await.unwrap();
    scene.yard.settle().await;
    assert_eq!(scene.received.names().len(), 2);
    scene.yard.delivers_held(&Order::Reversed);
    scene.yard.settle().await;
    assert_eq!(
        scene.received.names()[2..],
        ["issues.closed", "issues.unlabeled"]
    );
    assert!(scene.yard.redelivers(&log[0].0));
    scene.yard.settle().await;
    assert_eq!(scene.received.names()[4..], ["issues.opened"]);
}

#[tokio::test]
async fn a_payload_has_every_key_of_the_recording_and_the_values_of_the_world() {
    let scene = Scene::set().await;
    let n = scene.alice.opens_issue("Broken", "It is.").await.unwrap();
    scene.alice.labels(n, "agent").await.unwrap();
    scene.yard.settle().await;
    let recorded: Value = serde_json::from_str(include_str!(
        "../../../fixtures/webhooks/issues.labeled.json"
    ))
    .unwrap();
    let sent = &scene.received.bodies("issues")[1];
    let missing = |pointer: &str| -> Vec<String> {
        let (recorded, sent) = (
            recorded.pointer(pointer).unwrap(),
            sent.pointer(pointer).unwrap(),
        );
        recorded
            .as_object()
            .unwrap()
            .keys()
            .filter(|key| sent.get(key.as_str()).is_none())
            .cloned()
            .collect()
    };
    for pointer in [
        "",
        "/issue",
        "/repository",
        "/label",
        "/sender",
        "/repository/owner",
    ] {
        assert_eq!(missing(pointer), Vec::<String>::new(), "{pointer}");
    }
    assert_eq!(sent["label"]["name"], "agent");
    assert_eq!(sent["sender"]["login"], "alice");
    assert_eq!(sent["repository"]["full_name"], "octo/sample");
    assert_eq!(
        sent["installation"]["id"].as_i64().unwrap(),
        scene.installation().await
    );
    let text = sent.to_string();
    assert!(
        !text.contains("api.github.com") && !text.contains("Codertocat"),
        "{text}"
    );
}

#[tokio::test]
async fn only_events_of_the_manifest_are_sent() {
    let manifest = include_str!("../../../app-manifest.yml").replace("  - issue_comment\n", "");
    let scene = Scene::set_with(castellan::yard::Options {
        manifest,
        ..Default::default()
    })
    .await;
    let n = scene.alice.opens_issue("Broken", "").await.unwrap();
    scene.alice.comments(n, "hello").await.unwrap();
    scene.yard.settle().await;
    assert_eq!(scene.received.names(), ["issues.opened"]);
}
