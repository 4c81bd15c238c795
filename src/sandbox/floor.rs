//! What a sandboxed program sees of a file system beside its workspace: programs, and nothing of anybody.

use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::filter;
use crate::guard::{self, Guard};

/// Where the workspace is seen inside.
pub const WORKSPACE: &str = "/workspace";
/// The home folder inside: empty at each start and held in memory, unless one is given.
pub const HOME: &str = "/home/agent";

/// Folders that are links into `/usr` on most systems, and folders of their own on some.
const LINKS: [&str; 6] = ["/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"];

/// What of this machine's `/etc` programs need to start; nothing in it is a secret.
const ETC: [&str; 3] = ["/etc/alternatives", "/etc/ld.so.cache", "/etc/ld.so.conf.d"];

/// Small files in place of this machine's own, which name its people and its network.
const OWN: [(&str, &str); 4] = [
    ("passwd", "agent:x:1000:1000::/home/agent:/bin/sh\n"),
    ("group", "agent:x:1000:\n"),
    ("hosts", "127.0.0.1 localhost\n::1 localhost\n"),
    (
        "nsswitch.conf",
        "passwd: files\ngroup: files\nhosts: files\n",
    ),
];

/// A folder with our own small files for `/etc` and the relay's sockets.
#[derive(Debug)]
pub(super) struct Floor {
    folder: TempDir,
    filter: Option<PathBuf>,
}

impl Floor {
    /// Writes the files. The folder lies in `/tmp`, which every account can pass.
    pub(super) fn lay() -> io::Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("castellan-floor-")
            .tempdir_in("/tmp")?;
        // The account that root drops to passes through it. Nobody lists it: whoever knew the names
        // of the doors' folders could come to a door of somebody else's sandbox.
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o711))?;
        for (name, content) in OWN {
            let path = folder.path().join(name);
            std::fs::write(&path, content)?;
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644))?;
        }
        let empty = folder.path().join("empty");
        std::fs::create_dir(&empty)?;
        std::fs::set_permissions(&empty, std::fs::Permissions::from_mode(0o755))?;
        let filter = match filter::program().map_err(io::Error::other)? {
            Some(program) => {
                let path = folder.path().join("calls.bpf");
                std::fs::write(&path, program)?;
                Some(path)
            }
            None => None,
        };
        Ok(Self { folder, filter })
    }

    /// The filter of the kernel's calls, opened anew: whoever reads it moves its place. `None` on
    /// machines that have none.
    pub(super) fn filter(&self) -> io::Result<Option<std::fs::File>> {
        let filter = self
            .filter
            .as_deref()
            .filter(|_| guard::holds(Guard::KernelCalls));
        filter.map(std::fs::File::open).transpose()
    }

    /// Where our own files lie.
    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// An empty folder, for trying the sandbox.
    pub(super) fn empty(&self) -> PathBuf {
        self.folder.path().join("empty")
    }

    /// bubblewrap's options for all that is not the workspace.
    pub(super) fn options(&self) -> Vec<String> {
        let mut options: Vec<String> = ["--ro-bind", "/usr", "/usr"].map(str::to_owned).to_vec();
        for path in LINKS {
            match std::fs::read_link(path) {
                Ok(target) => {
                    let target = target.display().to_string();
                    options.extend(["--symlink".to_owned(), target, path.to_owned()]);
                }
                Err(_) => options.extend(["--ro-bind-try", path, path].map(str::to_owned)),
            }
        }
        for path in ETC {
            options.extend(["--ro-bind-try", path, path].map(str::to_owned));
        }
        for (name, _) in OWN {
            let outside = self.folder.path().join(name).display().to_string();
            options.extend(["--ro-bind".to_owned(), outside, format!("/etc/{name}")]);
        }
        options
    }
}
