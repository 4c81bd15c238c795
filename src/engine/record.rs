//! Decide on a fact, and write the decision with its effects in one transaction.

use rand::RngCore as _;

use super::{Engine, EngineError};
use crate::domain::effect::Effect;
use crate::domain::event::{Event, Fact};
use crate::domain::gate::work;
use crate::domain::ids::TaskId;
use crate::domain::task::Task;
use crate::domain::task::because::Because;
use crate::domain::task::decide::{Decision, decide};
use crate::store::{Cause, Recorded, Recording};

/// Times that a decision is taken anew because the task moved meanwhile.
const ROUNDS_MAX: usize = 20;

impl Engine {
    /// A fact, as an event of now.
    pub(super) fn event(&self, fact: Fact) -> Event {
        let mut draw = [0_u8; 32];
        rand::rng().fill_bytes(&mut draw);
        Event {
            at: self.clock.now(),
            draw: hex::encode(draw),
            fact,
        }
    }

    /// Lets the task decide on `fact` and records it. Gives the decision; `None` where there
    /// is no such task.
    ///
    /// # Errors
    /// Nothing was recorded.
    pub async fn record(
        &self,
        task: &TaskId,
        fact: Fact,
        cause: Cause<'_>,
    ) -> Result<Option<Decision>, EngineError> {
        let event = self.event(fact);
        for _ in 0..ROUNDS_MAX {
            let Some(stored) = self.store.task(task).await? else {
                return Ok(None);
            };
            let decision = decide(&stored.task, &event);
            let nothing = decision.because == Because::Outdated
                && decision.effects.is_empty()
                && decision.task == stored.task;
            if nothing && matches!(cause, Cause::None) {
                return Ok(Some(decision));
            }
            let recorded = self
                .store
                .record(Recording {
                    version: Some(stored.version),
                    task: &decision.task,
                    event: &event,
                    because: decision.because,
                    effects: &decision.effects,
                    cause,
                })
                .await?;
            if recorded == Recorded::Done {
                self.tell(&decision, &event);
                self.mark_task(&stored.task, &decision.task).await?;
                return Ok(Some(decision));
            }
        }
        Err(EngineError::Defect(format!(
            "task {task} kept moving while a decision was recorded"
        )))
    }

    /// Records a task that is opened. Gives whether it is new.
    ///
    /// # Errors
    /// Nothing was recorded.
    pub(super) async fn record_new(&self, task: &Task) -> Result<bool, EngineError> {
        let event = self.event(Fact::Opened);
        let decision = decide(task, &event);
        let recorded = self
            .store
            .record(Recording {
                version: None,
                task: &decision.task,
                event: &event,
                because: decision.because,
                effects: &decision.effects,
                cause: Cause::None,
            })
            .await?;
        if recorded == Recorded::Done {
            self.tell(&decision, &event);
        }
        Ok(recorded == Recorded::Done)
    }

    /// What becomes of a task may change whether its pull request may be merged.
    async fn mark_task(&self, before: &Task, after: &Task) -> Result<(), EngineError> {
        match &after.pull {
            Some(pull) if work::matters(before, after) => {
                self.mark_pull(after.repository, pull.number).await
            }
            Some(_) | None => Ok(()),
        }
    }

    fn tell(&self, decision: &Decision, event: &Event) {
        // How it goes can wait for whoever looks next.
        let is_urgent = |effect: &Effect| *effect != Effect::Progress;
        if decision.effects.iter().any(is_urgent) {
            self.bell.notify_waiters();
        }
        if matches!(decision.because, Because::RunnerAlive | Because::Outdated) {
            return;
        }
        let fact = serde_json::to_value(&event.fact).unwrap_or_default();
        tracing::info!(
            task.id = %decision.task.id,
            task.stage = decision.task.stage.name(),
            fact = fact["fact"].as_str().unwrap_or_default(),
            "{}",
            decision.because.sentence()
        );
    }
}
