//! A run proves who it is, and is given the ticket of its attempt.
//!
//! The ticket passes from the job that has an identity to the one that meets the agent, where it
//! stands in a log. So it is good for one exchange only, by this run, until the set-up limit.

use rand::Rng as _;

use super::{RunnerRefusal, is_current};
use crate::domain::event::Fact;
use crate::domain::ids::{AttemptNumber, Sha256Hex, TaskId};
use crate::domain::task::sign_in::{Identity, Stranger, admit, takes};
use crate::engine::Engine;
use crate::github::identity::NotProven;
use crate::guard::{self, Guard};
use crate::store::Cause;

impl Engine {
    /// The ticket of an attempt, for the run that proves with `token` that it is the one that was
    /// dispatched for it with `nonce`. Signing in again before the exchange replaces the ticket.
    ///
    /// # Errors
    /// See [`RunnerRefusal`].
    pub async fn sign_in(
        &self,
        id: &TaskId,
        number: AttemptNumber,
        nonce: &str,
        token: &str,
    ) -> Result<String, RunnerRefusal> {
        let stored = self.store.task(id).await?.ok_or(RunnerRefusal::Unknown)?;
        let task = &stored.task;
        let attempt = task.attempt(number).ok_or(RunnerRefusal::Unknown)?;
        // Strangers are sent away before anybody is asked for keys.
        if !attempt.is_dispatched_with(nonce) {
            return Err(RunnerRefusal::Stranger(Stranger::Nonce));
        }
        let identity = self.identity(token).await?;
        let branch = &task.base.branch;
        let admitted = admit(&identity, attempt, task.repository, task.owner, branch);
        if let Err(stranger) = admitted
            && guard::holds(Guard::Identity)
        {
            tracing::warn!(task.id = %id, run.id = %identity.run.run_id, because = stranger.sentence(), "a run may not sign in");
            return Err(RunnerRefusal::Stranger(stranger));
        }
        is_current(task, number)?;
        if attempt.entered.is_some() {
            return Err(RunnerRefusal::Taken);
        }
        if !takes(task.policy.runners, identity.machine) && guard::holds(Guard::Machine) {
            let refused = Fact::MachineRefused { attempt: number };
            self.record(id, refused, Cause::None).await?;
            return Err(RunnerRefusal::Stranger(Stranger::Machine));
        }
        let now = self.clock.now();
        let fresh = self
            .store
            .see_identity(&identity.token, identity.expires_at, now)
            .await?;
        if !fresh && guard::holds(Guard::IdentityOnce) {
            return Err(RunnerRefusal::TokenReplayed);
        }
        let secret = hex::encode(rand::rng().random::<[u8; 32]>());
        let ticket = Sha256Hex::of(&secret);
        let fact = Fact::SignedIn {
            attempt: number,
            run: identity.run,
            ticket: ticket.clone(),
            machine: identity.machine,
        };
        self.record(id, fact, Cause::None).await?;
        // Another run may have come meanwhile: the record says whose the attempt is.
        let stored = self.store.task(id).await?.ok_or(RunnerRefusal::Unknown)?;
        let signed_in = stored.task.attempt(number);
        let signed_in = signed_in.and_then(|attempt| attempt.signed_in.as_ref());
        if signed_in.is_none_or(|one| one.ticket != ticket) {
            return Err(RunnerRefusal::Taken);
        }
        Ok(format!("{id}.{number}.{secret}"))
    }

    /// Who presents this token.
    async fn identity(&self, token: &str) -> Result<Identity, RunnerRefusal> {
        let issuer = self.issuer.as_ref().ok_or(RunnerRefusal::NoIssuer)?;
        issuer.verify(token).await.map_err(|error| match error {
            error @ NotProven::Time(_) => match self.clock_skew() {
                Some(skew) => RunnerRefusal::Clock(skew),
                None => RunnerRefusal::NotProven(error),
            },
            error @ NotProven::Token(_) => RunnerRefusal::NotProven(error),
            error @ NotProven::Keys { .. } => RunnerRefusal::NoKeys(error),
        })
    }
}
