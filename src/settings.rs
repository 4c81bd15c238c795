//! What can be set: one struct, one line of documentation a setting.
//!
//! Each setting is a flag, an environment variable and a key of `castellan.toml` of one name:
//! `--public-url`, `CASTELLAN_PUBLIC_URL`, `public-url = "…"`. The flag wins over the
//! variable, the variable over the file. Secrets never print. This is the one place that
//! reads the environment.

mod admin;
#[cfg(feature = "demo")]
mod demo;
mod missing;
mod organisation;
mod parse;
mod providers;
mod secret;

use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Deserialize;
use url::Url;

pub use admin::AdminToken;
#[cfg(feature = "demo")]
pub use demo::{DemoModel, DemoSettings};
pub use organisation::{floor_file, tier};
use parse::{default_api, issuer_of, preset_of, read_file, read_key, split, web_of, wire, words};
pub use providers::{Provider, catalogue};
use providers::{ProviderGiven, Single};
pub use secret::tool_secret;

use crate::domain::gate::facts::Organisation;
use crate::domain::model::Wire;
use crate::domain::request::policy::RiskPolicy;
use crate::domain::risk::Tier;
use crate::protocol::brief::Preset;

/// Settings as they are given: nothing is required, nothing is read yet.
#[derive(Args, Clone, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Given {
    /// Address and port to listen on [default: 127.0.0.1:8787]
    #[arg(long, env = "CASTELLAN_LISTEN")]
    listen: Option<String>,
    /// Database: sqlite:PATH or postgres://… [default: sqlite:castellan.db]
    #[arg(long, env = "CASTELLAN_DATABASE_URL", hide_env_values = true)]
    database_url: Option<String>,
    /// Folder for mirrors of repositories and for builds of the runner [default: castellan-data]
    #[arg(long, env = "CASTELLAN_DATA_DIR")]
    data_dir: Option<PathBuf>,
    /// Number of the GitHub App
    #[arg(long, env = "CASTELLAN_APP_ID")]
    app_id: Option<i64>,
    /// Private key of the GitHub App: a path, or the PEM itself
    #[arg(long, env = "CASTELLAN_PRIVATE_KEY", hide_env_values = true)]
    private_key: Option<String>,
    /// Webhook secrets, comma-separated; several while one is replaced
    #[arg(long, env = "CASTELLAN_WEBHOOK_SECRETS", hide_env_values = true)]
    webhook_secrets: Option<String>,
    /// GitHub's API, as in `https://HOST/api/v3` for an Enterprise Server [default: `https://api.github.com`]
    #[arg(long, env = "CASTELLAN_GITHUB_API_URL")]
    github_api_url: Option<Url>,
    /// Issuer of the identities by which runs sign in [default: GitHub's, or `https://HOST/_services/token`]
    #[arg(long, env = "CASTELLAN_OIDC_ISSUER")]
    oidc_issuer: Option<Url>,
    /// Where GitHub, runners and people reach this server
    #[arg(long, env = "CASTELLAN_PUBLIC_URL")]
    public_url: Option<Url>,
    /// Agent that runners start: opencode, claude, codex or gemini, or a command that speaks ACP over its standard input and output
    #[arg(long, env = "CASTELLAN_AGENT")]
    agent: Option<String>,
    /// How the provider of models is spoken with: anthropic, openai (and whatever imitates it) or gemini
    #[arg(long, env = "CASTELLAN_MODEL_WIRE", value_parser = wire)]
    model_wire: Option<Wire>,
    /// Where the provider's API begins, as in `http://127.0.0.1:4000/v1` [default: the provider's own]
    #[arg(long, env = "CASTELLAN_MODEL_URL")]
    model_url: Option<Url>,
    /// Key of the provider: the key itself, or the path of a file that begins with /
    #[arg(long, env = "CASTELLAN_MODEL_KEY", hide_env_values = true)]
    model_key: Option<String>,
    /// Model that agents work with; more of them, with prices and for some repositories only, in tables `[[providers]]` of the file
    #[arg(long, env = "CASTELLAN_MODEL")]
    model: Option<String>,
    #[arg(skip)]
    #[serde(default)]
    providers: Vec<ProviderGiven>,
    /// Most tasks that are not closed in one repository [default: 20]
    #[arg(long, env = "CASTELLAN_TASKS_PER_REPOSITORY")]
    tasks_per_repository: Option<u64>,
    /// Most tasks that one person may open in an hour [default: 20]
    #[arg(long, env = "CASTELLAN_TASKS_PER_PERSON_HOUR")]
    tasks_per_person_hour: Option<u64>,
    /// Minutes between two sweeps of a repository where nothing is under way [default: 30]
    #[arg(long, env = "CASTELLAN_SWEEP_MINUTES")]
    sweep_minutes: Option<u32>,
    /// Seconds that calls of models may take to end when the server is told to end [default: 120]
    #[arg(long, env = "CASTELLAN_DRAIN_SECONDS")]
    drain_seconds: Option<u32>,
    /// Whether a base without a policy takes part, with the usual one: true or false [default: true]
    #[arg(long, env = "CASTELLAN_GATE_WITHOUT_POLICY")]
    gate_without_policy: Option<bool>,
    /// Whether pull requests without work of an agent pass where the policy of their base is broken: true or false [default: false]
    #[arg(long, env = "CASTELLAN_OTHERS_PASS_BROKEN_POLICY")]
    others_pass_broken_policy: Option<bool>,
    /// Whether a policy may say solo: true or false [default: true]
    #[arg(long, env = "CASTELLAN_SOLO_ALLOWED")]
    solo_allowed: Option<bool>,
    /// Lowest tier of a change of an agent, T0 to T3 [default: T0]
    #[arg(long, env = "CASTELLAN_LEAST_TIER", value_parser = tier)]
    least_tier: Option<Tier>,
    /// Least approvals of tiers, as in T1=2,T3=3; a policy can only ask for more [default: T0=1,T1=1,T2=1,T3=2]
    #[arg(long, env = "CASTELLAN_LEAST_APPROVALS")]
    least_approvals: Option<String>,
    /// File in the form of a policy whose `risk` holds for all repositories; a policy can only raise it
    #[arg(long, env = "CASTELLAN_RISK_FLOOR")]
    risk_floor: Option<PathBuf>,
    /// What is logged, as in info or castellan=debug [default: info]
    #[arg(long, env = "CASTELLAN_LOG")]
    log: Option<String>,
}

/// Where the settings' file is.
#[derive(Args, Clone, Debug)]
pub struct ConfigPath {
    /// Settings file; castellan.toml is read where it exists
    #[arg(long, env = "CASTELLAN_CONFIG")]
    config: Option<PathBuf>,
}

/// What went wrong with the settings: place and remedy.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The file is not there, or may not be read.
    #[error("{path}: {source}; pass the right path to --config, or leave it out")]
    File {
        /// Which file.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is not what it should be.
    #[error(
        "{path}: {said}\nthe settings are listed by `castellan serve --help`; a key is a flag without its dashes"
    )]
    Toml {
        /// Which file.
        path: String,
        /// Line, column and message.
        said: String,
    },
    /// One setting is not what it should be.
    #[error("{setting}: {said}")]
    Setting {
        /// Which setting.
        setting: &'static str,
        /// What is wrong, and what it should be.
        said: String,
    },
}

/// A text that never prints.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// The text itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

/// Settings that can be used.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Address and port to listen on.
    pub listen: String,
    /// The database.
    pub database_url: Secret,
    /// Folder for mirrors and builds.
    pub data_dir: PathBuf,
    /// The App's number and its private key as PEM.
    pub app: Option<(i64, Secret)>,
    /// The webhook secrets.
    pub webhook_secrets: Vec<Secret>,
    /// GitHub's API.
    pub github_api_url: Url,
    /// Where git and people reach GitHub.
    pub github_url: Url,
    /// The issuer of identities by which runs sign in.
    pub oidc_issuer: Url,
    /// Where people reach this server.
    pub public_url: Option<Url>,
    /// The agent's command.
    pub agent: Vec<String>,
    /// The agent, where it is one that we know.
    pub preset: Option<Preset>,
    /// The providers of models.
    pub providers: Vec<Provider>,
    /// Most tasks that are not closed in one repository.
    pub tasks_per_repository: u64,
    /// Most tasks that one person may open in an hour.
    pub tasks_per_person_hour: u64,
    /// Minutes between two sweeps of a repository at rest.
    pub sweep_minutes: u32,
    /// Seconds that calls of models may take to end when the server is told to end.
    pub drain_seconds: u32,
    /// What holds for the gate of all repositories.
    pub organisation: Organisation,
    /// Rules of risk that hold for all repositories.
    pub risk_floor: RiskPolicy,
    /// What is logged.
    pub log: String,
    /// What is not set and needed to work: one sentence each, with the way to get it.
    pub missing: Vec<String>,
}

impl Settings {
    /// Whether only this machine reaches the pages: it listens on loopback, no address is given
    /// under which others would, and GitHub is on this machine too. A real GitHub reaches us
    /// through a proxy, and so may strangers.
    #[must_use]
    pub fn pages_are_local(&self) -> bool {
        let listens = self
            .listen
            .rsplit_once(':')
            .is_some_and(|(host, _)| is_loopback(host));
        let public = self.public_url.as_ref().and_then(Url::host_str);
        let github = self.github_api_url.host_str().unwrap_or_default();
        listens && public.is_none_or(is_loopback) && is_loopback(github)
    }
}

/// Whether this host, as it stands in an address, is this machine.
#[must_use]
pub fn is_loopback(host: &str) -> bool {
    let host = host.trim_matches(['[', ']']);
    host == "localhost" || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}

impl Given {
    /// Reads the file where there is one, lets flags and variables win over it, and checks all.
    ///
    /// # Errors
    /// See [`SettingsError`].
    pub fn read(self, config: &ConfigPath) -> Result<Settings, SettingsError> {
        let file = match &config.config {
            Some(path) => read_file(path)?,
            None if Path::new("castellan.toml").exists() => read_file(Path::new("castellan.toml"))?,
            None => Self::default(),
        };
        self.or(file).check()
    }

    fn or(self, file: Self) -> Self {
        Self {
            listen: self.listen.or(file.listen),
            database_url: self.database_url.or(file.database_url),
            data_dir: self.data_dir.or(file.data_dir),
            app_id: self.app_id.or(file.app_id),
            private_key: self.private_key.or(file.private_key),
            webhook_secrets: self.webhook_secrets.or(file.webhook_secrets),
            github_api_url: self.github_api_url.or(file.github_api_url),
            oidc_issuer: self.oidc_issuer.or(file.oidc_issuer),
            public_url: self.public_url.or(file.public_url),
            agent: self.agent.or(file.agent),
            model_wire: self.model_wire.or(file.model_wire),
            model_url: self.model_url.or(file.model_url),
            model_key: self.model_key.or(file.model_key),
            model: self.model.or(file.model),
            providers: file.providers,
            tasks_per_repository: self.tasks_per_repository.or(file.tasks_per_repository),
            tasks_per_person_hour: self.tasks_per_person_hour.or(file.tasks_per_person_hour),
            sweep_minutes: self.sweep_minutes.or(file.sweep_minutes),
            drain_seconds: self.drain_seconds.or(file.drain_seconds),
            gate_without_policy: self.gate_without_policy.or(file.gate_without_policy),
            others_pass_broken_policy: self
                .others_pass_broken_policy
                .or(file.others_pass_broken_policy),
            solo_allowed: self.solo_allowed.or(file.solo_allowed),
            least_tier: self.least_tier.or(file.least_tier),
            least_approvals: self.least_approvals.or(file.least_approvals),
            risk_floor: self.risk_floor.or(file.risk_floor),
            log: self.log.or(file.log),
        }
    }

    fn check(self) -> Result<Settings, SettingsError> {
        let providers = providers::read(&self.single(), self.providers.clone())?;
        let missing = missing::missing(&self, &providers);
        let (organisation, risk_floor) = organisation::read(&self)?;
        let agent = self.agent.unwrap_or_default();
        let api = self.github_api_url.map_or_else(default_api, Ok)?;
        let listen = self.listen.unwrap_or_else(|| "127.0.0.1:8787".to_owned());
        let port = listen.rsplit_once(':').map(|(_, port)| port.parse::<u16>());
        if !matches!(port, Some(Ok(_))) {
            return Err(SettingsError::Setting {
                setting: "listen",
                said: format!(
                    "{listen}: write address and port, as in 127.0.0.1:8787 or [::]:8787"
                ),
            });
        }
        let app = match (self.app_id, &self.private_key) {
            (Some(id), Some(key)) => Some((id, read_key(key)?)),
            _ => None,
        };
        let secrets = self.webhook_secrets.as_deref().unwrap_or_default();
        Ok(Settings {
            listen,
            database_url: Secret(
                self.database_url
                    .unwrap_or_else(|| "sqlite:castellan.db".to_owned()),
            ),
            data_dir: self.data_dir.unwrap_or_else(|| "castellan-data".into()),
            app,
            webhook_secrets: split(secrets),
            github_url: web_of(&api)?,
            oidc_issuer: match self.oidc_issuer {
                Some(issuer) => issuer,
                None => issuer_of(&api)?,
            },
            github_api_url: api,
            public_url: self.public_url,
            preset: preset_of(&agent),
            agent: words("agent", &agent)?,
            providers,
            tasks_per_repository: self.tasks_per_repository.unwrap_or(20),
            tasks_per_person_hour: self.tasks_per_person_hour.unwrap_or(20),
            sweep_minutes: self.sweep_minutes.unwrap_or(30).max(1),
            drain_seconds: self.drain_seconds.unwrap_or(120),
            organisation,
            risk_floor,
            log: self.log.unwrap_or_else(|| "info".to_owned()),
            missing,
        })
    }

    fn single(&self) -> Single {
        Single {
            wire: self.model_wire,
            url: self.model_url.clone(),
            key: self.model_key.clone(),
            model: self.model.clone(),
        }
    }
}

#[cfg(test)]
mod tests;
