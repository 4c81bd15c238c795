//! `castellan serve` as a process: with nothing set, with everything set by variables.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};

use castellan::yard::{Options, Yard};
use reqwest::StatusCode;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

/// A server on a port of its own; killed when dropped.
struct Serving {
    child: Child,
    log: BufReader<ChildStderr>,
    logged: String,
    address: String,
}

impl Serving {
    /// Starts it and waits for the line that says where it listens.
    fn start(mut command: Command) -> Self {
        let mut child = command
            .args(["serve", "--listen", "127.0.0.1:0"])
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = BufReader::new(child.stderr.take().unwrap());
        let mut serving = Self {
            child,
            log,
            logged: String::new(),
            address: String::new(),
        };
        while serving.address.is_empty() {
            let mut line = String::new();
            let read = serving.log.read_line(&mut line).unwrap();
            serving.logged.push_str(&line);
            assert!(read > 0, "it ended: {}", serving.logged);
            let entry: Value = serde_json::from_str(&line).unwrap_or_default();
            if let Some(address) = entry["address"].as_str() {
                serving.address = format!("http://{address}");
            }
        }
        serving
    }

    async fn get(&self, path: &str) -> (StatusCode, String) {
        let get = client().get(format!("{}{path}", self.address));
        let answer = get.send().await.unwrap();
        (answer.status(), answer.text().await.unwrap())
    }

    async fn health(&self) -> (StatusCode, Value) {
        let (status, text) = self.get("/health").await;
        (status, serde_json::from_str(&text).unwrap())
    }

    /// Ends it as a service manager does; what it logged.
    fn ends(mut self) -> String {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, Signal::TERM).unwrap();
        let mut logged = std::mem::take(&mut self.logged);
        self.log.read_to_string(&mut logged).unwrap();
        let status = self.child.wait().unwrap();
        assert!(status.success(), "{status}: {logged}");
        logged
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// The server is on this machine, whatever the environment says of proxies.
fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().build().unwrap()
}

fn bare(folder: &Path) -> Command {
    super::castellan(folder)
}

#[tokio::test]
async fn with_nothing_set_it_starts_and_says_what_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let serving = Serving::start(bare(folder.path()));
    let (status, health) = serving.health().await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(health["ready"], false);
    let missing: Vec<&str> = health["missing"]
        .as_array()
        .unwrap()
        .iter()
        .map(|sentence| sentence.as_str().unwrap())
        .collect();
    let (status, page) = serving.get("/").await;
    assert_eq!(status, StatusCode::OK);
    let named = [
        "app-id",
        "private-key",
        "webhook-secrets",
        "public-url",
        "agent",
    ];
    assert_eq!(missing.len(), named.len());
    for (sentence, name) in missing.iter().zip(named) {
        assert!(sentence.starts_with(&format!("{name}: ")), "{sentence}");
        assert!(page.contains(&format!("{name}: ")), "{page}");
    }
    for count in ["stored", "unread", "parked"] {
        assert_eq!(health["deliveries"][count], 0, "{count}");
    }
    let logged = serving.ends();
    for name in named {
        assert!(logged.contains(&format!("not set: {name}: ")), "{logged}");
    }
}

// Two threads: while this one waits for the server's end, the yard still answers it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_everything_set_by_variables_it_is_ready_and_logs_no_secret() {
    let folder = tempfile::tempdir().unwrap();
    let yard = Yard::start(Options::default()).await.unwrap();
    let key = yard.app().private_key_pem;
    let middle = key.lines().nth(3).unwrap();
    let mut command = bare(folder.path());
    command
        .env("CASTELLAN_APP_ID", "77")
        .env("CASTELLAN_PRIVATE_KEY", key.replace('\n', "\\n"))
        .env("CASTELLAN_WEBHOOK_SECRETS", "hidden-one,hidden-two")
        .env("CASTELLAN_AGENT", "my-agent --acp")
        .env("CASTELLAN_GITHUB_API_URL", yard.api_url())
        .env("CASTELLAN_LOG", "trace");
    let serving = Serving::start(command);
    let (status, health) = serving.health().await;
    assert_eq!(
        (status, &health["ready"]),
        (StatusCode::OK, &Value::Bool(true))
    );
    assert_eq!(health["missing"], serde_json::json!([]));
    let refused = client()
        .post(format!("{}/webhook", serving.address))
        .header("x-github-event", "ping")
        .header("x-github-delivery", "1")
        .header("x-hub-signature-256", "sha256=00")
        .body("{}")
        .send()
        .await
        .unwrap();
    assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
    let logged = serving.ends();
    assert!(logged.contains("TRACE"), "trace was asked for");
    assert!(
        !logged.contains("hidden-"),
        "a webhook secret is in the log"
    );
    assert!(!logged.contains(middle), "the private key is in the log");
}
