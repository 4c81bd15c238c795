//! Starts a run, with the nonce by which it is told from others.

use serde_json::json;

use super::super::{Engine, EngineError};
use super::Performed;
use crate::domain::event::Fact;
use crate::domain::ids::{AttemptNumber, Fence};
use crate::domain::time::Timestamp;
use crate::github::perform::WORKFLOW_FILE;
use crate::github::{GithubError, Kind, Target};
use crate::store::DueEffect;

/// Within this time GitHub lists a run that it started (A12).
const LISTED_WITHIN_S: i64 = 60;

/// When a dispatch that failed at `now` is tried again, where another effect would be at `at`:
/// not before GitHub shows what the last try did.
pub(super) fn try_again(at: Timestamp, now: Timestamp) -> Timestamp {
    at.max(now.plus_s(LISTED_WITHIN_S))
}

impl Engine {
    /// Starts the run of an attempt, unless the task has gone on without it.
    ///
    /// A second try looks for the run of the first by its name (K6, K7), and starts another only
    /// when GitHub would have listed it by now: see [`try_again`]. Should there be two all the same, both know the
    /// nonce, one may sign in, and the other is told so.
    pub(super) async fn dispatch(
        &self,
        due: &DueEffect,
        target: &Target,
        attempt: AttemptNumber,
        fence: Fence,
    ) -> Result<Performed, EngineError> {
        let Some(task) = &due.task else {
            return Ok(Performed::Needless);
        };
        let Some(stored) = self.store.task(task).await? else {
            return Ok(Performed::Needless);
        };
        let current = stored.task.attempt(attempt);
        let waits = stored.task.stage.attempt() == Some(attempt)
            && current.is_some_and(|current| current.fence == fence && current.signed_in.is_none());
        if !waits {
            return Ok(Performed::Needless);
        }
        let nonce = current.map_or("", |current| current.nonce.as_str());
        if due.tries > 1 {
            let branch = &stored.task.base.branch;
            let github = self.github()?;
            match github.find_run(target, branch, nonce, due.decided_at).await {
                Ok(Some(run)) => {
                    let run = Some(run);
                    return Ok(Performed::Done(Some(Fact::Dispatched { attempt, run })));
                }
                Ok(None) => {}
                // There is no such workflow: the dispatch itself says so, with its remedy.
                Err(error) if error.kind == Kind::NotFound => {}
                Err(error) => return refused(attempt, error),
            }
        }
        let inputs = json!({
            "task": stored.task.id,
            "attempt": attempt.to_string(),
            "nonce": nonce,
        });
        let branch = &stored.task.base.branch;
        match self.github()?.dispatch(target, branch, &inputs).await {
            Ok(run) => Ok(Performed::Done(Some(Fact::Dispatched { attempt, run }))),
            Err(error) => refused(attempt, error),
        }
    }
}

/// A final no ends the attempt with words; anything else is tried again.
fn refused(attempt: AttemptNumber, error: GithubError) -> Result<Performed, EngineError> {
    if error.is_of_installation() {
        return Err(error.into());
    }
    let remedy = match error.kind {
        Kind::NotFound => format!(
            "commit `.github/workflows/{WORKFLOW_FILE}` to the default branch, then ask again"
        ),
        Kind::Forbidden => {
            "grant the App the permission `actions: write`, then ask again".to_owned()
        }
        Kind::Conflict | Kind::Final => {
            "look at the repository's Actions settings, then ask again".to_owned()
        }
        Kind::Transient | Kind::Limited { .. } => return Err(error.into()),
    };
    Ok(Performed::Done(Some(Fact::DispatchRefused {
        attempt,
        cause: format!("GitHub did not start the run ({})", error.reason),
        remedy,
    })))
}
