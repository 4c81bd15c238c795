//! Accepts a change whole or refuses it whole, with every reason at once.

use std::collections::HashSet;

use super::content::{self, is_binary};
use super::path::{fault, is_device, is_git_name};
use super::place::place;
use super::refusal::{ChangeRefusal, REFUSALS};
use super::rules::ChangeRules;
use super::secret::scan;
use super::tree::{LINK, SUBMODULE, Tree};
use super::{Change, FileChange, Operation, TreeEntry};
use crate::domain::ci::weakened::Weakening;
use crate::guard::{self, Guard};

/// Mode of a regular file.
const FILE: &str = "100644";
/// Mode of a program.
const PROGRAM: &str = "100755";

/// Gives what a path of the start tree held, where the caller knows it.
pub type OldContent<'a> = &'a dyn Fn(&str) -> Option<Vec<u8>>;

/// A change that may be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// Its files, in the order of their paths' bytes.
    pub files: Vec<FileChange>,
    /// What it does, counted by us.
    pub facts: DiffFacts,
}

/// What a change does, counted by us and not by whoever returned it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DiffFacts {
    /// Files that are new.
    pub added: u32,
    /// Files with other content or mode.
    pub modified: u32,
    /// Files that are gone.
    pub deleted: u32,
    /// Programs that are new or became programs (X54).
    pub executable: Vec<String>,
    /// Lockfiles of package managers (X58).
    pub lockfiles: Vec<String>,
    /// Files with binary content (X58).
    pub binaries: Vec<String>,
    /// Symbolic links (X52).
    pub symlinks: Vec<String>,
    /// Special places that policy or contract name (X55).
    pub special: Vec<String>,
    /// Names that Windows keeps for devices (X50).
    pub devices: Vec<String>,
    /// What the whole branch weakens of tests and checks (X61). [`check`] sees one change and
    /// leaves it empty.
    pub weakened: Vec<Weakening>,
}

/// Names of lockfiles.
const LOCKFILES: &[&str] = &[
    "cargo.lock",
    "package-lock.json",
    "npm-shrinkwrap.json",
    "yarn.lock",
    "pnpm-lock.yaml",
    "bun.lock",
    "bun.lockb",
    "poetry.lock",
    "pipfile.lock",
    "uv.lock",
    "pdm.lock",
    "gemfile.lock",
    "composer.lock",
    "go.sum",
    "mix.lock",
    "pubspec.lock",
    "podfile.lock",
    "package.resolved",
    "packages.lock.json",
    "gradle.lockfile",
    "flake.lock",
    "deno.lock",
    ".terraform.lock.hcl",
];

/// Checks `change` against the tree that it is laid upon.
///
/// `old` says what the paths held: only so can what was there before be told from what is new,
/// and an entry without a difference be seen.
///
/// # Errors
/// Every reason to refuse it, sorted and bounded by [`REFUSALS`].
pub fn check(
    change: &Change,
    start_tree: &[TreeEntry],
    rules: &ChangeRules,
    old: OldContent<'_>,
) -> Result<Accepted, Vec<ChangeRefusal>> {
    if !guard::holds(Guard::PathRules) {
        return Ok(accept(change, start_tree));
    }
    let mut refusals = caps(change, rules);
    // Beyond its caps a change is not looked at any further: that would only cost time.
    if refusals.is_empty() {
        let named = |file: &&FileChange| !scan(file.path.as_bytes()).is_empty();
        let count = change.files.iter().filter(named).count();
        if count > 0 {
            return Err(vec![ChangeRefusal::SecretName { count }]);
        }
        let tree = Tree::of(start_tree, change);
        let mut seen = HashSet::new();
        for file in &change.files {
            if !seen.insert(file.path.as_str()) {
                refusals.push(ChangeRefusal::Twice {
                    path: file.path.clone(),
                });
            }
            if refuse_path(&file.path, &mut refusals) {
                continue;
            }
            refuse_place(file, rules, &mut refusals);
            refuse_mode(file, &mut refusals);
            tree.refuse(file, rules, &mut refusals);
            let before = match file.operation {
                Operation::Add => None,
                Operation::Modify | Operation::Delete => old(&file.path),
            };
            let same =
                before.as_ref() == Some(&file.content) && tree.mode(&file.path) == Some(&file.mode);
            if same && file.operation == Operation::Modify && file.mode != SUBMODULE {
                refusals.push(ChangeRefusal::NoDifference {
                    path: file.path.clone(),
                });
            }
            content::refuse(file, before.as_deref(), rules, &mut refusals);
        }
    }
    if refusals.is_empty() {
        return Ok(accept(change, start_tree));
    }
    Err(bounded(refusals))
}

pub(super) fn bounded(mut refusals: Vec<ChangeRefusal>) -> Vec<ChangeRefusal> {
    refusals.sort();
    refusals.dedup();
    let more = refusals.len().saturating_sub(REFUSALS);
    if more > 0 {
        refusals.truncate(REFUSALS);
        refusals.push(ChangeRefusal::More { count: more });
    }
    refusals
}

/// X58: how much there is.
fn caps(change: &Change, rules: &ChangeRules) -> Vec<ChangeRefusal> {
    let mut refusals = Vec::new();
    let (files, limit) = (
        change.files.len(),
        usize::try_from(rules.limits.files).unwrap_or(usize::MAX),
    );
    if files > limit {
        refusals.push(ChangeRefusal::TooManyFiles { files, limit });
    }
    let bytes = change
        .files
        .iter()
        .map(|file| file.content.len() as u64)
        .fold(0, u64::saturating_add);
    if bytes > rules.limits.bytes {
        refusals.push(ChangeRefusal::TooLarge {
            bytes,
            limit: rules.limits.bytes,
        });
    }
    refusals
}

/// X50, X51; whether the path is so wrong that nothing else can be said of it.
fn refuse_path(path: &str, refusals: &mut Vec<ChangeRefusal>) -> bool {
    let fault = fault(path);
    if let Some(fault) = fault {
        refusals.push(ChangeRefusal::Path {
            path: path.to_owned(),
            fault,
        });
    }
    if is_git_name(path) {
        refusals.push(ChangeRefusal::GitDirectory {
            path: path.to_owned(),
        });
        return true;
    }
    fault.is_some()
}

/// X51, X55 and scope.
fn refuse_place(file: &FileChange, rules: &ChangeRules, refusals: &mut Vec<ChangeRefusal>) {
    let path = file.path.clone();
    match place(&path) {
        Some(place) if place.is_forbidden() => {
            refusals.push(ChangeRefusal::Forbidden { path, place })
        }
        Some(place) if !rules.names(&path, place) => {
            refusals.push(ChangeRefusal::Guarded { path, place })
        }
        Some(_) | None => {}
    }
    let path = file.path.clone();
    if rules.protects(&path) {
        refusals.push(ChangeRefusal::Protected { path });
    } else if !rules.in_scope(&path) {
        refusals.push(ChangeRefusal::OutOfScope { path });
    }
}

/// X54: only git's modes of files; links and submodules have rules of their own.
fn refuse_mode(file: &FileChange, refusals: &mut Vec<ChangeRefusal>) {
    if ![FILE, PROGRAM, LINK, SUBMODULE].contains(&file.mode.as_str()) {
        refusals.push(ChangeRefusal::Mode {
            path: file.path.clone(),
            mode: file.mode.clone(),
        });
    }
}

fn accept(change: &Change, start_tree: &[TreeEntry]) -> Accepted {
    let mut files = change.files.clone();
    files.sort_by(|a, b| a.path.as_bytes().cmp(b.path.as_bytes()));
    let programs: HashSet<&[u8]> = start_tree
        .iter()
        .filter(|entry| entry.mode == PROGRAM)
        .map(|entry| entry.path.as_slice())
        .collect();
    let mut facts = DiffFacts::default();
    for file in &files {
        let path = &file.path;
        match file.operation {
            Operation::Add => facts.added += 1,
            Operation::Modify => facts.modified += 1,
            Operation::Delete => facts.deleted += 1,
        }
        if is_device(path) {
            facts.devices.push(path.clone());
        }
        if place(path).is_some() {
            facts.special.push(path.clone());
        }
        let name = path.rsplit('/').next().unwrap_or(path).to_lowercase();
        if LOCKFILES.contains(&name.as_str()) {
            facts.lockfiles.push(path.clone());
        }
        if file.operation == Operation::Delete {
            continue;
        }
        if file.mode == PROGRAM && !programs.contains(path.as_bytes()) {
            facts.executable.push(path.clone());
        }
        if file.mode == LINK {
            facts.symlinks.push(path.clone());
        } else if is_binary(&file.content) {
            facts.binaries.push(path.clone());
        }
    }
    Accepted { files, facts }
}
