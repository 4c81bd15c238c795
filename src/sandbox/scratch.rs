//! A folder that strangers may fill, and its removal whatever they filled it with.

use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// A folder that is removed with all below it when dropped.
///
/// A program may leave folders that are closed to us, or nested deeper than the standard
/// library's removal has descriptors for: `chmod` and `rm` deal with both.
#[derive(Debug)]
pub struct Scratch {
    folder: Option<TempDir>,
    _lock: File,
}

impl Scratch {
    /// Takes the folder, locked for as long as this process lives: so another one sees that
    /// somebody works in it ([`remove_leftovers`]).
    pub(super) fn of(folder: TempDir) -> io::Result<Self> {
        let lock = File::open(folder.path())?;
        lock.try_lock()?;
        Ok(Self {
            folder: Some(folder),
            _lock: lock,
        })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        // It is taken in `drop` only.
        self.folder
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
        let Some(folder) = self.folder.take() else {
            return;
        };
        remove(&folder.keep());
    }
}

/// Removes folders of that prefix which [`super::Sandbox::folder`] made in `parent` and whose process died
/// before it could, and says how many there were (U15). Folders of others, of living
/// processes, and those without a file named `mark` in them are let be: only that file says
/// that a folder was locked before.
///
/// # Errors
/// `parent` cannot be read.
pub fn remove_leftovers(parent: &Path, prefix: &str, mark: &str) -> io::Result<usize> {
    let own = rustix::process::geteuid().as_raw();
    let mut removed = 0;
    for entry in std::fs::read_dir(parent)?.flatten() {
        let path = entry.path();
        let is_named = entry.file_name().to_string_lossy().starts_with(prefix);
        // A link is no folder here.
        let is_ours = |found: std::fs::Metadata| found.is_dir() && found.uid() == own;
        if !is_named || !entry.metadata().is_ok_and(is_ours) || !path.join(mark).exists() {
            continue;
        }
        let Ok(lock) = File::open(&path) else {
            continue;
        };
        if lock.try_lock().is_ok() {
            remove(&path);
            removed += 1;
        }
    }
    Ok(removed)
}

fn remove(path: &Path) {
    // Root needs no permission, and should not change any along a stranger's paths.
    if !rustix::process::geteuid().is_root() {
        end_of("/bin/chmod", &["-R", "u+rwx", "--"], path);
    }
    if !end_of("/bin/rm", &["-rf", "--"], path) {
        tracing::warn!(folder = %path.display(), "a folder could not be removed; remove it by hand");
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
