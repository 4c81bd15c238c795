//! The server at rest: time from start to ready, memory, size; and what Castellan adds around
//! the agent in the demo. Ends with one JSON object.
//!
//! The server is configured: it reads its key, asks GitHub (the yard) for its installations and
//! answers `/health` with 200. The ratios are to the aims: below 1 is better than aimed at.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench fails by panicking, and prints"
)]

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use castellan::yard::{Options, Yard};
use serde_json::{Value, json};

/// Aims: milliseconds from start to ready, megabytes at rest, seconds around the agent.
const START_MS: f64 = 50.0;
const RSS_MB: f64 = 30.0;
const OTHER_S: f64 = 2.0;

const CASTELLAN: &str = env!("CARGO_BIN_EXE_castellan");
/// Starts that are measured; the median counts.
const STARTS: usize = 11;
/// Stories of the demo; the median counts.
const STORIES: usize = 5;
/// Rest before memory is read: what starting needed is given back by then, or never.
const REST: Duration = Duration::from_secs(3);

fn main() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let yard = runtime.block_on(Yard::start(Options::default())).unwrap();
    let mut starts = Vec::new();
    let mut memory = Vec::new();
    for nth in 0..STARTS {
        let folder = tempfile::tempdir().unwrap();
        let (mut child, started) = start(folder.path(), &yard);
        starts.push(started.as_secs_f64() * 1000.0);
        if nth < 3 {
            std::thread::sleep(REST);
            memory.push(rss_mb(&child));
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let demos: Vec<Value> = (0..STORIES).map(|_| demo()).collect();
    let seconds = |key: &str| median(demos.iter().filter_map(|demo| demo[key].as_f64()).collect());
    let binary_mb = std::fs::metadata(CASTELLAN).unwrap().len() as f64 / 1e6;
    let (start_ms, rss_mb) = (median(starts), median(memory));
    let other_s = seconds("other_seconds");
    let object = json!({
        "bench": "rest",
        "results": {
            "start_ms": round(start_ms),
            "rss_mb": round(rss_mb),
            "binary_mb": round(binary_mb),
            "other_seconds": round(other_s),
            "agent_seconds": round(seconds("agent_seconds")),
        },
        "ratios": {
            "start_ms": ratio(start_ms, START_MS),
            "rss_mb": ratio(rss_mb, RSS_MB),
            "other_seconds": ratio(other_s, OTHER_S),
        },
    });
    println!("{object}");
}

/// Starts a configured server on an empty database; it, and the time until `/health` said that
/// it is ready.
fn start(folder: &std::path::Path, yard: &Yard) -> (Child, Duration) {
    let app = yard.app();
    let key = folder.join("key.pem");
    std::fs::write(&key, app.private_key_pem).unwrap();
    // A free port, asked for beforehand so that nothing has to be read from a log.
    let address = TcpListener::bind(("127.0.0.1", 0))
        .unwrap()
        .local_addr()
        .unwrap();
    let began = Instant::now();
    let child = Command::new(CASTELLAN)
        .args(["serve", "--listen", &address.to_string()])
        .env_clear()
        .env("CASTELLAN_APP_ID", app.app_id.to_string())
        .env("CASTELLAN_PRIVATE_KEY", key)
        .env("CASTELLAN_WEBHOOK_SECRETS", app.webhook_secrets.join(","))
        .env("CASTELLAN_AGENT", "agent")
        .env("CASTELLAN_GITHUB_API_URL", yard.api_url())
        .current_dir(folder)
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    while !is_ready(address) {
        assert!(
            began.elapsed() < Duration::from_secs(30),
            "it does not start"
        );
        std::thread::sleep(Duration::from_micros(500));
    }
    (child, began.elapsed())
}

/// 503 is an answer too, but not that of a server that takes deliveries.
fn is_ready(address: SocketAddr) -> bool {
    let Ok(mut stream) = TcpStream::connect(address) else {
        return false;
    };
    let request = b"GET /health HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    let mut answer = String::new();
    stream.write_all(request).is_ok()
        && stream.read_to_string(&mut answer).is_ok()
        && answer.starts_with("HTTP/1.1 200")
}

/// Resident memory of a process.
fn rss_mb(child: &Child) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .unwrap();
    let kib: f64 = line.trim().trim_end_matches(" kB").parse().unwrap();
    kib * 1024.0 / 1e6
}

/// The JSON object of one demo.
fn demo() -> Value {
    let output = Command::new(CASTELLAN)
        .args(["demo", "--json"])
        .env_clear()
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8(output.stdout).unwrap();
    serde_json::from_str(text.lines().last().unwrap()).unwrap()
}

fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}

/// Measured to aimed at, to two places.
fn ratio(measured: f64, aim: f64) -> f64 {
    (measured / aim * 100.0).round() / 100.0
}

fn round(number: f64) -> f64 {
    (number * 10.0).round() / 10.0
}
