//! Whether a change passes every rule, and upon which commit it is laid.

use std::collections::{HashMap, HashSet};

use super::super::EngineError;
use super::carried::Apply;
use super::laid::Laid;
use super::merge;
use super::weakened;
use crate::domain::change::{self, Accepted, Change, ChangeRefusal, SUBMODULE, TreeEntry};
use crate::domain::ids::Oid;
use crate::domain::task::Task;
use crate::domain::task::attempt::Merge;
use crate::git::{Mirror, Remote};

/// Folder whose difference from the default branch keeps GitHub from taking a ref (H26).
pub(super) const WORKFLOWS: &str = ".github/workflows";

/// Most of the old contents that are read, in bytes; what looks like a secret in a file beyond
/// counts as new.
const OLD_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Where a change is laid.
pub(super) enum Ground {
    /// So; it passed every rule.
    On(Box<Laid>),
    /// Nowhere: one sentence each.
    Refused(Vec<String>),
    /// Nowhere as it is; the agent can do better, and is told so.
    Again(Vec<String>),
    /// Nowhere: the base does not merge with it.
    Conflict(Merge),
    /// The base has moved under it: the agent has to go again, from there.
    Moved(Oid),
}

impl Ground {
    pub(super) fn on(laid: Laid) -> Self {
        Self::On(Box::new(laid))
    }
}

/// The commit is on the base, or is the head of our own pull request.
async fn reachable(mirror: &Mirror, apply: &Apply<'_>, tip: &Oid) -> Result<bool, EngineError> {
    if apply.task.pull.is_some() {
        return Ok(true);
    }
    Ok(mirror.leads_to(&apply.attempt.start, tip).await?)
}

/// The blobs that the change replaces, as the tree has them: what a runner names counts for
/// nothing here. None where the change is beyond its caps and refused anyhow.
fn replaced(task: &Task, change: &Change, tree: &[TreeEntry]) -> Vec<Oid> {
    if change.files.len() > usize::try_from(task.policy.change.files).unwrap_or(usize::MAX) {
        return Vec::new();
    }
    let paths: HashSet<&[u8]> = change
        .files
        .iter()
        .map(|file| file.path.as_bytes())
        .collect();
    tree.iter()
        .filter(|entry| entry.mode != SUBMODULE && paths.contains(entry.path.as_slice()))
        .map(|entry| entry.oid.clone())
        .collect()
}

fn check(
    task: &Task,
    change: &Change,
    tree: &[TreeEntry],
    contents: &HashMap<Oid, Vec<u8>>,
) -> Result<Accepted, Vec<String>> {
    let rules = change::ChangeRules::new(&task.policy, &task.contract)
        .map_err(|bad| vec![bad.to_string()])?;
    let blobs: HashMap<&[u8], &Oid> = tree
        .iter()
        .map(|entry| (entry.path.as_slice(), &entry.oid))
        .collect();
    let old = |path: &str| {
        let blob = blobs.get(path.as_bytes())?;
        contents.get(*blob).cloned()
    };
    change::check(change, tree, &rules, &old).map_err(|refusals| sentences(&refusals))
}

pub(super) fn sentences(refusals: &[ChangeRefusal]) -> Vec<String> {
    refusals.iter().map(ToString::to_string).collect()
}

/// Checks the change where it was made, and says where it is laid.
///
/// A new branch must have the default branch's workflows (H26). Where they moved on, a change
/// whose files did not is laid upon the tip, if it passes every rule there too; otherwise the
/// agent goes again from there.
///
/// Last it weighs what the whole branch would weaken of tests and checks (X61).
pub(super) async fn ground(
    mirror: &Mirror,
    remote: &Remote,
    apply: &Apply<'_>,
    change: &Change,
    tip: &Oid,
) -> Result<Ground, EngineError> {
    let laid = match lay(mirror, remote, apply, change, tip).await? {
        Ground::On(laid) => laid,
        elsewhere => return Ok(elsewhere),
    };
    weigh(mirror, remote, apply, tip, laid).await
}

/// What the branch would weaken goes back to the agent, or is carried along to be shown.
pub(super) async fn weigh(
    mirror: &Mirror,
    remote: &Remote,
    apply: &Apply<'_>,
    tip: &Oid,
    mut laid: Box<Laid>,
) -> Result<Ground, EngineError> {
    let weighed = weakened::weigh(mirror, remote, apply, tip, &laid).await?;
    Ok(match weighed {
        Ok(found) => {
            laid.accepted.facts.weakened = found;
            Ground::On(laid)
        }
        Err(sentences) => Ground::Again(sentences),
    })
}

/// The same by every rule about paths and contents.
async fn lay(
    mirror: &Mirror,
    remote: &Remote,
    apply: &Apply<'_>,
    change: &Change,
    tip: &Oid,
) -> Result<Ground, EngineError> {
    let start = &apply.attempt.start;
    if !reachable(mirror, apply, tip).await? {
        let said = "The commit that the change starts from is not on the base branch any more. Ask for another attempt.";
        return Ok(Ground::Refused(vec![said.to_owned()]));
    }
    if let Some(taken) = &apply.attempt.merge {
        return merge::ground(mirror, remote, apply, change, (taken, tip)).await;
    }
    let accepted = match judge(mirror, remote, apply, change, start).await? {
        Ok(accepted) => accepted,
        Err(sentences) => return Ok(Ground::Refused(sentences)),
    };
    if apply.task.pull.is_some() {
        return Ok(Ground::on(Laid::plain(start.clone(), accepted)));
    }
    let then = mirror.object_at(start, WORKFLOWS).await?;
    let now = mirror.object_at(tip, WORKFLOWS).await?;
    if then == now {
        return Ok(Ground::on(Laid::plain(start.clone(), accepted)));
    }
    for file in &accepted.files {
        let held = mirror.object_at(tip, &file.path).await?;
        if held != file.base_blob {
            return Ok(Ground::Moved(tip.clone()));
        }
    }
    Ok(match judge(mirror, remote, apply, change, tip).await? {
        Ok(accepted) => Ground::on(Laid::plain(tip.clone(), accepted)),
        Err(_) => Ground::Moved(tip.clone()),
    })
}

/// Every rule, against the tree of `commit`.
pub(super) async fn judge(
    mirror: &Mirror,
    remote: &Remote,
    apply: &Apply<'_>,
    change: &Change,
    commit: &Oid,
) -> Result<Result<Accepted, Vec<String>>, EngineError> {
    let tree = mirror.tree(commit).await?;
    let old = mirror
        .contents(remote, &replaced(apply.task, change, &tree), OLD_BYTES_MAX)
        .await?;
    Ok(check(apply.task, change, &tree, &old))
}
