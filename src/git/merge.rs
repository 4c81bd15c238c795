//! Whether two commits merge, and what git makes of them by itself. Nothing is checked out and no
//! driver of the repository's runs; renames are not followed, as on a runner.

use std::collections::{BTreeSet, HashMap};

use super::command::GitError;
use super::{Mirror, Remote};
use crate::domain::change::{SUBMODULE, TreeEntry};
use crate::domain::ids::Oid;

/// How git merges two commits that follow, on the server and on a runner alike: a file that was
/// renamed on one side is in conflict.
pub const MERGE_TREE: [&str; 9] = [
    "-c",
    "merge.renames=false",
    "-c",
    "merge.directoryRenames=false",
    "merge-tree",
    "--write-tree",
    "-z",
    "--name-only",
    "--no-messages",
];
/// Files that both sides may have changed: beyond, finding out costs more than an attempt.
const MEETING_MAX: usize = 500;

/// What git makes of two commits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Merged {
    /// The tree, with markers where there is a conflict.
    pub tree: Oid,
    /// The paths in conflict.
    pub conflicts: BTreeSet<Vec<u8>>,
}

impl Mirror {
    /// Merges `theirs` into `ours`, whose last common commit is `base`; the contents that it takes
    /// are fetched.
    ///
    /// # Errors
    /// Git did not run, the remote did not answer, or too many files meet.
    pub async fn merge(
        &self,
        remote: &Remote,
        base: &Oid,
        ours: &Oid,
        theirs: &Oid,
    ) -> Result<Merged, GitError> {
        let operation = "merge two commits";
        let trees = [base, ours, theirs];
        let [base, own, other] = [
            self.tree(trees[0]).await?,
            self.tree(trees[1]).await?,
            self.tree(trees[2]).await?,
        ];
        let blobs = meeting(&base, &own, &other);
        if blobs.len() > MEETING_MAX * 3 {
            return Err(GitError::Limit { operation });
        }
        self.bring(remote, &blobs).await?;
        let sides = [ours.as_str(), theirs.as_str()];
        let arguments = [&MERGE_TREE[..], &sides].concat();
        let output = self.git.run_to(operation, &arguments, &[0, 1]).await?;
        Merged::read(&output).ok_or(GitError::Odd { operation })
    }
}

impl Merged {
    /// What `git merge-tree` wrote that was called with [`MERGE_TREE`]; `None` where it is odd.
    #[must_use]
    pub fn read(output: &[u8]) -> Option<Self> {
        let mut parts = output.split(|byte| *byte == 0);
        let tree = std::str::from_utf8(parts.next()?).ok()?.parse().ok()?;
        let conflicts = parts.filter(|path| !path.is_empty()).map(<[u8]>::to_vec);
        Some(Self {
            tree,
            conflicts: conflicts.collect(),
        })
    }
}

/// The blobs at paths that both sides changed, each in its own way.
fn meeting(base: &[TreeEntry], own: &[TreeEntry], other: &[TreeEntry]) -> Vec<Oid> {
    let by_path = |tree: &[TreeEntry]| -> HashMap<Vec<u8>, (String, Oid)> {
        let held = |entry: &TreeEntry| (entry.mode.clone(), entry.oid.clone());
        tree.iter()
            .map(|one| (one.path.clone(), held(one)))
            .collect()
    };
    let (was, theirs) = (by_path(base), by_path(other));
    let ours = by_path(own);
    let paths: BTreeSet<&Vec<u8>> = was.keys().chain(ours.keys()).collect();
    let mut blobs = Vec::new();
    for path in paths {
        let three = [was.get(path), ours.get(path), theirs.get(path)];
        if three[0] == three[1] || three[0] == three[2] || three[1] == three[2] {
            continue;
        }
        let held = three.into_iter().flatten();
        blobs.extend(
            held.filter(|(mode, _)| mode != SUBMODULE)
                .map(|(_, oid)| oid.clone()),
        );
    }
    blobs.sort_unstable_by(|one, other| one.as_str().cmp(other.as_str()));
    blobs.dedup();
    blobs
}
