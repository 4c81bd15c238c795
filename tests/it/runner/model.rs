//! The door to the model: what reaches the gateway, what comes back, and what is said of a model
//! that does not answer.

use axum::http::StatusCode;
use castellan::protocol::MODEL_PATH;
use castellan::protocol::progress::Phase;
use castellan::protocol::result::Outcome;
use serde_json::{Value, json};

use super::case::Case;
use super::stand::task;

/// A step that runs lines of a shell.
fn shell(line: &str) -> Value {
    json!({"run": ["/bin/sh", "-c", line]})
}

/// An agent with a model that runs `line`.
async fn calling(name: &str, line: &str) -> Option<Case> {
    let mut case = Case::open(name, json!([shell(line)])).await?.with_doors();
    case.brief.model = Some("small".to_owned());
    Some(case)
}

#[tokio::test]
async fn x35_the_gateway_gets_the_lease_and_never_the_agent_s_key() {
    let line = "curl -s -H 'x-api-key: k1' -H 'authorization: Bearer k2' -H 'x-goog-api-key: k3' \
         -H 'cookie: k4' -H 'anthropic-beta: b' -d '{\"m\":1}' \"$ANTHROPIC_BASE_URL/v1/messages?key=k5&alt=sse\"; \
         curl -si \"$GOOGLE_GEMINI_BASE_URL/v1beta/models\"; \
         env | grep -E '_API_KEY|CASTELLAN_MODEL|BASE_URL' | sort";
    let Some(case) = calling("x35_the_gateway_gets_the_lease", line).await else {
        return;
    };
    let returned = case.work().await;
    let book = case.book();
    let call = &book.model[0];
    assert_eq!(call.path, "/model/anthropic/v1/messages?alt=sse");
    assert_eq!(call.body.as_ref(), b"{\"m\":1}");
    let lease = format!("Bearer {}.1.{}", task(), book.exchanges[0].key);
    assert_eq!(call.headers["authorization"], lease.as_str());
    assert_eq!(call.headers["anthropic-beta"], "b");
    let seen = format!("{:?}", call.headers);
    for key in ["k1", "k2", "k3", "k4", "k5"] {
        assert!(
            !seen.contains(&format!("\"{key}")) && !seen.contains("k2"),
            "{seen}"
        );
    }
    let words = &returned.evidence.words;
    assert!(words.contains("data: two"), "{words}");
    assert!(!words.contains("set-cookie"), "{words}");
    assert!(!words.contains(&book.exchanges[0].key), "{words}");
    for line in [
        "OPENAI_BASE_URL=http://127.0.0.1:8701/openai/v1",
        "ANTHROPIC_API_KEY=castellan-no-key",
        "CASTELLAN_MODEL=small",
    ] {
        assert!(words.contains(line), "{line}: {words}");
    }
}

#[tokio::test]
async fn an_answer_comes_piece_by_piece() {
    let line = "curl -sN $OPENAI_BASE_URL/stream | while read -r said; do echo \"$said\"; \
         case $said in *one) curl -s $OPENAI_BASE_URL/release >/dev/null;; esac; done";
    let Some(case) = calling("an_answer_comes_piece_by_piece", line).await else {
        return;
    };
    let words = case.work().await.evidence.words;
    assert!(words.contains("one") && words.contains("two"), "{words}");
}

#[tokio::test]
async fn the_lease_opens_nothing_but_the_gateway() {
    let line = "for path in /openai/../../runner/result /openai/%2e%2e/%2e%2e/runner/brief /runner/brief \
         /openai/v1%2f..%2f..%2f..%2frunner%2fbrief //runner/brief /openai/..; do \
         curl -s --path-as-is -o /dev/null -w '%{http_code} ' http://127.0.0.1:8701$path; done; \
         curl -s -X DELETE -o /dev/null -w '%{http_code} ' $OPENAI_BASE_URL/files; \
         head -c 17000000 /dev/zero | curl -s --data-binary @- -o /dev/null -w '%{http_code}' $OPENAI_BASE_URL/x";
    let Some(case) = calling("the_lease_opens_nothing_but_the_gateway", line).await else {
        return;
    };
    let words = case.work().await.evidence.words;
    assert_eq!(words.trim(), "404 404 404 404 404 404 405 413");
    assert!(case.book().model.is_empty());
    assert_eq!(
        case.book().leases.len(),
        1,
        "only the runner asked for the brief"
    );
}

#[tokio::test]
async fn a_server_that_restarts_is_waited_for() {
    let line = "curl -s -w '%{http_code}' $OPENAI_BASE_URL/chat/completions -d x";
    let Some(case) = calling("a_server_that_restarts_is_waited_for", line).await else {
        return;
    };
    case.book().instead = vec![(MODEL_PATH, StatusCode::BAD_GATEWAY); 3];
    let words = case.work().await.evidence.words;
    assert!(words.ends_with("200"), "{words}");
    assert_eq!(case.book().model.len(), 4);
    case.book().instead = vec![(MODEL_PATH, StatusCode::SERVICE_UNAVAILABLE); 4];
    let said = case.failure(Phase::Agent).await;
    assert!(said.contains("the server was not reached"), "{said}");
}

#[tokio::test]
async fn c6_a_refused_model_is_the_cause_that_people_read() {
    let line = "curl -s $OPENAI_BASE_URL/responses -d x";
    let Some(mut case) = calling("c6_a_refused_model", line).await else {
        return;
    };
    let model = |case: &Case, why| {
        case.book().model_refuses = vec![(StatusCode::PAYMENT_REQUIRED, why)];
    };
    for (why, cause) in [
        ("budget", "budget for the model is spent"),
        ("model", "the model small does not exist"),
        ("key", "refused the server's key"),
        ("provider", "provider was down"),
        ("request", "refused what the agent asked"),
        ("over", "the attempt was over"),
    ] {
        model(&case, why);
        let said = case.failure(Phase::Agent).await;
        assert!(said.contains(cause), "{why}: {said}");
    }
    // Beside what the agent itself did of it.
    let script = json!([shell(line), {"crash": 3}]).to_string();
    case.brief.agent.command[2] = script;
    model(&case, "key");
    let said = case.failure(Phase::Agent).await;
    assert!(said.contains("refused the server's key"), "{said}");
    assert!(said.contains("exit code 3"), "{said}");
    // Work that was done before the budget was spent is kept, and not taken for the whole.
    let write = json!({"write": {"path": "half", "content": "x"}});
    case.brief.agent.command[2] = json!([write, shell(line)]).to_string();
    model(&case, "budget");
    let returned = case.work().await;
    assert!(matches!(returned.outcome, Outcome::Failed { .. }));
    assert_eq!(returned.partial.unwrap().files[0].path, "half");
    // What was refused beside the work does not undo it, nor what was overcome.
    model(&case, "model");
    assert_eq!(case.change().await.len(), 1);
    case.brief.agent.command[2] = json!([shell(line), shell(line)]).to_string();
    model(&case, "budget");
    assert_eq!(case.work().await.outcome, Outcome::Unchanged);
}
