//! What the gateway said to calls of the model, and what it means for an attempt.

use std::sync::{Arc, Mutex, PoisonError};

use crate::protocol::progress::Phase;
use crate::protocol::refused_for::RefusedFor;
use crate::runner::failure::Failure;

/// Why a call of the model was not answered by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The gateway said so.
    Of(RefusedFor),
    /// The server was not reached.
    Unreached,
}

impl Refusal {
    fn cause_and_remedy(self, model: &str) -> (String, &'static str) {
        match self {
            Self::Of(RefusedFor::Budget) => (
                "the task's budget for the model is spent".to_owned(),
                "raise the budget in the contract or the policy, or split the task, then start it again",
            ),
            Self::Of(RefusedFor::Model) => (
                format!("the model {model} does not exist, or the server does not allow it"),
                "name a model that the server's settings list, in the policy or in the settings",
            ),
            Self::Of(RefusedFor::Key) => (
                "the provider refused the server's key for the model".to_owned(),
                "have whoever runs the server replace the provider's key in its settings",
            ),
            Self::Of(RefusedFor::Provider) => (
                "the model's provider was down, or refused calls for longer than the server waits"
                    .to_owned(),
                "look at the provider's status page and limits, then start the task again",
            ),
            Self::Of(RefusedFor::Request) => (
                "the provider refused what the agent asked of the model".to_owned(),
                "see that the agent speaks the API of this model's provider, or choose another model",
            ),
            Self::Of(RefusedFor::Over) => (
                "the attempt was over for the server while the agent still called the model"
                    .to_owned(),
                "start the task again",
            ),
            Self::Unreached => (
                "the server was not reached for calls of the model".to_owned(),
                "see that the server runs and that this runner reaches it, then start the task again",
            ),
        }
    }
}

/// What was heard in one attempt.
#[derive(Clone, Debug, Default)]
pub(in crate::runner) struct Heard(Arc<Mutex<Option<Refusal>>>);

impl Heard {
    /// The model answered: what was refused before was overcome.
    pub(super) fn answer(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    pub(super) fn refusal(&self, refusal: Refusal) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(refusal);
    }

    fn last(&self) -> Option<Refusal> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The agent's failure, with what the model's last call came to before it.
    pub(in crate::runner) fn explained(&self, failure: Failure, model: Option<&str>) -> Failure {
        let (Some(refusal), Some(model)) = (self.last(), model) else {
            return failure;
        };
        let (cause, remedy) = refusal.cause_and_remedy(model);
        Failure::new(
            failure.phase,
            format!("{cause}; then {}", failure.cause),
            remedy,
        )
    }

    /// Why an agent that ended its turn in peace has not done its task: its last call of the
    /// model was refused. What it did nevertheless counts where the refusal may have been of
    /// something else beside its work (another model for titles, say).
    pub(in crate::runner) fn objection(
        &self,
        model: Option<&str>,
        has_changed: bool,
    ) -> Option<Failure> {
        let (refusal, model) = self.last().zip(model)?;
        let is_final = match refusal {
            Refusal::Of(RefusedFor::Budget | RefusedFor::Key | RefusedFor::Over)
            | Refusal::Unreached => true,
            Refusal::Of(RefusedFor::Model | RefusedFor::Provider | RefusedFor::Request) => {
                !has_changed
            }
        };
        let (cause, remedy) = refusal.cause_and_remedy(model);
        is_final.then(|| Failure::new(Phase::Agent, cause, remedy))
    }
}
