//! Lays the start tree out, for the agent and once more for the acceptance commands.
//!
//! Files are written from git's blobs as they are, without `git checkout`: no filter, no line
//! end conversion, no link that is followed. So what an agent sees is what a change is compared
//! with. Agents' instruction files are the base's (`instructions`). Submodules and large files (LFS) are not fetched: an empty folder, a pointer.

use std::collections::BTreeSet;
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::WorkOptions;
use super::failure::Failure;
use super::folder::{Folder, LINK, PLAIN, RUNNABLE};
use super::instructions;
use super::merge;
use super::pristine::{Files, Pristine};
use crate::domain::change::SUBMODULE;
use crate::domain::ids::Oid;
use crate::protocol::brief::Checkout;
use crate::protocol::progress::Phase;
use crate::sandbox::{SYSTEM_PROGRAMS, Sandbox, Scratch, Spec, locate, remove_leftovers};

/// The beginning of the names of attempts' folders.
const PREFIX: &str = "castellan-attempt-";
/// The first folder in each: there once the attempt's own is locked.
const PRISTINE: &str = "pristine.git";
/// Time for a throw-away repository or a copy inside of the sandbox.
const CHORE: Duration = Duration::from_secs(10 * 60);

/// The start tree, and where the attempt's folders are.
pub(super) struct Start {
    pub(super) pristine: Pristine,
    /// Mode and blob of each file and link, by path.
    pub(super) files: Files,
    /// The start's with the base merged in, where the attempt takes it in.
    pub(super) merged: Option<MergedTree>,
    /// The same of the agent's workspace, but for agents' instruction files.
    pub(super) laid: Files,
    /// Paths of submodules.
    pub(super) submodules: Vec<Vec<u8>>,
    /// Holds only the `.gitignore` files of what is laid out.
    pub(super) rules: PathBuf,
    folder: Scratch,
}

/// What git made of start and base.
pub(super) struct MergedTree {
    /// With markers where both meet.
    pub(super) files: Files,
    /// The paths at which they do.
    pub(super) conflicts: BTreeSet<Vec<u8>>,
}

impl Start {
    /// Fetches the commit and lists it; merges the base in where the attempt is to take it in.
    pub(super) async fn fetch(
        options: &WorkOptions,
        sandbox: &Sandbox,
        checkout: &Checkout,
    ) -> Result<Self, Failure> {
        clear(&options.scratch);
        let folder = sandbox
            .folder(&options.scratch, PREFIX)
            .map_err(|error| broken("making the attempt's folder", &error))?;
        let pristine = folder.path().join(PRISTINE);
        closed_folder(&pristine).map_err(|error| broken("making a folder for git", &error))?;
        let pristine = Pristine::fetch(options, checkout, pristine).await?;
        let (files, mut submodules) = tree(&pristine, &checkout.start).await?;
        let mut merged = None;
        if let Some(base) = &checkout.merge {
            let made = merge::merge(&pristine, &checkout.start, base).await?;
            let files;
            (files, submodules) = tree(&pristine, &made.tree).await?;
            let conflicts = made.conflicts;
            merged = Some(MergedTree { files, conflicts });
        }
        let whole = merged.as_ref().map_or(&files, |merged| &merged.files);
        let laid = if checkout.base == checkout.start {
            whole.clone()
        } else {
            let (base, _) = tree(&pristine, &checkout.base).await?;
            instructions::of_base(&pristine, whole, &submodules, &base).await?
        };
        let start = Self {
            rules: folder.path().join("rules"),
            files,
            merged,
            laid,
            submodules,
            pristine,
            folder,
        };
        start.lay_rules().await?;
        Ok(start)
    }

    /// A path among the attempt's folders.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Lays files (the start's, or those for the agent) out in a new folder that sandboxes may
    /// write to.
    pub(super) async fn lay(
        &self,
        sandbox: &Sandbox,
        files: &Files,
        name: &str,
    ) -> Result<PathBuf, Failure> {
        let path = self.path(name);
        closed_folder(&path).map_err(|error| broken("making a workspace", &error))?;
        let root = Folder::open(&path).map_err(|error| broken("opening a workspace", &error))?;
        let mut blobs = self.pristine.blobs()?;
        for (path, (mode, oid)) in files {
            let content = blobs.read(oid).await?;
            root.write(path, mode, &content)
                .map_err(|error| broken_at(path, &error))?;
        }
        for path in &self.submodules {
            root.make_folders(path)
                .map_err(|error| broken_at(path, &error))?;
        }
        sandbox
            .give(&path)
            .map_err(|error| broken("giving a workspace to the sandbox", &error))?;
        remember(sandbox, &path).await?;
        Ok(path)
    }

    /// Copies a workspace, inside of the sandbox, where its links lead nowhere.
    pub(super) async fn copy(
        &self,
        sandbox: &Sandbox,
        from: &Path,
        name: &str,
    ) -> Result<PathBuf, Failure> {
        let to = sandbox
            .writable_folder(self.path(name))
            .map_err(|error| broken("making a workspace", &error))?;
        let mut spec = Spec::new(from.to_owned(), ["/bin/cp", "-a", "/workspace/.", "/copy/"]);
        spec.writable.push(crate::sandbox::Bind {
            outside: to.clone(),
            inside: "/copy".into(),
        });
        let copied = sandbox
            .run(&spec, CHORE)
            .await
            .map_err(|error| broken("copying the workspace", &error))?;
        if copied.passed() {
            return Ok(to);
        }
        Err(Failure::new(
            Phase::Setup,
            format!(
                "the workspace could not be copied after set-up ({})",
                copied.output_tail
            ),
            "see that the set-up commands leave only ordinary files of at most 1 GiB",
        ))
    }

    /// Puts the start's own instruction files back where the base's were laid.
    pub(super) async fn put_back_instructions(&self, tree: &Path) -> Result<(), Failure> {
        let root = Folder::open(tree).map_err(|error| broken("opening a workspace", &error))?;
        let mut blobs = self.pristine.blobs()?;
        for path in self.laid.keys().filter(|path| self.differs(path)) {
            root.remove(path).map_err(|error| broken_at(path, &error))?;
        }
        for (path, (mode, oid)) in self.files.iter().filter(|(path, _)| self.differs(path)) {
            let content = blobs.read(oid).await?;
            root.write(path, mode, &content)
                .map_err(|error| broken_at(path, &error))?;
        }
        Ok(())
    }

    fn differs(&self, path: &[u8]) -> bool {
        self.laid.get(path) != self.files.get(path)
    }

    async fn lay_rules(&self) -> Result<(), Failure> {
        closed_folder(&self.rules).map_err(|error| broken("making a folder", &error))?;
        let root = Folder::open(&self.rules).map_err(|error| broken("opening a folder", &error))?;
        let mut blobs = self.pristine.blobs()?;
        let whole = self
            .merged
            .as_ref()
            .map_or(&self.files, |merged| &merged.files);
        for (path, (mode, oid)) in whole {
            // Git itself does not follow a `.gitignore` that is a link.
            if path.rsplit(|b| *b == b'/').next() == Some(b".gitignore") && *mode != LINK {
                let content = blobs.read(oid).await?;
                root.write(path, mode, &content)
                    .map_err(|error| broken_at(path, &error))?;
            }
        }
        Ok(())
    }
}

/// What a commit holds: files and links, and the paths of submodules.
async fn tree(pristine: &Pristine, commit: &Oid) -> Result<(Files, Vec<Vec<u8>>), Failure> {
    let (mut files, mut submodules) = (Files::new(), Vec::new());
    for entry in pristine.list(commit).await? {
        let mode = match entry.mode.as_str() {
            SUBMODULE => {
                submodules.push(entry.path);
                continue;
            }
            LINK => LINK,
            RUNNABLE => RUNNABLE,
            // Old repositories also have 100664, which nobody has written for years.
            _ => PLAIN,
        };
        files.insert(entry.path, (mode, entry.oid));
    }
    Ok((files, submodules))
}

/// Makes a folder that other accounts of this machine cannot look into: the one above it must let
/// the sandbox's account pass, and what it holds may be a private repository.
fn closed_folder(path: &Path) -> io::Result<()> {
    std::fs::DirBuilder::new().mode(0o700).create(path)
}

/// Gives a workspace a throw-away repository of one commit, so that agents have `git diff`.
///
/// It is made inside of the sandbox, and nothing of it is ever read outside. Without git inside
/// there is none; a failure is the agent's to notice.
async fn remember(sandbox: &Sandbox, workspace: &Path) -> Result<(), Failure> {
    if locate("git", &SYSTEM_PROGRAMS.map(PathBuf::from)).is_none() {
        return Ok(());
    }
    let line = "git init --quiet --template= . && git add --all --force . && \
        git -c user.name=castellan -c user.email=castellan@localhost -c gc.auto=0 \
        commit --quiet --no-verify --allow-empty --message start";
    sandbox
        .run(&Spec::shell(workspace.to_owned(), line), CHORE)
        .await
        .map_err(|error| broken("making a throw-away repository", &error))?;
    Ok(())
}

/// Removes what attempts left whose runner was killed, on a machine that is not thrown away: their
/// code may be a private repository's (U15).
fn clear(scratch: &Path) {
    match remove_leftovers(scratch, PREFIX, PRISTINE) {
        Ok(0) => {}
        Ok(found) => tracing::warn!(
            folders = found,
            "earlier attempts on this machine were killed; what they left was removed"
        ),
        Err(error) => tracing::warn!(error = %error, "leftovers could not be looked for"),
    }
}

fn broken(what: &str, error: &dyn std::error::Error) -> Failure {
    Failure::of_machine(Phase::Checkout, what, error)
}

fn broken_at(path: &[u8], error: &io::Error) -> Failure {
    broken(&format!("writing {}", path.escape_ascii()), error)
}
