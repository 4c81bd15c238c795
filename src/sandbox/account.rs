//! Who starts bubblewrap: never root.
//!
//! A sandbox that root starts can write to `/proc/sys/kernel/core_pattern`, even with another
//! uid inside and without capabilities. So root first becomes an account that owns nothing.

use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, chown, lchown};
use std::path::{Path, PathBuf};

use tokio::process::Command;

use super::{Sandbox, Scratch};

/// The account that sandboxes run as where Castellan runs as root: user and group of this number.
///
/// It stands in no passwd file: Debian leaves 65520 to 65533 unused, systemd's dynamic users end
/// at 65519, and it is inside of the 65536 accounts that a container usually has.
pub const ACCOUNT: u32 = 65_521;

/// Who starts bubblewrap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Account {
    /// Whoever we are.
    Own,
    /// [`ACCOUNT`], because we are root.
    Dropped,
}

impl Account {
    /// Who has to start it, seen from who we are.
    pub(super) fn of_this_process() -> Self {
        if rustix::process::geteuid().is_root() {
            Self::Dropped
        } else {
            Self::Own
        }
    }

    /// Makes `command` run as this account. Supplementary groups are dropped with it.
    pub(super) fn enter(self, command: &mut Command) {
        match self {
            Self::Own => {}
            Self::Dropped => {
                command.uid(ACCOUNT).gid(ACCOUNT);
            }
        }
    }
}

impl Sandbox {
    /// A new folder below `parent` that sandboxes can reach, removed when dropped.
    ///
    /// Others may pass through it but not list it; what is to be written inside of a sandbox
    /// must be given to it ([`Sandbox::give`]).
    ///
    /// # Errors
    /// The folder cannot be made; or we are root and a folder above it (a home of mode 0700,
    /// say) would keep the sandbox's account out: the message names that folder.
    pub fn folder(&self, parent: &Path, prefix: &str) -> io::Result<Scratch> {
        let parent = parent.canonicalize()?;
        if self.account == Account::Dropped {
            passable(&parent)?;
        }
        let folder = tempfile::Builder::new().prefix(prefix).tempdir_in(parent)?;
        let mode = match self.account {
            Account::Own => 0o700,
            Account::Dropped => 0o711,
        };
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(mode))?;
        Scratch::of(folder)
    }

    /// Gives `folder` and all below it to the account that sandboxes run as.
    ///
    /// To be called before a sandbox has had the folder, not while one has: symbolic links are
    /// not followed, but a process that moves folders about could still lead it astray.
    ///
    /// # Errors
    /// Something below cannot be read or given away.
    pub fn give(&self, folder: &Path) -> io::Result<()> {
        if self.account == Account::Own {
            return Ok(());
        }
        let mut waiting = vec![folder.to_path_buf()];
        while let Some(path) = waiting.pop() {
            lchown(&path, Some(ACCOUNT), Some(ACCOUNT))?;
            if path.symlink_metadata()?.is_dir() {
                for entry in std::fs::read_dir(&path)? {
                    waiting.push(entry?.path());
                }
            }
        }
        Ok(())
    }

    /// Makes an empty folder that a sandbox may write to, and that nobody else may read.
    ///
    /// # Errors
    /// It exists already, or cannot be made.
    pub fn writable_folder(&self, path: PathBuf) -> io::Result<PathBuf> {
        std::fs::DirBuilder::new().mode(0o700).create(&path)?;
        if self.account == Account::Dropped {
            chown(&path, Some(ACCOUNT), Some(ACCOUNT))?;
        }
        Ok(path)
    }
}

/// Fails with the first folder above or at `path` that strangers cannot pass.
fn passable(path: &Path) -> io::Result<()> {
    for folder in path.ancestors() {
        let found = folder.metadata()?;
        let ours = found.uid() == ACCOUNT && found.mode() & 0o100 != 0;
        if found.mode() & 0o001 == 0 && !ours {
            return Err(io::Error::new(
                io::ErrorKind::PermissionDenied,
                format!(
                    "{} is closed to the sandbox's account {ACCOUNT}: choose another folder \
                     (such as /var/tmp), or `chmod o+x` it",
                    folder.display()
                ),
            ));
        }
    }
    Ok(())
}
