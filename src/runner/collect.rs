//! What differs between a workspace and what was laid out in it, as data against the start tree.
//!
//! Git is not run on the workspace: its configuration, attributes, hooks and ignore rules are a
//! stranger's by now. We walk it ourselves without following a link, compare contents, and leave
//! out what the *start* tree's rules ignore and what the set-up commands had made before.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::ffi::OsString;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::checkout::Start;
use super::failure::Failure;
use super::folder::{Blob, Folder, Kind};
use super::pristine::{BLOB_BYTES_MAX, Blobs};
use crate::domain::change::{Change, FileChange, Operation};
use crate::domain::ids::Oid;
use crate::protocol::progress::Phase;

/// Files that one change may have; people review no more.
pub(super) const CHANGE_FILES_MAX: usize = 5_000;
/// Bytes of new content that one change may have: with base64 it stays below the upload's limit.
pub(super) const CHANGE_BYTES_MAX: usize = 32 * 1024 * 1024;
/// Names that are looked at in a workspace, ignored folders not counted.
const ENTRIES_MAX: usize = 500_000;

/// Folders inside of each other, ignored ones not counted: git is asked once a level.
const DEPTH_MAX: usize = 100;
/// Bytes of a folder's path: no change may have longer ones (X50).
const PATH_BYTES_MAX: usize = 4096;

/// Everything that an agent did to `workspace`. `prepared` is a copy from before the agent, where
/// set-up commands ran.
pub(super) async fn collect(
    start: &Start,
    workspace: &Path,
    prepared: Option<&Path>,
) -> Result<Change, Failure> {
    let open = |path: &Path| Folder::open(path).map_err(|error| unreadable(b".", &error));
    let root = open(workspace)?;
    let prepared = prepared.map(open).transpose()?;
    let added = Walk::new(start).added(&root).await?;
    let mut change = Gathered::default();
    let mut blobs = start.pristine.blobs()?;
    let mut paths: BTreeSet<&Vec<u8>> = start.laid.keys().chain(&added).collect();
    if start.merged.is_some() {
        // What the base took away is gone from the start, too.
        paths.extend(start.files.keys());
    }
    for path in paths {
        let mut now = read(&root, path)?;
        // Only paths that were laid or are the start's can be nothing.
        let is_gone = now.is_none() && !start.laid.contains_key(path);
        if is_gone && start.files.contains_key(path)
            || same(&mut blobs, start.laid.get(path), now.as_ref()).await?
            || same_as_prepared(prepared.as_ref(), path, now.as_ref())?
        {
            match &start.merged {
                None => continue,
                // What nobody resolved is returned as it is.
                Some(merged) if merged.conflicts.contains(path) => {}
                // What set-up made is in neither.
                Some(merged)
                    if !merged.files.contains_key(path) && !start.files.contains_key(path) =>
                {
                    continue;
                }
                Some(merged) => now = held(&mut blobs, merged.files.get(path)).await?,
            }
        }
        // Where the base's was laid, the agent may have made it the start's again.
        if same(&mut blobs, start.files.get(path), now.as_ref()).await? {
            continue;
        }
        let at_start = start.files.get(path);
        let oid = at_start.map(|(_, oid)| oid.clone());
        match (now, at_start) {
            (Some(blob), Some(_)) => change.add(path, Operation::Modify, blob, oid)?,
            (Some(blob), None) => change.add(path, Operation::Add, blob, None)?,
            (None, Some((mode, _))) => {
                let content = Vec::new();
                change.add(path, Operation::Delete, Blob { mode, content }, oid)?;
            }
            // The base has it, the start has not, and now it is gone.
            (None, None) if start.laid.contains_key(path) => {}
            (None, None) => return Err(special(path)),
        }
    }
    Ok(change.finish())
}

/// Whether a path is as it was `before`.
async fn same(
    blobs: &mut Blobs,
    before: Option<&(&'static str, Oid)>,
    now: Option<&Blob>,
) -> Result<bool, Failure> {
    match (before, now) {
        (Some((mode, oid)), Some(now)) => {
            Ok(now.mode == *mode && now.content == blobs.read(oid).await?)
        }
        (None, None) | (Some(_), None) | (None, Some(_)) => Ok(false),
    }
}

/// What a tree holds there.
async fn held(
    blobs: &mut Blobs,
    file: Option<&(&'static str, Oid)>,
) -> Result<Option<Blob>, Failure> {
    let Some((mode, oid)) = file else {
        return Ok(None);
    };
    let content = blobs.read(oid).await?;
    Ok(Some(Blob { mode, content }))
}

/// Whether the set-up commands left the path as it is now.
fn same_as_prepared(
    prepared: Option<&Folder>,
    path: &[u8],
    now: Option<&Blob>,
) -> Result<bool, Failure> {
    match prepared {
        Some(prepared) => Ok(read(prepared, path)?.as_ref() == now),
        None => Ok(false),
    }
}

fn read(root: &Folder, path: &[u8]) -> Result<Option<Blob>, Failure> {
    root.read(path, BLOB_BYTES_MAX)
        .map_err(|error| match error.kind() {
            io::ErrorKind::FileTooLarge => Failure::new(
                Phase::Agent,
                format!(
                    "the agent made {} larger than {BLOB_BYTES_MAX} bytes",
                    path.escape_ascii()
                ),
                "ask for a smaller file, or have it ignored by .gitignore",
            ),
            _ => unreadable(path, &error),
        })
}

/// The change so far, with its bounds.
#[derive(Default)]
struct Gathered {
    files: BTreeMap<Vec<u8>, FileChange>,
    bytes: usize,
}

impl Gathered {
    fn add(
        &mut self,
        path: &[u8],
        operation: Operation,
        blob: Blob,
        base_blob: Option<Oid>,
    ) -> Result<(), Failure> {
        let name = String::from_utf8(path.to_vec()).map_err(|_| {
            Failure::new(
                Phase::Agent,
                format!(
                    "the agent changed {}, whose name is not UTF-8",
                    path.escape_ascii()
                ),
                "have the file left alone, or rename it by hand first",
            )
        })?;
        self.bytes += blob.content.len();
        let file = FileChange {
            path: name,
            operation,
            mode: blob.mode.to_owned(),
            content: blob.content,
            base_blob,
        };
        self.files.insert(path.to_vec(), file);
        if self.files.len() > CHANGE_FILES_MAX || self.bytes > CHANGE_BYTES_MAX {
            return Err(Failure::new(
                Phase::Agent,
                format!(
                    "the agent changed more than {CHANGE_FILES_MAX} files or \
                     {CHANGE_BYTES_MAX} bytes (among them {})",
                    path.escape_ascii()
                ),
                "ask for a smaller change, or have what is generated ignored by .gitignore",
            ));
        }
        Ok(())
    }

    fn finish(self) -> Change {
        Change {
            files: self.files.into_values().collect(),
        }
    }
}

/// One walk through a workspace, a level of folders at a time, so that git is asked once a level.
struct Walk<'s> {
    start: &'s Start,
    /// Folders of the laid tree: always entered, as what they hold is tracked.
    folders: HashSet<&'s [u8]>,
    submodules: BTreeSet<&'s [u8]>,
    seen: usize,
}

impl<'s> Walk<'s> {
    fn new(start: &'s Start) -> Self {
        let mut folders = HashSet::new();
        for path in start.laid.keys() {
            for (at, _) in path.iter().enumerate().filter(|(_, b)| **b == b'/') {
                folders.insert(&path[..at]);
            }
        }
        Self {
            start,
            folders,
            submodules: start.submodules.iter().map(Vec::as_slice).collect(),
            seen: 0,
        }
    }

    /// Paths that were not laid, in order, without those that its rules ignore.
    async fn added(mut self, root: &Folder) -> Result<BTreeSet<Vec<u8>>, Failure> {
        let mut added = BTreeSet::new();
        let mut level = vec![Vec::new()];
        let mut depth = 0;
        while let Some(folder) = level.first() {
            if depth > DEPTH_MAX {
                return Err(deep(folder));
            }
            depth += 1;
            let (mut next, mut strange) = (Vec::new(), Vec::new());
            for folder in &level {
                for (path, kind) in self.names(root, folder)? {
                    match kind {
                        Kind::Folder if self.folders.contains(path.as_slice()) => next.push(path),
                        Kind::Folder if self.submodules.contains(path.as_slice()) => {
                            next.push(path);
                        }
                        Kind::Other if self.start.laid.contains_key(&path) => {
                            return Err(special(&path));
                        }
                        _ if self.start.laid.contains_key(&path) && kind != Kind::Folder => {}
                        _ => strange.push((path, kind)),
                    }
                }
            }
            let ignored = self.ignored(&strange).await?;
            for (path, kind) in strange {
                if ignored.contains(&path) {
                    continue;
                }
                match kind {
                    _ if is_git(&path) => return Err(nested(&path)),
                    Kind::Folder => next.push(path),
                    Kind::File | Kind::Link => {
                        added.insert(path);
                    }
                    Kind::Other => return Err(special(&path)),
                }
            }
            level = next;
        }
        Ok(added)
    }

    fn names(&mut self, root: &Folder, folder: &[u8]) -> Result<Vec<(Vec<u8>, Kind)>, Failure> {
        let broken = |error: io::Error| unreadable(folder, &error);
        if folder.len() > PATH_BYTES_MAX {
            return Err(deep(folder));
        }
        let left = ENTRIES_MAX - self.seen;
        let names = root
            .below(folder)
            .and_then(|at| at.entries(left))
            .map_err(broken)?;
        let Some(names) = names else {
            return Err(Failure::new(
                Phase::Agent,
                format!("the workspace has more than {ENTRIES_MAX} files"),
                "have what is generated ignored by .gitignore",
            ));
        };
        self.seen += names.len();
        // The workspace's own `.git` is the throw-away one.
        let ours = |name: &OsString| folder.is_empty() && name == ".git";
        Ok(names
            .into_iter()
            .filter(|(name, _)| !ours(name))
            .map(|(name, kind)| (join(folder, name.as_bytes()), kind))
            .collect())
    }

    /// Asks git, with the start tree's rules in a folder of our own. Folders are made there, too:
    /// rules such as `build/` hold for folders only.
    async fn ignored(&self, strange: &[(Vec<u8>, Kind)]) -> Result<HashSet<Vec<u8>>, Failure> {
        let rules = Folder::open(&self.start.rules)
            .map_err(|error| Failure::of_machine(Phase::Agent, "opening a folder", &error))?;
        for (path, kind) in strange {
            if *kind == Kind::Folder && !is_git(path) {
                // Where it cannot be made, a rule's own file is in its place: git decides.
                let _ = rules.make_folders(path);
            }
        }
        let paths: Vec<Vec<u8>> = strange.iter().map(|(path, _)| path.clone()).collect();
        self.start.pristine.ignored(&self.start.rules, &paths).await
    }
}

fn join(folder: &[u8], name: &[u8]) -> Vec<u8> {
    if folder.is_empty() {
        return name.to_vec();
    }
    [folder, b"/", name].concat()
}

/// Whether the path's last part is git's own folder, in whatever case.
fn is_git(path: &[u8]) -> bool {
    let name = path.rsplit(|b| *b == b'/').next().unwrap_or(path);
    name.eq_ignore_ascii_case(b".git")
}

fn deep(path: &[u8]) -> Failure {
    let beginning = &path[..path.len().min(60)];
    Failure::new(
        Phase::Agent,
        format!(
            "the agent left folders nested too deeply, at {}…",
            beginning.escape_ascii()
        ),
        "have them removed, or ignored by .gitignore",
    )
}

fn nested(path: &[u8]) -> Failure {
    Failure::new(
        Phase::Agent,
        format!(
            "the agent left a repository of its own at {}",
            path.escape_ascii()
        ),
        "have it work without nested repositories; their files cannot be committed",
    )
}

fn special(path: &[u8]) -> Failure {
    Failure::new(
        Phase::Agent,
        format!(
            "the agent left a socket, pipe or device at {}",
            path.escape_ascii()
        ),
        "have it use /tmp for such things, or have them ignored by .gitignore",
    )
}

fn unreadable(path: &[u8], error: &io::Error) -> Failure {
    Failure::new(
        Phase::Agent,
        format!(
            "{} in the workspace cannot be read ({error})",
            path.escape_ascii()
        ),
        "have the agent leave files that can be read",
    )
}
