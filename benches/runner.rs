//! What Castellan adds around an agent. Ends with one JSON object.
//!
//! `added_s` is the demo's time from label to draft pull request without checkout, set-up and
//! acceptance, `sandbox_ms` the start and end of a sandbox; their ratios are to the aims.
//! `gateway_us` is the processor time that one server process spends on a call of a model with a
//! long conversation, from its first byte to the last; `token_us` what it spends on one more
//! streamed event. Beside them stands what a call costs client and provider together over a direct
//! connection. `streams_rss_mb` is the server's memory while 100 agents stream at once.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench fails by panicking, and prints"
)]

#[path = "runner/around.rs"]
mod around;
#[path = "runner/provider.rs"]
mod provider;
#[path = "../tests/it/transitions/sample.rs"]
mod sample;

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use castellan::domain::event::Fact;
use castellan::domain::ids::{AttemptNumber, Fence, RunId, Sha256Hex};
use castellan::domain::task::attempt::{Attempt, Entered, Phase, RunIdentity};
use castellan::domain::task::because::Because;
use castellan::domain::task::stage::Stage;
use castellan::domain::time::Timestamp;
use castellan::store::{Cause, Recording, Store};
use serde_json::{Value, json};

/// Aims: seconds around the agent, milliseconds of a sandbox's start.
const ADDED_S: f64 = 3.0;
const SANDBOX_MS: f64 = 20.0;
/// Agents that stream at once.
const AGENTS: u32 = 100;
/// Calls that are measured, after some that are not.
const CALLS: u32 = 200;
const WARM: u32 = 20;
/// Events of a stream whose cost is measured, and streams.
const EVENTS: u32 = 1_000;
const STREAMS: u32 = 5;
/// Bytes of a conversation.
const CONVERSATION: usize = 100_000;
/// Later than any clock.
const FAR: Timestamp = Timestamp(4_000_000_000_000);

struct World {
    server: Child,
    address: String,
    provider: String,
    /// One lease an agent.
    bearers: Vec<String>,
    http: reqwest::Client,
    _folder: tempfile::TempDir,
}

impl Drop for World {
    fn drop(&mut self) {
        self.server.kill().ok();
        self.server.wait().ok();
    }
}

impl World {
    async fn starts() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = format!("sqlite:{}", folder.path().join("castellan.db").display());
        let store = Store::open(&database).await.unwrap();
        let mut bearers = Vec::new();
        for agent in 1..=AGENTS {
            bearers.push(works(&store, agent).await);
        }
        store.close().await;
        let provider = provider::starts().await;
        let mut server = Command::new(env!("CARGO_BIN_EXE_castellan"))
            .args(["serve", "--listen", "127.0.0.1:0"])
            .current_dir(folder.path())
            .env_clear()
            .env("CASTELLAN_MODEL_WIRE", "anthropic")
            .env("CASTELLAN_MODEL_URL", &provider)
            .env("CASTELLAN_MODEL", "small")
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut log = BufReader::new(server.stderr.take().unwrap()).lines();
        let address = loop {
            let line = log.next().unwrap().unwrap();
            let entry: Value = serde_json::from_str(&line).unwrap_or_default();
            if let Some(address) = entry["address"].as_str() {
                break format!("http://{address}/model/anthropic");
            }
        };
        std::thread::spawn(move || log.for_each(drop));
        Self {
            server,
            address,
            provider,
            bearers,
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
            _folder: folder,
        }
    }

    /// One call to its end; `events` of a stream, or a document.
    async fn calls(&self, base: &str, events: Option<u32>) {
        let answer = self.begins(base, 0, events).await;
        assert!(answer.status().is_success(), "{answer:?}");
        answer.bytes().await.unwrap();
    }

    async fn begins(&self, base: &str, agent: usize, events: Option<u32>) -> reqwest::Response {
        let text = "All work and no play. ".repeat(CONVERSATION / 22);
        let body = json!({"model": "small", "max_tokens": 4000, "stream": events.is_some(),
            "stop_sequences": [events.unwrap_or(0).to_string()],
            "messages": [{"role": "user", "content": text}]});
        let post = self.http.post(format!("{base}/v1/messages"));
        let post = post.bearer_auth(&self.bearers[agent]);
        post.body(body.to_string()).send().await.unwrap()
    }

    /// Processor time of the server so far, in microseconds.
    fn server_us(&self) -> f64 {
        processor_us(&self.server.id().to_string())
    }

    /// Microseconds of a call through the gateway: the server's; and of one directly: ours.
    async fn request(&self) -> (f64, f64) {
        for _ in 0..WARM {
            self.calls(&self.address, None).await;
            self.calls(&self.provider, None).await;
        }
        let before = self.server_us();
        for _ in 0..CALLS {
            self.calls(&self.address, None).await;
        }
        let gateway = (self.server_us() - before) / f64::from(CALLS);
        let before = processor_us("self");
        for _ in 0..CALLS {
            self.calls(&self.provider, None).await;
        }
        (gateway, (processor_us("self") - before) / f64::from(CALLS))
    }

    /// The same of one streamed event.
    async fn token(&self, (gateway, direct): (f64, f64)) -> (f64, f64) {
        let all = f64::from(STREAMS * EVENTS);
        let before = self.server_us();
        for _ in 0..STREAMS {
            self.calls(&self.address, Some(EVENTS)).await;
        }
        let through = self.server_us() - before - gateway * f64::from(STREAMS);
        let before = processor_us("self");
        for _ in 0..STREAMS {
            self.calls(&self.provider, Some(EVENTS)).await;
        }
        let beside = processor_us("self") - before - direct * f64::from(STREAMS);
        (through / all, beside / all)
    }

    /// Memory while all agents stream.
    async fn memory(&self) -> f64 {
        let agents =
            (0..self.bearers.len()).map(|agent| self.begins(&self.address, agent, Some(EVENTS)));
        let mut answers = futures::future::join_all(agents).await;
        for answer in &mut answers {
            assert!(answer.status().is_success(), "{answer:?}");
            answer.chunk().await.unwrap().unwrap();
        }
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.server.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib: f64 = line
            .unwrap()
            .trim()
            .trim_end_matches(" kB")
            .parse()
            .unwrap();
        for answer in answers {
            answer.bytes().await.unwrap();
        }
        kib * 1024.0 / 1e6
    }
}

/// Processor time of all threads of a process, in microseconds.
fn processor_us(process: &str) -> f64 {
    let threads = std::fs::read_dir(format!("/proc/{process}/task")).unwrap();
    let of = |thread: std::fs::DirEntry| {
        // A thread may have ended meanwhile.
        let times = std::fs::read_to_string(thread.path().join("schedstat")).ok()?;
        times.split(' ').next()?.parse::<f64>().ok()
    };
    threads.filter_map(|thread| of(thread.ok()?)).sum::<f64>() / 1e3
}

/// A task whose attempt works; its lease.
async fn works(store: &Store, agent: u32) -> String {
    let key = String::from(Sha256Hex::of(agent.to_string()));
    let run = RunIdentity {
        run_id: RunId(1),
        run_attempt: 1,
    };
    let mut task = sample::task(agent.into());
    task.contract.budget.calls = 100_000;
    task.contract.budget.tokens = 1_000_000_000;
    task.attempts = vec![Attempt {
        number: AttemptNumber(1),
        fence: Fence(1),
        seed: Sha256Hex::of("seed"),
        nonce: "n".to_owned(),
        start: sample::oid(1),
        feedback: None,
        asked_at: sample::START,
        run: None,
        signed_in: None,
        entered: Some(Entered {
            run,
            key: Sha256Hex::of(&key),
            at: sample::START,
            deadline: FAR,
        }),
        result: None,
        ended: None,
        going: None,
        questions: Vec::new(),
        answer: None,
        correction: None,
        merge: None,
        staged: None,
        approved: None,
    }];
    task.stage = Stage::Working {
        attempt: AttemptNumber(1),
        phase: Phase::Agent,
        until: FAR,
    };
    let recording = Recording {
        version: None,
        task: &task,
        event: &sample::event(0, Fact::Opened),
        because: Because::RequestAccepted,
        effects: &[],
        cause: Cause::None,
    };
    store.record(recording).await.unwrap();
    format!("{}.1.{key}", task.id)
}

fn round(number: f64) -> f64 {
    (number * 10.0).round() / 10.0
}

#[tokio::main]
async fn main() {
    let world = World::starts().await;
    let (gateway_us, direct_us) = world.request().await;
    let (token_us, direct_token_us) = world.token((gateway_us, direct_us)).await;
    let streams_rss_mb = world.memory().await;
    drop(world);
    let sandbox_ms = around::sandbox_ms().await;
    let added_s = around::added_s();
    let ratio = |of: f64, to: f64| (of / to * 100.0).round() / 100.0;
    let object = json!({
        "bench": "runner",
        "results": {
            "added_s": (added_s * 100.0).round() / 100.0,
            "sandbox_ms": round(sandbox_ms),
            "gateway_us": round(gateway_us),
            "direct_us": round(direct_us),
            "token_us": round(token_us),
            "direct_token_us": round(direct_token_us),
            "streams_rss_mb": round(streams_rss_mb),
        },
        "ratios": {
            "added_s": ratio(added_s, ADDED_S),
            "sandbox_ms": ratio(sandbox_ms, SANDBOX_MS),
            "gateway_us": ratio(gateway_us, direct_us),
            "token_us": ratio(token_us, direct_token_us),
        },
    });
    println!("{object}");
}
