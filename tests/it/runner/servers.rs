//! A policy's servers of tools: real HTTP on loopback, with a secret that must stay outside.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use castellan::domain::request::policy::{TaskKind, ToolServer};
use castellan::protocol::progress::Phase;
use serde_json::{Value, json};

use super::case::Case;
use super::tools::said;

/// What must be seen nowhere but in the header of requests to its server.
const CANARY: &str = "canary-5f0c\"91d7";
const VARIABLE: &str = "DOCS_TOKEN";

/// A server of one tool, which tells what it was sent.
#[derive(Clone, Default)]
struct Server {
    /// `Authorization` of each request.
    seen: Arc<Mutex<Vec<String>>>,
    /// Where it sends everybody instead.
    elsewhere: Option<String>,
    /// Bytes of an answer.
    long: usize,
}

impl Server {
    /// Its address.
    async fn open(&self) -> String {
        let app = Router::new()
            .route("/mcp", post(answer))
            .with_state(self.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}/mcp", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await });
        address
    }

    fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }
}

async fn answer(State(server): State<Server>, headers: HeaderMap, body: Bytes) -> Response {
    let given = headers.get(header::AUTHORIZATION);
    let given = given.map_or(String::new(), |value| value.to_str().unwrap().to_owned());
    server.seen.lock().unwrap().push(given.clone());
    if let Some(elsewhere) = &server.elsewhere {
        let to = [(header::LOCATION, elsewhere.clone())];
        return (StatusCode::TEMPORARY_REDIRECT, to).into_response();
    }
    if given != format!("Bearer {CANARY}") {
        return (StatusCode::UNAUTHORIZED, format!("not {given}")).into_response();
    }
    let message: Value = serde_json::from_slice(&body).unwrap();
    let result = match message["method"].as_str().unwrap() {
        "initialize" => json!({
            "protocolVersion": message["params"]["protocolVersion"],
            "capabilities": {"tools": {}},
            "serverInfo": {"name": "docs", "version": "1"},
        }),
        "tools/list" => json!({"tools": [{
            "name": "lookup",
            "description": format!("Looks up, as {given}."),
            "inputSchema": {"type": "object"},
        }]}),
        "tools/call" => {
            let word = &message["params"]["arguments"]["word"];
            let text = format!(
                "{word} means plus. You are {given}.{}",
                "y".repeat(server.long)
            );
            json!({"content": [{"type": "text", "text": text}]})
        }
        _ => return StatusCode::ACCEPTED.into_response(),
    };
    axum::Json(json!({"jsonrpc": "2.0", "id": message["id"], "result": result})).into_response()
}

/// The case with this server in its brief, and its secret in the job.
fn with_server(case: Case, url: String, secret: Option<&str>) -> Case {
    let mut case = case.with_tools();
    let secret = secret.map(str::to_owned);
    case.options.secret_of = Arc::new(move |variable| {
        assert_eq!(variable, VARIABLE);
        secret.clone()
    });
    case.options.plain_tool_servers = true;
    case.brief.servers = vec![ToolServer {
        name: "docs".to_owned(),
        url,
        secret: Some(VARIABLE.to_owned()),
        kinds: vec![TaskKind::Run],
    }];
    case
}

#[tokio::test]
async fn an_agent_uses_a_server_and_never_sees_its_secret() {
    let server = Server::default();
    let look = "tr '\\0' '\\n' < /proc/self/environ; cat /proc/*/cmdline /proc/*/environ; env";
    let case = case!("an_agent_uses_a_server_and_never_sees_its_secret", [
        {"run": ["sh", "-c", look]},
        {"tool": {"server": "docs"}},
        {"tool": {"server": "docs", "name": "lookup", "arguments": {"word": "add"}}},
        {"tool": {"server": "docs", "name": "hidden"}},
    ]);
    let case = with_server(case, server.open().await, Some(CANARY));
    let returned = case.work().await;
    let said = said(&returned);
    assert!(
        said.contains("lookup: Looks up, as Bearer (secret)."),
        "{said}"
    );
    assert!(
        said.contains("\"add\" means plus. You are Bearer (secret)."),
        "{said}"
    );
    assert!(said.contains("there is no tool of this name"), "{said}");
    assert!(
        returned
            .transcript
            .contains(r#""tool":"docs lookup","status":"completed""#),
        "{}",
        returned.transcript
    );
    assert!(server.seen().len() >= 3);
    let book = case.book();
    let mut everything = String::from_utf8_lossy(book.results.last().unwrap()).into_owned();
    for progress in &book.progress {
        everything.push_str(&format!("{progress:?}"));
    }
    for part in ["canary-5f0c", "91d7"] {
        assert!(!everything.contains(part), "{everything}");
    }
}

#[tokio::test]
async fn a_server_without_its_secret_or_its_address_ends_the_attempt() {
    let server = Server::default();
    let case = case!(
        "a_server_without_its_secret_or_its_address_ends_the_attempt",
        []
    );
    let case = with_server(case, server.open().await, None);
    let said = case.failure(Phase::Setup).await;
    assert!(said.contains("`docs`") && said.contains(VARIABLE), "{said}");
    assert!(server.seen().is_empty(), "nobody was asked");

    let case = with_server(case, server.open().await, Some("wrong-canary"));
    let said = case.failure(Phase::Setup).await;
    assert!(
        said.contains("the tool server `docs` cannot be used"),
        "{said}"
    );
    assert!(!said.contains("wrong-canary"), "{said}");

    let mut case = with_server(case, "http://127.0.0.1:1/mcp".to_owned(), Some(CANARY));
    let said = case.failure(Phase::Setup).await;
    assert!(
        said.contains("the tool server `docs` cannot be used"),
        "{said}"
    );
    assert!(
        said.contains(".github/castellan.yml") && !said.contains("canary"),
        "{said}"
    );

    // Outside of tests nothing is said without https, and not to other hosts in tests.
    case.brief.servers[0].url = "http://tools.example/mcp".to_owned();
    assert!(case.failure(Phase::Setup).await.contains("without https"));
    case.options.plain_tool_servers = false;
    case.brief.servers[0].url = server.open().await;
    assert!(case.failure(Phase::Setup).await.contains("without https"));
}

#[tokio::test]
async fn a_server_that_leads_elsewhere_takes_no_secret_along() {
    let other = Server::default();
    let server = Server {
        elsewhere: Some(other.open().await),
        ..Server::default()
    };
    let case = case!("a_server_that_leads_elsewhere_takes_no_secret_along", []);
    let case = with_server(case, server.open().await, Some(CANARY));
    let said = case.failure(Phase::Setup).await;
    assert!(
        said.contains("cannot be used") && said.contains("redirect"),
        "{said}"
    );
    assert!(!server.seen().is_empty());
    assert!(other.seen().is_empty(), "{:?}", other.seen());
}

#[tokio::test]
async fn a_server_s_answers_are_bounded() {
    let server = Server {
        long: 5 * 1024 * 1024,
        ..Server::default()
    };
    let case = case!("a_server_s_answers_are_bounded", [
        {"tool": {"server": "docs", "name": "lookup", "arguments": {"word": "add"}}},
        {"say": "Still here."}
    ]);
    let case = with_server(case, server.open().await, Some(CANARY));
    let said = case.work().await.evidence.words;
    assert!(said.contains("the tool's server did not answer"), "{said}");
    assert!(
        said.len() < 2_000 && said.ends_with("Still here."),
        "{said}"
    );
}
