//! What is done about the checks of a head: failed jobs are run again, a draft is made ready.

use super::super::{Engine, EngineError};
use super::Performed;
use crate::domain::event::Fact;
use crate::domain::ids::{Number, Oid, RunId};
use crate::domain::task::stage::Stage;
use crate::github::Target;
use crate::github::checks::Rerun;
use crate::github::pulls::Pull;
use crate::store::DueEffect;

impl Engine {
    /// Runs the failed jobs of a run again, while the task still waits for that.
    ///
    /// A second try looks first: a run that is not over, or is in a later attempt than the first,
    /// was run again already.
    pub(super) async fn rerun(
        &self,
        due: &DueEffect,
        target: &Target,
        run: RunId,
    ) -> Result<Performed, EngineError> {
        let Some(task) = &due.task else {
            return Ok(Performed::Needless);
        };
        let stored = self.store.task(task).await?;
        let waits = stored.is_some_and(|stored| match &stored.task.stage {
            Stage::Checking { watch, .. } => watch.reruns.iter().any(|rerun| rerun.run == run),
            _ => false,
        });
        if !waits {
            return Ok(Performed::Needless);
        }
        let github = self.github()?;
        if due.tries > 1
            && let Some(now) = github.run(target, run).await?
            && (now.attempt > 1 || !now.standing.is_over())
        {
            return Ok(Performed::Done(None));
        }
        Ok(match github.rerun_failed_jobs(target, run).await? {
            Rerun::Asked => Performed::Done(None),
            Rerun::Refused(reason) => {
                tracing::info!(run.id = %run, reason, "GitHub does not run the failed jobs again");
                Performed::Done(Some(Fact::RerunRefused { run }))
            }
        })
    }

    /// Marks the pull request as ready, while its head is the one that is meant.
    pub(super) async fn make_ready(
        &self,
        due: &DueEffect,
        target: &Target,
        number: Number,
        head: &Oid,
    ) -> Result<Performed, EngineError> {
        // The gate asks for it without a task, of a pull request whose checks are over.
        if let Some(task) = &due.task {
            let stored = self.store.task(task).await?;
            let waits = stored.is_some_and(|stored| match &stored.task.stage {
                Stage::Checking { head: now, .. } => now == head,
                _ => false,
            });
            if !waits {
                return Ok(Performed::Needless);
            }
        }
        let github = self.github()?;
        let pull = github.pull(target, number).await?;
        let waits = |pull: &Pull| pull.open && pull.draft && pull.head == *head;
        if let Some(pull) = pull.filter(waits) {
            github.mark_ready(target, &pull.node_id).await?;
        }
        Ok(Performed::Done(None))
    }
}
