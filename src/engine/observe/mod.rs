//! The checks of a head that a task waits for: fetched from GitHub, read, and told to the task.
//!
//! A delivery only says that there is something to look at; when that is done is the task's own
//! decision. The logs of what failed are read here, before anybody is woken for it.

mod base;
mod failures;
mod mended;
mod required;

pub use required::RequiredChecks;

use super::error::Remedy;
use super::{Engine, EngineError};
use crate::domain::ci::checks::Observed;
use crate::domain::ci::reading::{self, Outcome, Reading, Wanted};
use crate::domain::ci::watch::Watch;
use crate::domain::event::Fact;
use crate::domain::ids::{Number, Oid};
use crate::domain::task::Task;
use crate::domain::task::stage::Stage;
use crate::github::Target;
use crate::store::{Cause, FlakeKey, StoreError, StoredTask};

/// The head that is looked at.
struct Head<'a> {
    task: &'a Task,
    target: Target,
    pull: Number,
    oid: &'a Oid,
    watch: &'a Watch,
}

impl Engine {
    /// Looks at the checks of a task that waits for them, and lets it decide.
    pub(super) async fn observe(&self, stored: &StoredTask) -> Result<(), EngineError> {
        let task = &stored.task;
        let Stage::Checking { pull, head, watch } = &task.stage else {
            return Ok(());
        };
        let looked = Head {
            task,
            target: Target::from(task),
            pull: *pull,
            oid: head,
            watch,
        };
        let heard = self.seen_checks.heard().await;
        let fact = match self.look_at_head(&looked).await {
            Ok(fact) => fact,
            Err(error @ EngineError::Store(StoreError::Database { .. })) => return Err(error),
            Err(error) => {
                let said = error.chain();
                tracing::info!(task.id = %task.id, error = said, "CI could not be read");
                if let Remedy::Pause(until) = error.remedy(1, self.clock.now()) {
                    let installation = task.installation;
                    self.store.pause_installation(installation, until).await?;
                }
                Fact::ChecksUnread { head: head.clone() }
            }
        };
        self.record(&task.id, fact, Cause::None).await?;
        // What was heard while this look was taken is of after it: the next one is soon.
        if self
            .seen_checks
            .hears_since(task.repository, head, heard)
            .await
        {
            let fact = Fact::ChecksReported { head: head.clone() };
            self.record(&task.id, fact, Cause::None).await?;
        }
        Ok(())
    }

    async fn look_at_head(&self, looked: &Head<'_>) -> Result<Fact, EngineError> {
        let (observed, reading) = self.observed_of(looked.task, looked.oid).await?;
        let now = self.clock.now();
        let pause_s = i64::from(looked.task.policy.ci.settle_s);
        let draft = match reading.skipped && !looked.watch.readied {
            true => {
                let pull = self.github()?.pull(&looked.target, looked.pull).await?;
                pull.map(|pull| pull.draft)
            }
            false => None,
        };
        let mut failures = Vec::new();
        if looked.watch.is_settled(&reading, now, pause_s) {
            match &reading.outcome {
                Outcome::Failed { failed } => {
                    failures = self.failures(looked, &observed, failed).await?;
                }
                Outcome::Passed { .. } => self.keep_flakes(looked).await?,
                Outcome::Unknown | Outcome::Nothing | Outcome::Waiting { .. } => {}
            }
        }
        Ok(Fact::ChecksRead {
            head: looked.oid.clone(),
            reading,
            failures,
            draft,
        })
    }

    /// The checks of a commit, and what they come to for a task.
    pub(super) async fn observed_of(
        &self,
        task: &Task,
        head: &Oid,
    ) -> Result<(Observed, Reading), EngineError> {
        let target = Target::from(task);
        let wanted = Wanted {
            rules: self.required_of(&target, &task.base.branch).await?,
            policy: task.policy.ci.required.clone(),
        };
        let observed = self.checks_now(&target, head).await?;
        let reading = reading::read(&observed, &wanted);
        Ok((observed, reading))
    }

    /// What failed before and passes now, without a change: it is known as flaky from now on.
    async fn keep_flakes(&self, looked: &Head<'_>) -> Result<(), EngineError> {
        let now = self.clock.now();
        for rerun in &looked.watch.reruns {
            for failure in &rerun.failures {
                let Some(print) = &failure.print else {
                    continue;
                };
                let key = FlakeKey {
                    repository: looked.task.repository,
                    check: &failure.check,
                    app: failure.app,
                    print: &print.coarse,
                };
                self.store.put_flake(key, now).await?;
            }
        }
        Ok(())
    }
}
