//! What a sandboxed program may use, and that nothing of it is left afterwards.

use std::time::Duration;

use castellan::sandbox::{Limit, OUTPUT_TAIL_BYTES};
use tokio::io::AsyncReadExt;

use super::{LONG, Room};

#[tokio::test]
async fn memory_is_limited() {
    let room = room!("memory_is_limited");
    let line = "head -c 300000000 /dev/zero | tail -c 200000000 | wc -c";
    let mut spec = room.spec(line);
    spec.limits.memory_mib = 64;
    let finished = room.run(&spec).await;
    assert!(!finished.output_tail.contains("200000000"), "{finished:?}");
    spec.limits.memory_mib = 1024;
    let finished = room.run(&spec).await;
    assert!(finished.output_tail.contains("200000000"), "{finished:?}");
}

#[tokio::test]
async fn processes_are_limited_for_each_sandbox_alone() {
    let room = room!("processes_are_limited_for_each_sandbox_alone");
    let crowd = "for i in $(seq 40); do sleep 20 & done; echo all";
    let mut small = room.spec(crowd);
    small.limits.processes = 20;
    let finished = room.run(&small).await;
    assert!(finished.output_tail.contains("Cannot fork"), "{finished:?}");
    // A full neighbour takes nothing from us.
    let mut neighbour = room.spec("for i in $(seq 10); do cat & done; echo up; cat");
    neighbour.limits.processes = 20;
    let mut neighbour = room.sandbox.spawn(&neighbour).unwrap();
    let mut up = [0; 3];
    neighbour
        .stdout
        .as_mut()
        .unwrap()
        .read_exact(&mut up)
        .await
        .unwrap();
    let mut own = room.spec("for i in $(seq 10); do sleep 20 & done; echo all");
    own.limits.processes = 20;
    let finished = room.run(&own).await;
    assert_eq!(finished.output_tail, "all\n", "{finished:?}");
    neighbour.kill().await.unwrap();
}

#[tokio::test]
async fn file_size_is_limited_and_said() {
    let room = room!("file_size_is_limited_and_said");
    let mut spec = room.spec("exec dd if=/dev/zero of=/workspace/big bs=1M count=8 2>/dev/null");
    spec.limits.file_mib = 2;
    let finished = room.run(&spec).await;
    assert_eq!(
        (finished.exit_code, finished.ended_by),
        (None, Some(Limit::FileSize))
    );
    assert_eq!(
        room.workspace().join("big").metadata().unwrap().len(),
        2 * 1024 * 1024
    );
}

#[tokio::test]
async fn folders_in_memory_are_limited() {
    let room = room!("folders_in_memory_are_limited");
    for folder in ["/tmp", "$HOME", "/dev/shm"] {
        let mut spec = room.spec(&format!("dd if=/dev/zero of={folder}/big bs=1M count=8"));
        spec.limits.scratch_mib = 2;
        let finished = room.run(&spec).await;
        assert!(
            finished.output_tail.contains("No space left"),
            "{folder}: {finished:?}"
        );
    }
}

#[tokio::test]
async fn time_is_limited_and_nothing_survives() {
    let room = room!("time_is_limited_and_nothing_survives");
    // A name that no other process has, in a session of its own, with its output closed.
    let mark = format!("sleep 86{}", std::process::id());
    let line = format!("setsid {mark} </dev/null >/dev/null 2>&1 & echo early; exec sleep 900");
    let few = Duration::from_millis(400);
    let finished = room.sandbox.run(&room.spec(&line), few).await.unwrap();
    assert_eq!(
        (finished.exit_code, finished.ended_by),
        (None, Some(Limit::Time))
    );
    assert_eq!(finished.output_tail, "early\n");
    assert!(finished.took < LONG);
    ends(&mark).await;
}

#[tokio::test]
async fn what_a_command_leaves_behind_ends_with_it() {
    let room = room!("what_a_command_leaves_behind_ends_with_it");
    let mark = format!("sleep 87{}", std::process::id());
    let line = format!("setsid {mark} </dev/null >/dev/null 2>&1 & echo done");
    let finished = room.run(&room.spec(&line)).await;
    assert!(finished.passed(), "{finished:?}");
    ends(&mark).await;
}

#[tokio::test]
async fn dropping_a_running_program_ends_it() {
    let room = room!("dropping_a_running_program_ends_it");
    let mark = format!("sleep 88{}", std::process::id());
    let mut running = room
        .sandbox
        .spawn(&room.spec(&format!("echo up; exec {mark}")))
        .unwrap();
    let mut up = [0; 3];
    running
        .stdout
        .as_mut()
        .unwrap()
        .read_exact(&mut up)
        .await
        .unwrap();
    // The shell has said so before it became the program that is looked for.
    looks_until(&mark, true).await;
    drop(running);
    ends(&mark).await;
}

/// Waits until no process of this machine has the command line `mark`.
pub(crate) async fn ends(mark: &str) {
    looks_until(mark, false).await;
}

/// Looks again and again whether a process has the command line `mark`. The kernel starts and
/// ends them on another processor, so the first look may be too early; ten thousand never are.
pub(crate) async fn looks_until(mark: &str, wanted: bool) {
    let alive = || {
        std::fs::read_dir("/proc").unwrap().flatten().any(|entry| {
            let line = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
            let line = String::from_utf8_lossy(&line).replace('\0', " ");
            line.trim() == mark
        })
    };
    for _ in 0..10_000 {
        if alive() == wanted {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("{mark}: waited for it to be there: {wanted}");
}

#[tokio::test]
async fn a_flood_is_cut_off_and_not_held() {
    let room = room!("a_flood_is_cut_off_and_not_held");
    let mut spec = room.spec("exec head -c 2000000000 /dev/zero");
    spec.limits.output_mib = 4;
    let finished = room.run(&spec).await;
    assert_eq!(
        (finished.exit_code, finished.ended_by),
        (None, Some(Limit::Output))
    );
    assert!(
        finished.output_bytes < 5 * 1024 * 1024,
        "{}",
        finished.output_bytes
    );
    assert!(finished.output_tail.len() <= OUTPUT_TAIL_BYTES);
}

#[tokio::test]
async fn the_end_of_the_output_is_kept_in_order_and_cleaned() {
    let room = room!("the_end_of_the_output_is_kept_in_order_and_cleaned");
    let line = r"seq 100000; echo error >&2; printf '\033[31mred\033[0m \000\007end\n'; exit 7";
    let finished = room.run(&room.spec(line)).await;
    assert_eq!(finished.exit_code, Some(7));
    assert!(
        finished.output_tail.ends_with("100000\nerror\nred end\n"),
        "{finished:?}"
    );
}
