//! The world of a bench: server, runner, agent and sandbox are the real ones; GitHub is the yard.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use castellan::clock::Clock;
use castellan::domain::ids::Number;
use castellan::domain::task::Task;
use castellan::engine::allowance::Allowance;
use castellan::engine::{Engine, Rules};
use castellan::git::Mirrors;
use castellan::github::Client;
use castellan::github::app_auth::AppKey;
use castellan::github::identity::Issuer;
use castellan::github::signature::Secrets;
use castellan::protocol::brief::{AgentCommand, Limits};
use castellan::sandbox::Sandbox;
use castellan::server::{self, Patience, Server};
use castellan::store::Store;
use castellan::yard::{Actor, Ci, Options, Permission, Program, Repo, Runner, Sandboxed, Yard};
use tokio::net::TcpListener;
use tokio::sync::{Notify, watch};

/// Longest wait for one task.
const STORY_MAX: Duration = Duration::from_secs(120);

const PROGRAMS: [&str; 3] = ["/usr/local/bin", "/usr/bin", "/bin"];
const SAMPLE: [(&str, &str, bool); 6] = [
    (
        ".gitignore",
        include_str!("../../fixtures/sample/.gitignore"),
        false,
    ),
    (
        "words.py",
        include_str!("../../fixtures/sample/words.py"),
        false,
    ),
    (
        "test_words.py",
        include_str!("../../fixtures/sample/test_words.py"),
        false,
    ),
    (
        ".github/workflows/ci.yml",
        include_str!("../../fixtures/sample/.github/workflows/ci.yml"),
        false,
    ),
    (
        ".github/workflows/castellan.yml",
        include_str!("../../deploy/workflow/castellan.yml"),
        false,
    ),
    (
        ".github/castellan.yml",
        include_str!("../../fixtures/sample/.github/castellan.yml"),
        false,
    ),
];

/// What a bench's GitHub is like.
pub(crate) struct Setting {
    /// Whether its CI really runs.
    pub(crate) runs_ci: bool,
    /// How long each answer of its API takes.
    pub(crate) latency: Duration,
}

pub(crate) struct World {
    pub(crate) yard: Yard,
    pub(crate) engine: Engine,
    pub(crate) repo: Repo,
    pub(crate) alice: Actor,
    _folder: tempfile::TempDir,
    _ending: watch::Sender<bool>,
}

impl World {
    pub(crate) async fn start(setting: &Setting) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let yard = yard(&address, folder.path().to_owned(), setting).await;
        let engine = engine(&yard, &address, folder.path()).await;
        let (ending, told) = watch::channel(false);
        let server = Server {
            engine: engine.clone(),
            secrets: Secrets::new(yard.app().webhook_secrets.iter().map(String::as_str)),
            unverified: server::Unverified::default(),
            builds: server::Builds::new(folder.path().join("runners")),
            gateway: Default::default(),
            missing: Arc::default(),
        };
        let router = server::router(server);
        tokio::spawn(server::listen(
            listener,
            router,
            Patience::default(),
            std::future::pending(),
        ));
        let repo = yard.repository("octo/sample", &SAMPLE).await.unwrap();
        let alice = repo.person("alice", Permission::Write).await.unwrap();
        // The sweep at the start: what was there before the server.
        while engine.sweep_next().await.unwrap() {}
        tokio::spawn(engine.clone().work(told));
        let world = Self {
            yard,
            engine,
            repo,
            alice,
            _folder: folder,
            _ending: ending,
        };
        world.settles().await;
        world
    }

    /// Waits until every delivery is read and every effect performed, and it stays so.
    pub(crate) async fn settles(&self) {
        let mut quiet = 0;
        while quiet < 3 {
            self.yard.settle().await;
            let unread = self.engine.store.count_deliveries().await.unwrap().unread;
            let waiting = self.engine.store.count_effects().await.unwrap().waiting;
            quiet = if unread == 0 && waiting == 0 {
                quiet + 1
            } else {
                0
            };
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// alice opens the sample's issue; its number.
    pub(crate) async fn issue(&self) -> i64 {
        let text = include_str!("../../fixtures/sample/issue.md");
        let issue = self.alice.opens_issue("count_words counts spaces", text);
        let issue = issue.await.unwrap();
        self.settles().await;
        issue
    }

    /// alice labels an issue; its task, once it has come to rest with a pull request.
    pub(crate) async fn works(&self, issue: i64) -> Task {
        self.alice.labels(issue, "agent").await.unwrap();
        let rests = |task: &Task| !task.stage.is_busy() && task.stage.name() != "checking";
        let settled = async {
            loop {
                let store = &self.engine.store;
                let stored = store.task_of_issue(self.repo.id(), Number(issue));
                let stored = stored.await.unwrap();
                if let Some(stored) = stored.filter(|stored| rests(&stored.task)) {
                    let stage = &stored.task.stage;
                    assert!(stored.task.pull.is_some(), "no pull request: {stage:?}");
                    return stored.task;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let task = tokio::time::timeout(STORY_MAX, settled).await.unwrap();
        self.settles().await;
        task
    }
}

async fn yard(server: &str, folder: PathBuf, setting: &Setting) -> Yard {
    let search: Vec<PathBuf> = PROGRAMS.iter().map(PathBuf::from).collect();
    let sandbox = Sandbox::find(&search).await.unwrap();
    let program = Program {
        argv: vec![
            env!("CARGO_BIN_EXE_castellan").to_owned(),
            "work".to_owned(),
        ],
        env: vec![
            ("CASTELLAN_SERVER".to_owned(), server.to_owned()),
            ("PATH".to_owned(), PROGRAMS.join(":")),
        ],
        dir: folder,
        enters: Some(server.to_owned()),
    };
    let ci = Sandboxed::new(sandbox, PathBuf::from("/var/tmp"));
    let options = Options {
        runner: Runner::Started(program),
        ci: match setting.runs_ci {
            true => Ci::On(Arc::new(ci)),
            false => Ci::Off,
        },
        latency: setting.latency,
        ..Options::default()
    };
    let yard = Yard::start(options).await.unwrap();
    yard.connect(&format!("{server}/webhook"));
    yard
}

async fn engine(yard: &Yard, address: &str, folder: &Path) -> Engine {
    let clock = Clock::system();
    let app = yard.app();
    let key = AppKey::new(app.app_id, &app.private_key_pem).unwrap();
    let api = yard.api_url().parse().unwrap();
    let issuer = format!("{}/_services/token", yard.web_url())
        .parse()
        .unwrap();
    let database = format!("sqlite:{}", folder.join("castellan.db").display());
    let script = include_str!("../../fixtures/sample/agent.json").to_owned();
    let agent = vec![
        env!("CARGO_BIN_EXE_castellan-scripted-agent").to_owned(),
        "--script".to_owned(),
        script,
    ];
    Engine {
        started_at: clock.now(),
        store: Store::open(&database).await.unwrap(),
        github: Some(Client::new(&api, key, clock.clone()).unwrap()),
        issuer: Some(Issuer::new(&issuer, address, clock.clone()).unwrap()),
        mirrors: Mirrors::new(&folder.join("mirrors")),
        clock,
        rules: Arc::new(rules(yard, address, agent)),
        allowance: Arc::new(Allowance::default()),
        required: Default::default(),
        seen_checks: Default::default(),
        bell: Arc::new(Notify::new()),
    }
}

fn rules(yard: &Yard, address: &str, agent: Vec<String>) -> Rules {
    Rules {
        public_url: Some(address.parse().unwrap()),
        pages_are_local: true,
        github_url: yard.web_url().parse().unwrap(),
        agent: AgentCommand {
            preset: None,
            command: agent,
            environment: BTreeMap::new(),
        },
        models: Default::default(),
        limits: Limits {
            setup_s: 60,
            agent_s: 60,
            acceptance_s: 60,
            turns: 1,
            memory_mib: 2048,
            memory_total_mib: 4096,
            disk_mib: 8192,
            processes: 64,
            file_mib: 64,
            output_mib: 8,
        },
        tasks_per_repository: 100,
        tasks_per_person_hour: 100,
        organisation: Default::default(),
        risk_floor: Default::default(),
        sweep_idle_s: 1800,
        sweep_busy_s: 300,
    }
}
