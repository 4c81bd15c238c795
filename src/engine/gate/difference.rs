//! What a pull request changes, from whole trees: its paths, what they can break, and what the base
//! has changed of them meanwhile.

use std::collections::{BTreeMap, BTreeSet};

use super::super::EngineError;
use crate::domain::change::combine::{Files, Held, differences, files_of};
use crate::domain::ci::weakened::{self, Compared};
use crate::domain::gate::scan::{self, Scanned};
use crate::domain::ids::Oid;
use crate::domain::request::policy::RiskPolicy;
use crate::domain::risk::{
    Assessment, Contents, Difference, Entry, FileDifference, Lines, Sizes, Tier, assess,
    edits_policy,
};
use crate::git::{Mirror, Remote};

/// Files whose contents are read; beyond, what is unread counts as the worst.
const FILES_MAX: usize = 2_000;
/// Bytes of contents that are read.
const BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Git's mode of a submodule, which has no content here.
const SUBMODULE: &str = "160000";
/// Stands for a content that was not read: no text.
const UNREAD: &[u8] = b"\0";

/// The trees that a pull request is about.
pub(super) struct Sides {
    /// Where head and base part.
    pub(super) merge_base: Files,
    /// The head.
    pub(super) head: Files,
    /// The base's tip.
    pub(super) base: Files,
}

/// What was read of a change.
pub(super) struct Read {
    /// Its tier, and why.
    pub(super) assessment: Assessment,
    /// Whether it edits the policy or the workflow of agents.
    pub(super) edits_policy: bool,
    /// What searches found; `None` where not all could be searched.
    pub(super) findings: Option<Vec<String>>,
    /// The paths that it touches.
    pub(super) paths: Vec<String>,
    /// Those that the base has changed, too, since they parted.
    pub(super) common: Vec<String>,
}

impl Sides {
    pub(super) async fn of(
        mirror: &Mirror,
        merge_base: &Oid,
        head: &Oid,
        base: &Oid,
    ) -> Result<Self, EngineError> {
        Ok(Self {
            merge_base: files_of(mirror.tree(merge_base).await?),
            head: files_of(mirror.tree(head).await?),
            base: files_of(mirror.tree(base).await?),
        })
    }

    /// Reads the change between merge base and head.
    pub(super) async fn read(
        &self,
        mirror: &Mirror,
        remote: &Remote,
        policy: &RiskPolicy,
        workflow: &str,
    ) -> Result<Read, EngineError> {
        let changed = differences(&self.merge_base, &self.head);
        let moved = differences(&self.merge_base, &self.base);
        let shown = |path: &&Vec<u8>| String::from_utf8_lossy(path).into_owned();
        let blobs = self.blobs(&changed);
        let contents = match changed.len() <= FILES_MAX {
            true => mirror.contents(remote, &blobs, BYTES_MAX).await?,
            false => Default::default(),
        };
        let content = |held: Option<&Held>| match held {
            None => Some(&b""[..]),
            Some(held) => contents.get(&held.oid).map(Vec::as_slice),
        };
        let mut files = Vec::new();
        let mut sizes = BTreeMap::new();
        let mut scanned = Some(Vec::new());
        let mut compared = Vec::new();
        let names: Vec<String> = changed.iter().map(shown).collect();
        for (path, name) in changed.iter().zip(&names) {
            let (old, new) = (self.merge_base.get(*path), self.head.get(*path));
            files.push(FileDifference {
                path: (*path).clone(),
                old: old.and_then(|held| Entry::of_mode(&held.mode)),
                new: new.and_then(|held| Entry::of_mode(&held.mode)),
            });
            let read = (content(old), content(new));
            if let (Some(before), Some(after)) = read {
                sizes.insert((*path).clone(), lines(before, after));
                if let Some(scanned) = scanned.as_mut() {
                    let path = name.as_str();
                    scanned.push(Scanned {
                        path,
                        before,
                        after,
                    });
                }
            } else if !is_submodule(old) || !is_submodule(new) {
                scanned = None;
            }
            compared.push(Compared {
                path: name,
                before: old.map(|_| read.0.unwrap_or(UNREAD)),
                after: new.map(|_| read.1.unwrap_or(UNREAD)),
            });
        }
        let difference = Difference {
            files,
            sizes: Sizes::Counted(sizes),
            contents: Contents::Compared(weakened::weakenings(&compared)),
        };
        Ok(Read {
            assessment: assess(&difference, policy, Tier::T0),
            edits_policy: edits_policy(&difference, workflow),
            findings: scanned.map(|files| scan::findings(&files)),
            common: changed.intersection(&moved).map(shown).collect(),
            paths: names,
        })
    }

    fn blobs(&self, changed: &BTreeSet<&Vec<u8>>) -> Vec<Oid> {
        let sides = [&self.merge_base, &self.head];
        let held = changed.iter().flat_map(|path| {
            let held = sides.map(|side| side.get(*path));
            held.into_iter().flatten()
        });
        let blobs: BTreeSet<&Oid> = held
            .filter(|held| held.mode != SUBMODULE)
            .map(|held| &held.oid)
            .collect();
        blobs.into_iter().cloned().collect()
    }
}

fn is_submodule(held: Option<&Held>) -> bool {
    held.is_none_or(|held| held.mode == SUBMODULE)
}

/// How many lines came and went.
fn lines(before: &[u8], after: &[u8]) -> Lines {
    if before.contains(&0) || after.contains(&0) {
        return Lines::Binary;
    }
    let (mut added, mut deleted) = (0, 0);
    for operation in
        similar::capture_diff_slices(similar::Algorithm::Myers, &split(before), &split(after))
    {
        deleted += operation.old_range().len() as u64;
        added += operation.new_range().len() as u64;
        if let similar::DiffOp::Equal { len, .. } = operation {
            deleted -= len as u64;
            added -= len as u64;
        }
    }
    Lines::Text { added, deleted }
}

fn split(content: &[u8]) -> Vec<&[u8]> {
    content.split_inclusive(|byte| *byte == b'\n').collect()
}
