//! The issuer's keys: down, changed, elsewhere (A18, X30).

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use castellan::clock::Clock;
use castellan::domain::ids::AttemptNumber;
use castellan::engine::attempt::RunnerRefusal;
use castellan::github::identity::{Issuer, NotProven};
use serde_json::{Value, json};

use super::world::{AUDIENCE, World};

/// How the place of the keys answers now, and how often it was asked.
struct Place {
    answer: (StatusCode, Value),
    asked: u32,
}

/// An issuer of our own that signs with the yard's key, and answers as it is told.
struct Stand {
    world: World,
    place: Arc<Mutex<Place>>,
    clock: Clock,
    issuer: Issuer,
    token: String,
}

impl Stand {
    async fn open() -> Self {
        let world = World::begins().await;
        world.labelled_issue().await;
        let held = world.held().await;
        let keys = format!("{}/_services/token/.well-known/jwks", world.yard.web_url());
        let keys: Value = world
            .http
            .get(keys)
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap();
        let answer = (StatusCode::OK, keys);
        let place = Arc::new(Mutex::new(Place { answer, asked: 0 }));
        let shared = place.clone();
        let answers = move || async move {
            let mut place = shared.lock().unwrap();
            place.asked += 1;
            let (status, body) = place.answer.clone();
            match body.as_str() {
                Some(elsewhere) => (status, [(header::LOCATION, elsewhere)]).into_response(),
                None => (status, axum::Json(body)).into_response() as Response,
            }
        };
        let app = Router::new().route("/.well-known/jwks", get(answers));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await });
        let clock = Clock::manual(world.clock.now());
        let issuer = Issuer::new(&address.parse().unwrap(), AUDIENCE, clock.clone()).unwrap();
        // Good for as long as the test needs it.
        let now = clock.now().0 / 1000;
        let claims = json!({"iss": address, "iat": now, "exp": now + 3600});
        let token = held.identity(AUDIENCE, &claims).unwrap();
        Self {
            world,
            place,
            clock,
            issuer,
            token,
        }
    }

    fn answers(&self, status: StatusCode, body: Value) {
        self.place.lock().unwrap().answer = (status, body);
    }

    fn asked(&self) -> u32 {
        self.place.lock().unwrap().asked
    }

    async fn is_retryable(&self) {
        let answer = self.issuer.verify(&self.token).await;
        assert!(matches!(answer, Err(NotProven::Keys { .. })), "{answer:?}");
    }
}

#[tokio::test]
async fn a18_without_the_issuer_s_keys_nobody_is_believed_and_everybody_may_try_again() {
    let stand = Stand::open().await;
    let good = stand.place.lock().unwrap().answer.clone();
    stand.answers(StatusCode::SERVICE_UNAVAILABLE, json!({}));
    stand.is_retryable().await;
    stand.clock.advance_ms(3_000);
    stand.answers(StatusCode::OK, json!("no keys"));
    stand.is_retryable().await;
    // The run is told so: 503, try again.
    let mut server = stand.world.engine.clone();
    server.issuer = Some(stand.issuer.clone());
    let task = stand.world.newest().await;
    let nonce = task.attempts[0].nonce.clone();
    let refused = server
        .sign_in(&task.id, AttemptNumber(1), &nonce, &stand.token)
        .await;
    assert!(
        matches!(refused, Err(RunnerRefusal::NoKeys(_))),
        "{refused:?}"
    );
    stand.clock.advance_ms(3_000);
    stand.answers(good.0, good.1);
    stand.issuer.verify(&stand.token).await.unwrap();
    // Kept keys are honoured while the place is down, until they are too old.
    stand.answers(StatusCode::SERVICE_UNAVAILABLE, json!({}));
    stand.clock.advance_ms(3_500_000);
    stand.issuer.verify(&stand.token).await.unwrap();
    stand.clock.advance_ms(101_000);
    stand.is_retryable().await;
    stand.world.ends().await;
}

#[tokio::test]
async fn a18_a_key_that_changed_is_found_and_asked_for_once_a_minute() {
    let stand = Stand::open().await;
    let (status, new) = stand.place.lock().unwrap().answer.clone();
    let mut old = new.clone();
    old["keys"][0]["kid"] = json!("the-key-before");
    stand.answers(status, old);
    let unknown = stand.issuer.verify(&stand.token).await;
    assert!(matches!(unknown, Err(NotProven::Token(_))), "{unknown:?}");
    stand.answers(status, new);
    for _ in 0..20 {
        stand.is_retryable().await;
    }
    assert_eq!(stand.asked(), 1, "strangers make us ask, too");
    stand.clock.advance_ms(60_000);
    stand.issuer.verify(&stand.token).await.unwrap();
    assert_eq!(stand.asked(), 2);
    stand.world.ends().await;
}

#[tokio::test]
async fn x30_keys_are_taken_from_the_issuer_alone_and_no_redirect_is_followed() {
    let stand = Stand::open().await;
    let elsewhere = format!(
        "{}/_services/token/.well-known/jwks",
        stand.world.yard.web_url()
    );
    stand.answers(StatusCode::FOUND, json!(elsewhere));
    stand.is_retryable().await;
    stand.world.ends().await;
}
