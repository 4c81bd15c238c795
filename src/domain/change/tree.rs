//! A change against the tree that it is laid upon (X52, X53, X56, X57, X60).
//!
//! Every rule looks at the start tree as it is, whatever the change deletes: so a further entry
//! never turns a refusal into acceptance.

use std::collections::{HashMap, HashSet};

use super::path::{folded, is_git_name};
use super::place::place;
use super::rules::ChangeRules;
use super::{Change, ChangeRefusal, FileChange, Operation, TreeEntry};

/// Git's mode of a symbolic link.
pub(super) const LINK: &str = "120000";
/// Git's mode of a submodule.
pub const SUBMODULE: &str = "160000";
/// Git's mode of a directory, where a caller lists them.
const DIRECTORY: &str = "040000";

/// The start tree and the change's own paths, by name and by folded name.
pub(super) struct Tree<'a> {
    entries: HashMap<&'a [u8], &'a TreeEntry>,
    /// Folded files and directories of the start tree and of the change, with a spelling each.
    spellings: HashMap<String, Vec<Spelling<'a>>>,
    /// Directories whose spelling is known: a large tree names each many times.
    directories: HashSet<&'a str>,
    /// Folded links and submodules of the start tree, and links of the change itself.
    links: HashSet<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Spelling<'a> {
    path: &'a str,
    is_directory: bool,
}

impl<'a> Tree<'a> {
    /// Indexes `start` and what `change` adds to it.
    pub(super) fn of(start: &'a [TreeEntry], change: &'a Change) -> Self {
        let mut tree = Self {
            entries: HashMap::with_capacity(start.len()),
            spellings: HashMap::new(),
            directories: HashSet::new(),
            links: HashSet::new(),
        };
        for entry in start.iter().filter(|entry| entry.mode != DIRECTORY) {
            tree.entries.insert(&entry.path, entry);
            // A path that is not UTF-8 cannot fold to one that is.
            if let Ok(path) = std::str::from_utf8(&entry.path) {
                tree.spell(path);
                if entry.mode == LINK || entry.mode == SUBMODULE {
                    tree.links.insert(folded(path));
                }
            }
        }
        for file in change
            .files
            .iter()
            .filter(|file| file.operation != Operation::Delete)
        {
            tree.spell(&file.path);
            if file.mode == LINK {
                tree.links.insert(folded(&file.path));
            }
        }
        tree
    }

    fn spell(&mut self, path: &'a str) {
        self.add(Spelling {
            path,
            is_directory: false,
        });
        for directory in directories(path) {
            if self.directories.insert(directory) {
                self.add(Spelling {
                    path: directory,
                    is_directory: true,
                });
            }
        }
    }

    fn add(&mut self, spelling: Spelling<'a>) {
        let known = self.spellings.entry(folded(spelling.path)).or_default();
        if !known.contains(&spelling) {
            known.push(spelling);
        }
    }

    fn entry(&self, path: &str) -> Option<&'a TreeEntry> {
        self.entries.get(path.as_bytes()).copied()
    }

    /// The mode that `path` has in the start tree.
    pub(super) fn mode(&self, path: &str) -> Option<&'a String> {
        self.entry(path).map(|entry| &entry.mode)
    }

    /// Everything that the tree says against `file`.
    pub(super) fn refuse(
        &self,
        file: &FileChange,
        rules: &ChangeRules,
        refusals: &mut Vec<ChangeRefusal>,
    ) {
        let path = file.path.clone();
        self.refuse_base(file, refusals);
        if file.mode == SUBMODULE
            || self
                .entry(&file.path)
                .is_some_and(|entry| entry.mode == SUBMODULE)
        {
            refusals.push(ChangeRefusal::Submodule { path: path.clone() });
        }
        for directory in directories(&file.path) {
            match self.entry(directory).map(|entry| entry.mode.as_str()) {
                Some(LINK) => refusals.push(ChangeRefusal::ThroughLink {
                    path: path.clone(),
                    link: directory.to_owned(),
                }),
                Some(SUBMODULE) => refusals.push(ChangeRefusal::Submodule { path: path.clone() }),
                _ => {}
            }
        }
        if file.operation != Operation::Delete {
            self.refuse_collisions(&file.path, refusals);
        }
        if file.mode == LINK && file.operation != Operation::Delete {
            self.refuse_link(file, rules, refusals);
        }
    }

    /// X60: the entry must speak of what the start tree holds.
    fn refuse_base(&self, file: &FileChange, refusals: &mut Vec<ChangeRefusal>) {
        let path = file.path.clone();
        let refusal = match (file.operation, self.entry(&file.path), &file.base_blob) {
            (Operation::Add, None, None) => None,
            (Operation::Add, Some(_), _) => Some(ChangeRefusal::AlreadyThere { path }),
            (Operation::Add, None, Some(_)) => Some(ChangeRefusal::Contradiction {
                path,
                why: "an addition names an earlier blob",
            }),
            (Operation::Modify | Operation::Delete, None, _) => {
                Some(ChangeRefusal::NotThere { path })
            }
            (Operation::Modify | Operation::Delete, Some(entry), base) => {
                if base.as_ref() != Some(&entry.oid) {
                    Some(ChangeRefusal::OtherBase { path })
                } else if file.operation == Operation::Delete && !file.content.is_empty() {
                    Some(ChangeRefusal::Contradiction {
                        path,
                        why: "a deletion has content",
                    })
                } else if file.operation == Operation::Delete && file.mode != entry.mode {
                    Some(ChangeRefusal::Contradiction {
                        path,
                        why: "a deletion names another mode",
                    })
                } else {
                    None
                }
            }
        };
        refusals.extend(refusal);
    }

    /// X57: no other spelling of the path or of its directories, and no file where a directory is.
    fn refuse_collisions(&self, path: &str, refusals: &mut Vec<ChangeRefusal>) {
        let known = self.entry(path).is_some();
        for (part, is_directory) in directories(path)
            .map(|part| (part, true))
            .chain([(path, false)])
        {
            let Some(spellings) = self.spellings.get(&folded(part)) else {
                continue;
            };
            for other in spellings {
                // What the start tree already holds is not this change's doing.
                if other.path != part && !(known || is_directory && self.holds_directory(part)) {
                    refusals.push(ChangeRefusal::Collision {
                        path: path.to_owned(),
                        other: other.path.to_owned(),
                    });
                } else if other.path == part && other.is_directory && !is_directory {
                    refusals.push(ChangeRefusal::DirectoryThere {
                        path: path.to_owned(),
                    });
                } else if other.path == part
                    && !other.is_directory
                    && is_directory
                    && !self.is_link(part)
                {
                    refusals.push(ChangeRefusal::FileAndDirectory {
                        path: path.to_owned(),
                        file: part.to_owned(),
                    });
                }
            }
        }
    }

    /// Whether the start tree holds a link or a submodule there, which is refused by its own name.
    fn is_link(&self, path: &str) -> bool {
        self.entry(path)
            .is_some_and(|entry| entry.mode == LINK || entry.mode == SUBMODULE)
    }

    /// Whether the start tree itself holds a directory of exactly this spelling.
    fn holds_directory(&self, directory: &str) -> bool {
        self.entries.keys().any(|path| {
            path.strip_prefix(directory.as_bytes())
                .is_some_and(|rest| rest.first() == Some(&b'/'))
        })
    }

    /// X52: a symbolic link, where the policy allows any.
    fn refuse_link(
        &self,
        file: &FileChange,
        rules: &ChangeRules,
        refusals: &mut Vec<ChangeRefusal>,
    ) {
        let path = file.path.clone();
        if !rules.limits.symlinks {
            refusals.push(ChangeRefusal::Symlink { path: path.clone() });
        }
        if self
            .entry(&file.path)
            .is_some_and(|entry| entry.mode != LINK)
        {
            refusals.push(ChangeRefusal::LinkSwap { path: path.clone() });
        }
        if let Err(why) = self.resolve(file, rules) {
            refusals.push(ChangeRefusal::LinkTarget { path, why });
        }
    }

    /// Where a link leads, as a path of the repository.
    fn resolve(&self, file: &FileChange, rules: &ChangeRules) -> Result<(), &'static str> {
        let target =
            std::str::from_utf8(&file.content).map_err(|_| "leads to a path that is not UTF-8")?;
        if target.is_empty() || target.len() > super::path::PATH_BYTES {
            return Err("leads nowhere");
        }
        if target.starts_with('/') || target.contains(['\\', ':', '\0', '\n']) {
            return Err("leads out of the repository");
        }
        let mut parts: Vec<&str> = file.path.split('/').collect();
        parts.pop();
        for part in target.split('/') {
            match part {
                "" | "." => {}
                ".." => {
                    parts.pop().ok_or("leads out of the repository")?;
                }
                part => parts.push(part),
            }
            // Behind a link `..` leads elsewhere than the names say, also behind one of this change.
            if self.links.contains(&folded(&parts.join("/"))) {
                return Err("leads through another link or a submodule");
            }
        }
        let resolved = parts.join("/");
        if resolved.is_empty() {
            return Err("leads to the whole repository");
        }
        if is_git_name(&resolved) || place(&resolved).is_some() || rules.protects(&resolved) {
            return Err("leads to a protected place");
        }
        if super::path::fault(&resolved).is_some() {
            return Err("leads to a path that cannot be");
        }
        Ok(())
    }
}

/// The directories that `path` lies in, from the root.
pub(super) fn directories(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').map(|(at, _)| &path[..at])
}
