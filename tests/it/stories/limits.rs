//! GitHub asks us to wait: over GraphQL with the status 200, where only the answer's words tell.

use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use axum::{Json, Router};
use castellan::clock::Clock;
use castellan::domain::ids::{InstallationId, RepositoryId, UserId};
use castellan::domain::time::Timestamp;
use castellan::github::app_auth::AppKey;
use castellan::github::{Client, Kind, Target};
use castellan::yard::{Fault, Options, Yard};
use serde_json::json;
use tokio::sync::Notify;

use super::world::{FIX, World};

/// The read that opens every task.
const READ: (&str, &str) = ("POST", "/graphql/TaskInput");

#[tokio::test]
async fn a4_a_used_up_hour_of_graphql_is_slept_through() {
    let world = World::begins().await;
    let fault = Fault::PrimaryLimit { reset_in_s: 1800 };
    world.yard.fault(READ.0, READ.1, fault, 1);
    world.labelled_issue().await;
    world.yard.resets_calls();
    for _ in 0..17 {
        world.waits(100).await;
    }
    assert_eq!(
        world.yard.call_list().len(),
        0,
        "nothing is asked meanwhile"
    );
    world.waits(200).await;
    world.runner().await.returns_change(&[FIX]).await;
    assert!(world.transcript().await.contains("is ready for you"));
    world.ends().await;
}

#[tokio::test]
async fn a3_a_secondary_limit_of_graphql_pauses_the_whole_installation() {
    for status in [200, 403] {
        let world = World::begins().await;
        let first = world.labelled_issue().await;
        let fault = Fault::SecondaryLimit {
            status,
            retry_after_s: 120,
        };
        world.yard.fault(READ.0, READ.1, fault, 1);
        world.labelled_issue().await;
        world.yard.resets_calls();
        world.alice.comments(first, "/agent status").await.unwrap();
        world.settles().await;
        world.waits(100).await;
        assert_eq!(world.yard.call_list().len(), 0, "{status}");
        world.waits(30).await;
        assert_eq!(world.tasks().await, 2, "{status}");
        world.runner().await.returns_change(&[FIX]).await;
        world.runner().await.returns_change(&[FIX]).await;
        world.ends().await;
    }
}

/// A GitHub of a few routes, whose answers come when a test says so; and a client of it.
async fn client_of(routes: Router, clock: &Clock) -> (Client, tokio::task::JoinHandle<()>) {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0))
        .await
        .unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let serving = tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
    let yard = Yard::start(Options::default()).await.unwrap();
    let key = AppKey::new(1, &yard.app().private_key_pem).unwrap();
    let client = Client::new(&url.parse().unwrap(), key, clock.clone()).unwrap();
    (client, serving)
}

fn token() -> axum::response::Response {
    let token = json!({"token": "ghs_t", "expires_at": "2030-01-01T00:00:00Z"});
    (StatusCode::CREATED, Json(token)).into_response()
}

fn target(number: i64) -> Target {
    Target {
        installation: InstallationId(1),
        repository: RepositoryId(number),
        name: format!("octo/r{number}").parse().unwrap(),
    }
}

#[tokio::test]
async fn a_token_that_is_slow_to_come_holds_up_no_other_installation() {
    let asked = Arc::new(Notify::new());
    let heard = Arc::clone(&asked);
    let mint = move |path: axum::extract::Path<i64>| async move {
        if path.0 == 1 {
            heard.notify_one();
            std::future::pending::<()>().await;
        }
        token()
    };
    let routes = Router::new()
        .route("/app/installations/{id}/access_tokens", post(mint))
        .route(
            "/installation/repositories",
            get(|| async { Json(json!({"repositories": []})) }),
        );
    let clock = Clock::manual(Timestamp(1_790_000_000_000));
    let (client, serving) = client_of(routes, &clock).await;
    let slow = client.clone();
    let slow = tokio::spawn(async move { slow.repositories_of(InstallationId(1)).await });
    asked.notified().await;
    let other = client.repositories_of(InstallationId(2));
    let other = tokio::time::timeout(Duration::from_secs(10), other).await;
    assert!(other.expect("the other one does not wait").is_ok());
    slow.abort();
    serving.abort();
}

#[tokio::test]
async fn a3_an_answer_that_was_overtaken_makes_no_pause_shorter() {
    let (asked, told) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (heard, goes_on) = (Arc::clone(&asked), Arc::clone(&told));
    let limit = |seconds: &'static str| {
        let headers = [("retry-after", seconds)];
        (StatusCode::TOO_MANY_REQUESTS, headers, Json(json!({}))).into_response()
    };
    let early = move || async move {
        heard.notify_one();
        goes_on.notified().await;
        limit("10")
    };
    let routes = Router::new()
        .route(
            "/app/installations/{id}/access_tokens",
            post(|| async { token() }),
        )
        .route("/repos/octo/r1", get(early))
        .route("/repos/octo/r2", get(move || async move { limit("1000") }));
    let clock = Clock::manual(Timestamp(1_790_000_000_000));
    let (client, serving) = client_of(routes, &clock).await;
    let overtaken = client.clone();
    let overtaken = tokio::spawn(async move { overtaken.is_open(&target(1), UserId(1)).await });
    asked.notified().await;
    client.is_open(&target(2), UserId(1)).await.unwrap_err();
    told.notify_one();
    overtaken.await.unwrap().unwrap_err();
    clock.advance_ms(60_000);
    let kind = client
        .is_open(&target(2), UserId(1))
        .await
        .unwrap_err()
        .kind;
    assert!(
        matches!(kind, Kind::Limited { wait_s } if (900..=941).contains(&wait_s)),
        "{kind:?}"
    );
    serving.abort();
}
