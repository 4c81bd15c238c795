//! The yard itself: started with options, asked and told by the tests and the demo.
//!
//! Wires the faces and the tasks together; what happens in the world stands in the other files.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rand::Rng as _;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::ci::Ci;
use super::faults::{Fault, FaultRule};
use super::hooks::Order;
use super::jobs::{HeldRun, Runner, end_group, take_run};
use super::model::{AccountKind, AppRecord, CallRecord, DeliveryRule, Fate, Violation};
use super::permissions::Manifest;
use super::shared::{Shared, YardError};
use super::tokens::app_key;
use super::world::World;
use super::{hooks, tasks, transcript, web};
use crate::clock::Clock;

/// The App's number.
const APP_ID: i64 = 424_242;

/// What a yard is started with.
pub struct Options {
    /// Whose time it is.
    pub clock: Clock,
    /// The App's manifest, which is enforced.
    pub manifest: String,
    /// What becomes of dispatched runs.
    pub runner: Runner,
    /// Whether the repositories' CI runs.
    pub ci: Ci,
    /// Makes what is random; given, everything is the same every time.
    pub seed: Option<u64>,
    /// Whether a dispatch may be asked for the run's number; older servers answer 400 to that.
    pub knows_run_details: bool,
    /// Whether private repositories have draft pull requests; not on the free plan (A20).
    pub drafts_in_private: bool,
    /// Whether a dispatched run has a job `work` with a check run on the default branch's head, as
    /// on GitHub: for stories in which that must not be taken for the repository's CI.
    pub dispatched_runs_report: bool,
    /// How long each answer of the API takes, for benches; git and identities are not kept back.
    pub latency: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            clock: Clock::system(),
            manifest: include_str!("../../app-manifest.yml").to_owned(),
            runner: Runner::Held,
            ci: Ci::Off,
            seed: None,
            knows_run_details: true,
            drafts_in_private: true,
            dispatched_runs_report: false,
            latency: Duration::ZERO,
        }
    }
}

/// What a registered App is told once.
#[derive(Clone, Debug)]
pub struct AppCredentials {
    /// The App's number.
    pub app_id: i64,
    /// Its name in addresses; its bot is `<slug>[bot]`.
    pub slug: String,
    /// The private key for JWTs.
    pub private_key_pem: String,
    /// Secrets that deliveries are signed with; the first is in use.
    pub webhook_secrets: Vec<String>,
}

/// Ends the yard's tasks and programs with the last handle to it.
struct Guard {
    shared: Arc<Shared>,
    tasks: Vec<JoinHandle<()>>,
    _dir: tempfile::TempDir,
}

impl Drop for Guard {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
        self.shared.look(|world| {
            for run in world
                .repos
                .values_mut()
                .flat_map(|repo| repo.runs.values_mut())
            {
                if let Some(process) = run.process.take() {
                    end_group(process);
                }
            }
        });
    }
}

/// A small GitHub. Clones are the same one; it ends with the last of them.
#[derive(Clone)]
pub struct Yard {
    pub(super) shared: Arc<Shared>,
    base_url: String,
    private_key_pem: Arc<str>,
    _guard: Arc<Guard>,
}

impl Yard {
    /// Starts a yard on a free port of this machine.
    ///
    /// # Errors
    /// The manifest is bad, or the machine gives no port, key or directory.
    pub async fn start(options: Options) -> Result<Self, YardError> {
        let dir = tempfile::Builder::new().prefix("yard").tempdir()?;
        let key = app_key()?;
        let manifest = Manifest::parse(&options.manifest)?;
        let slug = manifest.name.to_lowercase().replace(' ', "-");
        let seed = options.seed.unwrap_or_else(|| rand::rng().random());
        let app = AppRecord {
            id: APP_ID,
            slug,
            public_key_der: key.public_der,
            webhook_secret: format!("yard-{seed:016x}"),
            webhook_url: None,
        };
        let mut world = World::new(
            options.clock,
            PathBuf::from(dir.path()),
            seed,
            app,
            manifest,
        );
        world.knows_run_details = options.knows_run_details;
        world.drafts_in_private = options.drafts_in_private;
        world.dispatched_runs_report = options.dispatched_runs_report;
        world.latency = options.latency;
        world.ci_is_on = matches!(options.ci, Ci::On(_));
        let bot = world.bot();
        world.account(&bot, AccountKind::Bot);
        world.account("github-actions[bot]", AccountKind::Bot);
        world.account("castellan-owner", AccountKind::User);
        world.knows_github();
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let base_url = format!("http://{}", listener.local_addr()?);
        world.base_url.clone_from(&base_url);
        let shared = Arc::new(Shared::new(world));
        let tasks = vec![
            tokio::spawn(web::serve(listener, Arc::clone(&shared))),
            tokio::spawn(tasks::deliver(Arc::clone(&shared), hooks::client()?)),
            tokio::spawn(tasks::work(Arc::clone(&shared), options.runner, options.ci)),
        ];
        let guard = Guard {
            shared: Arc::clone(&shared),
            tasks,
            _dir: dir,
        };
        Ok(Self {
            shared,
            base_url,
            private_key_pem: key.private_pem.into(),
            _guard: Arc::new(guard),
        })
    }

    /// What the App needs to know about itself.
    #[must_use]
    pub fn app(&self) -> AppCredentials {
        self.shared.look(|world| AppCredentials {
            app_id: world.app.id,
            slug: world.app.slug.clone(),
            private_key_pem: self.private_key_pem.to_string(),
            webhook_secrets: vec![world.app.webhook_secret.clone()],
        })
    }

    /// The address of the REST API; GraphQL is at `/api/graphql`.
    #[must_use]
    pub fn api_url(&self) -> String {
        format!("{}/api/v3", self.base_url)
    }

    /// The address that repositories are cloned from: `{web_url}/{owner}/{name}.git`.
    #[must_use]
    pub fn web_url(&self) -> &str {
        &self.base_url
    }

    /// From now on the App is told here.
    pub fn connect(&self, webhook_url: &str) {
        self.shared
            .look(|world| world.app.webhook_url = Some(webhook_url.to_owned()));
    }

    /// From now on deliveries are signed with another secret.
    pub fn rotates_webhook_secret(&self, secret: &str) {
        self.shared
            .look(|world| secret.clone_into(&mut world.app.webhook_secret));
    }

    /// The App's owner has GitHub send a ping.
    pub fn pings(&self) {
        self.shared.look(|world| {
            let first = world.installations.keys().next().copied().unwrap_or(0);
            let hook =
                json!({"hook_id": world.app.id, "hook": {"type": "App", "app_id": world.app.id}});
            world.tell_installation("ping", None, first, None, "castellan-owner", hook);
        });
    }

    /// The next `times` deliveries that `filter` names (`*`, `issues`, `issues.labeled`) fail, and stand in the log as failed.
    pub fn loses_deliveries(&self, filter: &str, times: u64) {
        self.delivery_rule(filter, Fate::Lost, times);
    }

    /// The next `times` such deliveries are never made: no trace of them.
    pub fn swallows_deliveries(&self, filter: &str, times: u64) {
        self.delivery_rule(filter, Fate::Swallowed, times);
    }

    /// The next `times` such deliveries arrive twice.
    pub fn doubles_deliveries(&self, filter: &str, times: u64) {
        self.delivery_rule(filter, Fate::Doubled, times);
    }

    fn delivery_rule(&self, filter: &str, fate: Fate, left: u64) {
        let rule = DeliveryRule {
            filter: filter.to_owned(),
            fate,
            left,
        };
        self.shared.look(|world| world.hooks.rules.push(rule));
    }

    /// From now on deliveries wait.
    pub fn holds_deliveries(&self) {
        self.shared.look(|world| {
            world.hooks.held.get_or_insert_default();
        });
    }

    /// What waits goes out in this order, and nothing waits any more.
    pub fn delivers_held(&self, order: &Order) {
        self.shared.look(|world| {
            let held = world.hooks.held.take().unwrap_or_default();
            world.hooks.queue.extend(order.of(held));
        });
    }

    /// Sends a delivery again under the same GUID; `false` where there is none.
    pub fn redelivers(&self, guid: &str) -> bool {
        self.shared.look(|world| {
            let id = world
                .hooks
                .log
                .iter()
                .rev()
                .find(|one| one.guid == guid)
                .map(|one| one.id);
            id.and_then(|id| world.send_again(id)).is_some()
        })
    }

    /// The log of deliveries, oldest first: GUID, `event.action`, and the receiver's status (0: none).
    #[must_use]
    pub fn deliveries(&self) -> Vec<(String, String, u16)> {
        self.shared.look(|world| {
            let name = |one: &super::model::Delivery| match &one.action {
                Some(action) => format!("{}.{action}", one.event),
                None => one.event.clone(),
            };
            world
                .hooks
                .log
                .iter()
                .map(|one| (one.guid.clone(), name(one), one.status.unwrap_or(0)))
                .collect()
        })
    }

    /// Waits until all deliveries are out and CI has nothing left to run.
    pub async fn settle(&self) {
        self.shared.until(World::is_settled).await;
    }

    /// Waits until all dispatched runs have ended.
    pub async fn runs_ended(&self) {
        let ended = |world: &World| {
            world
                .repos
                .values()
                .flat_map(|repo| repo.runs.values())
                .all(|run| run.status == "completed")
        };
        self.shared.until(ended).await;
    }

    /// The next dispatched run, when there is one; the test plays its job. For [`Runner::Held`].
    pub async fn take_run(&self) -> HeldRun {
        take_run(&self.shared).await
    }

    /// The next `times` calls of `method` (`*`: any) to `path` meet a fault. `path` is without
    /// `/api/v3`; `*` is one segment, `**` any number; GraphQL is `/graphql/<operation>`.
    pub fn fault(&self, method: &str, path: &str, fault: Fault, times: u64) {
        let rule = FaultRule {
            method: method.to_owned(),
            path: path.to_owned(),
            fault,
            left: times,
        };
        self.shared.look(|world| world.faults.push(rule));
    }

    /// What the installation grants from now on: everybody but the tests changes this on a page.
    pub fn regrants(&self, permission: &str, level: Option<super::permissions::Level>) {
        self.shared.look(|world| {
            for installation in world.installations.values_mut() {
                match level {
                    Some(level) => installation
                        .permissions
                        .insert(permission.to_owned(), level),
                    None => installation.permissions.remove(permission),
                };
            }
        });
    }

    /// What a person would see in a repository: every issue and pull request, in order.
    ///
    /// # Errors
    /// There is no such repository, or git fails.
    pub async fn transcript(&self, repo: &str) -> Result<String, YardError> {
        let repo = repo.to_owned();
        self.shared
            .change(move |world| {
                let known = world
                    .repo_named(&repo)
                    .ok_or(YardError::NoSuch("repository"))?;
                transcript::of(world, known)
            })
            .await
    }

    /// All calls of the API so far, in order.
    #[must_use]
    pub fn call_list(&self) -> Vec<CallRecord> {
        self.shared.look(|world| world.calls.clone())
    }

    /// Waits until the App has made `count` calls in all: to end it just after one of them.
    pub async fn has_answered(&self, count: usize) {
        self.shared.until(|world| world.calls.len() >= count).await;
    }

    /// Forgets the calls so far, so that a measurement begins here.
    pub fn resets_calls(&self) {
        self.shared.look(|world| world.calls.clear());
    }

    /// How many calls there were of each kind: content, git, tokens, reads, other.
    #[must_use]
    pub fn calls(&self) -> std::collections::BTreeMap<&'static str, u64> {
        let mut counted: std::collections::BTreeMap<_, _> =
            ["content", "git", "tokens", "reads", "other"]
                .map(|kind| (kind, 0))
                .into();
        for call in self.call_list() {
            *counted.entry(call.kind).or_default() += 1;
        }
        counted
    }

    /// What must not have happened.
    #[must_use]
    pub fn violations(&self) -> Vec<Violation> {
        self.shared.look(|world| world.violations.clone())
    }

    /// What the program of a run said.
    #[must_use]
    pub fn run_output(&self, run: i64) -> Option<String> {
        self.shared.look(|world| {
            world
                .repos
                .values()
                .find_map(|repo| repo.runs.get(&run))
                .map(|run| run.output.clone())
        })
    }
}
