//! One effect on GitHub: leased from the outbox, tried, settled.
//!
//! A fact that comes of an effect is recorded in the same transaction that settles it. What
//! may have worked before is looked for first, from the second try on (A2).

mod apply;
mod carried;
mod checks;
mod dispatch;
mod found;
mod ground;
mod laid;
mod merge;
mod progress;
mod propose;
mod reply;
mod show;
mod staged;
pub(super) mod tree;
mod weakened;

use super::allowance::Cost;
use super::error::Remedy;
use super::{Engine, EngineError};
use crate::domain::effect::Effect;
use crate::domain::event::Fact;
use crate::domain::time::Timestamp;
use crate::github::Target;
use crate::store::{Cause, DueEffect, EffectEnd, StoreError};
pub(super) use propose::{acceptance_of, reach_of};

/// How often the lease of an effect that takes its time is renewed.
const RENEW_EVERY: std::time::Duration = std::time::Duration::from_secs(30);

/// What performing an effect came to.
pub(super) enum Performed {
    /// Done; the fact, where the task has to hear one.
    Done(Option<Fact>),
    /// It is not needed any more.
    Needless,
    /// Another worker has it.
    TakenOver,
}

/// Whether an effect that is due is performed now.
enum Turn {
    Now,
    /// Not before that time.
    Later(Timestamp),
    /// It is not needed any more.
    Needless,
}

impl Engine {
    /// Performs the most urgent effect that is due. Gives whether there was one.
    ///
    /// # Errors
    /// The store did not answer; the effect is tried again when its lease runs out.
    pub async fn perform_next(&self) -> Result<bool, EngineError> {
        if self.github.is_none() {
            return Ok(false);
        }
        let now = self.clock.now();
        let Some(due) = self.store.lease_effect(now).await? else {
            return Ok(false);
        };
        let end = match self.turn_of(&due, now).await? {
            Turn::Now => None,
            Turn::Later(at) => Some(EffectEnd::NotYet(at)),
            Turn::Needless => Some(EffectEnd::Sent),
        };
        if let Some(end) = end {
            self.store.settle_effect(&due, &end).await?;
            return Ok(true);
        }
        match self.perform_leased(&due).await {
            Ok(Performed::Done(Some(fact))) => {
                self.settle_with(&due, fact, &EffectEnd::Sent).await?;
            }
            Ok(Performed::Done(None) | Performed::Needless) => {
                self.store.settle_effect(&due, &EffectEnd::Sent).await?;
            }
            Ok(Performed::TakenOver) => {
                tracing::warn!(effect.key = due.key, "an effect went to another worker");
            }
            Err(error @ EngineError::Store(StoreError::Database { .. })) => return Err(error),
            Err(error) => self.put_off(&due, &error).await?,
        }
        Ok(true)
    }

    async fn turn_of(&self, due: &DueEffect, now: Timestamp) -> Result<Turn, EngineError> {
        if due.effect == Effect::Progress {
            return self.turn_of_progress(due, now).await;
        }
        let (priority, cost) = (due.effect.priority(), cost_of(&due.effect));
        let drawn = self.allowance.draw(due.installation, priority, cost, now);
        Ok(drawn.map_or_else(Turn::Later, |()| Turn::Now))
    }

    /// Performs, and holds on to the lease meanwhile: what takes its time is not done twice (C2).
    async fn perform_leased(&self, due: &DueEffect) -> Result<Performed, EngineError> {
        let performing = self.perform(due);
        tokio::pin!(performing);
        loop {
            tokio::select! {
                performed = &mut performing => return performed,
                () = tokio::time::sleep(RENEW_EVERY) => {
                    if !self.store.renew_effect(due, self.clock.now()).await? {
                        return Ok(Performed::TakenOver);
                    }
                }
            }
        }
    }

    async fn settle_with(
        &self,
        due: &DueEffect,
        fact: Fact,
        end: &EffectEnd,
    ) -> Result<(), EngineError> {
        let Some(task) = &due.task else {
            let said = format!("the effect {} has no task", due.key);
            return Err(EngineError::Defect(said));
        };
        let cause = Cause::Effect(due, end);
        self.record(task, fact, cause).await.map(drop)
    }

    async fn put_off(&self, due: &DueEffect, error: &EngineError) -> Result<(), EngineError> {
        let now = self.clock.now();
        let said = error.chain();
        let end = match error.remedy(due.tries, now) {
            Remedy::Again(at) => {
                let at = match due.effect {
                    Effect::Dispatch { .. } => dispatch::try_again(at, now),
                    _ => at,
                };
                tracing::info!(
                    effect.key = due.key,
                    error = said,
                    "an effect is tried again later"
                );
                EffectEnd::Later(at, said)
            }
            Remedy::Pause(until) => {
                tracing::warn!(
                    installation.id = %due.installation, until = %until,
                    "GitHub asks us to wait; the installation is paused"
                );
                self.store
                    .pause_installation(due.installation, until)
                    .await?;
                EffectEnd::Later(until, said)
            }
            Remedy::Park if due.effect == Effect::Progress => {
                tracing::warn!(error = said, "how a task goes could not be shown");
                EffectEnd::Sent
            }
            Remedy::Park => {
                tracing::error!(effect.key = due.key, error = said, "an effect is parked");
                EffectEnd::Parked(said)
            }
        };
        // Parked and told in one transaction: no task is left behind without its effect (I8).
        match (&end, ending_of(due, error)) {
            (EffectEnd::Parked(_), Some(fact)) => self.settle_with(due, fact, &end).await,
            _ => Ok(self.store.settle_effect(due, &end).await?),
        }
    }

    async fn perform(&self, due: &DueEffect) -> Result<Performed, EngineError> {
        let target = self.target_of_effect(due).await?;
        match &due.effect {
            Effect::Status | Effect::Progress => self.show_status_comment(due, &target).await,
            Effect::Acknowledge { target: on } => self.react(&target, *on).await,
            Effect::Say { number, key, body } => {
                self.say_once(due, &target, *number, key, body).await
            }
            Effect::Report { number, attempt } => {
                self.post_report(due, &target, *number, *attempt).await
            }
            Effect::Reply {
                pull,
                thread,
                attempt,
                commit,
                ..
            } => {
                let asked = reply::Asked {
                    pull: *pull,
                    thread: *thread,
                    attempt: *attempt,
                    commit: commit.as_ref(),
                };
                self.reply_once(due, &target, &asked).await
            }
            Effect::Dispatch { attempt, fence } => {
                self.dispatch(due, &target, *attempt, *fence).await
            }
            Effect::Apply { attempt, fence, .. } => {
                self.apply(due, &target, *attempt, *fence).await
            }
            Effect::Release { attempt, fence, .. } => {
                self.apply(due, &target, *attempt, *fence).await
            }
            Effect::Unstage { head } => self.unstage(due, &target, head).await,
            Effect::Rerun { run } => self.rerun(due, &target, *run).await,
            Effect::Ready { pull, head } => self.make_ready(due, &target, *pull, head).await,
            Effect::Cancel { run } => {
                self.github()?.cancel_run(&target, *run).await?;
                Ok(Performed::Done(None))
            }
        }
    }

    async fn target_of_effect(&self, due: &DueEffect) -> Result<Target, EngineError> {
        let repository = self.store.repository(due.repository).await?;
        let known = repository.map(|repository| repository.name);
        let name = match (known, &due.task) {
            (Some(name), _) => name,
            // The repository was withdrawn; the last word about it may still be said.
            (None, Some(task)) => match self.store.task(task).await? {
                Some(stored) => stored.task.name,
                None => return Err(EngineError::Defect(format!("no task {task}"))),
            },
            (None, None) => {
                return Err(EngineError::Defect(format!(
                    "no repository {}",
                    due.repository
                )));
            }
        };
        Ok(Target {
            installation: due.installation,
            repository: due.repository,
            name,
        })
    }
}

/// A task whose next step cannot be done ends where people see it.
fn ending_of(due: &DueEffect, error: &EngineError) -> Option<Fact> {
    let said = error.chain();
    match &due.effect {
        Effect::Apply { attempt, .. } | Effect::Release { attempt, .. } => {
            Some(Fact::ChangeRefused {
                attempt: *attempt,
                sentences: vec![format!("The change could not be written: {said}")],
                again: false,
            })
        }
        Effect::Dispatch { attempt, .. } => Some(Fact::DispatchRefused {
            attempt: *attempt,
            cause: format!("The run could not be started: {said}"),
            remedy: "ask whoever runs Castellan to look at its log".to_owned(),
        }),
        Effect::Rerun { run } => Some(Fact::RerunRefused { run: *run }),
        Effect::Status
        | Effect::Progress
        | Effect::Acknowledge { .. }
        | Effect::Say { .. }
        | Effect::Report { .. }
        | Effect::Unstage { .. }
        | Effect::Reply { .. }
        | Effect::Ready { .. }
        | Effect::Cancel { .. } => None,
    }
}

/// What an effect writes at most. An apply is tree, commit, ref and pull request, and its
/// blobs, which are not content that people see.
fn cost_of(effect: &Effect) -> Cost {
    match effect {
        Effect::Status
        | Effect::Progress
        | Effect::Acknowledge { .. }
        | Effect::Say { .. }
        | Effect::Report { .. }
        | Effect::Reply { .. } => Cost::SHOWN,
        Effect::Dispatch { .. }
        | Effect::Unstage { .. }
        | Effect::Rerun { .. }
        | Effect::Ready { .. }
        | Effect::Cancel { .. } => Cost {
            writes: 1,
            content: 0,
        },
        Effect::Release { .. } => Cost {
            writes: 2,
            content: 1,
        },
        Effect::Apply { blobs, .. } => Cost {
            writes: 4 + i64::from(*blobs),
            content: 1,
        },
    }
}
