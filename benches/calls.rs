//! How many calls of GitHub's API a task costs, by kind, and what that allows in an hour.
//!
//! Server, runner, agent and sandbox are the real ones; GitHub is the yard, which counts. The
//! sweep at the start is over before anything is counted. Ends with one JSON object.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench fails by panicking, and prints"
)]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use castellan::clock::Clock;
use castellan::domain::ids::Number;
use castellan::domain::task::stage::Stage;
use castellan::engine::allowance::{Allowance, HOUR_EVERY_MS};
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
use castellan::yard::{
    Actor, CallRecord, Ci, Options, Permission, Program, Repo, Runner, Sandboxed, Yard,
};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::{Notify, watch};

/// Issues that are labelled one after the other.
const ISSUES: usize = 7;
/// Aims: calls that people see, all calls of a task, calls that a person's push costs.
const CONTENT: u64 = 6;
const CALLS: u64 = 20;
const HUMAN_PUSH: u64 = 1;
/// Aim: calls of one correction, beside one for each log that is read.
const CORRECTION: u64 = 12;
/// Content creations that Castellan allows itself in an hour; GitHub allows 500.
const CONTENT_PER_HOUR: u64 = 3_600_000 / HOUR_EVERY_MS.unsigned_abs();
/// What GitHub lets one installation ask in an hour.
const REQUESTS_PER_HOUR: u64 = 5_000;
/// Longest wait for one story.
const STORY_MAX: Duration = Duration::from_secs(120);

const PROGRAMS: [&str; 3] = ["/usr/local/bin", "/usr/bin", "/bin"];
const SAMPLE: [(&str, &str, bool); 6] = [
    (
        ".gitignore",
        include_str!("../fixtures/sample/.gitignore"),
        false,
    ),
    (
        "words.py",
        include_str!("../fixtures/sample/words.py"),
        false,
    ),
    (
        "test_words.py",
        include_str!("../fixtures/sample/test_words.py"),
        false,
    ),
    (
        ".github/workflows/ci.yml",
        include_str!("../fixtures/sample/.github/workflows/ci.yml"),
        false,
    ),
    (
        ".github/workflows/castellan.yml",
        include_str!("../deploy/workflow/castellan.yml"),
        false,
    ),
    (
        ".github/castellan.yml",
        include_str!("../fixtures/sample/.github/castellan.yml"),
        false,
    ),
];

type Calls = BTreeMap<&'static str, u64>;

struct World {
    yard: Yard,
    engine: Engine,
    repo: Repo,
    alice: Actor,
    _folder: tempfile::TempDir,
    _ending: watch::Sender<bool>,
}

impl World {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let yard = yard(&address, folder.path().to_owned()).await;
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
    async fn settles(&self) {
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

    /// From label to draft pull request, and from there until CI has settled (of the first task: by
    /// one correction): the calls of both, and the branch.
    async fn labels(&self) -> (Calls, u64, String) {
        let text = include_str!("../fixtures/sample/issue.md");
        let issue = self
            .alice
            .opens_issue("count_words counts spaces", text)
            .await
            .unwrap();
        self.settles().await;
        self.yard.resets_calls();
        self.alice.labels(issue, "agent").await.unwrap();
        let settled = async {
            loop {
                let store = &self.engine.store;
                let stored = store
                    .task_of_issue(self.repo.id(), Number(issue))
                    .await
                    .unwrap();
                let ended = |stage: &Stage| !stage.is_busy() && stage.name() != "checking";
                if let Some(stored) = stored.filter(|stored| ended(&stored.task.stage)) {
                    let stage = &stored.task.stage;
                    assert!(stored.task.pull.is_some(), "no pull request: {stage:?}");
                    return stored.task.id.branch();
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let branch = tokio::time::timeout(STORY_MAX, settled).await.unwrap();
        self.settles().await;
        let list = self.yard.call_list();
        // Where the first look at CI begins; rules are asked for once in ten minutes.
        let is_look = |call: &CallRecord| {
            call.path.contains("/rules/branches/") || call.path.ends_with("/check-runs")
        };
        let first = list.iter().position(is_look).unwrap();
        let mut calls = Calls::new();
        for call in &list[..first] {
            *calls.entry(call.kind).or_default() += 1;
        }
        let counts = |call: &&CallRecord| call.kind != "tokens" && !call.path.ends_with("/logs");
        let looks = list[first..].iter().filter(counts).count();
        (calls, looks as u64, branch)
    }

    /// The calls that a push of a person causes.
    async fn pushes(&self, branch: &str) -> u64 {
        self.yard.resets_calls();
        self.alice
            .pushes(branch, &[("README.md", "better\n")], "Polish")
            .await
            .unwrap();
        self.settles().await;
        self.yard.calls().values().sum()
    }
}

async fn yard(server: &str, folder: PathBuf) -> Yard {
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
        ci: Ci::On(Arc::new(ci)),
        ..Options::default()
    };
    let yard = Yard::start(options).await.unwrap();
    yard.connect(&format!("{server}/webhook"));
    yard
}

async fn engine(yard: &Yard, address: &str, folder: &std::path::Path) -> Engine {
    let clock = Clock::system();
    let app = yard.app();
    let key = AppKey::new(app.app_id, &app.private_key_pem).unwrap();
    let api = yard.api_url().parse().unwrap();
    let issuer = format!("{}/_services/token", yard.web_url())
        .parse()
        .unwrap();
    let database = format!("sqlite:{}", folder.join("castellan.db").display());
    let script = include_str!("../fixtures/sample/agent.json").to_owned();
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

/// Measured to aimed at, to two places: below 1 is better than aimed at.
fn ratio(measured: u64, aim: u64) -> f64 {
    (measured as f64 / aim as f64 * 100.0).round() / 100.0
}

fn median(mut counts: Vec<u64>) -> u64 {
    counts.sort_unstable();
    counts[counts.len() / 2]
}

#[tokio::main]
async fn main() {
    let world = World::start().await;
    let (mut stories, mut correction) = (Vec::new(), 0);
    let mut branch = String::new();
    for nth in 1..=ISSUES {
        let (calls, looks, of) = world.labels().await;
        println!("issue {nth}: {calls:?}, then {looks} until CI had settled");
        // The next tasks fail in the same way as the first, so that no agent is woken for them.
        if nth == 1 {
            correction = looks;
        }
        if nth == ISSUES {
            for call in world.yard.call_list() {
                println!("  {} {} {}", call.status, call.method, call.path);
            }
        }
        stories.push(calls);
        branch = of;
    }
    // The first issue pays for the tokens too, which are good for an hour.
    let first = stories.remove(0);
    let calls: u64 = first.values().sum();
    let calls_next = median(stories.iter().map(|calls| calls.values().sum()).collect());
    let human_push = world.pushes(&branch).await;
    let human_push_own = world.pushes("topic").await;
    assert_eq!(world.yard.violations(), []);
    let by_content = CONTENT_PER_HOUR / first["content"];
    let by_requests = REQUESTS_PER_HOUR / calls;
    let object = json!({
        "bench": "calls",
        "results": {
            "content_creating": first["content"],
            "git": first["git"],
            "tokens": first["tokens"],
            "reads": first["reads"],
            "other": first["other"],
            "calls": calls,
            "calls_next": calls_next,
            "correction": correction,
            "human_push": human_push,
            "human_push_own": human_push_own,
            "tasks_per_hour": by_content.min(by_requests),
            "tasks_per_hour_by_content": by_content,
            "tasks_per_hour_by_requests": by_requests,
        },
        "ratios": {
            "content_creating": ratio(first["content"], CONTENT),
            "calls": ratio(calls, CALLS),
            "correction": ratio(correction, CORRECTION),
            "human_push": ratio(human_push, HUMAN_PUSH),
        },
    });
    println!("{object}");
}
