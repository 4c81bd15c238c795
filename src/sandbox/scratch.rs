//! A folder that strangers may fill, and its removal whatever they filled it with.

use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// A folder that is removed with all below it when dropped.
///
/// A program may leave folders that are closed to us, or nested deeper than the standard
/// library's removal has descriptors for: `chmod` and `rm` deal with both.
#[derive(Debug)]
pub struct Scratch(Option<TempDir>);

impl Scratch {
    pub(super) fn of(folder: TempDir) -> Self {
        Self(Some(folder))
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        // It is taken in `drop` only.
        self.0
            .as_ref()
            .map_or(Path::new("/nonexistent"), TempDir::path)
    }
}

impl AsRef<Path> for Scratch {
    fn as_ref(&self) -> &Path {
        self.path()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let Some(folder) = self.0.take() else { return };
        let path = folder.keep();
        // Root needs no permission, and should not change any along a stranger's paths.
        if !rustix::process::geteuid().is_root() {
            end_of("/bin/chmod", &["-R", "u+rwx", "--"], &path);
        }
        if !end_of("/bin/rm", &["-rf", "--"], &path) {
            tracing::warn!(folder = %path.display(), "a folder could not be removed; remove it by hand");
        }
    }
}

/// Runs a program on the folder; whether it ended well.
fn end_of(program: &str, options: &[&str], folder: &Path) -> bool {
    let mut command = Command::new(program);
    command.args(options).arg(folder).env_clear();
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
