//! The provider's key is where the settings put it, and nowhere else (X38), in a real process.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;

use castellan::domain::time::Timestamp;
use castellan::store::Store;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::case::{Case, KEY, answer, budget, gateway, lease_key, message, record, working};
use super::provider::{Canned, Provider};

/// A server in a process of its own, which logs all that it can.
struct Process {
    child: Child,
    address: String,
    logged: String,
    rest: JoinHandle<String>,
}

impl Process {
    fn starts(folder: &Path, provider: &str) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_castellan"))
            .args(["serve", "--listen", "127.0.0.1:0"])
            .current_dir(folder)
            .env_clear()
            .env("CASTELLAN_LOG", "trace")
            .env("CASTELLAN_MODEL_WIRE", "anthropic")
            .env("CASTELLAN_MODEL_URL", provider)
            .env("CASTELLAN_MODEL_KEY", KEY)
            .env("CASTELLAN_MODEL", "small")
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap());
        let mut logged = String::new();
        let address = loop {
            let mut line = String::new();
            assert!(log.read_line(&mut line).unwrap() > 0, "it ended: {logged}");
            logged.push_str(&line);
            let entry: Value = serde_json::from_str(&line).unwrap_or_default();
            if let Some(address) = entry["address"].as_str() {
                break format!("http://{address}");
            }
        };
        let rest = std::thread::spawn(move || {
            let mut rest = String::new();
            log.read_to_string(&mut rest).unwrap();
            rest
        });
        Self {
            child,
            address,
            logged,
            rest,
        }
    }

    /// Ends it as a service manager does; what it logged.
    fn ends(mut self) -> String {
        kill_process(Pid::from_child(&self.child), Signal::TERM).unwrap();
        let status = self.child.wait().unwrap();
        self.logged.push_str(&self.rest.join().unwrap());
        assert!(status.success(), "{}", self.logged);
        self.logged
    }
}

/// A provider that repeats the key in each of its noes.
async fn telltale() -> Provider {
    let provider = Provider::starts().await;
    let echo = format!("{{\"error\":\"what is {KEY}?\"}}");
    provider.says(Canned::new(200, "{}"));
    for status in [429, 401, 400, 404] {
        provider.says(Canned::new(status, &*echo).with("retry-after", "0"));
    }
    provider
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn x38_the_key_is_in_no_log_answer_page_or_column() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("castellan.db");
    let store = Store::open(&format!("sqlite:{}", database.display()))
        .await
        .unwrap();
    // The process has the machine's clock.
    let far = Timestamp(4_000_000_000_000);
    let task = working(1, 1, budget(500, 1_000_000, None), far);
    record(&store, None, &task).await;
    store.close().await;
    let provider = telltale().await;
    let process = Process::starts(folder.path(), &provider.url);
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let bearer = format!("{}.1.{}", task.id, lease_key(1));
    let mut said = String::new();
    for _ in 0..5 {
        let url = format!("{}/model/anthropic/v1/messages", process.address);
        let post = http.post(url).bearer_auth(&bearer);
        let got = answer(post.body(message("x", 10).to_string())).await;
        said.push_str(&format!("{got:?}"));
    }
    for page in ["/", "/health", &format!("/tasks/{}", task.id)] {
        let got = http.get(format!("{}{page}", process.address)).send().await;
        said.push_str(&got.unwrap().text().await.unwrap());
    }
    let logged = process.ends();
    let heard = provider.heard();
    assert_eq!(heard.len(), 6);
    assert_eq!(
        heard[0].headers["x-api-key"], KEY,
        "the provider alone has it"
    );
    let kept = std::fs::read(&database).unwrap();
    for (what, text) in [
        ("log", &logged),
        ("answers", &said),
        ("database", &String::from_utf8_lossy(&kept).into_owned()),
    ] {
        assert!(!text.contains(KEY), "the key is in the {what}");
        assert!(!text.contains(&lease_key(1)), "the lease is in the {what}");
    }
    assert!(logged.contains("TRACE") && logged.contains("a call of a model failed"));
    assert!(said.contains("what is …?"), "{said}");
}

#[tokio::test]
async fn x38_the_key_does_not_print() {
    let case = Case::begins().await;
    let shown = format!(
        "{:?} {:?}",
        gateway(&case.provider.url, super::case::PACE),
        case.engine.rules
    );
    assert!(
        shown.contains("anthropic") && !shown.contains(KEY),
        "{shown}"
    );
}
