//! What passes: to the provider, and back as it comes.

use std::sync::Arc;

use bytes::Bytes;
use castellan::domain::model::Tokens;
use castellan::domain::model::budget::WRAP_UP;
use futures::StreamExt as _;
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use super::case::{Answer, Case, KEY, PRICES, answer, budget, message};
use super::provider::{Canned, Piece};

/// Path, request, the provider's own path, the header of its key, and a stream of that dialect.
type Dialect = (
    &'static str,
    Value,
    &'static str,
    &'static str,
    &'static str,
);

fn dialects() -> [Dialect; 4] {
    let messages = json!([{"role": "user", "content": "x"}]);
    [
        (
            "anthropic/v1/messages?beta=true",
            json!({"model": "a", "max_tokens": 100, "stream": true, "messages": messages}),
            "/v1/messages",
            "x-api-key",
            "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"usage\":{\"input_tokens\":15,\"cache_read_input_tokens\":40,\"output_tokens\":1}}}\n\nevent: message_delta\ndata: {\"type\":\"message_delta\",\"usage\":{\"output_tokens\":25}}\n\nevent: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
        ),
        (
            "openai/v1/responses",
            json!({"model": "a", "input": "x", "stream": true}),
            "/v1/responses",
            "authorization",
            "event: response.completed\ndata: {\"type\":\"response.completed\",\"response\":{\"usage\":{\"input_tokens\":55,\"input_tokens_details\":{\"cached_tokens\":40},\"output_tokens\":25}}}\n\n",
        ),
        (
            "openai/v1/chat/completions",
            json!({"model": "a", "messages": messages, "stream": true}),
            "/v1/chat/completions",
            "authorization",
            "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":55,\"completion_tokens\":25,\"prompt_tokens_details\":{\"cached_tokens\":40}}}\n\ndata: [DONE]\n\n",
        ),
        (
            "gemini/v1beta/models/a:streamGenerateContent?alt=sse&key=mine",
            json!({"contents": [{"parts": [{"text": "x"}]}]}),
            "/v1beta/models/granted:streamGenerateContent?alt=sse",
            "x-goog-api-key",
            "data: {\"candidates\":[{\"finishReason\":\"STOP\"}],\"usageMetadata\":{\"promptTokenCount\":55,\"cachedContentTokenCount\":40,\"candidatesTokenCount\":20,\"thoughtsTokenCount\":5}}\n\n",
        ),
    ]
}

const SEEN: Tokens = Tokens {
    input: 15,
    cache_read: 40,
    cache_write: 0,
    output: 25,
};

#[tokio::test]
async fn each_dialect_passes_byte_for_byte_with_the_key_and_is_counted() {
    for (path, body, own_path, key_header, stream) in dialects() {
        let case = Case::begins().await;
        let single = stream
            .bytes()
            .map(|byte| Piece::Bytes(Bytes::from(vec![byte])));
        case.provider
            .says(Canned::events(single.collect()).with("set-cookie", "theirs=1"));
        let request = case
            .post(path, &body)
            .header(
                "anthropic-beta",
                "interleaved-thinking-2025-05-14, mcp-client-2025-04-04",
            )
            .header("anthropic-version", "2023-06-01")
            .header("x-api-key", "dummy")
            .header("x-goog-api-key", "dummy")
            .header("cookie", "mine=1")
            .header("x-forwarded-for", "10.0.0.1");
        let got = request.send().await.unwrap();
        assert!(got.headers().get("set-cookie").is_none());
        assert_eq!(got.text().await.unwrap(), stream);
        let heard = case.provider.heard().remove(0);
        assert_eq!(heard.path, own_path);
        let known: Vec<&str> = heard.headers.keys().map(|name| name.as_str()).collect();
        for name in &known {
            let fine = [
                "content-type",
                "accept",
                "host",
                "content-length",
                "anthropic-version",
                "anthropic-beta",
            ];
            assert!(
                fine.contains(name) || *name == key_header,
                "{name} is passed on"
            );
        }
        let key = heard.headers[key_header].to_str().unwrap();
        assert_eq!(key.trim_start_matches("Bearer "), KEY);
        assert_eq!(
            heard.headers["anthropic-beta"],
            "interleaved-thinking-2025-05-14"
        );
        assert!(heard.body["model"].is_null() || heard.body["model"] == "granted");
        let spent = case.spent().await;
        assert_eq!(
            (spent.calls, spent.tokens, spent.micros),
            (1, SEEN, PRICES.cost(&SEEN)),
            "{path}"
        );
    }
}

#[tokio::test]
async fn an_answer_passes_as_it_comes() {
    let case = Case::begins().await;
    let go_on = Arc::new(Semaphore::new(0));
    let first = "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"usage\":{\"input_tokens\":5,\"output_tokens\":1}}}\n\n";
    let last = "data: {\"type\":\"message_delta\",\"usage\":{\"output_tokens\":2}}\n\ndata: {\"type\":\"message_stop\"}\n\n";
    case.provider.says(Canned::events(vec![
        Piece::Bytes(Bytes::from(first)),
        Piece::Wait(go_on.clone()),
        Piece::Bytes(Bytes::from(last)),
    ]));
    let request = case.post("anthropic/v1/messages", &message("x", 100));
    let mut pieces = request.send().await.unwrap().bytes_stream();
    assert_eq!(pieces.next().await.unwrap().unwrap(), first);
    // The provider has not gone on: nothing was waited for.
    assert!(
        case.spent().await.tokens.total() > 1_000,
        "counted by what it may use"
    );
    go_on.add_permits(1);
    assert_eq!(pieces.next().await.unwrap().unwrap(), last);
    assert!(pieces.next().await.is_none());
    assert_eq!(case.spent().await.tokens.total(), 7);
}

#[tokio::test]
async fn documents_and_counts_pass_too() {
    let case = Case::begins().await;
    for (path, body) in [
        ("anthropic/v1/messages", message("x", 10)),
        ("openai/v1/responses", json!({"input": "x"})),
        ("openai/v1/chat/completions", json!({"messages": []})),
        (
            "gemini/v1beta/models/x:generateContent",
            json!({"contents": []}),
        ),
    ] {
        let before = case.spent().await;
        let got = answer(case.post(path, &body)).await;
        assert!(got.status == 200 && got.text.contains("hello"), "{got:?}");
        let after = case.spent().await;
        assert_eq!(after.calls, before.calls + 1);
        assert_eq!(after.tokens.total(), before.tokens.total() + 57, "{path}");
    }
    let before = case.spent().await;
    for (path, body) in [
        ("anthropic/v1/messages/count_tokens", message("x", 10)),
        (
            "gemini/v1beta/models/x:countTokens",
            json!({"contents": []}),
        ),
    ] {
        case.provider
            .says(Canned::new(200, "{\"input_tokens\":9,\"totalTokens\":9}"));
        assert_eq!(answer(case.post(path, &body)).await.status, 200);
        let heard = case.provider.heard().pop().unwrap();
        assert!(
            heard.body.get("max_tokens").is_none() && heard.body.get("generationConfig").is_none()
        );
    }
    let after = case.spent().await;
    assert_eq!(
        (after.calls, after.tokens),
        (before.calls + 2, before.tokens)
    );
}

#[tokio::test]
async fn x46_before_the_budget_ends_the_agent_is_told() {
    let case = Case::with(budget(10, 10_000_000, None)).await;
    for nth in 1..=10 {
        let got = case.calls().await;
        assert_eq!(got.status, 200, "{got:?}");
        let heard = case.provider.heard().pop().unwrap();
        let said = heard.body["messages"][0]["content"].as_str().unwrap();
        assert_eq!(said.contains(WRAP_UP), nth >= 9, "{nth}: {said}");
    }
    let got = case.calls().await;
    assert_eq!(
        (got.status.as_u16(), got.word.as_deref()),
        (403, Some("budget"))
    );
    assert!(got.text.contains("calls"), "{got:?}");
    assert_eq!(case.provider.heard().len(), 10);
}

async fn refused(case: &Case, path: &str, body: &Value) -> Answer {
    let got = answer(case.post(path, body)).await;
    assert_eq!(got.word.as_deref(), Some("request"), "{got:?}");
    got
}

#[tokio::test]
async fn what_may_not_be_asked_is_refused_in_the_form_of_its_dialect() {
    let case = Case::begins().await;
    let url = "https://evil.example/";
    let image = json!({"type": "image", "source": {"type": "url", "url": url}});
    let body = json!({"messages": [{"role": "user", "content": [image]}]});
    let got = refused(&case, "anthropic/v1/messages", &body).await;
    let form: Value = serde_json::from_str(&got.text).unwrap();
    assert_eq!(
        (got.status.as_u16(), &form["error"]["type"]),
        (400, &json!("invalid_request_error"))
    );
    let image = json!({"type": "image_url", "image_url": {"url": url}});
    let body = json!({"messages": [{"role": "user", "content": [image]}]});
    let got = refused(&case, "openai/v1/chat/completions", &body).await;
    let form: Value = serde_json::from_str(&got.text).unwrap();
    assert_eq!(
        (got.status.as_u16(), &form["error"]["code"]),
        (400, &json!("castellan_request"))
    );
    let body = json!({"contents": [{"parts": [{"fileData": {"fileUri": url}}]}]});
    let got = refused(&case, "gemini/v1beta/models/x:generateContent", &body).await;
    let form: Value = serde_json::from_str(&got.text).unwrap();
    assert_eq!(
        (got.status.as_u16(), &form["error"]["status"]),
        (400, &json!("INVALID_ARGUMENT"))
    );
    for path in [
        "anthropic/v1/files",
        "openai/v1/files",
        "gemini/v1beta/cachedContents",
        "other/v1/x",
    ] {
        assert_eq!(refused(&case, path, &json!({})).await.status, 404);
    }
    let deep = "[".repeat(100_000);
    let huge = " ".repeat(16 * 1024 * 1024 + 1);
    for (body, status) in [
        (deep, 400),
        (huge, 413),
        (String::new(), 400),
        ("[]".to_owned(), 400),
    ] {
        let got = answer(case.post("anthropic/v1/messages", &Value::Null).body(body)).await;
        assert_eq!(
            (got.status.as_u16(), got.word.as_deref()),
            (status, Some("request"))
        );
    }
    assert_eq!(
        (case.provider.heard().len(), case.spent().await.calls),
        (0, 0)
    );
}

#[tokio::test]
async fn the_policy_s_model_is_granted_and_one_that_is_not_allowed_is_named() {
    let mut case = Case::begins().await;
    case.becomes(|task| task.policy.model = Some("other".to_owned()))
        .await;
    assert_eq!(case.calls().await.status, 200);
    assert_eq!(case.provider.heard()[0].body["model"], "other");
    case.becomes(|task| task.policy.model = Some("dear".to_owned()))
        .await;
    let got = case.calls().await;
    assert_eq!(
        (got.status.as_u16(), got.word.as_deref()),
        (404, Some("model"))
    );
    assert!(
        got.text.contains("dear") && got.text.contains("granted, other"),
        "{got:?}"
    );
}
