//! The checks of a head for the gate: fetched once, and believed until something is reported.

use std::collections::HashMap;

use tokio::sync::Mutex;

use super::super::{Engine, EngineError};
use crate::domain::ci::checks::{Check, Observed};
use crate::domain::ids::{Oid, RepositoryId};
use crate::domain::time::Timestamp;
use crate::github::Target;

/// Seconds for which checks that are over are believed: a delivery that told otherwise may be lost.
const BELIEVED_S: i64 = 300;
/// Heads whose checks are kept; beyond, all are fetched anew.
const HEADS_MAX: usize = 2_000;

/// The checks of heads, as they were fetched last.
#[derive(Debug, Default)]
pub struct SeenChecks(Mutex<HashMap<(RepositoryId, Oid), (Timestamp, Observed)>>);

impl SeenChecks {
    /// Something was reported about a commit: what is known of it counts no more.
    pub(super) async fn forget(&self, repository: RepositoryId, head: &Oid) {
        let mut known = self.0.lock().await;
        known.remove(&(repository, head.clone()));
    }
}

impl Engine {
    /// The checks of a head.
    pub(super) async fn checks_of(
        &self,
        target: &Target,
        head: &Oid,
    ) -> Result<Observed, EngineError> {
        let key = (target.repository, head.clone());
        let now = self.clock.now();
        if let Some((at, observed)) = self.seen_checks.0.lock().await.get(&key)
            && at.plus_s(BELIEVED_S) > now
        {
            return Ok(observed.clone());
        }
        let observed = self.github()?.checks(target, head).await?;
        self.keep_checks(target, &observed).await;
        Ok(observed)
    }

    /// Keeps what was seen of a head, jobs and runs alike. What is under way is looked at each time,
    /// and so is what nobody has reported yet.
    pub(in super::super) async fn keep_checks(&self, target: &Target, observed: &Observed) {
        let is_over = |check: &Check| check.standing.is_over();
        let all_over = observed.checks.iter().all(is_over)
            && observed.runs.iter().all(|run| run.standing.is_over());
        if !observed.whole || !all_over || observed.checks.is_empty() {
            return;
        }
        let key = (target.repository, observed.head.clone());
        let mut known = self.seen_checks.0.lock().await;
        if known.len() >= HEADS_MAX {
            known.clear();
        }
        known.insert(key, (self.clock.now(), observed.clone()));
    }
}
