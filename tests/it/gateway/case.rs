//! A server with a task that a runner works on, and the provider behind it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use castellan::clock::Clock;
use castellan::domain::event::Fact;
use castellan::domain::ids::{AttemptNumber, Fence, RunId, Sha256Hex};
use castellan::domain::model::catalogue::{Catalogue, Model, Offer};
use castellan::domain::model::price::Prices;
use castellan::domain::model::{Spent, Wire};
use castellan::domain::request::contract::Budget;
use castellan::domain::task::Task;
use castellan::domain::task::attempt::{Attempt, Entered, Phase, RunIdentity};
use castellan::domain::task::because::Because;
use castellan::domain::task::stage::Stage;
use castellan::domain::time::Timestamp;
use castellan::engine::allowance::Allowance;
use castellan::engine::{Engine, Rules};
use castellan::git::Mirrors;
use castellan::github::signature::Secrets;
use castellan::protocol::brief::{AgentCommand, Limits};
use castellan::protocol::{MODEL_PATH, MODEL_REFUSAL_HEADER};
use castellan::server::{Builds, Gateway, Pace, Patience, Provider as Known, Server, Unverified};
use castellan::server::{listen, router};
use castellan::store::{Cause, Recorded, Recording, Store};
use http::StatusCode;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use super::provider::Provider;
use crate::transitions::sample::{self, START, event};

/// The provider's key, which must be nowhere else.
pub(crate) const KEY: &str = "sk-canary-7f3a9d";
/// The key of the lease of attempt `number`.
pub(crate) fn lease_key(number: u32) -> String {
    String::from(Sha256Hex::of(format!("lease {number}")))
}

/// 3 and 15 for a million tokens.
pub(crate) const PRICES: Prices = Prices {
    input: 3_000_000,
    cache_read: 300_000,
    cache_write: 3_750_000,
    output: 15_000_000,
};

/// A task of issue `issue` whose attempts all entered; a runner works on the last of them.
pub(crate) fn working(issue: i64, attempts: u32, budget: Budget, now: Timestamp) -> Task {
    let mut task = sample::task(issue);
    task.contract.budget = budget;
    task.attempts = (1..=attempts).map(|number| attempt(number, now)).collect();
    task.stage = Stage::Working {
        attempt: AttemptNumber(attempts),
        phase: Phase::Agent,
        until: now.plus_s(600),
    };
    task
}

pub(crate) fn attempt(number: u32, now: Timestamp) -> Attempt {
    let run = RunIdentity {
        run_id: RunId(i64::from(number)),
        run_attempt: 1,
    };
    Attempt {
        number: AttemptNumber(number),
        fence: Fence(i64::from(number)),
        seed: Sha256Hex::of("seed"),
        nonce: "n".to_owned(),
        start: sample::oid(1),
        feedback: None,
        asked_at: now,
        run: None,
        signed_in: None,
        entered: Some(Entered {
            run,
            key: Sha256Hex::of(lease_key(number)),
            at: now,
            deadline: now.plus_s(3600),
        }),
        result: None,
        ended: None,
        going: None,
        questions: Vec::new(),
        answer: None,
        correction: None,
        merge: None,
        staged: None,
        approved: None,
    }
}

pub(crate) fn budget(calls: u32, tokens: u64, cents: Option<u32>) -> Budget {
    Budget {
        attempts: 3,
        minutes: 10,
        turns: 1,
        calls,
        tokens,
        cents,
    }
}

/// What costs nothing to wait for.
pub(crate) const PACE: Pace = Pace {
    wait_first: Duration::from_millis(1),
    wait_max: Duration::from_millis(2),
    all_max: Duration::from_millis(300),
    silence_max: Duration::from_secs(20),
};

/// The server, the task and the provider.
pub(crate) struct Case {
    pub(crate) engine: Engine,
    pub(crate) gateway: Gateway,
    pub(crate) task: Task,
    pub(crate) provider: Provider,
    pub(crate) address: String,
    pub(crate) http: reqwest::Client,
    serving: JoinHandle<()>,
    _folder: Option<tempfile::TempDir>,
}

impl Drop for Case {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Case {
    /// With plenty of everything.
    pub(crate) async fn begins() -> Self {
        Self::with(budget(500, 10_000_000, None)).await
    }

    pub(crate) async fn with(budget: Budget) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("castellan.db").display());
        let mut case = Self::over(Store::open(&url).await.unwrap(), budget).await;
        case._folder = Some(folder);
        case
    }

    pub(crate) async fn over(store: Store, budget: Budget) -> Self {
        let provider = Provider::starts().await;
        let gateway = gateway(&provider.url, PACE);
        let clock = Clock::manual(START);
        let engine = engine(store, clock);
        let task = working(1, 1, budget, START);
        record(&engine.store, None, &task).await;
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0))
            .await
            .unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let router = router(server(&engine, &gateway));
        let never = std::future::pending();
        let serving = tokio::spawn(listen(listener, router, Patience::default(), never));
        Self {
            engine,
            gateway,
            task,
            provider,
            address,
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
            serving,
            _folder: None,
        }
    }

    pub(crate) fn bearer(&self, attempt: u32) -> String {
        format!("{}.{attempt}.{}", self.task.id, lease_key(attempt))
    }

    /// A call with the lease of the attempt.
    pub(crate) fn post(&self, path: &str, body: &Value) -> reqwest::RequestBuilder {
        let attempt = self.task.attempts.last().unwrap().number.0;
        let url = format!("{}{MODEL_PATH}/{path}", self.address);
        let post = self.http.post(url).bearer_auth(self.bearer(attempt));
        post.body(body.to_string())
    }

    /// The usual call; its answer.
    pub(crate) async fn calls(&self) -> Answer {
        answer(self.post("anthropic/v1/messages", &message("hello", 1_000))).await
    }

    pub(crate) async fn spent(&self) -> Spent {
        self.engine.store.spent(&self.task.id).await.unwrap()
    }

    /// Records the task as it is changed.
    pub(crate) async fn becomes(&mut self, change: impl FnOnce(&mut Task)) {
        change(&mut self.task);
        let stored = self
            .engine
            .store
            .task(&self.task.id)
            .await
            .unwrap()
            .unwrap();
        record(&self.engine.store, Some(stored.version), &self.task).await;
    }
}

/// A request of Anthropic's form.
pub(crate) fn message(text: &str, max_tokens: u64) -> Value {
    json!({"model": "asked", "max_tokens": max_tokens, "messages": [{"role": "user", "content": text}]})
}

/// What a call came to.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    /// The gateway's word, where it refuses.
    pub(crate) word: Option<String>,
    pub(crate) text: String,
}

pub(crate) async fn answer(request: reqwest::RequestBuilder) -> Answer {
    let answer = request.send().await.unwrap();
    let word = answer.headers().get(MODEL_REFUSAL_HEADER);
    Answer {
        status: answer.status(),
        word: word.map(|word| word.to_str().unwrap().to_owned()),
        text: answer.text().await.unwrap(),
    }
}

pub(crate) async fn record(store: &Store, version: Option<i64>, task: &Task) {
    let recording = Recording {
        version,
        task,
        event: &event(0, Fact::Opened),
        because: Because::RequestAccepted,
        effects: &[],
        cause: Cause::None,
    };
    assert_eq!(store.record(recording).await.unwrap(), Recorded::Done);
}

pub(crate) fn gateway(url: &str, pace: Pace) -> Gateway {
    let known = Wire::ALL.map(|wire| {
        let known = Known {
            url: url.parse().unwrap(),
            key: Some(KEY.to_owned()),
        };
        (wire.as_str().to_owned(), wire, known)
    });
    Gateway::new(known, pace).unwrap()
}

pub(crate) fn server(engine: &Engine, gateway: &Gateway) -> Server {
    Server {
        engine: engine.clone(),
        secrets: Secrets::new(["a secret"]),
        unverified: Unverified::default(),
        builds: Builds::new(PathBuf::from("/nonexistent")),
        gateway: gateway.clone(),
        missing: Arc::default(),
    }
}

fn catalogue() -> Catalogue {
    let offers = Wire::ALL.map(|wire| Offer {
        provider: wire.as_str().to_owned(),
        wire,
        repositories: None,
        models: ["granted", "other"]
            .map(|name| Model {
                name: name.to_owned(),
                prices: Some(PRICES),
                output_max: 8_000,
            })
            .to_vec(),
    });
    Catalogue {
        offers: offers.to_vec(),
    }
}

fn engine(store: Store, clock: Clock) -> Engine {
    let rules = Rules {
        public_url: None,
        pages_are_local: true,
        github_url: "http://127.0.0.1:1".parse().unwrap(),
        agent: AgentCommand {
            preset: None,
            command: vec!["agent".to_owned()],
            environment: Default::default(),
        },
        models: catalogue(),
        limits: Limits {
            setup_s: 60,
            agent_s: 60,
            acceptance_s: 60,
            turns: 1,
            memory_mib: 64,
            memory_total_mib: 64,
            disk_mib: 64,
            processes: 9,
            file_mib: 9,
            output_mib: 9,
        },
        tasks_per_repository: 9,
        tasks_per_person_hour: 9,
        organisation: Default::default(),
        risk_floor: Default::default(),
        sweep_idle_s: 3600,
        sweep_busy_s: 300,
    };
    Engine {
        started_at: clock.now(),
        store,
        github: None,
        issuer: None,
        mirrors: Mirrors::new(&PathBuf::from("/nonexistent")),
        clock,
        rules: Arc::new(rules),
        allowance: Arc::new(Allowance::default()),
        required: Arc::default(),
        seen_checks: Arc::default(),
        bell: Arc::default(),
    }
}

/// Lets others run until `is_so`.
pub(crate) async fn until(what: &str, is_so: impl AsyncFn() -> bool) {
    let waiting = async {
        while !is_so().await {
            tokio::task::yield_now().await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(30), waiting).await;
    assert!(waited.is_ok(), "{what} does not come");
}
