//! bubblewrap's command line. Whoever asks "can it …?" finds the answer in this file.

use std::ffi::OsString;
use std::path::Path;

use super::Sandbox;
use super::door::Open;
use super::floor::{HOME, WORKSPACE};
use super::spec::Spec;

/// Own namespaces of every kind, no capability, no further namespace, no controlling terminal,
/// and the end with its starter.
const CAGE: [&str; 14] = [
    "--unshare-all",
    "--unshare-user",
    "--uid",
    "1000",
    "--gid",
    "1000",
    "--disable-userns",
    "--die-with-parent",
    "--new-session",
    "--cap-drop",
    "ALL",
    "--hostname",
    "castellan",
    "--clearenv",
];

impl Sandbox {
    /// The options and the program, to be given to bubblewrap.
    ///
    /// All of it can be read inside at `/proc/1/cmdline`: it must hold no secret.
    pub(super) fn arguments(&self, spec: &Spec, open: Option<&Open>) -> Vec<OsString> {
        let mut line: Vec<OsString> = CAGE.map(OsString::from).to_vec();
        line.extend(self.floor.options().into_iter().map(OsString::from));
        let scratch_bytes = spec.limits.scratch_bytes();
        line.extend(own_folders(scratch_bytes));
        match &spec.home {
            Some(home) => bind(&mut line, "--bind", home, Path::new(HOME)),
            None => line.extend(in_memory(scratch_bytes, HOME)),
        }
        bind(&mut line, "--bind", &spec.workspace, Path::new(WORKSPACE));
        for each in &spec.read_only {
            bind(&mut line, "--ro-bind", &each.outside, &each.inside);
        }
        for each in &spec.writable {
            bind(&mut line, "--bind", &each.outside, &each.inside);
        }
        if let (Some(doors), Some(open)) = (&spec.doors, open) {
            line.extend(open.options(doors));
        }
        // Last, because everything above had to be mounted on it.
        line.extend(["--remount-ro", "/"].map(OsString::from));
        line.extend(environment(spec));
        line.extend(["--chdir", WORKSPACE, "--"].map(OsString::from));
        line.extend(spec.limits.prefix([&self.prlimit, &self.nice, &self.choom]));
        if let Some(doors) = &spec.doors {
            line.extend(doors.prefix());
        }
        line.extend(spec.command.iter().cloned());
        line
    }
}

/// `/proc`, `/dev` and the folders in memory, each with a size.
fn own_folders(bytes: u64) -> Vec<OsString> {
    let size = bytes.to_string();
    [
        "--proc",
        "/proc",
        "--dev",
        "/dev",
        "--size",
        &size,
        "--tmpfs",
        "/dev/shm",
        // Its devices stay writable, its folder has no size of its own.
        "--remount-ro",
        "/dev",
        "--size",
        &size,
        "--tmpfs",
        "/tmp",
    ]
    .map(OsString::from)
    .to_vec()
}

/// One more folder in memory.
fn in_memory(bytes: u64, inside: &str) -> [OsString; 4] {
    ["--size", &bytes.to_string(), "--tmpfs", inside].map(OsString::from)
}

fn bind(line: &mut Vec<OsString>, how: &str, outside: &Path, inside: &Path) {
    line.extend([how.into(), outside.into(), inside.into()]);
}

fn environment(spec: &Spec) -> Vec<OsString> {
    let mut all = std::collections::BTreeMap::from([
        ("HOME", HOME),
        ("LANG", "C.UTF-8"),
        ("PATH", "/usr/local/bin:/usr/bin:/bin"),
        ("TMPDIR", "/tmp"),
    ]);
    all.extend(
        spec.environment
            .iter()
            .map(|(k, v)| (k.as_str(), v.as_str())),
    );
    all.into_iter()
        .flat_map(|(name, value)| ["--setenv", name, value].map(OsString::from))
        .collect()
}
