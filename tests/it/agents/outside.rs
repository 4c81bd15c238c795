//! Whom an agent speaks with, as the kernel is asked: every address that any of its processes
//! connects or sends to, from its first to its last breath.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use castellan::runner::WorkOptions;
use castellan::sandbox::locate;

use crate::left_out::left_out;
use crate::sandbox::system;

/// What strace writes of a sandbox.
pub(super) struct Trace(tempfile::TempDir);

impl Trace {
    /// Has bubblewrap started by strace from now on; without strace a loud word that this part of
    /// the test is left out.
    pub(super) fn start(name: &str, options: &mut WorkOptions) -> Option<Self> {
        let Some(strace) = locate("strace", &system()) else {
            left_out(
                name,
                "whom it speaks with is not seen: strace is not installed",
            );
            return None;
        };
        let bwrap = locate("bwrap", &options.search).unwrap();
        let folder = tempfile::tempdir().unwrap();
        // The sandbox's account writes the trace.
        let open = |path: &Path, mode| {
            std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
        };
        open(folder.path(), 0o777);
        let line = format!(
            "#!/bin/sh\nexec {} -f -qq --seccomp-bpf -e trace=connect,sendto,sendmsg,sendmmsg \
             -e signal=none -o {}/trace.$$ {} \"$@\"\n",
            strace.display(),
            folder.path().display(),
            bwrap.display()
        );
        let wrapper = folder.path().join("bwrap");
        std::fs::write(&wrapper, line).unwrap();
        open(&wrapper, 0o755);
        options.search.insert(0, folder.path().to_owned());
        Some(Self(folder))
    }

    /// Each call with an address of the internet's families, as strace shows it.
    fn calls(&self) -> Vec<String> {
        let mut found = Vec::new();
        for file in std::fs::read_dir(self.0.path()).unwrap().flatten() {
            if !file.file_name().to_string_lossy().starts_with("trace.") {
                continue;
            }
            let text = std::fs::read(file.path()).unwrap();
            let lines = String::from_utf8_lossy(&text).into_owned();
            let lines = lines.lines().filter(|line| line.contains("AF_INET"));
            found.extend(lines.map(str::to_owned));
        }
        found
    }

    /// The model was spoken with, and beside it only what listens in the sandbox itself: loopback,
    /// and no names are asked for there.
    pub(super) fn shows_only(&self, port: u16) {
        let port = &port.to_string();
        let calls = self.calls();
        let to = |line: &String, port: &str| line.contains(&format!("htons({port})"));
        assert!(calls.iter().any(|line| to(line, port)), "{calls:?}");
        let is_loopback =
            |line: &String| line.contains("\"127.0.0.1\"") || line.contains("\"::1\"");
        let others = calls
            .iter()
            .filter(|line| !is_loopback(line) || to(line, "53"));
        let others: Vec<&String> = others.collect();
        assert!(others.is_empty(), "{others:#?}");
    }
}
