//! A change whose CI waits for a person: its commit lies under a ref of its own, and goes on to
//! the branch when it is approved (X62).
//!
//! The branch moves and the ref goes in one step, all or nothing, each from exactly where it was
//! seen: what a person approved is what CI runs, whoever moved either of them meanwhile.

use super::super::{Engine, EngineError};
use super::Performed;
use super::carried::{Apply, rule_sentence};
use super::laid::Laid;
use crate::domain::change::Accepted;
use crate::domain::effect::Effect;
use crate::domain::event::Fact;
use crate::domain::ids::Oid;
use crate::domain::task::attempt::{Attempt, Staged};
use crate::domain::task::staged::FILES_MAX;
use crate::domain::task::{Task, Written, proposal};
use crate::github::Target;
use crate::github::apply::{RefMove, RefUpdate};
use crate::store::DueEffect;

impl Engine {
    /// Releases what was approved, where it still lies on the same ground; otherwise it is put
    /// aside, and an approval is for another commit than the one there is now.
    pub(super) async fn hold_or_release(
        &self,
        apply: &Apply<'_>,
        laid: &Laid,
        written: Written,
    ) -> Result<Fact, EngineError> {
        let approved = apply.attempt.approved.as_ref();
        let staged = apply.attempt.staged.as_ref().filter(|staged| {
            let is_same = staged.parent == laid.over && !staged.gone;
            approved.is_some() && is_same
        });
        match staged {
            Some(staged) => self.release(apply, &laid.accepted, staged).await,
            None => self.put_aside(apply, laid, written).await,
        }
    }

    async fn put_aside(
        &self,
        apply: &Apply<'_>,
        laid: &Laid,
        mut written: Written,
    ) -> Result<Fact, EngineError> {
        let github = self.github()?;
        let task = apply.task;
        let message = proposal::commit_message(task, apply.attempt.number);
        let tree = match self.tree_or_rule(apply, laid).await? {
            Ok(tree) => tree,
            Err(rule) => return Ok(apply.refused(vec![rule])),
        };
        written.tree = Some(tree.clone());
        let name = task.id.staged_ref();
        let tip = github.ref_tip(apply.target, &name).await?;
        // One that a try before this one has put there (K13).
        if let Some(head) = &tip
            && self.is_this(apply, head, &tree, &message).await?
        {
            return Ok(self.staged(apply, laid, written, head.clone()));
        }
        if let Some(tip) = &tip
            && !is_ours(task, tip)
        {
            return Ok(apply.refused(vec![not_ours(task)]));
        }
        let head = github
            .write_commit(apply.target, &message, &tree, &laid.parents)
            .await?;
        if !self.is_wanted(apply).await? {
            return Ok(apply.refused(Vec::new()));
        }
        let update = RefUpdate {
            name: format!("refs/{name}"),
            before: tip.as_ref(),
            after: Some(&head),
            // Another attempt's commit lies beside the one before, not on it.
            force: true,
        };
        let moved = github
            .move_refs(apply.target, &task.node, &[update])
            .await?;
        let RefMove::Refused(said) = moved else {
            return Ok(self.staged(apply, laid, written, head));
        };
        // A try whose answer was lost may have been there before.
        let now = github.ref_tip(apply.target, &name).await?;
        if let Some(now) = &now
            && self.is_this(apply, now, &tree, &message).await?
        {
            return Ok(self.staged(apply, laid, written, now.clone()));
        }
        let sentence = match now == tip {
            true => rule_sentence(&said),
            false => not_ours(task),
        };
        Ok(apply.refused(vec![sentence]))
    }

    fn staged(&self, apply: &Apply<'_>, laid: &Laid, written: Written, head: Oid) -> Fact {
        let base = self.rules.github_url.as_str().trim_end_matches('/');
        let paths = laid.accepted.files.iter().map(|file| file.path.clone());
        Fact::Staged {
            attempt: apply.attempt.number,
            staged: Box::new(Staged {
                page: format!("{base}/{}/commit/{head}", apply.target.name),
                head,
                parent: laid.over.clone(),
                written,
                files: paths.take(FILES_MAX).collect(),
                count: laid.accepted.files.len(),
                at: self.clock.now(),
                gone: false,
            }),
        }
    }

    /// The branch gets exactly the approved commit, and its ref goes.
    async fn release(
        &self,
        apply: &Apply<'_>,
        accepted: &Accepted,
        staged: &Staged,
    ) -> Result<Fact, EngineError> {
        let github = self.github()?;
        let task = apply.task;
        let (branch, name) = (task.id.branch(), task.id.staged_ref());
        let before = task.pull.as_ref().map(|_| &apply.attempt.start);
        if !self.is_wanted(apply).await? {
            return Ok(apply.refused(Vec::new()));
        }
        let moved = github
            .move_refs(
                apply.target,
                &task.node,
                &[
                    RefUpdate {
                        name: format!("refs/heads/{branch}"),
                        before,
                        after: Some(&staged.head),
                        force: false,
                    },
                    RefUpdate {
                        name: format!("refs/{name}"),
                        before: Some(&staged.head),
                        after: None,
                        force: false,
                    },
                ],
            )
            .await?;
        if let RefMove::Refused(said) = moved {
            let tip = github.branch_tip(apply.target, &branch).await?;
            // Where it is there already, a try whose answer was lost has put it there (K13).
            if tip.as_ref() != Some(&staged.head) {
                if tip.as_ref() != before {
                    return Ok(Fact::BranchMoved {
                        head: tip,
                        by: None,
                    });
                }
                let held = github.ref_tip(apply.target, &name).await?;
                let sentence = match held.as_ref() == Some(&staged.head) {
                    true => rule_sentence(&said),
                    false => not_ours(task),
                };
                return Ok(apply.refused(vec![sentence]));
            }
        }
        let (head, written) = (staged.head.clone(), staged.written.clone());
        self.propose_written(apply, accepted, &branch, head, written)
            .await
    }

    /// Takes the ref away from a commit that nobody waits for any more, if it is still at it.
    pub(super) async fn unstage(
        &self,
        due: &DueEffect,
        target: &Target,
        head: &Oid,
    ) -> Result<Performed, EngineError> {
        let Some(id) = &due.task else {
            return Ok(Performed::Needless);
        };
        let Some(stored) = self.store.task(id).await? else {
            return Ok(Performed::Needless);
        };
        let name = id.staged_ref();
        let github = self.github()?;
        if github.ref_tip(target, &name).await?.as_ref() != Some(head) {
            return Ok(Performed::Needless);
        }
        let update = RefUpdate {
            name: format!("refs/{name}"),
            before: Some(head),
            after: None,
            force: false,
        };
        let moved = github
            .move_refs(target, &stored.task.node, &[update])
            .await?;
        if let RefMove::Refused(reason) = moved {
            tracing::warn!(task.id = %id, reason, "the ref of a commit that nobody waits for stays");
        }
        Ok(Performed::Done(None))
    }
}

/// A change is written once, and released once more where it was put aside and approved.
pub(super) fn is_due(effect: &Effect, attempt: &Attempt) -> bool {
    match effect {
        Effect::Release { comment, .. } => {
            let approved = attempt.approved.as_ref();
            approved.is_some_and(|approval| approval.comment == *comment)
        }
        _ => attempt.approved.is_none(),
    }
}

/// Whether a commit is one that this task put aside before.
fn is_ours(task: &Task, commit: &Oid) -> bool {
    let staged = task.attempts.iter().filter_map(|one| one.staged.as_ref());
    staged.into_iter().any(|staged| staged.head == *commit)
}

fn not_ours(task: &Task) -> String {
    format!(
        "The ref `refs/{}` was moved or deleted by somebody else, so the commit under it was not let on to a branch. Ask for another attempt.",
        task.id.staged_ref()
    )
}
