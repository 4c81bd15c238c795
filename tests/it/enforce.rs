//! `castellan protect` and `castellan doctor` against a yard, as the real program: what an admin reads,
//! what GitHub is asked for and in which order, and the page for the day the App is gone.

mod doctor;
mod glass;
mod lines;
mod protect;

use std::path::PathBuf;

use castellan::yard::{Actor, Options, Permission, Repo, Yard};
use serde_json::{Value, json};

use crate::cli::{castellan, said};

const REPOSITORY: &str = "octo/sample";
const CHECK: &str = "agent-gate / main";
const RULESET: &str = "Castellan: agent-gate / main";
const CI: &str =
    "name: CI\non: [pull_request]\njobs:\n  test:\n    steps:\n      - run: sh test.sh\n";

/// A repository with an admin, a writer and two pull requests of people; no server runs.
struct Scene {
    yard: Yard,
    repo: Repo,
    ada: Actor,
    alice: Actor,
    folder: tempfile::TempDir,
    heads: Vec<String>,
}

/// Exit code, standard output and standard error of a command.
type Told = (Option<i32>, String, String);

impl Scene {
    async fn set() -> Self {
        Self::set_with(&[
            ("README.md", "Adds.\n", false),
            (".github/castellan.yml", "acceptance: [sh test.sh]\n", false),
            (".github/workflows/ci.yml", CI, false),
        ])
        .await
    }

    async fn set_with(files: &[castellan::yard::File<'_>]) -> Self {
        let yard = Yard::start(Options::default()).await.unwrap();
        let repo = yard.repository(REPOSITORY, files).await.unwrap();
        let ada = repo.person("ada", Permission::Admin).await.unwrap();
        let alice = repo.person("alice", Permission::Write).await.unwrap();
        let mut heads = Vec::new();
        for topic in ["one", "two"] {
            let name = format!("{topic}.txt");
            let pushed = alice.pushes(topic, &[(&name, "x\n")], topic).await;
            heads.push(pushed.unwrap().to_string());
            alice.opens_pull(topic, "main", topic).await.unwrap();
        }
        Self {
            yard,
            repo,
            ada,
            alice,
            folder: tempfile::tempdir().unwrap(),
            heads,
        }
    }

    /// Runs the program with the App's settings, and a token in its variable.
    async fn runs(&self, arguments: &[&str], token: Option<&str>) -> Told {
        let app = self.yard.app();
        let mut command = castellan(self.folder.path());
        command
            .args(arguments)
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("CASTELLAN_APP_ID", app.app_id.to_string())
            .env(
                "CASTELLAN_PRIVATE_KEY",
                app.private_key_pem.replace('\n', "\\n"),
            )
            .env("CASTELLAN_GITHUB_API_URL", self.yard.api_url());
        if let Some(token) = token {
            command.env("CASTELLAN_ADMIN_TOKEN", token);
        }
        let output = tokio::task::spawn_blocking(move || command.output().unwrap());
        let told = said(&output.await.unwrap());
        for secret in [self.ada.token(), "PRIVATE KEY"] {
            assert!(
                !told.1.contains(secret) && !told.2.contains(secret),
                "{told:?}"
            );
        }
        told
    }

    async fn protects(&self, more: &[&str]) -> Told {
        let arguments = [&["protect", REPOSITORY], more].concat();
        self.runs(&arguments, Some(self.ada.token())).await
    }

    /// The same, and it went well: what was printed.
    async fn protected(&self, more: &[&str]) -> String {
        let (code, out, error) = self.protects(more).await;
        assert_eq!((code, error.as_str()), (Some(0), ""), "{out}");
        self.shortened(&out)
    }

    /// Heads by the name of their pull request, so that a snapshot stays.
    fn shortened(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (head, name) in self.heads.iter().zip(["HEAD-ONE", "HEAD-TWO"]) {
            text = text.replace(&head[..12], name).replace(&head[..7], name);
        }
        text
    }

    /// What the calls since `resets_calls` wrote, but for tokens.
    fn writes(&self) -> Vec<String> {
        let calls = self.yard.call_list().into_iter();
        let wrote =
            calls.filter(|call| call.method != "GET" && !call.path.contains("access_tokens"));
        let wrote =
            wrote.filter(|call| !call.path.starts_with("/graphql") && !call.path.contains(".git/"));
        wrote
            .map(|call| format!("{} {}", call.method, call.path))
            .collect()
    }

    /// A call with a token; status and body.
    async fn call(&self, token: &str, method: &str, path: &str, body: Value) -> (u16, Value) {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let method: reqwest::Method = method.parse().unwrap();
        let url = format!("{}{path}", self.yard.api_url());
        let call = client.request(method, url).bearer_auth(token);
        let call = match body {
            Value::Null => call,
            body => call.json(&body),
        };
        let answer = call.send().await.unwrap();
        let status = answer.status().as_u16();
        (status, answer.json().await.unwrap_or_default())
    }

    async fn as_ada(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        let path = format!("/repos/{REPOSITORY}{path}");
        self.call(self.ada.token(), method, &path, body).await
    }

    /// Number and contents of our ruleset; `None` where there is none.
    async fn ruleset(&self) -> Option<(i64, Value)> {
        let (_, all) = self.as_ada("GET", "/rulesets", Value::Null).await;
        let own = all.as_array()?.iter().find(|one| one["name"] == RULESET)?;
        let id = own["id"].as_i64()?;
        let (_, whole) = self
            .as_ada("GET", &format!("/rulesets/{id}"), Value::Null)
            .await;
        Some((id, whole))
    }

    /// An admin changes our ruleset by hand.
    async fn changes_ruleset(&self, change: Value) {
        let (id, _) = self.ruleset().await.unwrap();
        let (status, said) = self.as_ada("PUT", &format!("/rulesets/{id}"), change).await;
        assert_eq!(status, 200, "{said}");
    }

    async fn says(&self, head: &str) -> Option<String> {
        let newest = self.repo.newest_check(head, CHECK).await.unwrap();
        newest.map(|(standing, _)| standing)
    }

    /// Where a file with a text is.
    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    fn ends(&self) {
        assert_eq!(self.yard.violations(), []);
    }
}

/// Somebody who passes by: GitHub's number for the role of admins.
fn admins_pass() -> Value {
    json!({"bypass_actors": [{"actor_id": 5, "actor_type": "RepositoryRole", "bypass_mode": "always"}]})
}
