//! Which checks a branch requires, asked for now and then: rules change far less often than
//! checks report.

use std::collections::HashMap;

use tokio::sync::Mutex;

use super::super::{Engine, EngineError};
use crate::domain::ci::checks::Demanded;
use crate::domain::ids::RepositoryId;
use crate::domain::time::Timestamp;
use crate::github::Target;

/// Seconds for which an answer is believed.
const BELIEVED_S: i64 = 600;
/// Branches whose answers are kept; beyond, all are asked for anew.
const BRANCHES_MAX: usize = 1_000;

/// The required checks of branches, as GitHub said last.
#[derive(Debug, Default)]
pub struct RequiredChecks(Mutex<HashMap<(RepositoryId, String), Said>>);

#[derive(Clone, Debug)]
struct Said {
    at: Timestamp,
    required: Demanded,
}

impl Engine {
    /// What the rules of `branch` require; nothing where nobody may say.
    pub(in super::super) async fn required_of(
        &self,
        target: &Target,
        branch: &str,
    ) -> Result<Demanded, EngineError> {
        let key = (target.repository, branch.to_owned());
        let now = self.clock.now();
        let fresh = |said: &&Said| said.at.plus_s(BELIEVED_S) > now;
        if let Some(said) = self.required.0.lock().await.get(&key).filter(fresh) {
            return Ok(said.required.clone());
        }
        let asked = self.github()?.required_checks(target, branch).await?;
        let required = asked.unwrap_or_default();
        let mut known = self.required.0.lock().await;
        if known.len() >= BRANCHES_MAX {
            known.clear();
        }
        known.insert(
            key,
            Said {
                at: now,
                required: required.clone(),
            },
        );
        Ok(required)
    }
}
