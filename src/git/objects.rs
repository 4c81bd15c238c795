//! What any repository holds, by git's own programs: where histories part, what differs between two
//! commits, and contents. Reads objects only, and all of them in few processes.

use std::collections::{BTreeMap, HashMap};

use super::command::{Git, GitError};
use super::parse_oid;
use crate::domain::ci::weakened::{Compared, UNREAD};
use crate::domain::ids::Oid;
use crate::domain::risk::{Entry, FileDifference, Lines};

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

impl Changed {
    /// Both sides as they were read, for a look at what tests lose; what was not read is no text.
    /// `None` where the path is not UTF-8.
    #[must_use]
    pub fn compared<'a>(&'a self, contents: &'a HashMap<Oid, Vec<u8>>) -> Option<Compared<'a>> {
        let content = |oid: &Oid| contents.get(oid).map_or(UNREAD, Vec::as_slice);
        Some(Compared {
            path: self.file.text()?,
            before: self.old.as_ref().map(content),
            after: self.new.as_ref().map(content),
        })
    }
}

impl Git {
    /// The newest commit from which both come; `None` where they have nothing in common.
    pub(super) async fn merge_base(&self, one: &Oid, other: &Oid) -> Result<Option<Oid>, GitError> {
        let operation = "find where two commits part";
        let arguments = ["merge-base", one.as_str(), other.as_str()];
        match self.run(operation, &arguments, None).await {
            Ok(oid) => parse_oid(operation, &oid).map(Some),
            Err(GitError::Failed { code: Some(1), .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The object at `path` in a commit's tree; `None` where there is none.
    pub(super) async fn object_at(
        &self,
        commit: &Oid,
        path: &str,
    ) -> Result<Option<Oid>, GitError> {
        let operation = "look into a tree";
        let object = format!("{commit}:{path}");
        let arguments = ["rev-parse", "--verify", "--quiet", object.as_str()];
        match self.run(operation, &arguments, None).await {
            Ok(oid) => parse_oid(operation, &oid).map(Some),
            Err(GitError::Failed { code: Some(1), .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Every path that differs between two commits, without any guess at renames.
    pub(super) async fn changed(&self, old: &Oid, new: &Oid) -> Result<Vec<Changed>, GitError> {
        let operation = "compare two trees";
        let arguments = tree_arguments(&["--raw", "--no-abbrev"], old, new);
        let listed = self.run(operation, &arguments, None).await?;
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
    pub(super) async fn lines(
        &self,
        old: &Oid,
        new: &Oid,
    ) -> Result<BTreeMap<Vec<u8>, Lines>, GitError> {
        let operation = "count lines";
        let arguments = tree_arguments(&["--numstat", "--no-textconv"], old, new);
        let listed = self.run(operation, &arguments, None).await?;
        let lines = listed.split(|byte| *byte == 0);
        let lines = lines.filter(|line| !line.is_empty());
        lines
            .map(|line| parse_lines(line).ok_or(GitError::Odd { operation }))
            .collect()
    }

    /// The contents of blobs of at most `each` bytes, and of at most `most` bytes together. What
    /// is larger, not there or beyond that is left out.
    pub(super) async fn contents(
        &self,
        blobs: &[Oid],
        each: u64,
        most: u64,
    ) -> Result<HashMap<Oid, Vec<u8>>, GitError> {
        let operation = "read blobs";
        let odd = || GitError::Odd { operation };
        let sizes = self.sizes(blobs).await?;
        let mut room = most;
        let mut wanted = Vec::new();
        for (blob, size) in blobs.iter().zip(sizes) {
            let Some(size) = size.filter(|size| *size <= each) else {
                continue;
            };
            if let Some(left) = room.checked_sub(size) {
                room = left;
                wanted.push(blob.clone());
            }
        }
        let arguments = ["cat-file", "--batch"];
        let all = self.feed(operation, &arguments, listed(&wanted)).await?;
        let mut rest = all.as_slice();
        let mut contents = HashMap::new();
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

    /// Bytes of each blob; `None` where it is not there.
    pub(super) async fn sizes(&self, blobs: &[Oid]) -> Result<Vec<Option<u64>>, GitError> {
        let operation = "look for blobs";
        let odd = || GitError::Odd { operation };
        let arguments = ["cat-file", "--batch-check"];
        let told = self.feed(operation, &arguments, listed(blobs)).await?;
        let told = std::str::from_utf8(&told).map_err(|_| odd())?;
        let sizes: Vec<Option<u64>> = told.lines().map(size_of).collect();
        match sizes.len() == blobs.len() {
            true => Ok(sizes),
            false => Err(odd()),
        }
    }
}

/// Names, one a line, as git's batches read them.
fn listed(blobs: &[Oid]) -> Vec<u8> {
    let lines: String = blobs.iter().map(|blob| format!("{blob}\n")).collect();
    lines.into_bytes()
}

/// `OID blob SIZE`, or `OID missing`, as `git cat-file --batch-check` writes it.
fn size_of(line: &str) -> Option<u64> {
    let mut words = line.split(' ').skip(1);
    (words.next()? == "blob").then(|| words.next()?.parse().ok())?
}

/// Nothing that a repository's own configuration says may make the difference smaller.
fn tree_arguments<'a>(what: &[&'a str], old: &'a Oid, new: &'a Oid) -> Vec<&'a str> {
    let mut arguments = vec!["diff-tree", "-r", "-z", "--no-renames", "--no-ext-diff"];
    arguments.extend(["--ignore-submodules=none", "--no-relative"]);
    arguments.extend(what);
    arguments.extend([old.as_str(), new.as_str()]);
    arguments
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
