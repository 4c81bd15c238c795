//! What a branch would weaken of tests and checks, over all that differs from its base (X61).

use std::collections::{BTreeSet, HashMap};

use super::super::EngineError;
use super::carried::Apply;
use super::laid::Laid;
use crate::domain::change::{Accepted, Operation, TreeEntry};
use crate::domain::ci::weakened::{self, Asked, Compared, Weakening};
use crate::domain::ids::Oid;
use crate::domain::request::policy::WeakenedTests;
use crate::git::{Mirror, Remote};
use crate::guard::{self, Guard};

/// Most files that are compared; what goes beyond is said to be unread.
const FILES_MAX: usize = 3_000;
/// Most of their contents that is read, in bytes; what goes beyond is said to be unread.
const BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Weakenings that a refusal spells out; the rest is counted.
const SPELT_OUT: usize = 20;

/// A tree's files that are no links and no submodules, by path.
type Files = HashMap<String, Oid>;

/// Weighs the change that was accepted: `Err` with sentences where it is refused, otherwise what is
/// to be shown.
///
/// All that differs from the base is shown. Refused is only what this attempt adds: what a
/// person did on the branch, or let pass before, is not the agent's to mend.
pub(super) async fn weigh(
    mirror: &Mirror,
    remote: &Remote,
    apply: &Apply<'_>,
    tip: &Oid,
    laid: &Laid,
) -> Result<Result<Vec<Weakening>, Vec<String>>, EngineError> {
    let (parent, accepted) = (&laid.over, &laid.accepted);
    if !guard::holds(Guard::WeakenedTests) {
        return Ok(Ok(Vec::new()));
    }
    let task = apply.task;
    // Where people merged the base in, what came with it is not the branch's doing.
    let base = match mirror.merge_base(tip, parent).await? {
        Some(base) => base,
        None => parent.clone(),
    };
    let (old, start) = (mirror.tree(&base).await?, mirror.tree(parent).await?);
    let (old, mut start) = (files_of(&old), files_of(&start));
    // Laid over the base itself, the branch's earlier doings are entries of their own.
    for (path, held) in &laid.others {
        match held {
            Some(held) => start.insert(path.clone(), held.clone()),
            None => start.remove(path),
        };
    }
    let found = compare(mirror, remote, &old, &start, Some(accepted)).await?;
    let before = match old == start || found.is_empty() {
        true => Vec::new(),
        false => compare(mirror, remote, &old, &start, None).await?,
    };
    let asked = Asked::of(&task.contract);
    let is_known = |one: &Weakening| {
        let same =
            |old: &&Weakening| (old.kind, &old.path, &old.what) == (one.kind, &one.path, &one.what);
        before.iter().find(same).is_some()
    };
    let refused: Vec<String> = found
        .iter()
        .filter(|one| !is_known(one) && !asked.names(one))
        .map(Weakening::sentence)
        .collect();
    if refused.is_empty() || task.policy.weakened_tests == WeakenedTests::Show {
        return Ok(Ok(found));
    }
    Ok(Err(spelt_out(refused)))
}

fn spelt_out(mut sentences: Vec<String>) -> Vec<String> {
    let more = sentences.len().saturating_sub(SPELT_OUT);
    sentences.truncate(SPELT_OUT);
    if more > 0 {
        sentences.push(format!("Beside these, {more} more weaken tests or checks."));
    }
    sentences.push(String::from(
        "Where the issue means this, name these files in its scope; `weakened_tests: show` in the policy lets people judge.",
    ));
    sentences
}

fn files_of(tree: &[TreeEntry]) -> Files {
    tree.iter()
        .filter(|entry| entry.mode.starts_with("100"))
        .filter_map(|entry| {
            let path = std::str::from_utf8(&entry.path).ok()?;
            Some((path.to_owned(), entry.oid.clone()))
        })
        .collect()
}

/// What `start` with `change` upon it weakens of `old`.
async fn compare(
    mirror: &Mirror,
    remote: &Remote,
    old: &Files,
    start: &Files,
    change: Option<&Accepted>,
) -> Result<Vec<Weakening>, EngineError> {
    let changed: HashMap<&str, Option<&[u8]>> = change
        .iter()
        .flat_map(|accepted| &accepted.files)
        .map(|file| {
            let is_file = file.operation != Operation::Delete && file.mode.starts_with("100");
            let content = is_file.then_some(file.content.as_slice());
            (file.path.as_str(), content)
        })
        .collect();
    let all = old.keys().chain(start.keys()).map(String::as_str);
    let differs: BTreeSet<&str> = all
        .filter(|path| old.get(*path) != start.get(*path) || changed.contains_key(path))
        .chain(changed.keys().copied())
        .filter(|path| weakened::concerns(path))
        .collect();
    let blobs: BTreeSet<&Oid> = differs
        .iter()
        .take(FILES_MAX)
        .flat_map(|path| {
            let kept = start.get(*path).filter(|_| !changed.contains_key(path));
            [old.get(*path), kept]
        })
        .flatten()
        .collect();
    let blobs: Vec<Oid> = blobs.into_iter().cloned().collect();
    let contents = mirror.contents(remote, &blobs, BYTES_MAX).await?;
    let read = |blob: &Oid| contents.get(blob).map_or(weakened::UNREAD, Vec::as_slice);
    let compared: Vec<Compared<'_>> = differs
        .iter()
        .map(|path| Compared {
            path,
            before: old.get(*path).map(read),
            after: match changed.get(path) {
                Some(content) => *content,
                None => start.get(*path).map(read),
            },
        })
        .collect();
    Ok(weakened::weakenings(&compared))
}
