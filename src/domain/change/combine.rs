//! A change of an attempt that takes its base in (H6, H26): what counts as the agent's, and what
//! the tree must then hold.
//!
//! Compares modes and blobs of whole trees, as git names them; reads no content but the returned
//! one, and does not merge: what a clean merge gives is told by the caller.

use std::collections::{BTreeMap, BTreeSet};

use super::{Change, ChangeRefusal, FileChange, Operation, REFUSALS, SUBMODULE, TreeEntry};
use crate::domain::ids::Oid;
use crate::guard::{self, Guard};

/// Where workflow files are, with the last `/`.
const WORKFLOWS: &[u8] = b".github/workflows/";
/// The names of both sides in the markers of a conflict, as a runner has git write them.
pub const SIDES: [&str; 2] = ["the-change", "the-base"];

/// Mode and blob of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// Git's mode.
    pub mode: String,
    /// The blob, or the commit of a submodule.
    pub oid: Oid,
}

/// What a tree holds, by path.
pub type Files = BTreeMap<Vec<u8>, Held>;

/// The entries of a tree, by path.
#[must_use]
pub fn files_of(entries: Vec<TreeEntry>) -> Files {
    let held = |entry: TreeEntry| {
        let (mode, oid) = (entry.mode, entry.oid);
        (entry.path, Held { mode, oid })
    };
    entries.into_iter().map(held).collect()
}

/// The trees that a change which takes its base in is compared with.
#[derive(Clone, Copy, Debug)]
pub struct Trees<'a> {
    /// The commit that the attempt started from.
    pub start: &'a Files,
    /// The base's tip that it takes in.
    pub tip: &'a Files,
    /// What git merges of both by itself.
    pub merged: &'a Files,
    /// The paths that it cannot merge.
    pub conflicts: &'a BTreeSet<Vec<u8>>,
}

/// The whole tree of `start` with the change laid over it.
///
/// # Errors
/// A path stands twice in the change.
pub fn laid_over(start: &Files, change: &Change) -> Result<Files, Vec<ChangeRefusal>> {
    let mut after = start.clone();
    let mut seen = BTreeSet::new();
    for file in &change.files {
        if !seen.insert(&file.path) {
            let path = file.path.clone();
            return Err(vec![ChangeRefusal::Twice { path }]);
        }
        let path = file.path.clone().into_bytes();
        match file.operation {
            Operation::Delete => after.remove(&path),
            Operation::Add | Operation::Modify => {
                let like = file.base_blob.as_ref();
                let like = like.or_else(|| start.values().next().map(|held| &held.oid));
                let oid = Oid::of_blob(&file.content, like);
                let mode = file.mode.clone();
                after.insert(path, Held { mode, oid })
            }
        };
    }
    Ok(after)
}

/// The tree that comes of a change which takes the base in, and the files of it that are the
/// agent's own doing.
///
/// What is as the base's tip has it, or as git merges it by itself, is nobody's doing. What the
/// base changed must be there.
///
/// # Errors
/// Each path at which the change undoes what the base did, or still holds a conflict.
pub fn take_base<'a>(
    change: &'a Change,
    trees: Trees<'_>,
) -> Result<(Files, Vec<&'a FileChange>), Vec<ChangeRefusal>> {
    let mut after = laid_over(trees.start, change)?;
    let mut refusals = Vec::new();
    let paths: BTreeSet<&Vec<u8>> = trees.start.keys().chain(trees.merged.keys()).collect();
    for path in paths {
        let (start, merged) = (trees.start.get(path), trees.merged.get(path));
        let unchanged = after.get(path) == start;
        if start == merged && !trees.conflicts.contains(path) || !unchanged {
            continue;
        }
        let is_submodule = |held: Option<&Held>| held.is_some_and(|held| held.mode == SUBMODULE);
        let in_conflict = trees.conflicts.contains(path);
        // Where one side took the file away there are only two ways, and both are the agent's to go.
        if in_conflict && (start.is_none() || trees.tip.get(path).is_none()) {
            continue;
        }
        match merged {
            Some(held) if is_submodule(merged) && !in_conflict => {
                after.insert(path.clone(), held.clone());
            }
            None if is_submodule(start) && !in_conflict => {
                after.remove(path);
            }
            _ if !guard::holds(Guard::BaseKept) => {}
            _ => refusals.push(ChangeRefusal::Undone { path: shown(path) }),
        }
    }
    let is_own = |file: &&FileChange| {
        let path = file.path.as_bytes();
        let (held, clean) = (after.get(path), !trees.conflicts.contains(path));
        held != trees.tip.get(path) && !(clean && held == trees.merged.get(path))
    };
    let own: Vec<&FileChange> = change.files.iter().filter(is_own).collect();
    for file in &own {
        if let Some(line) = marker(file, trees.conflicts.contains(file.path.as_bytes())) {
            let path = file.path.clone();
            refusals.push(ChangeRefusal::Conflicted { path, line });
        }
    }
    refuse_workflows(&after, trees.tip, &mut refusals);
    match refusals.is_empty() {
        true => Ok((after, own)),
        false => Err(super::check::bounded(refusals)),
    }
}

/// GitHub takes no ref whose workflow files are not the base's (H26).
fn refuse_workflows(after: &Files, tip: &Files, refusals: &mut Vec<ChangeRefusal>) {
    for path in differences(after, tip) {
        if path.starts_with(WORKFLOWS) {
            refusals.push(ChangeRefusal::Workflow { path: shown(path) });
        }
    }
}

/// The line of a marker that git left for a conflict, where there is one.
fn marker(file: &FileChange, in_conflict: bool) -> Option<usize> {
    if file.operation == Operation::Delete {
        return None;
    }
    let is_marker = |line: &[u8]| {
        let sides = [&b"<<<<<<< "[..], b">>>>>>> "].into_iter().zip(SIDES);
        let mut named = sides.map(|(mark, side)| {
            let rest = line.strip_prefix(mark);
            rest.is_some_and(|rest| in_conflict || rest.trim_ascii_end() == side.as_bytes())
        });
        named.any(|named| named)
    };
    let mut lines = file.content.split(|byte| *byte == b'\n');
    lines.position(is_marker).map(|at| at + 1)
}

/// The tree that comes of what `ours` made of `base`, on top of what `theirs` made of it, path by
/// path.
///
/// # Errors
/// The paths that both changed, differently.
pub fn on_top(base: &Files, ours: &Files, theirs: &Files) -> Result<Files, Vec<String>> {
    let mut after = theirs.clone();
    let mut overlap = Vec::new();
    for path in differences(base, ours) {
        let (was, own, other) = (base.get(path), ours.get(path), theirs.get(path));
        if other != was && other != own {
            overlap.push(shown(path));
        }
        match own {
            Some(held) => after.insert(path.clone(), held.clone()),
            None => after.remove(path),
        };
    }
    match overlap.is_empty() {
        true => Ok(after),
        false => {
            overlap.truncate(REFUSALS);
            Err(overlap)
        }
    }
}

/// The paths at which two trees differ, in the order of their bytes.
pub fn differences<'a>(one: &'a Files, other: &'a Files) -> BTreeSet<&'a Vec<u8>> {
    let paths = one.keys().chain(other.keys());
    paths
        .filter(|path| one.get(*path) != other.get(*path))
        .collect()
}

/// The same files, as a change against another tree.
#[must_use]
pub fn against(files: &[&FileChange], tree: &Files) -> Change {
    let told = |file: &&FileChange| {
        let held = tree.get(file.path.as_bytes());
        let mut file = (*file).clone();
        file.base_blob = held.map(|held| held.oid.clone());
        match (file.operation, held) {
            (Operation::Delete, Some(held)) => file.mode.clone_from(&held.mode),
            (Operation::Delete, None) => {}
            (Operation::Add | Operation::Modify, Some(_)) => file.operation = Operation::Modify,
            (Operation::Add | Operation::Modify, None) => file.operation = Operation::Add,
        }
        file
    };
    Change {
        files: files.iter().map(told).collect(),
    }
}

fn shown(path: &[u8]) -> String {
    String::from_utf8_lossy(path).into_owned()
}

#[cfg(test)]
mod tests;
