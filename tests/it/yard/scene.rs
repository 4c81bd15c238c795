//! A yard set up for a test, and a receiver of its deliveries.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::http::HeaderMap;
use castellan::clock::Clock;
use castellan::domain::time::Timestamp;
use castellan::yard::{Actor, Options, Permission, Repo, Yard};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

/// What GitHub writes where there is no object.
pub(super) const ZERO: &str = "0000000000000000000000000000000000000000";
const START: Timestamp = Timestamp(1_790_000_000_000);
const WORKFLOW: &str =
    "on:\n  workflow_dispatch:\n    inputs:\n      task: {type: string}\njobs: {}\n";
const CI: &str = "name: CI\non: [pull_request]\njobs:\n  test:\n    steps:\n      - uses: actions/checkout@v4\n      - run: sh test.sh\n";

/// A yard with one repository, alice who may write, and a plain HTTP client.
pub(super) struct Scene {
    pub(super) clock: Clock,
    pub(super) yard: Yard,
    pub(super) repo: Repo,
    pub(super) alice: Actor,
    pub(super) http: reqwest::Client,
    pub(super) received: Received,
}

#[derive(Clone, Default)]
pub(super) struct Received {
    pub(super) posts: Arc<Mutex<Vec<Post>>>,
    pub(super) answer: Arc<Mutex<u16>>,
}

/// Headers and body of a delivery.
pub(super) type Post = (BTreeMap<String, String>, Vec<u8>);

async fn receive(
    State(received): State<Received>,
    headers: HeaderMap,
    body: axum::body::Bytes,
) -> StatusCode {
    let headers = headers
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .collect();
    received
        .posts
        .lock()
        .unwrap()
        .push((headers, body.to_vec()));
    StatusCode::from_u16(*received.answer.lock().unwrap()).unwrap()
}

impl Received {
    pub(super) async fn listen() -> (Self, String) {
        let received = Self::default();
        *received.answer.lock().unwrap() = 202;
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/webhook", listener.local_addr().unwrap());
        let router = axum::Router::new()
            .fallback(receive)
            .with_state(received.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        (received, url)
    }

    pub(super) fn names(&self) -> Vec<String> {
        let name = |(headers, body): &(BTreeMap<String, String>, Vec<u8>)| {
            let body: Value = serde_json::from_slice(body).unwrap();
            let event = &headers["x-github-event"];
            body["action"]
                .as_str()
                .map_or_else(|| event.clone(), |action| format!("{event}.{action}"))
        };
        self.posts.lock().unwrap().iter().map(name).collect()
    }

    pub(super) fn bodies(&self, event: &str) -> Vec<Value> {
        let all = self.posts.lock().unwrap();
        all.iter()
            .filter(|(headers, _)| headers["x-github-event"] == event)
            .map(|(_, body)| serde_json::from_slice(body).unwrap())
            .collect()
    }

    pub(super) fn guids(&self) -> Vec<String> {
        self.posts
            .lock()
            .unwrap()
            .iter()
            .map(|(headers, _)| headers["x-github-delivery"].clone())
            .collect()
    }
}

impl Scene {
    pub(super) async fn set() -> Self {
        Self::set_with(Options::default()).await
    }

    pub(super) async fn set_with(options: Options) -> Self {
        let clock = Clock::manual(START);
        let yard = Yard::start(Options {
            clock: clock.clone(),
            seed: Some(7),
            ..options
        })
        .await
        .unwrap();
        let files = [
            ("README.md", "hello\n", false),
            ("test.sh", "grep -q fixed code.txt\n", true),
            ("code.txt", "broken\n", false),
            (".github/workflows/castellan.yml", WORKFLOW, false),
            (".github/workflows/ci.yml", CI, false),
        ];
        let repo = yard.repository("octo/sample", &files).await.unwrap();
        let alice = repo.person("alice", Permission::Write).await.unwrap();
        let (received, url) = Received::listen().await;
        yard.connect(&url);
        Self {
            clock,
            yard,
            repo,
            alice,
            http: reqwest::Client::builder()
                .no_proxy()
                .redirect(reqwest::redirect::Policy::none())
                .build()
                .unwrap(),
            received,
        }
    }

    pub(super) fn jwt(&self, from_s: i64, life_s: i64) -> String {
        let app = self.yard.app();
        let now = self.clock.now().0 / 1000 + from_s;
        let claims = json!({"iss": app.app_id, "iat": now, "exp": now + life_s});
        let key = EncodingKey::from_rsa_pem(app.private_key_pem.as_bytes()).unwrap();
        jsonwebtoken::encode(&Header::new(Algorithm::RS256), &claims, &key).unwrap()
    }

    pub(super) async fn call(
        &self,
        token: &str,
        method: Method,
        path: &str,
        body: Value,
    ) -> (StatusCode, Value, HeaderMap) {
        let mut request = self
            .http
            .request(method, format!("{}{path}", self.yard.api_url()))
            .bearer_auth(token);
        if !body.is_null() {
            request = request.json(&body);
        }
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        let text = response.text().await.unwrap();
        (
            status,
            serde_json::from_str(&text).unwrap_or(Value::Null),
            headers,
        )
    }

    pub(super) async fn installation(&self) -> i64 {
        let (_, list, _) = self
            .call(
                &self.jwt(-60, 600),
                Method::GET,
                "/app/installations",
                Value::Null,
            )
            .await;
        list[0]["id"].as_i64().unwrap()
    }

    pub(super) async fn token(&self, permissions: Value) -> String {
        let path = format!(
            "/app/installations/{}/access_tokens",
            self.installation().await
        );
        let body = json!({"repository_ids": [self.repo.id().0], "permissions": permissions});
        let (status, token, _) = self
            .call(&self.jwt(-60, 600), Method::POST, &path, body)
            .await;
        assert_eq!(status, 201, "{token}");
        token["token"].as_str().unwrap().to_owned()
    }

    pub(super) async fn post(&self, token: &str, path: &str, body: Value) -> Value {
        let (status, answer, _) = self
            .call(
                token,
                Method::POST,
                &format!("/repos/octo/sample{path}"),
                body,
            )
            .await;
        assert_eq!(status, 201, "{path}: {answer}");
        answer
    }

    /// A commit by the App on top of `parent`.
    pub(super) async fn commits(
        &self,
        token: &str,
        parent: &str,
        path: &str,
        content: &str,
    ) -> String {
        let blob = self
            .post(
                token,
                "/git/blobs",
                json!({"content": content, "encoding": "utf-8"}),
            )
            .await;
        let entry = json!({"path": path, "mode": "100644", "type": "blob", "sha": blob["sha"]});
        let tree = self
            .post(
                token,
                "/git/trees",
                json!({"base_tree": parent, "tree": [entry]}),
            )
            .await;
        let commit = json!({"message": "Fix it\n", "tree": tree["sha"], "parents": [parent]});
        self.post(token, "/git/commits", commit).await["sha"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    /// A GraphQL operation.
    pub(super) async fn asks(&self, token: &str, operation: &str, variables: Value) -> Value {
        let body = json!({"operationName": operation, "query": format!("x {operation}"), "variables": variables});
        let url = format!("{}/api/graphql", self.yard.web_url());
        let sent = self.http.post(url).bearer_auth(token).json(&body).send();
        sent.await.unwrap().json().await.unwrap()
    }

    pub(super) async fn update_refs(
        &self,
        token: &str,
        name: &str,
        before: &str,
        after: &str,
        force: bool,
    ) -> Value {
        let update = json!({"name": name, "beforeOid": before, "afterOid": after, "force": force});
        let repository = format!("R_{}", self.repo.id());
        self.asks(
            token,
            "UpdateRefs",
            json!({"repositoryId": repository, "refUpdates": [update]}),
        )
        .await
    }

    pub(super) fn tip(&self, branch: &str) -> String {
        self.yard
            .branch_tip("octo/sample", branch)
            .unwrap()
            .to_string()
    }
}
