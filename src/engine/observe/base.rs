//! What became of the base of a task that has delivered: whether it has its name (H4), and whether
//! it still merges (H5, H6): found out by git in our
//! mirror, since GitHub's own word on it is `null` for minutes (A13).

use super::super::{Engine, EngineError};
use crate::domain::event::Fact;
use crate::domain::ids::Oid;
use crate::domain::task::attempt::Merge;
use crate::domain::task::stage::Stage;
use crate::domain::task::{CONFLICTS_MAX, Pull, Task};
use crate::git::{Fetched, Remote};
use crate::github::Target;
use crate::store::{Cause, StoreError, StoredTask};

impl Engine {
    /// Tells each of these tasks of one repository and base branch that only listens where its base
    /// does not merge by itself any more. What cannot be found out now is found out by the next
    /// sweep.
    pub(in super::super) async fn look_at_base(
        &self,
        tasks: &[&StoredTask],
    ) -> Result<(), EngineError> {
        let listening = tasks.iter().map(|stored| &stored.task);
        let listening: Vec<(&Task, &Oid)> = listening
            .filter_map(|task| Some((task, head_of(task)?)))
            .collect();
        let Some((first, _)) = listening.first() else {
            return Ok(());
        };
        let github = self.github()?;
        let tip = github
            .branch_tip(&Target::from(*first), &first.base.branch)
            .await;
        let Ok(tip) = tip else {
            return Ok(());
        };
        let Some(tip) = tip else {
            for (task, _) in listening {
                self.look_for_new_name(task).await?;
            }
            return Ok(());
        };
        for (task, head) in listening {
            self.look_at_tip(task, head, &tip).await?;
        }
        Ok(())
    }

    async fn look_at_tip(&self, task: &Task, head: &Oid, tip: &Oid) -> Result<(), EngineError> {
        let merge = match self.conflict_of(task, head, tip).await {
            Ok(Some(merge)) => merge,
            Ok(None) => return Ok(()),
            Err(error @ EngineError::Store(StoreError::Database { .. })) => return Err(error),
            Err(error) => {
                let said = error.chain();
                tracing::info!(task.id = %task.id, error = said, "the base could not be compared");
                return Ok(());
            }
        };
        let fact = Fact::BaseConflicts {
            head: head.clone(),
            merge,
        };
        self.record(&task.id, fact, Cause::None).await.map(drop)
    }

    /// The base is gone: where it was renamed, its pull requests went along (H4).
    async fn look_for_new_name(&self, task: &Task) -> Result<(), EngineError> {
        let Some(pull) = &task.pull else {
            return Ok(());
        };
        let now = self.github()?.pull(&Target::from(task), pull.number).await;
        let Ok(Some(now)) = now else {
            return Ok(());
        };
        if now.open && now.base_branch != task.base.branch {
            let branch = now.base_branch;
            let fact = Fact::BaseRenamed { branch };
            self.record(&task.id, fact, Cause::None).await?;
        }
        Ok(())
    }

    /// Where the base's tip and `head` meet; `None` where git merges them by itself.
    async fn conflict_of(
        &self,
        task: &Task,
        head: &Oid,
        tip: &Oid,
    ) -> Result<Option<Merge>, EngineError> {
        let told = task.pull.as_ref().and_then(|pull| pull.unmerged.as_ref());
        if *tip == task.base.oid || told.is_some_and(|merge| merge.tip == *tip) {
            return Ok(None);
        }
        let github = self.github()?;
        let target = Target::from(task);
        let remote = Remote {
            url: self.clone_url(&github.name_of(&target).await),
            token: github.read_token(&target).await?,
        };
        let mirror = self.mirrors.open(task.repository).await?;
        let branch = &task.base.branch;
        let Fetched::Tip(tip) = mirror.fetch(&remote, branch, head).await? else {
            return Ok(None);
        };
        if mirror.leads_to(&tip, head).await? {
            return Ok(None);
        }
        let Some(base) = mirror.merge_base(head, &tip).await? else {
            return Ok(None);
        };
        let merged = mirror.merge(&remote, &base, head, &tip).await?;
        if merged.conflicts.is_empty() {
            return Ok(None);
        }
        let paths = merged.conflicts.iter().take(CONFLICTS_MAX);
        let paths = paths.map(|path| String::from_utf8_lossy(path).into_owned());
        Ok(Some(Merge {
            tip,
            base,
            paths: paths.collect(),
        }))
    }
}

/// Our commit at the branch's head, while nothing is under way.
fn head_of(task: &Task) -> Option<&Oid> {
    let is_ours = |pull: &&Pull| pull.commits.contains(&pull.head);
    let head = task.pull.as_ref().filter(is_ours).map(|pull| &pull.head);
    match &task.stage {
        Stage::Checking { .. } | Stage::Delivered { .. } => head,
        Stage::Queued { .. }
        | Stage::Working { .. }
        | Stage::Applying { .. }
        | Stage::Asking { .. }
        | Stage::Staged { .. }
        | Stage::Paused { .. }
        | Stage::Closed { .. } => None,
    }
}
