//! Workflow runs and check runs as they are kept; a check run that nobody ends goes stale.
//!
//! Data and that one rule; how they begin and end stands in `actions`.

use std::collections::BTreeMap;

use serde_json::Value;

use super::world::World;
use crate::domain::time::Timestamp;

/// After this GitHub gives up on a check run that nobody ended (G15).
const STALE_AFTER_MS: i64 = 14 * 24 * 3600 * 1000;

/// A workflow run.
#[derive(Clone, Debug)]
pub(super) struct Run {
    pub(super) id: i64,
    pub(super) suite: i64,
    pub(super) workflow: String,
    pub(super) name: String,
    /// What its file's `run-name` comes to, or the name.
    pub(super) title: String,
    pub(super) event: String,
    pub(super) branch: String,
    pub(super) head: String,
    pub(super) attempt: i64,
    pub(super) attempt_at: Timestamp,
    pub(super) number: i64,
    pub(super) actor: String,
    pub(super) status: &'static str,
    pub(super) conclusion: Option<String>,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
    pub(super) inputs: BTreeMap<String, String>,
    pub(super) token: String,
    /// What its jobs ask the issuer of identities with.
    pub(super) id_token_request: String,
    pub(super) process: Option<u32>,
    pub(super) cancelled: bool,
    pub(super) output: String,
}

/// A check run.
#[derive(Clone, Debug)]
pub(super) struct Check {
    pub(super) id: i64,
    pub(super) suite: i64,
    pub(super) app: i64,
    pub(super) name: String,
    pub(super) head: String,
    pub(super) status: String,
    pub(super) conclusion: Option<String>,
    pub(super) external_id: String,
    pub(super) details_url: Option<String>,
    pub(super) output: Value,
    pub(super) annotations: Vec<Value>,
    /// The buttons, with `label`, `identifier` and `description`; they show when the run is over.
    pub(super) actions: Vec<Value>,
    pub(super) created_at: Timestamp,
    pub(super) started_at: Timestamp,
    pub(super) completed_at: Option<Timestamp>,
}

impl Check {
    /// Whether it is over, and as GitHub counts it for a requirement, well (G1).
    pub(super) fn passes(&self) -> Option<bool> {
        let conclusion = self.conclusion.as_deref()?;
        Some(["success", "neutral", "skipped"].contains(&conclusion))
    }
}

impl World {
    /// Ends what nobody ended in fourteen days. The clock moves without telling anybody, so this
    /// is asked for wherever somebody looks; of the end nobody is told.
    pub(super) fn let_go_stale(&mut self, repo: i64) {
        let now = self.clock.now();
        let Some(known) = self.repos.get_mut(&repo) else {
            return;
        };
        let old = |check: &&mut Check| {
            check.conclusion.is_none() && now.since_ms(check.created_at) >= STALE_AFTER_MS
        };
        for check in known.checks.values_mut().filter(old) {
            "completed".clone_into(&mut check.status);
            check.conclusion = Some("stale".to_owned());
            check.completed_at = Some(now);
        }
    }
}
