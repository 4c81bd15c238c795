//! What stands around an agent: the whole way of the demo, and the start of a sandbox.

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use castellan::sandbox::{SYSTEM_PROGRAMS, Sandbox, Spec};
use serde_json::Value;

/// Stories that are told, and sandboxes that are started; the median counts.
const STORIES: usize = 5;
const STARTS: usize = 30;
/// Far longer than a start takes.
const START_MAX: Duration = Duration::from_secs(20);

/// Seconds from the label to the draft pull request without checkout, set-up and acceptance. The
/// agent of the demo thinks nothing, so its own time is ours, too: its sandbox, its doors, its protocol.
pub(crate) fn added_s() -> f64 {
    median((0..STORIES).map(|_| story()).collect())
}

fn story() -> f64 {
    let castellan = env!("CARGO_BIN_EXE_castellan");
    let mut demo = Command::new(castellan);
    let output = demo.args(["demo", "--json"]).env_clear().output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let told = String::from_utf8(output.stdout).unwrap();
    let told: Value = serde_json::from_str(told.lines().last().unwrap()).unwrap();
    told["agent_seconds"].as_f64().unwrap() + told["other_seconds"].as_f64().unwrap()
}

/// Milliseconds from the start of a sandbox to the end of a program in it that does nothing.
pub(crate) async fn sandbox_ms() -> f64 {
    let sandbox = Sandbox::find(&SYSTEM_PROGRAMS.map(PathBuf::from))
        .await
        .unwrap();
    let folder = sandbox.folder(&PathBuf::from("/tmp"), "bench-").unwrap();
    let workspace = sandbox
        .writable_folder(folder.path().join("workspace"))
        .unwrap();
    let mut starts = Vec::with_capacity(STARTS);
    for _ in 0..STARTS {
        let began = Instant::now();
        let spec = Spec::new(workspace.clone(), ["/usr/bin/true"]);
        let finished = sandbox.run(&spec, START_MAX).await.unwrap();
        assert!(finished.passed(), "{finished:?}");
        starts.push(began.elapsed().as_secs_f64() * 1e3);
    }
    median(starts)
}

fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}
