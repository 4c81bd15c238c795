//! The digest's speed and memory on a 200 MB log made from `fixtures/digest`, beside `grep` and
//! `wc` on the same file, and on the worst logs. Ends with one JSON object.
//!
//! The log is what a job writes: mostly tools that pass, and here and there one that fails, with
//! the time stamps of GitHub Actions. The ratios are to the aims: above 1 is better for speed.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench fails by panicking, and prints"
)]

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;

/// Aims: megabytes a second, the share of grep's speed, megabytes of memory.
const MB_PER_S: f64 = 200.0;
const TO_GREP: f64 = 0.3;
const RSS_MB: f64 = 64.0;

const CASTELLAN: &str = env!("CARGO_BIN_EXE_castellan");
/// Size of the log, in bytes.
const LOG: usize = 200_000_000;
/// How often it goes through standard input, for a gigabyte.
const REPEATS: usize = 5;
/// Runs that are measured; the fastest counts, as others use the machine, too.
const RUNS: usize = 5;
/// Of so many tools' logs one is a failing one.
const FAILS: usize = 40;

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    std::fs::write(&log, made()).unwrap();
    let (digest_s, rss_mb) = best(|| run(CASTELLAN, &["digest", "--json"], &log));
    let (grep_s, _) = best(|| run("grep", &["-cE", "error|fail"], &log));
    let (wc_s, _) = best(|| run("wc", &["-l"], &log));
    let megabytes = LOG as f64 / 1e6;
    let (long_s, long_mb) = streamed(&log);
    let worst: serde_json::Map<_, _> = worst()
        .into_iter()
        .map(|(name, bytes)| {
            let path = folder.path().join("worst");
            std::fs::write(&path, &bytes).unwrap();
            let (seconds, rss) = run(CASTELLAN, &["digest", "--json"], &path);
            let speed = round(bytes.len() as f64 / 1e6 / seconds);
            (
                name.to_owned(),
                json!({ "mb_per_s": speed, "rss_mb": round(rss) }),
            )
        })
        .collect();
    let object = json!({
        "bench": "digest",
        "results": {
            "mb_per_s": round(megabytes / digest_s),
            "to_grep": round(grep_s / digest_s),
            "to_wc": round(wc_s / digest_s),
            "rss_mb": round(rss_mb.max(long_mb)),
            "gigabyte": { "mb_per_s": round(megabytes * REPEATS as f64 / long_s), "rss_mb": round(long_mb) },
            "worst": worst,
        },
        "ratios": {
            "mb_per_s": round(megabytes / digest_s / MB_PER_S),
            "to_grep": round(grep_s / digest_s / TO_GREP),
            "rss_mb": round(RSS_MB / rss_mb.max(long_mb)),
        },
    });
    println!("{object}");
}

/// The log of a long job.
fn made() -> Vec<u8> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/digest");
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.retain(|path| path.extension().is_some_and(|end| end == "log"));
    paths.sort();
    let passes = |path: &Path| {
        path.file_name()
            .unwrap()
            .to_string_lossy()
            .starts_with("pass-")
    };
    let (passing, failing): (Vec<_>, Vec<_>) = paths.iter().partition(|path| passes(path));
    let texts = |paths: Vec<&PathBuf>| -> Vec<String> {
        paths
            .into_iter()
            .map(|path| std::fs::read_to_string(path).unwrap())
            .collect()
    };
    let (passing, failing) = (texts(passing), texts(failing));
    let mut out = String::with_capacity(LOG + 100_000);
    for part in 0.. {
        let of = if part % FAILS == FAILS - 1 {
            &failing
        } else {
            &passing
        };
        for (at, line) in of[part % of.len()].lines().enumerate() {
            let _ = writeln!(out, "2026-01-02T03:04:{:02}.{part:07}Z {line}", at % 60);
        }
        // What most lines of a log are: progress of no interest.
        for at in 0..120 {
            let _ = writeln!(
                out,
                "2026-01-02T03:05:{:02}.{part:07}Z [{at}/120] building module {part}_{at} for the release",
                at % 60
            );
        }
        if out.len() >= LOG {
            break;
        }
    }
    out.truncate(LOG);
    out.into_bytes()
}

/// Logs that cost the most.
fn worst() -> Vec<(&'static str, Vec<u8>)> {
    let mut noise: u32 = 7;
    let mut random = || {
        noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (noise >> 24) as u8
    };
    let whole = made();
    vec![
        ("one_line", vec![b'x'; 50_000_000]),
        ("one_line_of_errors", b"error: x ".repeat(5_500_000)),
        (
            "only_errors",
            (0..1_000_000)
                .flat_map(|i| format!("error[E{i}]: cannot find value `v{i}`\n").into_bytes())
                .collect(),
        ),
        ("invalid_utf8", (0..20_000_000).map(|_| random()).collect()),
        ("truncated", whole[..20_000_001].to_vec()),
    ]
}

fn best(measured: impl Fn() -> (f64, f64)) -> (f64, f64) {
    let runs: Vec<(f64, f64)> = (0..RUNS).map(|_| measured()).collect();
    let seconds = runs.iter().map(|run| run.0).fold(f64::INFINITY, f64::min);
    (seconds, runs.iter().map(|run| run.1).fold(0.0, f64::max))
}

/// Seconds that the digest took for a gigabyte on standard input, and the most memory it had.
fn streamed(log: &Path) -> (f64, f64) {
    let bytes = std::fs::read(log).unwrap();
    let began = Instant::now();
    let mut child = Command::new(CASTELLAN)
        .args(["digest", "--json", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || {
        for _ in 0..REPEATS {
            input.write_all(&bytes).unwrap();
        }
    });
    let most = watched(&mut child);
    writer.join().unwrap();
    (began.elapsed().as_secs_f64(), most)
}

/// Seconds that a program took for a file, and the most memory it had, in megabytes.
fn run(program: &str, args: &[&str], file: &Path) -> (f64, f64) {
    let began = Instant::now();
    let mut child = Command::new(program)
        .args(args)
        .arg(file)
        // With nobody to read its output, grep stops at the first line that it finds.
        .stdout(tempfile::tempfile().unwrap())
        .spawn()
        .unwrap();
    let most = watched(&mut child);
    (began.elapsed().as_secs_f64(), most)
}

/// The most memory that a program had until it ended, in megabytes.
fn watched(child: &mut Child) -> f64 {
    let mut most = 0.0_f64;
    loop {
        // Of a process that has ended nothing can be read any more.
        most = most.max(peak_mb(child.id()).unwrap_or(0.0));
        if let Some(ended) = child.try_wait().unwrap() {
            assert!(ended.success());
            return most;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn peak_mb(id: u32) -> Option<f64> {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: f64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kilobytes / 1024.0)
}

fn round(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}
