//! The commits of a pull request: whose they are, and which of them only merge the base.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::super::{Engine, EngineError};
use super::seen::Seen;
use crate::domain::change::combine::{Files, Held, differences, files_of};
use crate::domain::gate::facts::Commit;
use crate::domain::ids::{Oid, UserId};
use crate::git::{Mirror, Remote, Step};

/// Commits of one pull request that are looked at; the facts take no more.
const COMMITS_MAX: usize = 5_000;

/// What a difference holds at each path: before and after.
type Patch = BTreeMap<Vec<u8>, (Option<Held>, Option<Held>)>;

impl Engine {
    /// The commits between the base and the head, those of the branch itself last; `None` where
    /// they cannot be told.
    pub(super) async fn commits_of(
        &self,
        seen: &Seen<'_>,
        git: (&Mirror, &Remote),
        base: &Oid,
        pushed: &HashMap<Oid, UserId>,
    ) -> Result<Option<Vec<Commit>>, EngineError> {
        let (mirror, head) = (git.0, &seen.state.head);
        let Some(all) = mirror.added(base, head, COMMITS_MAX).await? else {
            return Ok(None);
        };
        let own = own_line(&all, head);
        let oids: Vec<Oid> = all.iter().map(|step| step.oid.clone()).collect();
        let ours = self.store.ours(seen.target.repository, &oids).await?;
        // Our own commits need no account: only where there are others is GitHub asked for them.
        let hands = match oids.iter().all(|oid| ours.contains(oid)) {
            true => HashMap::new(),
            false => {
                let github = self.github()?;
                github.pull_commits(seen.target, seen.number).await?
            }
        };
        let mut commits = Vec::with_capacity(all.len());
        // What came in by merges stands before the branch's own line.
        let is_own = |step: &&Step| own.contains(&step.oid);
        let merged = all.iter().filter(|step| !is_own(step));
        for step in merged.chain(all.iter().filter(is_own)) {
            let is_ours = ours.contains(&step.oid);
            let known = hands.get(&step.oid).copied();
            if !is_ours && known.is_none() {
                return Ok(None);
            }
            let hands = known.unwrap_or_default();
            let mut commit = Commit {
                oid: step.oid.clone(),
                ours: is_ours,
                neutral_merge: false,
                same_patch: false,
                author: hands.author,
                committer: hands.committer,
                pusher: pushed.get(&step.oid).copied(),
            };
            if is_own(&step) && !is_ours {
                (commit.neutral_merge, commit.same_patch) = neutral(git, step, base).await?;
            }
            commits.push(commit);
        }
        Ok(Some(commits))
    }
}

/// The commits along first parents, from `head` on.
fn own_line<'a>(all: &'a [Step], head: &'a Oid) -> HashSet<&'a Oid> {
    let firsts: HashMap<&Oid, Option<&Oid>> = all
        .iter()
        .map(|step| (&step.oid, step.parents.first()))
        .collect();
    let next = |oid: &&'a Oid| {
        let first = firsts.get(*oid).copied().flatten();
        first.filter(|oid| firsts.contains_key(oid))
    };
    let head = Some(head).filter(|head| firsts.contains_key(head));
    std::iter::successors(head, next).collect()
}

/// Whether a commit merges the base with exactly the tree that git makes of it, and whether the
/// branch's patch stayed the same over it.
async fn neutral(
    (mirror, remote): (&Mirror, &Remote),
    step: &Step,
    base: &Oid,
) -> Result<(bool, bool), EngineError> {
    let [before, merged] = step.parents.as_slice() else {
        return Ok((false, false));
    };
    if !mirror.leads_to(merged, base).await? {
        return Ok((false, false));
    }
    let Some(common) = mirror.merge_base(before, merged).await? else {
        return Ok((false, false));
    };
    let made = mirror.merge(remote, &common, before, merged).await?;
    if !made.conflicts.is_empty() {
        return Ok((false, false));
    }
    let [made, now, before, common, merged] = [
        files_of(mirror.tree(&made.tree).await?),
        files_of(mirror.tree(&step.oid).await?),
        files_of(mirror.tree(before).await?),
        files_of(mirror.tree(&common).await?),
        files_of(mirror.tree(merged).await?),
    ];
    let same_patch = patch(&common, &before) == patch(&merged, &now);
    Ok((made == now, made == now && same_patch))
}

/// What a branch does to its base.
fn patch(base: &Files, head: &Files) -> Patch {
    let paths = differences(base, head).into_iter();
    let sides = paths.map(|path| {
        let sides = (base.get(path).cloned(), head.get(path).cloned());
        (path.clone(), sides)
    });
    sides.collect()
}
