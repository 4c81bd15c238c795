//! The world of a story: a GitHub, a server and the people, on one clock that only the story moves.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

use castellan::clock::Clock;
use castellan::domain::ids::Number;
use castellan::domain::task::Task;
use castellan::domain::time::Timestamp;
use castellan::engine::allowance::Allowance;
use castellan::engine::{Engine, Rules};
use castellan::git::Mirrors;
use castellan::github::Client;
use castellan::github::app_auth::AppKey;
use castellan::github::identity::Issuer;
use castellan::github::signature::Secrets;
use castellan::protocol::brief::{AgentCommand, Limits};
use castellan::server::{Builds, Patience, Server, Unverified, listen, router};
use castellan::store::Store;
use castellan::yard::{Actor, File, Options, Permission, Repo, Yard};
use tokio::task::JoinHandle;

/// 2026-09-21, 15:06:40 UTC.
const START: Timestamp = Timestamp(1_790_000_000_000);
/// The repository of the stories.
pub(crate) const SAMPLE: &str = "octo/sample";
/// What it holds: a program that is wrong, its test, the policy, the workflow.
const FILES: &[File<'_>] = &[
    ("README.md", "Adds two numbers.\n", false),
    ("add.sh", "echo $(($1 - $2))\n", false),
    ("test.sh", "test \"$(sh add.sh 2 3)\" = 5\n", true),
    (
        ".github/workflows/castellan.yml",
        "run-name: Castellan (${{ inputs.nonce }})\non:\n  workflow_dispatch:\n    inputs:\n      task: {type: string}\n      attempt: {type: string}\n      nonce: {type: string}\njobs: {}\n",
        false,
    ),
    (".github/castellan.yml", POLICY, false),
];
const POLICY: &str = "acceptance:\n  - sh test.sh\nbudget:\n  attempts: 3\n  minutes: 10\n";

/// What a story may change before it begins.
pub(crate) struct Setting {
    /// The agent's script, for stories with the real runner.
    pub(crate) script: serde_json::Value,
    /// What one attempt may use.
    pub(crate) limits: Limits,
    /// Most tasks of a repository.
    pub(crate) tasks_per_repository: u64,
    /// Most tasks of a person within an hour.
    pub(crate) tasks_per_person_hour: u64,
    /// The yard's.
    pub(crate) knows_run_details: bool,
    /// What may be on its way and not verified yet.
    pub(crate) unverified: Unverified,
    /// A second webhook secret that the server takes, before GitHub signs with it.
    pub(crate) secret_to_come: Option<&'static str>,
    /// Whether nobody but this machine reaches the pages.
    pub(crate) pages_are_local: bool,
}

impl Default for Setting {
    fn default() -> Self {
        Self {
            script: serde_json::json!([]),
            limits: LIMITS,
            tasks_per_repository: 20,
            tasks_per_person_hour: 20,
            knows_run_details: true,
            unverified: Unverified::default(),
            secret_to_come: None,
            pages_are_local: true,
        }
    }
}

const LIMITS: Limits = Limits {
    setup_s: 60,
    agent_s: 60,
    acceptance_s: 60,
    turns: 1,
    memory_mib: 1024,
    memory_total_mib: 4096,
    disk_mib: 8192,
    processes: 128,
    file_mib: 64,
    output_mib: 8,
};

/// What a story says is left over at its end; nothing, where it says nothing.
#[derive(Default)]
pub(crate) struct Leftovers {
    /// Deliveries that could not be read.
    pub(crate) unparsed: u64,
}

/// The world of a story.
pub(crate) struct World {
    pub(crate) clock: Clock,
    pub(crate) yard: Yard,
    pub(crate) repo: Repo,
    /// May write.
    pub(crate) alice: Actor,
    pub(crate) engine: Engine,
    pub(crate) address: String,
    pub(crate) http: reqwest::Client,
    pub(crate) leftovers: Leftovers,
    pub(super) ended: bool,
    /// The tickets of runs that signed in.
    pub(super) tickets: Mutex<BTreeMap<i64, String>>,
    pub(super) setting: Setting,
    pub(super) folder: tempfile::TempDir,
    server: JoinHandle<()>,
}

impl World {
    pub(crate) async fn begins() -> Self {
        Self::begins_with(Setting::default()).await
    }

    pub(crate) async fn begins_with(setting: Setting) -> Self {
        let clock = Clock::manual(START);
        let options = Options {
            clock: clock.clone(),
            seed: Some(7),
            knows_run_details: setting.knows_run_details,
            ..Options::default()
        };
        let yard = Yard::start(options).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let engine = engine(&yard, &clock, folder.path(), &setting).await;
        let (address, server) = serve(&yard, &engine, &setting).await;
        let repo = yard.repository(SAMPLE, FILES).await.unwrap();
        let alice = repo.person("alice", Permission::Write).await.unwrap();
        let world = Self {
            clock,
            yard,
            repo,
            alice,
            engine,
            address,
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
            leftovers: Leftovers::default(),
            ended: false,
            tickets: Mutex::default(),
            setting,
            folder,
            server,
        };
        world.settles().await;
        world
    }

    /// Deliveries arrive, are read, and what follows is done, until nothing moves any more.
    /// Then a second passes: GitHub's times are whole ones.
    pub(crate) async fn settles(&self) {
        loop {
            // Before each step: what is told of the last one is heard by then, each time.
            self.yard.settle().await;
            if !self.steps().await {
                break;
            }
        }
        self.clock.advance_ms(1_000);
    }

    /// One step of the engine; whether there was one to take. Between two is where a crash may be.
    pub(crate) async fn steps(&self) -> bool {
        self.engine.read_next().await.unwrap()
            || self.engine.perform_next().await.unwrap()
            || self.engine.pass_deadlines().await.unwrap()
            || self.engine.judge_next().await.unwrap()
    }

    /// Time passes, and what is due by it is done.
    pub(crate) async fn waits(&self, span_s: i64) {
        self.clock.advance_ms(span_s * 1_000);
        self.settles().await;
    }

    /// The sweep is due and goes round; what it found is done.
    pub(crate) async fn sweeps(&self) {
        self.clock.advance_ms(DAY_S * 1_000 + 1);
        while self.engine.sweep_next().await.unwrap() {}
        self.settles().await;
    }

    /// The server dies and comes back over the same database.
    pub(crate) async fn restarts(&mut self) {
        self.stops_serving().await;
        self.engine = engine(&self.yard, &self.clock, self.folder.path(), &self.setting).await;
        (self.address, self.server) = serve(&self.yard, &self.engine, &self.setting).await;
    }

    /// The server is gone; deliveries fail.
    pub(crate) async fn stops_serving(&mut self) {
        if !self.server.is_finished() {
            self.server.abort();
            (&mut self.server).await.ok();
        }
        self.engine.store.close().await;
    }

    /// Where the server keeps what it has.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The server's database, as a setting.
    pub(crate) fn database(&self) -> String {
        database(self.folder.path())
    }

    /// What the database holds now.
    pub(crate) async fn remembers(&mut self) -> Vec<u8> {
        self.stops_serving().await;
        let kept = std::fs::read(self.folder.path().join("castellan.db")).unwrap();
        self.restarts().await;
        kept
    }

    /// The server dies, and the database holds what it held then.
    pub(crate) async fn forgets(&mut self, kept: &[u8]) {
        self.stops_serving().await;
        for beside in ["castellan.db-wal", "castellan.db-shm"] {
            std::fs::remove_file(self.folder.path().join(beside)).ok();
        }
        std::fs::write(self.folder.path().join("castellan.db"), kept).unwrap();
        self.restarts().await;
    }

    /// The next effect is done on GitHub, and the server dies before it can record that; then
    /// its lease runs out and it is done again. Whether there was one.
    pub(crate) async fn does_and_forgets_an_effect(&mut self) -> bool {
        let leased = self.engine.store.lease_effect(self.clock.now()).await;
        if leased.unwrap().is_none() {
            return false;
        }
        let before = self.remembers().await;
        self.clock.advance_ms(LEASE_MS);
        assert!(self.engine.perform_next().await.unwrap());
        self.forgets(&before).await;
        assert!(self.engine.perform_next().await.unwrap());
        self.yard.settle().await;
        while self.engine.read_next().await.unwrap() {}
        true
    }

    /// alice opens the usual issue; its number.
    pub(crate) async fn issue(&self) -> i64 {
        let body = "`add.sh` subtracts.\n\n### Files in scope\n\n- add.sh\n";
        let issue = self.alice.opens_issue("Adding subtracts", body).await;
        self.settles().await;
        issue.unwrap()
    }

    /// alice opens the usual issue and labels it, and all that follows from that is done.
    pub(crate) async fn labelled_issue(&self) -> i64 {
        let issue = self.issue().await;
        self.alice.labels(issue, "agent").await.unwrap();
        self.settles().await;
        issue
    }

    /// The same, and the runner returns the fix: number and branch of the pull request.
    pub(crate) async fn delivered(&self) -> (i64, String) {
        let issue = self.labelled_issue().await;
        self.runner().await.returns_change(&[FIX]).await;
        let task = self.task(issue).await;
        let pull = task.pull.as_ref().expect("a pull request");
        (pull.number.0, task.id.branch())
    }

    /// Another person of the repository.
    pub(crate) async fn person(&self, login: &str, permission: Permission) -> Actor {
        self.repo.person(login, permission).await.unwrap()
    }

    /// The newest task of an issue.
    pub(crate) async fn task(&self, issue: i64) -> Task {
        let store = &self.engine.store;
        let found = store.task_of_issue(self.repo.id(), Number(issue)).await;
        found.unwrap().expect("a task").task
    }

    /// How many tasks there are.
    pub(crate) async fn tasks(&self) -> usize {
        self.engine.store.newest_tasks(1_000).await.unwrap().len()
    }

    /// What a person sees.
    pub(crate) async fn transcript(&self) -> String {
        self.yard.transcript(&self.repo.full_name()).await.unwrap()
    }

    /// Where a branch stands.
    pub(crate) fn tip(&self, branch: &str) -> Option<castellan::domain::ids::Oid> {
        self.yard.branch_tip(&self.repo.full_name(), branch)
    }
}

/// The usual fix.
pub(crate) const FIX: (&str, &str) = ("add.sh", "echo $(($1 + $2))\n");
/// For whom identities must be.
pub(crate) const AUDIENCE: &str = "https://castellan.example";
/// Longer than an effect is leased.
const LEASE_MS: i64 = 121_000;
/// Seconds of a day, after which all that is swept is due.
pub(crate) const DAY_S: i64 = 24 * 3600;

fn database(folder: &Path) -> String {
    format!("sqlite:{}", folder.join("castellan.db").display())
}

pub(super) async fn engine(yard: &Yard, clock: &Clock, folder: &Path, setting: &Setting) -> Engine {
    let app = yard.app();
    let key = AppKey::new(app.app_id, &app.private_key_pem).unwrap();
    let api = yard.api_url().parse().unwrap();
    let script = setting.script.to_string();
    let rules = Rules {
        pages_are_local: setting.pages_are_local,
        public_url: Some("https://castellan.example".parse().unwrap()),
        github_url: yard.web_url().parse().unwrap(),
        agent: AgentCommand {
            preset: None,
            command: ["castellan-scripted-agent", "--script", &script]
                .map(str::to_owned)
                .to_vec(),
            environment: Default::default(),
        },
        models: Default::default(),
        limits: setting.limits,
        tasks_per_repository: setting.tasks_per_repository,
        tasks_per_person_hour: setting.tasks_per_person_hour,
        organisation: Default::default(),
        risk_floor: Default::default(),
        sweep_idle_s: 3600,
        sweep_busy_s: 300,
    };
    Engine {
        started_at: clock.now(),
        store: Store::open(&database(folder)).await.unwrap(),
        github: Some(Client::new(&api, key, clock.clone()).unwrap()),
        issuer: Some(issuer(yard, clock, AUDIENCE)),
        mirrors: Mirrors::new(&folder.join("mirrors")),
        clock: clock.clone(),
        rules: Arc::new(rules),
        allowance: Arc::new(Allowance::default()),
        required: Arc::default(),
        seen_checks: Arc::default(),
        bell: Arc::default(),
    }
}

/// The yard's issuer, as the server of a story knows it.
pub(crate) fn issuer(yard: &Yard, clock: &Clock, audience: &str) -> Issuer {
    let url = format!("{}/_services/token", yard.web_url());
    Issuer::new(&url.parse().unwrap(), audience, clock.clone()).unwrap()
}

pub(super) async fn serve(
    yard: &Yard,
    engine: &Engine,
    setting: &Setting,
) -> (String, JoinHandle<()>) {
    serve_builds(yard, engine, setting, Builds::new("/nonexistent".into())).await
}

pub(super) async fn serve_builds(
    yard: &Yard,
    engine: &Engine,
    setting: &Setting,
    builds: Builds,
) -> (String, JoinHandle<()>) {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0))
        .await
        .unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let to_come = setting.secret_to_come.map(str::to_owned);
    let server = Server {
        engine: engine.clone(),
        secrets: Secrets::new(yard.app().webhook_secrets.into_iter().chain(to_come)),
        unverified: setting.unverified.clone(),
        builds,
        gateway: Default::default(),
        missing: Arc::default(),
    };
    yard.connect(&format!("{address}/webhook"));
    let serving = listen(
        listener,
        router(server),
        Patience::default(),
        std::future::pending(),
    );
    let serving = tokio::spawn(serving);
    (address, serving)
}
