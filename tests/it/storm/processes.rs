//! Five storms as real processes: `castellan serve` on a database on disk, ended by SIGKILL just
//! after a call of GitHub or a delivery that the seed chooses, and started again.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use castellan::clock::Clock;
use castellan::domain::task::Task;
use castellan::store::Store;
use sqlx::{AnyConnection, Connection as _, Executor as _};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;

use super::end::End;
use super::runner::{Away, Job};
use super::world::World;
use super::{Storm, Tale};

const SEEDS: [u64; 5] = [1, 2, 3, 4, 5];
/// Longest that one may take, with everything else on the same two cores.
const ONE_MAX: Duration = Duration::from_secs(120);
/// How often a process is looked at from outside.
const LOOK: Duration = Duration::from_millis(25);

/// A program that serves, and what it needs to be started again.
struct Process {
    world: World,
    port: u16,
    child: Option<Child>,
}

impl Process {
    async fn begin(seed: u64) -> Self {
        let world = World::without_server(seed, Clock::system()).await;
        let app = world.yard.app();
        std::fs::write(world.folder.path().join("key.pem"), app.private_key_pem).unwrap();
        let free = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let mut process = Self {
            world,
            port,
            child: None,
        };
        process.starts().await;
        let webhook = format!("{}/webhook", process.url());
        process.world.yard.connect(&webhook);
        process
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    async fn starts(&mut self) {
        let app = self.world.yard.app();
        let folder = self.world.folder.path();
        let own = |name: &str| folder.join(name).display().to_string();
        let settings = [
            ("LISTEN", format!("127.0.0.1:{}", self.port)),
            ("DATABASE_URL", self.world.database()),
            ("DATA_DIR", own("data")),
            ("APP_ID", app.app_id.to_string()),
            ("PRIVATE_KEY", own("key.pem")),
            ("WEBHOOK_SECRETS", app.webhook_secrets.join(",")),
            ("GITHUB_API_URL", self.world.yard.api_url()),
            ("PUBLIC_URL", super::world::AUDIENCE.to_owned()),
            ("AGENT", "agent".to_owned()),
            ("LOG", "warn".to_owned()),
        ];
        let settings = settings.map(|(name, value)| (format!("CASTELLAN_{name}"), value));
        let child = Command::new(env!("CARGO_BIN_EXE_castellan"))
            .arg("serve")
            .current_dir(folder)
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .envs(settings)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        self.child = Some(child);
        let health = format!("{}/health", self.url());
        while self.world.http.get(&health).send().await.is_err() {
            tokio::time::sleep(LOOK).await;
        }
    }

    /// SIGKILL.
    async fn dies(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().await.unwrap();
        }
    }

    /// An hour passes while nobody serves: leases have run out and every sweep is due.
    async fn an_hour_passes(&self) {
        let url = format!("{}?mode=rwc", self.world.database());
        let mut connection = AnyConnection::connect(&url).await.unwrap();
        for text in [
            "UPDATE outbox SET leased_until = 0, not_before = 0",
            "UPDATE deliveries SET not_before = 0",
            "UPDATE repositories SET next_sweep_at = 0",
            "UPDATE installations SET paused_until = 0",
            "DELETE FROM cursors",
        ] {
            connection.execute(text).await.unwrap();
        }
    }

    /// Waits until the task is `there` and nothing is left to do.
    async fn rests(&self, store: &Store, there: impl Fn(&Task) -> bool) {
        loop {
            let tasks = store.newest_tasks(1).await.unwrap();
            let effects = store.count_effects().await.unwrap();
            let deliveries = store.count_deliveries().await.unwrap();
            let there = tasks.first().is_some_and(|summary| there(&summary.task));
            if there && effects.waiting == 0 && deliveries.unread == 0 {
                return;
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}

/// Plays every dispatched run against the server at `url`, as often as it takes.
fn runners(world: &World, url: String) -> JoinHandle<()> {
    let (yard, http) = (world.yard.clone(), world.http.clone());
    tokio::spawn(async move {
        loop {
            let job = Job::new(yard.take_run().await, http.clone());
            let url = url.clone();
            tokio::spawn(async move {
                while let Err(Away::Gone) = job.runs(&url, true).await {
                    tokio::time::sleep(LOOK).await;
                }
            });
        }
    })
}

async fn tell(seed: u64) -> End {
    let mut process = Process::begin(seed).await;
    let store = Store::open(&process.world.database()).await.unwrap();
    let runners = runners(&process.world, process.url());
    let alice = process.world.alice.clone();
    let issue = alice
        .opens_issue("The code is broken", "Please fix it.")
        .await
        .unwrap();
    let yard = process.world.yard.clone();
    let already = yard.call_list().len();
    alice.labels(issue, "agent").await.unwrap();
    // The story takes some 20 calls; the seed says after which the server dies.
    let calls = usize::try_from(seed * 7 % 19).unwrap();
    yard.has_answered(already + calls).await;
    process.dies().await;
    process.an_hour_passes().await;
    process.starts().await;
    process
        .rests(&store, |task| task.stage.name() == "delivered")
        .await;
    // What the runs' ends bring is read, too.
    yard.runs_ended().await;
    yard.settle().await;
    process
        .rests(&store, |task| task.stage.name() == "delivered")
        .await;
    runners.abort();
    let end = End::of(&store, &yard, &process.world.repo).await;
    process.dies().await;
    end
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_seeds_as_real_processes_under_sigkill() {
    assert!(Path::new(env!("CARGO_BIN_EXE_castellan")).exists());
    let calm = Storm::tell(1, Tale::Label, None).await;
    let mut failed = Vec::new();
    for seed in SEEDS {
        match tokio::time::timeout(ONE_MAX, tell(seed)).await {
            Ok(end) if end == calm => {}
            Ok(end) => failed.push(format!(
                "seed {seed} ended otherwise: {end:#?}\ncalm: {calm:#?}"
            )),
            Err(_) => failed.push(format!("seed {seed} took too long")),
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n\n"));
}
