//! Providers that are busy, down, gone, or that say no: each has its word and its remedy.

use std::time::Duration;

use castellan::server::Pace;
use serde_json::json;

use super::case::{Answer, Case, KEY, answer, message};
use super::provider::{Canned, Piece};

fn is(got: &Answer, status: u16, word: &str) {
    assert_eq!(
        (got.status.as_u16(), got.word.as_deref()),
        (status, Some(word)),
        "{got:?}"
    );
    assert!(!got.text.contains(KEY));
}

#[tokio::test]
async fn a1_a_busy_provider_is_waited_for_and_the_call_counts_once() {
    let case = Case::begins().await;
    case.provider
        .says(Canned::new(429, "slow down").with("retry-after", "0"));
    case.provider.says(Canned::new(529, "overloaded"));
    case.provider
        .says(Canned::new(503, "down").with("retry-after-ms", "1"));
    case.provider.says(Canned::new(500, "oops"));
    let got = case.calls().await;
    assert!(got.status == 200 && got.text.contains("hello"), "{got:?}");
    assert_eq!(case.provider.heard().len(), 5);
    let spent = case.spent().await;
    assert_eq!((spent.calls, spent.tokens.total()), (1, 57));
}

#[tokio::test]
async fn a_provider_that_is_down_for_an_hour_is_named_within_the_limit() {
    let case = Case::begins().await;
    for _ in 0..5_000 {
        case.provider.says(Canned::new(503, "secret words"));
    }
    let got = case.calls().await;
    is(&got, 503, "provider");
    assert!(
        got.text.contains("answers 503") && !got.text.contains("secret"),
        "{got:?}"
    );
    assert!(case.provider.heard().len() > 2);
    // It did nothing, so nothing but the call counts.
    let spent = case.spent().await;
    assert_eq!((spent.calls, spent.tokens.total()), (1, 0));
}

#[tokio::test]
async fn a_provider_that_asks_for_too_much_time_is_not_waited_for() {
    let case = Case::begins().await;
    case.provider
        .says(Canned::new(429, "{}").with("retry-after", "3600"));
    is(&case.calls().await, 503, "provider");
    assert_eq!(case.provider.heard().len(), 1);
}

#[tokio::test]
async fn a_provider_that_is_not_there_is_named() {
    let case = Case::begins().await;
    let pace = Pace {
        all_max: Duration::from_millis(20),
        ..super::case::PACE
    };
    let gone = super::case::gateway("http://127.0.0.1:1", pace);
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0))
        .await
        .unwrap();
    let url = format!(
        "http://{}/model/openai/v1/responses",
        listener.local_addr().unwrap()
    );
    let router = castellan::server::router(super::case::server(&case.engine, &gone));
    tokio::spawn(async move { axum::serve(listener, router).await });
    let body = json!({"input": "x"}).to_string();
    let got = answer(case.http.post(url).bearer_auth(case.bearer(1)).body(body)).await;
    is(&got, 503, "provider");
    assert!(got.text.contains("cannot be reached"), "{got:?}");
    assert_eq!(case.spent().await.tokens.total(), 0);
}

#[tokio::test]
async fn an_expired_key_and_a_model_that_does_not_exist_are_named() {
    for (canned, status, word, said) in [
        (
            Canned::new(401, format!("Incorrect API key provided: {KEY}")),
            403,
            "key",
            "model-key",
        ),
        (Canned::new(403, "no"), 403, "key", "account"),
        (
            Canned::new(429, "{\"error\":{\"code\":\"insufficient_quota\"}}"),
            403,
            "key",
            "used up",
        ),
        (
            Canned::new(400, "{\"error\":{\"message\":\"API key not valid.\"}}"),
            403,
            "key",
            "used up",
        ),
        (Canned::new(404, "no such model"), 404, "model", "models"),
        (
            Canned::new(302, "").with("location", "http://127.0.0.1:1/"),
            503,
            "provider",
            "elsewhere",
        ),
    ] {
        let case = Case::begins().await;
        case.provider.says(canned);
        let got = case.calls().await;
        is(&got, status, word);
        assert!(got.text.contains(said), "{got:?}");
        assert_eq!(case.provider.heard().len(), 1);
        let spent = case.spent().await;
        assert_eq!((spent.calls, spent.tokens.total(), spent.micros), (1, 0, 0));
    }
}

#[tokio::test]
async fn what_the_provider_says_of_a_request_reaches_the_agent_without_the_key() {
    let case = Case::begins().await;
    let said = format!("{{\"error\":{{\"message\":\"prompt is too long for {KEY}\"}}}}");
    case.provider.says(
        Canned::new(400, said)
            .with("x-request-id", "r")
            .with("x-org", "theirs"),
    );
    let request = case.post("anthropic/v1/messages", &message("x", 10));
    let got = request.send().await.unwrap();
    assert_eq!(got.headers()["x-request-id"], "r");
    assert!(got.headers().get("x-org").is_none());
    assert!(
        got.headers().get("castellan-model-refusal").is_none(),
        "it is not ours"
    );
    assert_eq!(got.status(), 400);
    let text = got.text().await.unwrap();
    assert_eq!(
        text,
        "{\"error\":{\"message\":\"prompt is too long for …\"}}"
    );
}

#[tokio::test]
async fn a_provider_that_breaks_off_before_its_answer_may_have_worked() {
    let case = Case::begins().await;
    // The head is not sent before the first piece.
    let mut broken = Canned::events(vec![Piece::Break]);
    broken.headers.push(("content-length", "10".to_owned()));
    case.provider.says(broken);
    let request = case.post("anthropic/v1/messages", &message("x", 700));
    let read = match request.send().await {
        Ok(answer) => answer.bytes().await.is_ok_and(|bytes| bytes.is_empty()),
        Err(_) => false,
    };
    assert!(!read, "it must not look whole");
    let spent = case.spent().await;
    assert!(spent.calls == 1 && spent.tokens.output == 700, "{spent:?}");
    assert_eq!(case.provider.heard().len(), 1, "it is not asked twice");
}
