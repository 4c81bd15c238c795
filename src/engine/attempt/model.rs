//! Which model an attempt may call, whether one more call is within the budget, and what it
//! counted for in the end.
//!
//! Knows no provider's address and no key: those are the gateway's.

use rand::Rng as _;

use super::{Bearer, Engine, RunnerRefusal, find, is_current};
use crate::domain::ids::{AttemptNumber, FullName, TaskId};
use crate::domain::model::Wire;
use crate::domain::model::budget::{Ask, Reservation, Usage, UsedUp, admit, settle};
use crate::domain::model::catalogue::{Grant, NoGrant};
use crate::domain::model::price::Prices;
use crate::domain::request::contract::Budget;
use crate::domain::task::Task;
use crate::domain::task::stage::Stage;
use crate::domain::time::Timestamp;
use crate::engine::EngineError;
use crate::guard::{self, Guard};
use crate::store::NewCall;

/// An attempt that may call a model now.
#[derive(Clone, Debug)]
pub struct ModelLease {
    /// The task.
    pub task: TaskId,
    /// The attempt.
    pub attempt: AttemptNumber,
    /// No call goes on beyond this time.
    pub deadline: Timestamp,
    repository: FullName,
    /// The model that the policy names.
    wanted: Option<String>,
    budget: Budget,
}

/// A call that is let through and counted by what it may use at most.
#[derive(Clone, Debug)]
pub struct Admitted {
    /// What it may use, and what the agent is told.
    pub reserved: Reservation,
    id: String,
    prices: Option<Prices>,
}

/// Why a call of a model is refused.
#[derive(Debug, thiserror::Error)]
pub enum ModelRefusal {
    /// The lease is not good, or not any more.
    #[error(transparent)]
    Lease(RunnerRefusal),
    /// There is no such model for the task.
    #[error(transparent)]
    NoGrant(#[from] NoGrant),
    /// The budget is used up (C6).
    #[error("{}", .0.sentence())]
    UsedUp(UsedUp),
    /// Ours.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

impl Engine {
    /// The attempt of a lease, while it works (X27).
    ///
    /// # Errors
    /// [`ModelRefusal::Lease`] where it does not.
    pub async fn model_lease(&self, bearer: &Bearer) -> Result<ModelLease, ModelRefusal> {
        let lease = async {
            let stored = self.leased(bearer).await?;
            let task = stored.task;
            let attempt = find(&task, bearer)?;
            // A lease has been given, so the attempt has a deadline.
            let deadline = attempt.entered.as_ref().map(|entered| entered.deadline);
            let deadline = deadline.ok_or(RunnerRefusal::Unknown)?;
            if guard::holds(Guard::ModelLease) {
                is_working(&task, attempt.number, deadline, self.clock.now())?;
            }
            Ok(ModelLease {
                attempt: attempt.number,
                deadline,
                repository: task.name,
                wanted: task.policy.model,
                budget: task.contract.budget,
                task: task.id,
            })
        };
        lease.await.map_err(|refusal| match refusal {
            RunnerRefusal::Engine(error) => ModelRefusal::Engine(error),
            refusal => ModelRefusal::Lease(refusal),
        })
    }

    /// The model that an attempt is granted.
    ///
    /// # Errors
    /// See [`NoGrant`].
    pub fn granted(&self, lease: &ModelLease, wire: Wire) -> Result<Grant, NoGrant> {
        let wanted = lease.wanted.as_deref();
        self.rules.models.grant(wire, &lease.repository, wanted)
    }

    /// Counts one more call by what it may use at most.
    ///
    /// # Errors
    /// The budget is used up, or the database did not answer.
    pub async fn admit_call(
        &self,
        lease: &ModelLease,
        grant: &Grant,
        ask: &Ask,
    ) -> Result<Admitted, ModelRefusal> {
        let id = hex::encode(rand::rng().random::<[u8; 16]>());
        let call = NewCall {
            id: &id,
            task: &lease.task,
            attempt: lease.attempt,
            provider: &grant.provider,
            model: &grant.model.name,
            at: self.clock.now(),
        };
        let prices = grant.model.prices;
        let decide = |spent: &_| admit(&lease.budget, spent, ask, prices.as_ref());
        let admitted = self.store.admit_call(call, decide).await;
        let reserved = admitted.map_err(EngineError::from)?;
        Ok(Admitted {
            reserved: reserved.map_err(ModelRefusal::UsedUp)?,
            id,
            prices,
        })
    }

    /// Counts a call by what it did use; `None`: the provider did nothing. Where the database
    /// does not answer, it stays counted by what it may have used.
    pub async fn settle_call(&self, admitted: &Admitted, usage: Option<&Usage>) {
        let (tokens, micros) = usage.map_or_else(Default::default, |usage| {
            settle(&admitted.reserved, usage, admitted.prices.as_ref())
        });
        let now = self.clock.now();
        let settled = self
            .store
            .settle_call(&admitted.id, &tokens, micros, now)
            .await;
        if let Err(error) = settled {
            tracing::error!(error = %error, "a call of a model stays counted by what it may have used");
        }
    }

    /// The model for the brief: of the preset's wire; of any, for another command. One that the
    /// policy names and that is not allowed is named all the same, so that its refusal is heard.
    pub(super) fn model_of(&self, task: &Task) -> Option<String> {
        let models = &self.rules.models;
        let wire = match self.rules.agent.preset {
            Some(preset) => preset.wire(),
            None => models.wires(&task.name).next()?,
        };
        let wanted = task.policy.model.as_deref();
        match models.grant(wire, &task.name, wanted) {
            Ok(grant) => Some(grant.model.name),
            Err(NoGrant::NotAllowed { wanted, .. }) => Some(wanted),
            Err(NoGrant::NoProvider { .. }) => None,
        }
    }
}

/// Whether this attempt is the one that a runner works on, in time.
fn is_working(
    task: &Task,
    attempt: AttemptNumber,
    deadline: Timestamp,
    now: Timestamp,
) -> Result<(), RunnerRefusal> {
    is_current(task, attempt)?;
    if !matches!(task.stage, Stage::Working { .. }) {
        return Err(RunnerRefusal::Over(format!(
            "the task is {}",
            task.stage.name()
        )));
    }
    if deadline <= now {
        return Err(RunnerRefusal::Over("its time is over".to_owned()));
    }
    Ok(())
}
