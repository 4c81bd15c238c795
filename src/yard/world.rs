//! Everything that the small GitHub knows, behind one lock, and how things are found in it.
//!
//! What happens to it stands in `threads`, `refs`, `actions` and `hooks`.

use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;

use super::faults::FaultRule;
use super::model::{
    Account, AccountKind, AppRecord, CallRecord, Hooks, Installation, Job, Repository, Token,
    Violation,
};
use super::permissions::Manifest;
use super::teams::Team;
use crate::clock::Clock;

/// Everything, behind one lock.
pub(super) struct World {
    pub(super) clock: Clock,
    pub(super) base_url: String,
    pub(super) dir: PathBuf,
    pub(super) seed: u64,
    pub(super) app: AppRecord,
    pub(super) manifest: Manifest,
    pub(super) knows_run_details: bool,
    pub(super) drafts_in_private: bool,
    pub(super) latency: Duration,
    pub(super) ci_is_on: bool,
    pub(super) dispatched_runs_report: bool,
    pub(super) ci_running: u64,
    counters: BTreeMap<&'static str, i64>,
    pub(super) accounts: BTreeMap<String, Account>,
    /// The Apps of others, by number: slug.
    pub(super) apps: BTreeMap<i64, String>,
    /// Teams by organisation and slug.
    pub(super) teams: BTreeMap<(String, String), Team>,
    pub(super) repos: BTreeMap<i64, Repository>,
    pub(super) installations: BTreeMap<i64, Installation>,
    pub(super) tokens: BTreeMap<String, Token>,
    pub(super) hooks: Hooks,
    pub(super) faults: Vec<FaultRule>,
    pub(super) remembered: BTreeMap<String, Value>,
    pub(super) calls: Vec<CallRecord>,
    pub(super) violations: Vec<Violation>,
    pub(super) used_of_limit: i64,
    /// Work that the tasks of the yard pick up: jobs of CI and of dispatched runs.
    pub(super) jobs: VecDeque<Job>,
}

impl World {
    /// An empty world.
    pub(super) fn new(
        clock: Clock,
        dir: PathBuf,
        seed: u64,
        app: AppRecord,
        manifest: Manifest,
    ) -> Self {
        Self {
            clock,
            base_url: String::new(),
            dir,
            seed,
            app,
            manifest,
            knows_run_details: true,
            drafts_in_private: true,
            latency: Duration::ZERO,
            ci_is_on: false,
            dispatched_runs_report: false,
            ci_running: 0,
            counters: BTreeMap::new(),
            accounts: BTreeMap::new(),
            apps: BTreeMap::new(),
            teams: BTreeMap::new(),
            repos: BTreeMap::new(),
            installations: BTreeMap::new(),
            tokens: BTreeMap::new(),
            hooks: Hooks::default(),
            faults: Vec::new(),
            remembered: BTreeMap::new(),
            calls: Vec::new(),
            violations: Vec::new(),
            used_of_limit: 0,
            jobs: VecDeque::new(),
        }
    }

    /// The next number of a kind; kinds start far apart, so that a mixed-up number is not found.
    pub(super) fn next(&mut self, kind: &'static str) -> i64 {
        let first = match kind {
            "account" => 500_001,
            "repository" => 700_001,
            "installation" => 60_001,
            "thread" => 3_000_000_001,
            "pull" => 3_500_000_001,
            "comment" => 4_000_000_001,
            "reaction" => 250_000_001,
            "timeline" => 12_000_000_001,
            "check" => 38_000_000_001,
            "suite" => 31_000_000_001,
            "team" => 8_000_001,
            "ruleset" => 9_100_001,
            "run" => 17_000_000_001,
            "status" => 26_000_000_001,
            "review" => 2_300_000_001,
            "review comment" => 1_800_000_001,
            "delivery" => 200_000_000_001,
            _ => 1,
        };
        let counter = self.counters.entry(kind).or_insert(first);
        let given = *counter;
        *counter += 1;
        given
    }

    /// The login of the App's bot.
    pub(super) fn bot(&self) -> String {
        format!("{}[bot]", self.app.slug)
    }

    /// GitHub's own accounts, under their numbers: who commits what people click, and its queue.
    pub(super) fn knows_github(&mut self) {
        for (id, login, kind) in [
            (19_864_447, "web-flow", AccountKind::User),
            (118_344_674, super::queue::QUEUE_BOT, AccountKind::Bot),
        ] {
            let login = login.to_owned();
            let account = Account {
                id,
                login: login.clone(),
                kind,
            };
            self.accounts.insert(login, account);
        }
    }

    /// The account of `login`, made where there is none yet.
    pub(super) fn account(&mut self, login: &str, kind: AccountKind) -> Account {
        if let Some(known) = self.accounts.get(login) {
            return known.clone();
        }
        let account = Account {
            id: self.next("account"),
            login: login.to_owned(),
            kind,
        };
        self.accounts.insert(login.to_owned(), account.clone());
        account
    }

    /// The repository that is called `owner/name` now.
    pub(super) fn repo_named(&self, full: &str) -> Option<&Repository> {
        self.repos
            .values()
            .find(|repo| repo.full_name().eq_ignore_ascii_case(full))
    }

    /// The repository that once was called `owner/name`.
    pub(super) fn repo_once_named(&self, full: &str) -> Option<&Repository> {
        let full = full.to_ascii_lowercase();
        self.repos
            .values()
            .find(|repo| repo.former_names.contains(&full))
    }

    /// The installation that reaches a repository.
    pub(super) fn installation_of(&self, repo: i64) -> Option<&Installation> {
        self.installations
            .values()
            .find(|installation| installation.repos.contains(&repo))
    }
}
