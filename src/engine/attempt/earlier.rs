//! What the next attempt of a task is given of the earlier ones: what they came to, made from the
//! ledger and what they returned, and the session that their agent left (X45).

use super::super::{Engine, EngineError};
use super::{Bearer, RunnerRefusal, find, is_current};
use crate::domain::ids::Sha256Hex;
use crate::domain::task::Task;
use crate::domain::task::attempt::Attempt;
use crate::domain::task::prompt::{EARLIER_MAX, Earlier, FailedCheck};
use crate::protocol::SESSION_BYTES_MAX;
use crate::protocol::brief::AgentCommand;
use crate::protocol::result::{Outcome, Receipt, Returned};
use crate::store::NewSession;

/// Largest result that is opened for what it tells, in bytes; with its change it may be far larger.
const RESULT_OPENED_MAX: usize = 16 * 1024 * 1024;

impl Engine {
    /// What the attempts before this one came to, the last ones of them.
    pub(super) async fn earlier(
        &self,
        task: &Task,
        attempt: &Attempt,
    ) -> Result<Vec<Earlier>, EngineError> {
        let before = |one: &&Attempt| one.number < attempt.number;
        let over: Vec<&Attempt> = task.attempts.iter().filter(before).collect();
        let mut earlier = Vec::new();
        for one in over.iter().skip(over.len().saturating_sub(EARLIER_MAX)) {
            let body = match &one.result {
                Some(sha256) => self.store.result(&task.id, one.number, sha256).await?,
                None => None,
            };
            let small = body.filter(|body| body.len() <= RESULT_OPENED_MAX);
            let returned = small.and_then(|body| serde_json::from_slice(&body).ok());
            earlier.push(told(one, returned));
        }
        Ok(earlier)
    }

    /// The failed checks that an attempt has to mend, with the digests of their logs.
    pub(super) async fn failed_checks(
        &self,
        task: &Task,
        attempt: &Attempt,
    ) -> Result<Vec<FailedCheck>, EngineError> {
        let Some(correction) = &attempt.correction else {
            return Ok(Vec::new());
        };
        let kept = self.store.failures_of(&task.id, &correction.head).await?;
        let mut failed: Vec<FailedCheck> = Vec::new();
        for check in &correction.checks {
            // A job that was run again has two logs: the newer one counts.
            let of_check = kept.iter().filter(|kept| kept.check == *check);
            failed.extend(
                of_check
                    .max_by_key(|kept| kept.job)
                    .map(|kept| FailedCheck {
                        check: check.clone(),
                        digest: kept.digest.clone(),
                    }),
            );
        }
        Ok(failed)
    }

    /// The session that this attempt's agent may resume: one of the same task and the same agent.
    pub(super) async fn session_for(
        &self,
        task: &Task,
        attempt: &Attempt,
    ) -> Result<Option<Sha256Hex>, EngineError> {
        // Whoever got stuck would get stuck again with the same thoughts.
        let correction = attempt.correction.as_ref();
        if correction.is_some_and(|correction| correction.stuck.is_some()) {
            return Ok(None);
        }
        let kept = self.store.session(&task.id).await?;
        let fits = kept.filter(|kept| {
            kept.attempt < attempt.number && kept.agent == name_of(&self.rules.agent)
        });
        Ok(fits.map(|kept| kept.sha256))
    }

    /// Keeps what the agent of a leased attempt left of its session.
    ///
    /// # Errors
    /// See [`RunnerRefusal`].
    pub async fn keep_session(
        &self,
        bearer: &Bearer,
        sha256: &str,
        body: &[u8],
    ) -> Result<Receipt, RunnerRefusal> {
        if body.len() > SESSION_BYTES_MAX {
            return Err(RunnerRefusal::TooLarge);
        }
        let own = Sha256Hex::of(body);
        if own.as_str() != sha256 {
            return Err(RunnerRefusal::Hash);
        }
        let stored = self.leased(bearer).await?;
        is_current(&stored.task, bearer.attempt)?;
        let session = NewSession {
            attempt: bearer.attempt,
            agent: &name_of(&self.rules.agent),
            sha256: &own,
            body,
        };
        let now = self.clock.now();
        if !self.store.keep_session(&bearer.task, session, now).await? {
            return Err(RunnerRefusal::Stale);
        }
        Ok(Receipt { sha256: own })
    }

    /// The session that the brief of a leased attempt names.
    ///
    /// # Errors
    /// See [`RunnerRefusal`]; [`RunnerRefusal::NoSession`] where there is none.
    pub async fn session(&self, bearer: &Bearer) -> Result<Vec<u8>, RunnerRefusal> {
        let stored = self.leased(bearer).await?;
        is_current(&stored.task, bearer.attempt)?;
        let attempt = find(&stored.task, bearer)?;
        let named = self.session_for(&stored.task, attempt).await?;
        let named = named.ok_or(RunnerRefusal::NoSession)?;
        let body = self.store.session_body(&stored.task.id, &named).await?;
        body.ok_or(RunnerRefusal::NoSession)
    }
}

/// Which agent a runner was told to start: another one can make nothing of a session.
fn name_of(agent: &AgentCommand) -> String {
    match agent.preset {
        Some(preset) => preset.as_str().to_owned(),
        None => agent.command.first().cloned().unwrap_or_default(),
    }
}

fn told(attempt: &Attempt, returned: Option<Returned>) -> Earlier {
    let ended = attempt.ended.clone();
    let mut earlier = Earlier {
        number: attempt.number.0,
        ended: ended.unwrap_or_else(|| "Its change was taken.".to_owned()),
        ..Earlier::default()
    };
    let Some(returned) = returned else {
        return earlier;
    };
    let change = match returned.outcome {
        Outcome::Changed { change } => Some(change),
        Outcome::Unchanged | Outcome::Failed { .. } => returned.partial,
    };
    let files = change.map(|change| change.files).unwrap_or_default();
    earlier.files = files.into_iter().map(|file| file.path).collect();
    earlier.words = returned.evidence.words;
    let reports = returned.evidence.acceptance.into_iter();
    earlier.failed = reports
        .filter(|report| !report.passed())
        .map(|report| (report.command, report.output_tail))
        .collect();
    earlier
}
