//! A server whose clock is wrong (U10), against a GitHub whose clock is right.

use castellan::clock::Clock;
use castellan::domain::ids::AttemptNumber;
use castellan::domain::time::Timestamp;
use castellan::engine::Engine;
use serde_json::Value;

use super::world::{AUDIENCE, FIX, World, engine, issuer, serve};

/// Ten minutes, as an NTP failure leaves them.
const WRONG_S: i64 = 600;

/// The same server again, with its clock moved on by `ms`, and where it answers.
async fn moved(world: &World, ms: i64) -> (Engine, String, tokio::task::JoinHandle<()>) {
    let clock = Clock::manual(Timestamp(world.clock.now().0 + ms));
    let mut server = engine(&world.yard, &clock, world.folder.path(), &world.setting).await;
    server.issuer = Some(issuer(&world.yard, &clock, AUDIENCE));
    let (address, serving) = serve(&world.yard, &server, &world.setting).await;
    (server, address, serving)
}

async fn health(world: &World, address: &str) -> (u16, Value) {
    let answer = world.http.get(format!("{address}/health"));
    let answer = answer.send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

#[tokio::test]
async fn u10_a_wrong_clock_is_named_and_the_server_is_not_ready() {
    let world = World::begins().await;
    for (wrong_s, how) in [(WRONG_S, "ahead of"), (-WRONG_S, "behind")] {
        let (server, address, serving) = moved(&world, wrong_s * 1000).await;
        let (status, before) = health(&world, &address).await;
        assert_eq!((status, &before["clock"]), (200, &Value::Null));
        // GitHub refuses a JWT of the future or of the past, and dates its answer.
        let github = server.github.as_ref().unwrap();
        let refused = github.installations().await.unwrap_err().to_string();
        let said = format!(
            "this server's clock is {wrong_s} s {how} GitHub's",
            wrong_s = WRONG_S
        );
        assert!(refused.contains(&said), "{refused}");
        let (status, after) = health(&world, &address).await;
        assert_eq!((status, &after["ready"]), (503, &Value::Bool(false)));
        let clock = after["clock"].as_str().unwrap();
        assert!(
            clock.contains(&said) && clock.contains("set-ntp"),
            "{clock}"
        );
        serving.abort();
    }
    // A little is nothing: networks are slow, and `Date` has whole seconds.
    let (server, address, serving) = moved(&world, 119_000).await;
    let _ = server.github.as_ref().unwrap().installations().await;
    assert_eq!(health(&world, &address).await.0, 200);
    serving.abort();
    world.ends().await;
}

#[tokio::test]
async fn u10_a_token_that_a_wrong_clock_refuses_is_told_so() {
    let world = World::begins().await;
    world.labelled_issue().await;
    let held = world.held().await;
    let (server, _, serving) = moved(&world, -WRONG_S * 1000).await;
    let _ = server.github.as_ref().unwrap().installations().await;
    let token = held.identity(AUDIENCE, &serde_json::json!({})).unwrap();
    let [task, attempt, nonce] = ["task", "attempt", "nonce"].map(|name| &held.inputs[name]);
    let number = AttemptNumber(attempt.parse().unwrap());
    let refused = server
        .sign_in(&task.parse().unwrap(), number, nonce, &token)
        .await;
    let said = refused.unwrap_err().to_string();
    assert!(said.contains("clock is 600 s behind GitHub's"), "{said}");
    serving.abort();
    // With the clock right again the same run goes on.
    world.runner_of(held, 1).await.returns_change(&[FIX]).await;
    world.ends().await;
}
