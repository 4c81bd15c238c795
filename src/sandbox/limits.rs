//! What a sandboxed program may use, and how `prlimit` is told.

use std::ffi::OsString;
use std::path::Path;

const MIB: u64 = 1024 * 1024;
/// How far sandboxed programs step back for others: the runner must be able to end them.
const NICENESS: i32 = 10;
/// Where the machine itself runs out of memory, the kernel takes a sandboxed program before all
/// others, never the runner.
const FIRST_TO_GO: i32 = 1000;

/// What a sandboxed program may use beside time, which is the caller's to measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// MiB of data that one process may have. Reserved but unused addresses do not count,
    /// because runtimes such as Node's reserve many.
    pub memory_mib: u64,
    /// MiB of memory that all processes may use together, with the folders that are held in
    /// memory. It is looked at several times a second.
    pub memory_total_mib: u64,
    /// MiB that may be added to the disks that the sandbox writes to; looked at as often.
    pub disk_mib: u64,
    /// Processes and threads at once, in this sandbox.
    pub processes: u32,
    /// MiB that one file may have.
    pub file_mib: u64,
    /// Files that one process may have open.
    pub open_files: u32,
    /// MiB of output that is read before the program is ended.
    pub output_mib: u64,
    /// MiB that `/tmp` may hold, and the home folder and `/dev/shm` as much again. They are held
    /// in memory.
    pub scratch_mib: u64,
}

impl Default for Limits {
    /// Enough for the tests of an ordinary project on a small machine.
    fn default() -> Self {
        Self {
            memory_mib: 2048,
            memory_total_mib: 4096,
            disk_mib: 8192,
            processes: 512,
            file_mib: 1024,
            open_files: 4096,
            output_mib: 64,
            scratch_mib: 512,
        }
    }
}

/// What ended a program before its own end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Limit {
    /// It took longer than it was given.
    Time,
    /// It wrote more output than it was given.
    Output,
    /// It wrote a larger file than it was given (the kernel's SIGXFSZ).
    FileSize,
    /// All its processes together used more memory than they were given.
    Memory,
    /// It added more to the disk than it was given.
    Disk,
}

impl Limits {
    /// Bytes of output that are read before the program is ended.
    pub(super) fn output_bytes(&self) -> u64 {
        self.output_mib.saturating_mul(MIB)
    }

    /// Bytes of memory for all processes together.
    pub(super) fn memory_total_bytes(&self) -> u64 {
        self.memory_total_mib.saturating_mul(MIB)
    }

    /// Bytes that may be added to disks.
    pub(super) fn disk_bytes(&self) -> u64 {
        self.disk_mib.saturating_mul(MIB)
    }

    /// Bytes of each folder that is held in memory.
    pub(super) fn scratch_bytes(&self) -> u64 {
        self.scratch_mib.saturating_mul(MIB)
    }

    /// `prlimit`, `nice` and `choom` with their options, up to the program that is to be started.
    ///
    /// They run inside of the sandbox, because there the number of processes is counted for the
    /// sandbox's own user namespace (Linux 5.14), not for the account on the whole machine.
    pub(super) fn prefix(&self, programs: [&Path; 3]) -> Vec<OsString> {
        let [prlimit, nice, choom] = programs;
        let memory = self.memory_mib.saturating_mul(MIB);
        let file = self.file_mib.saturating_mul(MIB);
        vec![
            prlimit.as_os_str().to_owned(),
            format!("--data={memory}").into(),
            format!("--nproc={}", self.processes).into(),
            format!("--fsize={file}").into(),
            format!("--nofile={}", self.open_files).into(),
            "--core=0".into(),
            "--".into(),
            nice.as_os_str().to_owned(),
            format!("--adjustment={NICENESS}").into(),
            choom.as_os_str().to_owned(),
            format!("--adjust={FIRST_TO_GO}").into(),
            "--".into(),
        ]
    }
}
