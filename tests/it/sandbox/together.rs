//! What all processes of a sandbox may use together: memory in all its forms, and the disk.

use std::time::Duration;

use castellan::sandbox::{Finished, Limit, Limits, Spec};

use super::limits::ends;
use super::{LONG, Room};

/// Few MiB for all together, and enough for each alone.
const SMALL: Limits = Limits {
    memory_mib: 512,
    memory_total_mib: 128,
    disk_mib: 32,
    processes: 64,
    file_mib: 512,
    open_files: 1024,
    output_mib: 8,
    scratch_mib: 128,
};

impl Room {
    /// Runs `line` in bash within [`SMALL`]; `hog N` holds N MiB of memory.
    async fn small(&self, line: &str) -> Finished {
        self.sandbox
            .run(&self.small_spec(line), LONG)
            .await
            .unwrap()
    }

    fn small_spec(&self, line: &str) -> Spec {
        let hog = "hog() { exec /usr/bin/python3 -c \"import time; x = b'1' * ($1 << 20); time.sleep(600)\"; }";
        let mut spec = Spec::new(
            self.workspace(),
            ["/bin/bash", "-c", &format!("{hog}\n{line}")],
        );
        spec.limits = SMALL;
        spec
    }
}

#[tokio::test]
async fn memory_is_counted_over_all_processes() {
    let room = room!("memory_is_counted_over_all_processes");
    let lines = [
        "for i in 1 2 3 4; do hog 50 & done; wait",
        // Of those that left their parents, too.
        "for i in 1 2 3 4; do (setsid bash -c \"$(declare -f hog); hog 50\" </dev/null >/dev/null 2>&1 &); done; exec sleep 600",
        // What is held in folders, or in files that have no name and are not mapped.
        "head -c 70000000 /dev/zero >/tmp/x; head -c 70000000 /dev/zero >/dev/shm/x; exec sleep 600",
        "exec /usr/bin/python3 -c \"import os, time
f = os.memfd_create('x')
for i in range(200): os.write(f, bytes(1 << 20))
time.sleep(600)\"",
    ];
    for line in lines {
        let finished = room.small(line).await;
        let ended = (finished.exit_code, finished.ended_by);
        assert_eq!(ended, (None, Some(Limit::Memory)), "{line}: {finished:?}");
        assert!(finished.took < LONG);
    }
}

#[tokio::test]
async fn what_processes_share_is_counted_once() {
    let room = room!("what_processes_share_is_counted_once");
    // 60 MiB, read by four children: 300 MiB as each of them sees it.
    let line = "exec /usr/bin/python3 -c \"import os, time
x = b'1' * (60 << 20)
for i in range(4):
    if not os.fork():
        x.count(b'2'); time.sleep(1.5); os._exit(0)
for i in range(4): os.wait()
print('all')\"";
    let finished = room.small(line).await;
    assert_eq!(finished.output_tail, "all\n", "{finished:?}");
}

#[tokio::test]
async fn the_disk_is_counted_over_all_files() {
    let room = room!("the_disk_is_counted_over_all_files");
    let lines = [
        "for i in $(seq 100); do head -c 2000000 /dev/zero >f$i; done; exec sleep 600",
        // Many that are empty, deep folders, and one without a name.
        "exec /usr/bin/python3 -c \"import time
for i in range(20000): open(f'e{i}', 'w').close()
time.sleep(600)\"",
        "exec /usr/bin/python3 -c \"import os, time
f = open('gone', 'wb'); os.unlink('gone')
for i in range(64): f.write(b'1' * (1 << 20))
f.flush(); time.sleep(600)\"",
    ];
    for line in lines {
        let finished = room.small(line).await;
        let ended = (finished.exit_code, finished.ended_by);
        assert_eq!(ended, (None, Some(Limit::Disk)), "{line}: {finished:?}");
        room.say("rm -rf /workspace/*").await;
    }
    // What was there before is nobody's.
    let before = room.workspace().join("before");
    std::fs::write(&before, vec![1; 64 << 20]).unwrap();
    // Its blocks are given out when it is written back, which may be late: not while it is counted.
    std::fs::File::open(&before).unwrap().sync_all().unwrap();
    let finished = room
        .small("head -c 9000000 /dev/zero >more; sleep 1; echo all")
        .await;
    assert_eq!(finished.output_tail, "all\n", "{finished:?}");
}

#[tokio::test]
async fn a_running_program_that_is_ended_says_by_what() {
    let room = room!("a_running_program_that_is_ended_says_by_what");
    let mark = format!("sleep 89{}", std::process::id());
    let line = format!("setsid {mark} >/dev/null 2>&1 & hog 150 & hog 150");
    let mut running = room.sandbox.spawn(&room.small_spec(&line)).unwrap();
    assert_eq!(running.ended_by(), None);
    tokio::time::timeout(LONG, running.wait())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(running.ended_by(), Some(Limit::Memory));
    ends(&mark).await;
}

#[tokio::test]
async fn a_bomb_of_forks_is_ended_and_nothing_of_it_is_left() {
    let room = room!("a_bomb_of_forks_is_ended");
    let mark = format!("sleep 84{}", std::process::id());
    let line =
        format!("{mark} & bomb() {{ bomb | bomb & wait; }}; bomb 2>/dev/null; exec sleep 600");
    let few = Duration::from_secs(2);
    let finished = room
        .sandbox
        .run(&room.small_spec(&line), few)
        .await
        .unwrap();
    assert_eq!(finished.ended_by, Some(Limit::Time), "{finished:?}");
    ends(&mark).await;
}

#[tokio::test]
async fn sandboxed_programs_step_back() {
    let room = room!("sandboxed_programs_step_back");
    let said = room.say("nice; cat /proc/self/oom_score_adj").await;
    assert_eq!(said, "10\n1000\n");
}
