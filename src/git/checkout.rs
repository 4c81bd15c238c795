//! A repository on this machine, as a person has it: what differs between two of its commits, of
//! any size. Reads objects only; no working tree, no index, no network.
//!
//! What cannot be read is an error, and never a smaller difference.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::GitError;
use super::command::Git;
use super::parse_oid;
use crate::domain::ids::Oid;
use crate::domain::risk::{Entry, FileDifference, Lines};

/// Longest file that says where a repository is, in bytes.
const POINTER_BYTES: usize = 8 * 1024;

/// A repository on this machine.
#[derive(Debug)]
pub struct Checkout {
    git: Git,
}

/// A path that differs, with its blobs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// The path, and what it was and is.
    pub file: FileDifference,
    /// Its blob before; `None` where it is new.
    pub old: Option<Oid>,
    /// Its blob after; `None` where it is gone.
    pub new: Option<Oid>,
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
        let operation = "find where two commits part";
        let arguments = ["merge-base", one.as_str(), other.as_str()];
        match self.git.run(operation, &arguments, None).await {
            Ok(oid) => parse_oid(operation, &oid).map(Some),
            Err(GitError::Failed { code: Some(1), .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Every path that differs between two commits, without any guess at renames.
    ///
    /// # Errors
    /// Git did not run, or a tree is not there.
    pub async fn changed(&self, old: &Oid, new: &Oid) -> Result<Vec<Changed>, GitError> {
        let operation = "compare two trees";
        let arguments = tree_arguments(&["--raw", "--no-abbrev"], old, new);
        let listed = self.git.run(operation, &arguments, None).await?;
        let mut fields = listed.split(|byte| *byte == 0);
        let mut changed = Vec::new();
        while let Some(head) = fields.next() {
            if head.is_empty() {
                continue;
            }
            let path = fields.next().ok_or(GitError::Odd { operation })?;
            changed.push(parse_changed(head, path).ok_or(GitError::Odd { operation })?);
        }
        Ok(changed)
    }

    /// The lines of every path that differs between two commits.
    ///
    /// # Errors
    /// Git did not run, or a content is not there.
    pub async fn lines(&self, old: &Oid, new: &Oid) -> Result<BTreeMap<Vec<u8>, Lines>, GitError> {
        let operation = "count lines";
        let arguments = tree_arguments(&["--numstat", "--no-textconv"], old, new);
        let listed = self.git.run(operation, &arguments, None).await?;
        let lines = listed.split(|byte| *byte == 0);
        let lines = lines.filter(|line| !line.is_empty());
        lines
            .map(|line| parse_lines(line).ok_or(GitError::Odd { operation }))
            .collect()
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
    ) -> Result<BTreeMap<Oid, Vec<u8>>, GitError> {
        let operation = "read blobs";
        let odd = || GitError::Odd { operation };
        let input = |blobs: &[Oid]| {
            let lines: String = blobs.iter().map(|blob| format!("{blob}\n")).collect();
            lines.into_bytes()
        };
        let sizes = self
            .git
            .feed(operation, &["cat-file", "--batch-check"], input(blobs))
            .await?;
        let sizes = std::str::from_utf8(&sizes).map_err(|_| odd())?;
        let mut room = most;
        let mut wanted = Vec::new();
        for (blob, line) in blobs.iter().zip(sizes.lines()) {
            let size: Option<u64> = line.rsplit(' ').next().and_then(|size| size.parse().ok());
            let Some(size) = size.filter(|size| *size <= each) else {
                continue;
            };
            if let Some(left) = room.checked_sub(size) {
                room = left;
                wanted.push(blob.clone());
            }
        }
        let arguments = ["cat-file", "--batch"];
        let all = self.git.feed(operation, &arguments, input(&wanted)).await?;
        let mut rest = all.as_slice();
        let mut contents = BTreeMap::new();
        for blob in wanted {
            let end = rest
                .iter()
                .position(|byte| *byte == b'\n')
                .ok_or_else(odd)?;
            let head = std::str::from_utf8(&rest[..end]).map_err(|_| odd())?;
            let size = head
                .rsplit(' ')
                .next()
                .and_then(|size| size.parse::<usize>().ok());
            let size = size.ok_or_else(odd)?;
            let content = rest.get(end + 1..end + 1 + size).ok_or_else(odd)?;
            contents.insert(blob, content.to_vec());
            rest = rest.get(end + size + 2..).unwrap_or_default();
        }
        Ok(contents)
    }

    /// The blob at `path` in a commit's tree; `None` where there is none.
    ///
    /// # Errors
    /// Git did not run.
    pub async fn blob_at(&self, commit: &Oid, path: &str) -> Result<Option<Oid>, GitError> {
        let operation = "look into a tree";
        let object = format!("{commit}:{path}");
        let arguments = ["rev-parse", "--verify", "--quiet", object.as_str()];
        match self.git.run(operation, &arguments, None).await {
            Ok(oid) => parse_oid(operation, &oid).map(Some),
            Err(GitError::Failed { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// Nothing that a repository's own configuration says may make the difference smaller.
fn tree_arguments<'a>(what: &[&'a str], old: &'a Oid, new: &'a Oid) -> Vec<&'a str> {
    let mut arguments = vec!["diff-tree", "-r", "-z", "--no-renames", "--no-ext-diff"];
    arguments.extend(["--ignore-submodules=none", "--no-relative"]);
    arguments.extend(what);
    arguments.extend([old.as_str(), new.as_str()]);
    arguments
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

/// `:OLDMODE NEWMODE OLD NEW STATUS`, as `git diff-tree --raw -z` writes it before a path.
fn parse_changed(head: &[u8], path: &[u8]) -> Option<Changed> {
    let head = std::str::from_utf8(head.strip_prefix(b":")?).ok()?;
    let words: Vec<&str> = head.split(' ').collect();
    let [old_mode, new_mode, old, new, _status] = words.as_slice() else {
        return None;
    };
    let (old_entry, new_entry) = (Entry::of_mode(old_mode), Entry::of_mode(new_mode));
    if path.is_empty() || (old_entry.is_none() && new_entry.is_none()) {
        return None;
    }
    Some(Changed {
        old: old_entry.map(|_| old.parse()).transpose().ok()?,
        new: new_entry.map(|_| new.parse()).transpose().ok()?,
        file: FileDifference {
            path: path.to_vec(),
            old: old_entry,
            new: new_entry,
        },
    })
}

/// `ADDED<TAB>DELETED<TAB>PATH`, with `-` for what has no lines.
fn parse_lines(line: &[u8]) -> Option<(Vec<u8>, Lines)> {
    let mut fields = line.splitn(3, |byte| *byte == b'\t');
    let (added, deleted, path) = (fields.next()?, fields.next()?, fields.next()?);
    let number = |field: &[u8]| std::str::from_utf8(field).ok()?.parse::<u64>().ok();
    let lines = match (added, deleted) {
        (b"-", b"-") => Lines::Binary,
        (added, deleted) => Lines::Text {
            added: number(added)?,
            deleted: number(deleted)?,
        },
    };
    Some((path.to_vec(), lines))
}
