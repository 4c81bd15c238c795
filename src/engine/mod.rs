//! Read, record, perform, sweep: the only asynchronous business code.
//!
//! - [`read`]: one delivery into facts, looking at GitHub where it is only a hint.
//! - [`record`]: decide, and write the decision with its effects in one transaction.
//! - [`perform`]: one effect on GitHub.
//! - `observe`: the checks of a head, with the logs of what failed.
//! - [`mod@sweep`]: from GitHub, so that nothing depends on a delivery having arrived.
//! - `gate`: whether pull requests may be merged, judged and published.
//! - [`attempt`]: which run may work on an attempt, what it says and is told.
//! - [`work`]: the loops that keep all that going.
//!
//! Decides nothing: that is [`crate::domain`].

pub mod allowance;
pub mod attempt;
mod error;
mod gate;
mod mend;
mod observe;
mod open;
pub mod perform;
pub mod read;
pub mod record;
mod reviews;
pub mod sweep;
mod target;
pub mod work;

use std::sync::Arc;

use tokio::sync::Notify;
use url::Url;

use crate::clock::Clock;
use crate::domain::gate::facts::Organisation;
use crate::domain::model::catalogue::Catalogue;
use crate::domain::request::policy::RiskPolicy;
use crate::domain::task::Task;
use crate::domain::time::Timestamp;
use crate::git::Mirrors;
use crate::github::identity::Issuer;
use crate::github::{Client, ClockSkew};
use crate::protocol::brief::{AgentCommand, Limits};
use crate::store::Store;
use allowance::Allowance;
pub use error::EngineError;
pub use gate::{Patience, PublishedHead, SeenChecks, Unpublished};
pub use observe::RequiredChecks;

/// All that the verbs need. Clones share everything.
#[derive(Clone)]
pub struct Engine {
    /// The database.
    pub store: Store,
    /// GitHub; `None` while the App is not configured: deliveries are kept, nothing is read.
    pub github: Option<Client>,
    /// GitHub's issuer of identities, by which runs sign in.
    pub issuer: Option<Issuer>,
    /// Mirrors of the repositories.
    pub mirrors: Mirrors,
    /// The time.
    pub clock: Clock,
    /// Since when this process works: what runners could not say before is not held against them.
    pub started_at: Timestamp,
    /// What the server's owner has set.
    pub rules: Arc<Rules>,
    /// What may still be written.
    pub allowance: Arc<Allowance>,
    /// Which checks branches require, as GitHub said last.
    pub required: Arc<RequiredChecks>,
    /// The checks of heads that the gate looks at, as they were fetched last.
    pub seen_checks: Arc<SeenChecks>,
    /// Rung whenever there may be something to read or to perform.
    pub bell: Arc<Notify>,
}

/// What the server's owner has set.
#[derive(Clone, Debug)]
pub struct Rules {
    /// Where people reach this server's pages.
    pub public_url: Option<Url>,
    /// Whether only this machine reaches the pages, so that their links need no key.
    pub pages_are_local: bool,
    /// Where git and people reach GitHub.
    pub github_url: Url,
    /// The agent that runners start.
    pub agent: AgentCommand,
    /// Which models repositories may use.
    pub models: Catalogue,
    /// What one attempt may use, but for its minutes and turns, which the contract has.
    pub limits: Limits,
    /// Most tasks that are not closed in one repository (X15).
    pub tasks_per_repository: u64,
    /// Most tasks that one person may open in an hour (X15).
    pub tasks_per_person_hour: u64,
    /// What the organisation sets for the gate of all repositories.
    pub organisation: Organisation,
    /// Rules of risk that hold for all repositories.
    pub risk_floor: RiskPolicy,
    /// Seconds between two sweeps of a repository where nothing is under way.
    pub sweep_idle_s: i64,
    /// Seconds between two sweeps of a repository where something is.
    pub sweep_busy_s: i64,
}

impl Engine {
    /// Address of a task's page, where people can reach this server.
    #[must_use]
    pub fn page_of(&self, task: &Task) -> Option<String> {
        let base = self.rules.public_url.as_ref()?;
        let page = format!("{}/tasks/{}", base.as_str().trim_end_matches('/'), task.id);
        if self.rules.pages_are_local {
            return Some(page);
        }
        Some(format!("{page}?key={}", task.page_key()?))
    }

    /// How wrong our clock is, where GitHub's answers show that it is (U10).
    #[must_use]
    pub fn clock_skew(&self) -> Option<ClockSkew> {
        self.github.as_ref()?.clock_skew()
    }

    /// GitHub, or the error that says it is not configured.
    fn github(&self) -> Result<&Client, EngineError> {
        self.github.as_ref().ok_or(EngineError::NotConfigured)
    }
}
