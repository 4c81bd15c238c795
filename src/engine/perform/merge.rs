//! The ground of a change that takes its base in (H6), or has to because GitHub takes the branch
//! in no other way (H26). The merge is made anew here: what a runner says of it counts for nothing.

use super::super::EngineError;
use super::carried::Apply;
use super::ground::{Ground, judge, sentences, weigh};
use super::laid::Laid;
use crate::domain::change::combine::{
    Files, Trees, against, differences, files_of, laid_over, on_top, take_base,
};
use crate::domain::change::{Change, FileChange};
use crate::domain::ids::Oid;
use crate::domain::task::attempt::Merge;
use crate::git::{Mirror, Remote};

/// What a change comes to on top of a commit of its base.
struct Combined<'a> {
    after: Files,
    own: Vec<&'a FileChange>,
}

/// Checks a change that takes `merge` in, and lays it upon that commit.
pub(super) async fn ground(
    mirror: &Mirror,
    remote: &Remote,
    apply: &Apply<'_>,
    change: &Change,
    (merge, tip): (&Merge, &Oid),
) -> Result<Ground, EngineError> {
    if !mirror.has(&merge.tip).await? || !mirror.leads_to(&merge.tip, tip).await? {
        let said = "The commit of the base that the change takes in is not on the base branch any more. Ask for another attempt.";
        return Ok(Ground::Refused(vec![said.to_owned()]));
    }
    let combined = match combine(mirror, remote, apply, change, merge).await? {
        Ok(combined) => combined,
        Err(sentences) => return Ok(Ground::Again(sentences)),
    };
    lay(mirror, remote, apply, change, (&merge.tip, combined)).await
}

/// The same change on top of the base as it is now, whose workflow files are other ones.
pub(super) async fn ground_on_tip(
    mirror: &Mirror,
    remote: &Remote,
    apply: &Apply<'_>,
    change: &Change,
    tip: &Oid,
) -> Result<Ground, EngineError> {
    let start = &apply.attempt.start;
    let Some(common) = mirror.merge_base(start, tip).await? else {
        let said =
            "The branch and its base have nothing in common any more. Ask for another attempt.";
        return Ok(Ground::Refused(vec![said.to_owned()]));
    };
    let (base, ours) = match &apply.attempt.merge {
        Some(merge) => match combine(mirror, remote, apply, change, merge).await? {
            Ok(combined) => (merge.tip.clone(), combined),
            Err(sentences) => return Ok(Ground::Again(sentences)),
        },
        None => {
            let start = files_of(mirror.tree(start).await?);
            let after = match laid_over(&start, change) {
                Ok(after) => after,
                Err(refusals) => return Ok(Ground::Refused(sentences(&refusals))),
            };
            let own = change.files.iter().collect();
            (common.clone(), Combined { after, own })
        }
    };
    let before = files_of(mirror.tree(&base).await?);
    let theirs = files_of(mirror.tree(tip).await?);
    let after = match on_top(&before, &ours.after, &theirs) {
        Ok(after) => after,
        Err(paths) => {
            let (tip, base) = (tip.clone(), common);
            return Ok(Ground::Conflict(Merge { tip, base, paths }));
        }
    };
    let differ = differences(&after, &theirs);
    let is_there = |file: &&FileChange| differ.contains(&file.path.clone().into_bytes());
    let own = ours.own.into_iter().filter(is_there).collect();
    let combined = Combined { after, own };
    match lay(mirror, remote, apply, change, (tip, combined)).await? {
        Ground::On(laid) => weigh(mirror, remote, apply, tip, laid).await,
        elsewhere => Ok(elsewhere),
    }
}

/// Merges start and base anew, and says what the change makes of it.
async fn combine<'a>(
    mirror: &Mirror,
    remote: &Remote,
    apply: &Apply<'_>,
    change: &'a Change,
    merge: &Merge,
) -> Result<Result<Combined<'a>, Vec<String>>, EngineError> {
    let start = &apply.attempt.start;
    let made = mirror.merge(remote, &merge.base, start, &merge.tip).await?;
    let start = files_of(mirror.tree(start).await?);
    let tip = files_of(mirror.tree(&merge.tip).await?);
    let merged = files_of(mirror.tree(&made.tree).await?);
    let trees = Trees {
        start: &start,
        tip: &tip,
        merged: &merged,
        conflicts: &made.conflicts,
    };
    Ok(match take_base(change, trees) {
        Ok((after, own)) => Ok(Combined { after, own }),
        Err(refusals) => Err(sentences(&refusals)),
    })
}

/// Every rule for the agent's own files, against the base's commit; then the whole tree on it.
async fn lay(
    mirror: &Mirror,
    remote: &Remote,
    apply: &Apply<'_>,
    change: &Change,
    (tip, combined): (&Oid, Combined<'_>),
) -> Result<Ground, EngineError> {
    let held = files_of(mirror.tree(tip).await?);
    let own = against(&combined.own, &held);
    let accepted = match judge(mirror, remote, apply, &own, tip).await? {
        Ok(accepted) => accepted,
        Err(sentences) => return Ok(Ground::Refused(sentences)),
    };
    let head = &apply.attempt.start;
    let laid = Laid::merge(head, (tip, &held), &combined.after, change, accepted);
    Ok(match laid {
        Ok(laid) => Ground::on(laid),
        Err(path) => Ground::Refused(vec![format!(
            "The branch holds a file whose name is not UTF-8 ({path}); merge the base into it by hand."
        )]),
    })
}
