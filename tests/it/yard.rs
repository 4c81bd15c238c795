//! The yard keeps GitHub's rules: asked with plain HTTP and real git, never through our own client.

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::http::HeaderMap;
use castellan::clock::Clock;
use castellan::domain::time::Timestamp;
use castellan::yard::{
    Actor, Ci, CiRunner, Fault, Level, Manifest, Options, Order, Permission, Repo, Runner, Step,
    StepEnd, Violation, Yard, signature,
};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

const START: Timestamp = Timestamp(1_790_000_000_000);
const WORKFLOW: &str =
    "on:\n  workflow_dispatch:\n    inputs:\n      task: {type: string}\njobs: {}\n";
const CI: &str = "name: CI\non: [pull_request]\njobs:\n  test:\n    steps:\n      - uses: actions/checkout@v4\n      - run: sh test.sh\n";

/// A yard with one repository, alice who may write, and a plain HTTP client.
struct Scene {
    clock: Clock,
    yard: Yard,
    repo: Repo,
    alice: Actor,
    http: reqwest::Client,
    received: Received,
}

#[derive(Clone, Default)]
struct Received(
    Arc<Mutex<Vec<(BTreeMap<String, String>, Vec<u8>)>>>,
    Arc<Mutex<u16>>,
);

async fn receive(
    State(received): State<Received>,
    headers: HeaderMap,
    body: axum::body::Bytes,
) -> StatusCode {
    let headers = headers
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .collect();
    received.0.lock().unwrap().push((headers, body.to_vec()));
    StatusCode::from_u16(*received.1.lock().unwrap()).unwrap()
}

impl Received {
    async fn listen() -> (Self, String) {
        let received = Self::default();
        *received.1.lock().unwrap() = 202;
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/webhook", listener.local_addr().unwrap());
        let router = axum::Router::new()
            .fallback(receive)
            .with_state(received.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        (received, url)
    }

    fn names(&self) -> Vec<String> {
        let name = |(headers, body): &(BTreeMap<String, String>, Vec<u8>)| {
            let body: Value = serde_json::from_slice(body).unwrap();
            let event = &headers["x-github-event"];
            body["action"]
                .as_str()
                .map_or_else(|| event.clone(), |action| format!("{event}.{action}"))
        };
        self.0.lock().unwrap().iter().map(name).collect()
    }

    fn bodies(&self, event: &str) -> Vec<Value> {
        let all = self.0.lock().unwrap();
        all.iter()
            .filter(|(headers, _)| headers["x-github-event"] == event)
            .map(|(_, body)| serde_json::from_slice(body).unwrap())
            .collect()
    }

    fn guids(&self) -> Vec<String> {
        self.0
            .lock()
            .unwrap()
            .iter()
            .map(|(headers, _)| headers["x-github-delivery"].clone())
            .collect()
    }
}

impl Scene {
    async fn set() -> Self {
        Self::set_with(Options::default()).await
    }

    async fn set_with(options: Options) -> Self {
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
                .redirect(reqwest::redirect::Policy::none())
                .build()
                .unwrap(),
            received,
        }
    }

    fn jwt(&self, from_s: i64, life_s: i64) -> String {
        let app = self.yard.app();
        let now = self.clock.now().0 / 1000 + from_s;
        let claims = json!({"iss": app.app_id, "iat": now, "exp": now + life_s});
        let key = EncodingKey::from_rsa_pem(app.private_key_pem.as_bytes()).unwrap();
        jsonwebtoken::encode(&Header::new(Algorithm::RS256), &claims, &key).unwrap()
    }

    async fn call(
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

    async fn installation(&self) -> i64 {
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

    async fn token(&self, permissions: Value) -> String {
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

    async fn post(&self, token: &str, path: &str, body: Value) -> Value {
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
    async fn commits(&self, token: &str, parent: &str, path: &str, content: &str) -> String {
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

    async fn update_refs(
        &self,
        token: &str,
        name: &str,
        before: &str,
        after: &str,
        force: bool,
    ) -> Value {
        let update = json!({"name": name, "beforeOid": before, "afterOid": after, "force": force});
        let body = json!({"operationName": "UpdateRefs", "query": "mutation UpdateRefs {}",
                          "variables": {"repositoryId": format!("R_{}", self.repo.id()), "refUpdates": [update]}});
        let url = format!("{}/api/graphql", self.yard.web_url());
        self.http
            .post(url)
            .bearer_auth(token)
            .json(&body)
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap()
    }

    fn tip(&self, branch: &str) -> String {
        self.yard
            .branch_tip("octo/sample", branch)
            .unwrap()
            .to_string()
    }
}

const ZERO: &str = "0000000000000000000000000000000000000000";

#[tokio::test]
async fn only_a_fresh_and_short_jwt_of_the_app_is_accepted() {
    let scene = Scene::set().await;
    for (jwt, wanted) in [
        (scene.jwt(-60, 600), 200),
        (scene.jwt(0, 660), 401),
        (scene.jwt(-660, 600), 401),
        (scene.jwt(120, 300), 401),
        ("a.b.c".to_owned(), 401),
    ] {
        let (status, body, _) = scene.call(&jwt, Method::GET, "/app", Value::Null).await;
        assert_eq!(status, wanted, "{body}");
    }
    assert_eq!(scene.yard.violations(), []);
}

#[tokio::test]
async fn a_token_is_long_lives_an_hour_and_does_what_it_was_narrowed_to() {
    let scene = Scene::set().await;
    let n = scene.alice.opens_issue("Broken", "It is.").await.unwrap();
    let token = scene.token(json!({"issues": "write"})).await;
    assert!(token.starts_with("ghs_424242_") && token.len() > 200);
    let comment = scene
        .post(
            &token,
            &format!("/issues/{n}/comments"),
            json!({"body": "seen"}),
        )
        .await;
    assert_eq!(comment["user"]["login"], "castellan[bot]");
    let (status, body, _) = scene
        .call(&token, Method::GET, "/repos/octo/sample/pulls", Value::Null)
        .await;
    assert_eq!(
        (status.as_u16(), body["message"].as_str()),
        (403, Some("Resource not accessible by integration"))
    );
    let (status, ..) = scene
        .call(&token, Method::GET, "/repos/octo/other", Value::Null)
        .await;
    assert_eq!(status, 404);
    assert_eq!(
        scene.yard.violations(),
        [Violation::NotPermitted(
            "GET /repos/octo/sample/pulls (pull_requests)".to_owned()
        )]
    );
    scene.clock.advance_ms(3_600_000);
    let (status, ..) = scene
        .call(&token, Method::GET, "/repos/octo/sample", Value::Null)
        .await;
    assert_eq!(status, 401);
}

#[tokio::test]
async fn nobody_gets_more_than_the_manifest_grants() {
    let scene = Scene::set().await;
    let path = format!(
        "/app/installations/{}/access_tokens",
        scene.installation().await
    );
    for asked in [
        json!({"workflows": "write"}),
        json!({"administration": "read"}),
        json!({"members": "write"}),
    ] {
        let (status, ..) = scene
            .call(
                &scene.jwt(-60, 600),
                Method::POST,
                &path,
                json!({"permissions": asked}),
            )
            .await;
        assert_eq!(status, 422);
    }
    let token = scene.token(json!({"issues": "write"})).await;
    scene.yard.regrants("issues", Some(Level::Read));
    let n = scene.alice.opens_issue("Broken", "It is.").await.unwrap();
    let path = format!("/repos/octo/sample/issues/{n}/comments");
    let (status, ..) = scene
        .call(&token, Method::POST, &path, json!({"body": "hello"}))
        .await;
    assert_eq!(status, 403);
}

#[tokio::test]
async fn a_role_is_told_with_the_number_of_its_account() {
    let scene = Scene::set().await;
    scene.repo.person("tim", Permission::Triage).await.unwrap();
    let token = scene.token(json!({"metadata": "read"})).await;
    for (login, permission, role) in [
        ("alice", "write", "write"),
        ("tim", "read", "triage"),
        ("ALICE", "write", "write"),
    ] {
        let path = format!("/repos/octo/sample/collaborators/{login}/permission");
        let (_, body, _) = scene.call(&token, Method::GET, &path, Value::Null).await;
        assert_eq!(
            (body["permission"].as_str(), body["role_name"].as_str()),
            (Some(permission), Some(role))
        );
        assert!(body["user"]["id"].as_i64().unwrap() > 500_000);
    }
    let (status, ..) = scene
        .call(
            &token,
            Method::GET,
            "/repos/octo/sample/collaborators/castellan[bot]/permission",
            Value::Null,
        )
        .await;
    assert_eq!(status, 404);
}

#[tokio::test]
async fn patching_a_ref_resurrects_what_a_person_dropped_and_update_refs_does_not() {
    let scene = Scene::set().await;
    let token = scene.token(json!({"contents": "write"})).await;
    let base = scene.tip("main");
    let first = scene.commits(&token, &base, "code.txt", "one\n").await;
    scene
        .post(
            &token,
            "/git/refs",
            json!({"ref": "refs/heads/work", "sha": first}),
        )
        .await;
    let second = scene.commits(&token, &first, "code.txt", "two\n").await;
    scene
        .alice
        .force_pushes_back("work", &base.parse().unwrap())
        .await
        .unwrap();

    let refused = scene
        .update_refs(&token, "refs/heads/work", &first, &second, false)
        .await;
    assert_eq!(refused["data"]["updateRefs"], Value::Null);
    assert_eq!(refused["errors"][0]["type"], "STALE_DATA", "{refused}");
    assert_eq!(scene.tip("work"), base);

    let path = "/repos/octo/sample/git/refs/heads/work";
    let (status, ..) = scene
        .call(
            &token,
            Method::PATCH,
            path,
            json!({"sha": second, "force": false}),
        )
        .await;
    assert_eq!(status, 200, "the hazard H2: ancestry is all that is asked");
    assert_eq!(scene.tip("work"), second);
}

#[tokio::test]
async fn update_refs_creates_moves_and_deletes_by_exact_old_id() {
    let scene = Scene::set().await;
    let token = scene.token(json!({"contents": "write"})).await;
    let base = scene.tip("main");
    let first = scene.commits(&token, &base, "code.txt", "one\n").await;
    let created = scene
        .update_refs(&token, "refs/heads/work", ZERO, &first, false)
        .await;
    assert_eq!(created.get("errors"), None, "{created}");
    let again = scene
        .update_refs(&token, "refs/heads/work", ZERO, &first, false)
        .await;
    assert_eq!(again["errors"][0]["type"], "STALE_DATA");
    let sideways = scene.commits(&token, &base, "code.txt", "two\n").await;
    let refused = scene
        .update_refs(&token, "refs/heads/work", &first, &sideways, false)
        .await;
    assert_eq!(refused["errors"][0]["type"], "UNPROCESSABLE");
    let forced = scene
        .update_refs(&token, "refs/heads/work", &first, &sideways, true)
        .await;
    assert_eq!(forced.get("errors"), None);
    scene
        .update_refs(&token, "refs/heads/work", &sideways, ZERO, false)
        .await;
    assert_eq!(scene.yard.branch_tip("octo/sample", "work"), None);
}

#[tokio::test]
async fn a_ref_with_drifted_workflows_is_refused_to_the_app() {
    let scene = Scene::set().await;
    let token = scene.token(json!({"contents": "write"})).await;
    let old = scene.tip("main");
    let change = scene.commits(&token, &old, "code.txt", "fixed\n").await;
    scene
        .alice
        .pushes(
            "main",
            &[(".github/workflows/ci.yml", "on: push\njobs: {}\n")],
            "Newer CI",
        )
        .await
        .unwrap();

    let refused = scene
        .update_refs(&token, "refs/heads/work", ZERO, &change, false)
        .await;
    let said = refused["errors"][0]["message"].as_str().unwrap();
    assert!(
        said.starts_with(
            "refusing to allow a GitHub App to create or update workflow `.github/workflows/ci.yml`"
        ),
        "{said}"
    );
    let (status, ..) = scene
        .call(
            &token,
            Method::POST,
            "/repos/octo/sample/git/refs",
            json!({"ref": "refs/heads/work", "sha": change}),
        )
        .await;
    assert_eq!(status, 422);

    // A branch that has the old workflows itself may go on.
    scene
        .alice
        .force_pushes_back("work", &old.parse().unwrap())
        .await
        .unwrap();
    let moved = scene
        .update_refs(&token, "refs/heads/work", &old, &change, false)
        .await;
    assert_eq!(moved.get("errors"), None, "{moved}");
}

#[tokio::test]
async fn a_commit_without_author_is_verified_and_one_with_author_is_not() {
    let scene = Scene::set().await;
    let token = scene.token(json!({"contents": "write"})).await;
    let base = scene.tip("main");
    let ours = scene.commits(&token, &base, "run.sh", "true\n").await;
    let (_, shown, _) = scene
        .call(
            &token,
            Method::GET,
            &format!("/repos/octo/sample/git/commits/{ours}"),
            Value::Null,
        )
        .await;
    assert_eq!(shown["verification"]["verified"], true);
    assert_eq!(shown["author"]["name"], "castellan[bot]");
    assert!(scene.yard.is_verified(&ours.parse().unwrap()));
    let posing = json!({"message": "x", "tree": shown["tree"]["sha"], "parents": [base], "author": {"name": "a", "email": "a@b.c"}});
    let theirs = scene.post(&token, "/git/commits", posing).await;
    assert_eq!(theirs["verification"]["verified"], false);
}

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
    *scene.received.1.lock().unwrap() = 503;
    scene.alice.opens_issue("Broken", "It is.").await.unwrap();
    scene.yard.settle().await;
    let (headers, body) = scene.received.0.lock().unwrap()[0].clone();
    assert_eq!(
        headers["x-hub-signature-256"],
        signature(&scene.yard.app().webhook_secrets[0], &body)
    );
    assert!(headers["user-agent"].starts_with("GitHub-Hookshot/"));

    *scene.received.1.lock().unwrap() = 202;
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
