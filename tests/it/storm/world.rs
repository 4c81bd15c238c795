//! A yard, and one life after the other of the server over the same database.

use std::path::PathBuf;
use std::sync::Arc;

use castellan::clock::Clock;
use castellan::domain::time::Timestamp;
use castellan::engine::allowance::Allowance;
use castellan::engine::{Engine, Rules};
use castellan::git::Mirrors;
use castellan::github::Client;
use castellan::github::app_auth::AppKey;
use castellan::github::signature::Secrets;
use castellan::protocol::brief::{AgentCommand, Limits};
use castellan::server::{Builds, Patience, Server, Unverified, listen, router};
use castellan::store::Store;
use castellan::yard::{Actor, Options, Permission, Repo, Yard};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use super::runner::BROKEN;

/// Where the server says that it is, and for whom identities must be.
pub(crate) const AUDIENCE: &str = "http://127.0.0.1:1";
const WORKFLOW: &str = "run-name: Castellan (${{ inputs.nonce }})\non:\n  workflow_dispatch:\n    inputs:\n      task: {}\n      attempt: {}\n      nonce: {}\njobs: {}\n";
/// Nobody listens there.
const NOWHERE: &str = "http://127.0.0.1:1/webhook";
/// An hour, and more than GitHub's clock in a yard that began with it.
const START: Timestamp = Timestamp(1_790_000_000_000);

/// A small GitHub with one repository, where alice may write.
pub(crate) struct World {
    pub(crate) clock: Clock,
    pub(crate) yard: Yard,
    pub(crate) repo: Repo,
    pub(crate) alice: Actor,
    pub(crate) http: reqwest::Client,
    pub(crate) folder: TempDir,
    pub(crate) life: Option<Life>,
}

/// The server from its start to its end.
pub(crate) struct Life {
    pub(crate) engine: Engine,
    pub(crate) url: String,
    serving: JoinHandle<()>,
}

impl Drop for Life {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl World {
    /// With a clock that the test moves, and a server.
    pub(crate) async fn begin(seed: u64) -> Self {
        let mut world = Self::without_server(seed, Clock::manual(START)).await;
        world.lives().await;
        world
    }

    pub(crate) async fn without_server(seed: u64, clock: Clock) -> Self {
        let yard = Yard::start(Options {
            clock: clock.clone(),
            seed: Some(seed),
            ..Options::default()
        })
        .await
        .unwrap();
        let files = [
            ("code.txt", BROKEN, false),
            (".github/workflows/castellan.yml", WORKFLOW, false),
        ];
        let repo = yard.repository("octo/sample", &files).await.unwrap();
        let alice = repo.person("alice", Permission::Write).await.unwrap();
        Self {
            clock,
            yard,
            repo,
            alice,
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
            folder: folder(),
            life: None,
        }
    }

    pub(crate) fn database(&self) -> String {
        format!(
            "sqlite:{}",
            self.folder.path().join("castellan.db").display()
        )
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.life.as_ref().expect("the server lives").engine
    }

    pub(crate) fn url(&self) -> &str {
        &self.life.as_ref().expect("the server lives").url
    }

    /// The server starts, on another port than before.
    pub(crate) async fn lives(&mut self) {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let engine = self.new_engine().await;
        let server = Server {
            engine: engine.clone(),
            secrets: Secrets::new(self.yard.app().webhook_secrets),
            unverified: Unverified::default(),
            builds: Builds::new(PathBuf::from("/nonexistent")),
            gateway: Default::default(),
            missing: Arc::default(),
        };
        let serving = tokio::spawn(async move {
            listen(
                listener,
                router(server),
                Patience::default(),
                std::future::pending(),
            )
            .await;
        });
        self.yard.connect(&format!("{url}/webhook"));
        self.life = Some(Life {
            engine,
            url,
            serving,
        });
    }

    /// The server ends without a word: nothing is finished, nothing is told.
    pub(crate) fn dies(&mut self) {
        self.yard.connect(NOWHERE);
        self.life = None;
    }

    async fn new_engine(&self) -> Engine {
        let app = self.yard.app();
        let key = AppKey::new(app.app_id, &app.private_key_pem).unwrap();
        let api = self.yard.api_url().parse().unwrap();
        let web: url::Url = self.yard.web_url().parse().unwrap();
        Engine {
            started_at: self.clock.now(),
            store: Store::open(&self.database()).await.unwrap(),
            github: Some(Client::new(&api, key, self.clock.clone()).unwrap()),
            issuer: Some(crate::stories::world::issuer(
                &self.yard,
                &self.clock,
                AUDIENCE,
            )),
            mirrors: Mirrors::new(&self.folder.path().join("mirrors")),
            clock: self.clock.clone(),
            rules: Arc::new(rules(web)),
            allowance: Arc::new(Allowance::default()),
            required: Default::default(),
            seen_checks: Default::default(),
            bell: Arc::new(Notify::new()),
        }
    }
}

/// In memory where the machine has such a folder: a storm commits ten thousand times.
fn folder() -> TempDir {
    tempfile::tempdir_in("/dev/shm").unwrap_or_else(|_| tempfile::tempdir().unwrap())
}

fn rules(github_url: url::Url) -> Rules {
    Rules {
        public_url: Some(AUDIENCE.parse().unwrap()),
        pages_are_local: true,
        github_url,
        agent: AgentCommand {
            preset: None,
            command: vec!["agent".to_owned()],
            environment: Default::default(),
        },
        models: Default::default(),
        limits: Limits {
            setup_s: 60,
            agent_s: 60,
            acceptance_s: 60,
            turns: 1,
            memory_mib: 64,
            memory_total_mib: 4096,
            disk_mib: 8192,
            processes: 9,
            file_mib: 9,
            output_mib: 9,
        },
        tasks_per_repository: 20,
        tasks_per_person_hour: 20,
        organisation: Default::default(),
        risk_floor: Default::default(),
        sweep_idle_s: 1800,
        sweep_busy_s: 300,
    }
}
