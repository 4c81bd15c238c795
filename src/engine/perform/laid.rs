//! What is written of a change: the entries of the new tree, what it is laid over, and its parents.

use std::collections::{HashMap, HashSet};

use crate::domain::change::combine::{Files, differences};
use crate::domain::change::{Accepted, Change, FileChange, Operation};
use crate::domain::ids::Oid;

/// A change as it is written.
pub(super) struct Laid {
    /// The commit over whose tree the entries are laid.
    pub(super) over: Oid,
    /// Parents of the new commit: the branch's own first.
    pub(super) parents: Vec<Oid>,
    /// The entries.
    pub(super) files: Vec<FileChange>,
    /// Blobs of entries that the repository holds already, by path.
    pub(super) known: HashMap<String, Oid>,
    /// What else differs from the base, by path: the branch's own of earlier, and what git merged.
    pub(super) others: HashMap<String, Option<Oid>>,
    /// What counts as the agent's.
    pub(super) accepted: Accepted,
    /// The base's commit that is taken in.
    pub(super) merged: Option<Oid>,
}

impl Laid {
    /// Just the agent's files, on top of one commit.
    pub(super) fn plain(commit: Oid, accepted: Accepted) -> Self {
        Self {
            over: commit.clone(),
            parents: vec![commit],
            files: accepted.files.clone(),
            known: HashMap::new(),
            others: HashMap::new(),
            accepted,
            merged: None,
        }
    }

    /// The tree `after`, laid over the base's `tip`, which is the second parent beside `head`.
    /// Blobs that are not of `change` are in the repository. Fails with a path that cannot be said.
    pub(super) fn merge(
        head: &Oid,
        (tip, held): (&Oid, &Files),
        after: &Files,
        change: &Change,
        accepted: Accepted,
    ) -> Result<Self, String> {
        let returned: HashMap<&[u8], &FileChange> = change
            .files
            .iter()
            .filter(|file| file.operation != Operation::Delete)
            .map(|file| (file.path.as_bytes(), file))
            .collect();
        let own: HashSet<&[u8]> = accepted
            .files
            .iter()
            .map(|file| file.path.as_bytes())
            .collect();
        let (mut files, mut known, mut others) = (Vec::new(), HashMap::new(), HashMap::new());
        for path in differences(after, held) {
            let name =
                String::from_utf8(path.clone()).map_err(|_| path.escape_ascii().to_string())?;
            let mut file = FileChange {
                path: name.clone(),
                operation: Operation::Modify,
                mode: "100644".to_owned(),
                content: Vec::new(),
                base_blob: held.get(path).map(|held| held.oid.clone()),
            };
            let now = after.get(path);
            if !own.contains(path.as_slice()) {
                let file = now.filter(|now| now.mode.starts_with("100"));
                others.insert(name.clone(), file.map(|now| now.oid.clone()));
            }
            match now {
                None => file.operation = Operation::Delete,
                Some(now) => {
                    file.mode.clone_from(&now.mode);
                    let own = returned.get(path.as_slice());
                    match own.filter(|own| Oid::of_blob(&own.content, Some(&now.oid)) == now.oid) {
                        Some(own) => file.content.clone_from(&own.content),
                        None => drop(known.insert(name, now.oid.clone())),
                    }
                }
            }
            files.push(file);
        }
        Ok(Self {
            over: tip.clone(),
            parents: vec![head.clone(), tip.clone()],
            files,
            known,
            others,
            accepted,
            merged: Some(tip.clone()),
        })
    }
}
