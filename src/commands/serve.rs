//! `castellan serve` and `castellan replay`.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use castellan::clock::Clock;
use castellan::engine::allowance::Allowance;
use castellan::engine::{Engine, Rules};
use castellan::git::Mirrors;
use castellan::github::Client;
use castellan::github::app_auth::AppKey;
use castellan::github::identity::Issuer;
use castellan::github::signature::Secrets;
use castellan::protocol::brief::{AgentCommand, Limits};
use castellan::server::{self, Builds, Drain, Gateway, Pace, Patience, Server};
use castellan::settings::{self, ConfigPath, Given, Settings};
use castellan::store::Store;
use clap::Args;
use tokio::net::TcpListener;
use tokio::sync::{Notify, watch};

/// Run the server.
#[derive(Args)]
pub(crate) struct Serve {
    #[command(flatten)]
    config: ConfigPath,
    #[command(flatten)]
    given: Given,
}

impl Serve {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let settings = self.given.read(&self.config)?;
        super::log_to_stderr(&settings.log)?;
        super::runtime()?.block_on(async {
            let listener = TcpListener::bind(&settings.listen)
                .await
                .with_context(|| format!("listen: {}", settings.listen))?;
            let store = open(&settings).await?;
            for sentence in &settings.missing {
                tracing::warn!("not set: {sentence}");
            }
            let engine = engine(&settings, store, Clock::system())?;
            tracing::info!(address = %listener.local_addr()?, "ready");
            run_until(listener, engine, &settings, ended()).await?;
            Ok(ExitCode::SUCCESS)
        })
    }
}

/// What one attempt may use where nothing else is said.
pub(crate) const LIMITS: Limits = Limits {
    setup_s: 900,
    agent_s: 1800,
    acceptance_s: 900,
    turns: 1,
    memory_mib: 8192,
    memory_total_mib: 4096,
    disk_mib: 8192,
    processes: 512,
    file_mib: 1024,
    output_mib: 64,
};

/// Longest that the verbs may take once the end is told.
const WORK_END_MAX: Duration = Duration::from_secs(3);

/// The engine that these settings make.
pub(crate) fn engine(settings: &Settings, store: Store, clock: Clock) -> anyhow::Result<Engine> {
    let github = match &settings.app {
        Some((id, key)) => {
            let key = AppKey::new(*id, key.expose())?;
            Some(Client::new(&settings.github_api_url, key, clock.clone())?)
        }
        None => None,
    };
    let issuer = match &settings.public_url {
        Some(here) => {
            let audience = here.as_str().trim_end_matches('/');
            Some(Issuer::new(&settings.oidc_issuer, audience, clock.clone())?)
        }
        None => None,
    };
    let rules = Rules {
        public_url: settings.public_url.clone(),
        pages_are_local: settings.pages_are_local(),
        github_url: settings.github_url.clone(),
        agent: AgentCommand {
            preset: settings.preset,
            command: settings.agent.clone(),
            environment: Default::default(),
        },
        models: settings::catalogue(&settings.providers),
        limits: LIMITS,
        tasks_per_repository: settings.tasks_per_repository,
        tasks_per_person_hour: settings.tasks_per_person_hour,
        organisation: settings.organisation.clone(),
        risk_floor: settings.risk_floor.clone(),
        sweep_idle_s: i64::from(settings.sweep_minutes) * 60,
        sweep_busy_s: i64::from(settings.sweep_minutes.min(5)) * 60,
    };
    // Git works in folders of its own, where a relative path leads elsewhere.
    let data = std::path::absolute(&settings.data_dir).context("data-dir")?;
    Ok(Engine {
        store,
        github,
        issuer,
        mirrors: Mirrors::new(&data.join("mirrors")),
        started_at: clock.now(),
        clock,
        rules: Arc::new(rules),
        allowance: Arc::new(Allowance::default()),
        required: Arc::default(),
        seen_checks: Arc::default(),
        bell: Arc::new(Notify::new()),
    })
}

/// The gateway to the providers of these settings.
fn gateway(settings: &Settings) -> anyhow::Result<Gateway> {
    let providers = settings.providers.iter().map(|provider| {
        let known = server::Provider {
            url: provider.url.clone(),
            key: provider.key.as_ref().map(|key| key.expose().to_owned()),
        };
        (provider.offer.provider.clone(), provider.offer.wire, known)
    });
    Gateway::new(providers, Pace::default()).context("the way to the providers of models")
}

/// Serves and works until `end` is there; then finishes what is under way.
pub(crate) async fn run_until(
    listener: TcpListener,
    engine: Engine,
    settings: &Settings,
    end: impl Future<Output = ()> + Send + 'static,
) -> anyhow::Result<()> {
    let (ending, mut told) = watch::channel(false);
    let builds = Builds::new(settings.data_dir.join("runners"));
    let (keeper, program) = (builds.clone(), std::env::current_exe()?);
    let sha256 = tokio::task::spawn_blocking(move || keeper.keep(&program)).await?;
    let sha256 = sha256.context("data-dir: the runner's build could not be kept there")?;
    tracing::info!(runner.sha256 = %sha256, "workflow files may name this build");
    let gateway = gateway(settings)?;
    let server = Server {
        engine: engine.clone(),
        builds,
        secrets: Secrets::new(
            settings
                .webhook_secrets
                .iter()
                .map(|secret| secret.expose()),
        ),
        unverified: server::Unverified::default(),
        gateway: gateway.clone(),
        missing: Arc::new(settings.missing.clone()),
    };
    let ending = Arc::new(ending);
    let (loops, broken_off) = (engine.clone().work(told.clone()), Arc::clone(&ending));
    let work = tokio::spawn(async move {
        let ended = loops.await;
        // Nothing is taken in where nothing is done about it.
        let _ = broken_off.send(true);
        ended
    });
    tokio::spawn(async move {
        end.await;
        let _ = ending.send(true);
    });
    let router = server::router(server);
    let end = async move {
        told.changed().await.ok();
    };
    let drain = Drain {
        under_way: gateway.under_way(),
        most: Duration::from_secs(settings.drain_seconds.into()),
    };
    server::listen_and_drain(listener, router, Patience::default(), drain, end).await;
    // What is cut off here is taken up at the next start, as after a crash.
    match tokio::time::timeout(WORK_END_MAX, work).await {
        Ok(ended) => ended??,
        Err(_) => tracing::warn!("a call that was still under way is cut off"),
    }
    engine.store.close().await;
    Ok(())
}

pub(super) async fn open(settings: &Settings) -> anyhow::Result<Store> {
    let opened = Store::open(settings.database_url.expose()).await;
    opened.context("database-url: see that the folder of the SQLite file is there and can be written to, or that PostgreSQL answers at its address and takes the password")
}

/// SIGINT or SIGTERM.
pub(crate) async fn ended() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}

/// Try again what was parked.
#[derive(Args)]
pub(crate) struct Replay {
    /// GUID of a delivery or key of an effect; all that is parked where left out
    which: Option<String>,
    #[command(flatten)]
    config: ConfigPath,
    #[command(flatten)]
    given: Given,
}

impl Replay {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let settings = self.given.read(&self.config)?;
        super::runtime()?.block_on(async {
            let store = open(&settings).await?;
            let which = self.which.as_deref();
            let deliveries = store.replay_deliveries(which).await?;
            let effects = store.replay_effects(which).await?;
            if let Some(which) = which.filter(|_| deliveries + effects == 0) {
                anyhow::bail!("nothing that is parked has the name {which}; /health counts what is parked, and a task's page names it");
            }
            println!("{deliveries} deliveries and {effects} effects will be tried again by the running server");
            Ok(ExitCode::SUCCESS)
        })
    }
}
