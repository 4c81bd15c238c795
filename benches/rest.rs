//! The server at rest: time from start to ready, memory, size; and what Castellan adds around
//! the agent in the demo. Ends with one JSON object.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench fails by panicking, and prints"
)]

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

const CASTELLAN: &str = env!("CARGO_BIN_EXE_castellan");
/// Starts that are measured; the median counts.
const STARTS: usize = 11;
/// Stories of the demo; the median counts.
const STORIES: usize = 5;
/// Rest before memory is read: what starting needed is given back by then, or never.
const REST: Duration = Duration::from_secs(3);

fn main() {
    let mut starts = Vec::new();
    let mut memory = Vec::new();
    for nth in 0..STARTS {
        let folder = tempfile::tempdir().unwrap();
        let (mut child, started) = start(folder.path());
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
    let object = json!({
        "bench": "rest",
        "results": {
            "start_ms": round(median(starts)),
            "rss_mb": round(median(memory)),
            "binary_mb": round(binary_mb),
            "other_seconds": round(seconds("other_seconds")),
            "agent_seconds": round(seconds("agent_seconds")),
        },
        "ratios": {},
    });
    println!("{object}");
}

/// Starts a server on an empty database; it, and the time until `/health` answered.
fn start(folder: &std::path::Path) -> (Child, Duration) {
    // A free port, asked for beforehand so that nothing has to be read from a log.
    let address = TcpListener::bind(("127.0.0.1", 0))
        .unwrap()
        .local_addr()
        .unwrap();
    let began = Instant::now();
    let child = Command::new(CASTELLAN)
        .args(["serve", "--listen", &address.to_string()])
        .env_clear()
        .current_dir(folder)
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    while !answers(address) {
        assert!(
            began.elapsed() < Duration::from_secs(30),
            "it does not start"
        );
        std::thread::sleep(Duration::from_micros(500));
    }
    (child, began.elapsed())
}

fn answers(address: SocketAddr) -> bool {
    let Ok(mut stream) = TcpStream::connect(address) else {
        return false;
    };
    let request = b"GET /health HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    let mut answer = String::new();
    stream.write_all(request).is_ok()
        && stream.read_to_string(&mut answer).is_ok()
        && (answer.starts_with("HTTP/1.1 200") || answer.starts_with("HTTP/1.1 503"))
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

fn round(number: f64) -> f64 {
    (number * 10.0).round() / 10.0
}
