//! A repository on this machine, as a person has it: what differs between two of its commits, of
//! any size. Reads objects only; no working tree, no index, no network.
//!
//! What cannot be read is an error, and never a smaller difference.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use super::command::Git;
use super::objects::Changed;
use super::{GitError, parse_oid};
use crate::domain::ids::Oid;
use crate::domain::risk::Lines;

/// Longest file that says where a repository is, in bytes.
const POINTER_BYTES: usize = 8 * 1024;

/// A repository on this machine.
#[derive(Debug)]
pub struct Checkout {
    git: Git,
}

impl Checkout {
    /// The repository that `folder` lies in.
    ///
    /// # Errors
    /// There is none.
    pub fn open(folder: &Path) -> Result<Self, GitError> {
        let operation = "find a repository here";
        let start = |source| GitError::Start { operation, source };
        let folder = folder.canonicalize().map_err(start)?;
        let found = folder.ancestors().find_map(git_folder);
        let found = found.ok_or_else(|| {
            let none = "no folder above has .git; run it in a repository";
            start(std::io::Error::new(std::io::ErrorKind::NotFound, none))
        })?;
        Ok(Self {
            git: Git::new(&found),
        })
    }

    /// The commit that `name` stands for; `None` where there is none.
    ///
    /// # Errors
    /// Git did not run.
    pub async fn commit(&self, name: &str) -> Result<Option<Oid>, GitError> {
        let operation = "find a commit";
        let name = format!("{name}^{{commit}}");
        let arguments = [
            "rev-parse",
            "--verify",
            "--quiet",
            "--end-of-options",
            &name,
        ];
        match self.git.run(operation, &arguments, None).await {
            Ok(oid) => parse_oid(operation, &oid).map(Some),
            Err(GitError::Failed { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The newest commit from which both come; `None` where they have nothing in common, as far
    /// as this repository knows.
    ///
    /// # Errors
    /// Git did not run.
    pub async fn merge_base(&self, one: &Oid, other: &Oid) -> Result<Option<Oid>, GitError> {
        self.git.merge_base(one, other).await
    }

    /// Every path that differs between two commits, without any guess at renames.
    ///
    /// # Errors
    /// Git did not run, or a tree is not there.
    pub async fn changed(&self, old: &Oid, new: &Oid) -> Result<Vec<Changed>, GitError> {
        self.git.changed(old, new).await
    }

    /// The lines of every path that differs between two commits.
    ///
    /// # Errors
    /// Git did not run, or a content is not there.
    pub async fn lines(&self, old: &Oid, new: &Oid) -> Result<BTreeMap<Vec<u8>, Lines>, GitError> {
        self.git.lines(old, new).await
    }

    /// The contents of blobs of at most `each` bytes, and of at most `most` bytes together. What
    /// is larger, not there or beyond that is left out.
    ///
    /// # Errors
    /// Git did not run, or gave something odd.
    pub async fn contents(
        &self,
        blobs: &[Oid],
        each: u64,
        most: u64,
    ) -> Result<HashMap<Oid, Vec<u8>>, GitError> {
        self.git.contents(blobs, each, most).await
    }

    /// The object at `path` in a commit's tree; `None` where there is none.
    ///
    /// # Errors
    /// Git did not run.
    pub async fn object_at(&self, commit: &Oid, path: &str) -> Result<Option<Oid>, GitError> {
        self.git.object_at(commit, path).await
    }
}

/// The folder of git itself, where `folder` is a repository's top or a bare one.
fn git_folder(folder: &Path) -> Option<PathBuf> {
    let usual = folder.join(".git");
    if usual.is_dir() {
        return Some(usual);
    }
    if usual.is_file() {
        let text = std::fs::read_to_string(&usual).ok()?;
        let text = text.get(..POINTER_BYTES).unwrap_or(&text);
        let target = text.strip_prefix("gitdir:")?.trim();
        return Some(folder.join(target));
    }
    let bare = folder.join("HEAD").is_file() && folder.join("objects").is_dir();
    bare.then(|| folder.to_owned())
}
