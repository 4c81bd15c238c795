//! The settings of the demo and the tests, which no file and no variable has a say in.

use std::path::PathBuf;

use url::Url;

use super::parse::wire;
use super::{Given, Settings, SettingsError};
use crate::domain::model::Wire;

/// What the demo sets by itself.
#[derive(Clone)]
pub struct DemoSettings {
    /// The database.
    pub database_url: String,
    /// Folder for mirrors and builds.
    pub data_dir: PathBuf,
    /// The App's number.
    pub app_id: i64,
    /// Its private key, as PEM.
    pub private_key: String,
    /// The webhook secrets, comma-separated.
    pub webhook_secrets: String,
    /// The yard's API.
    pub github_api_url: Url,
    /// This server.
    pub public_url: Url,
    /// The agent: one of those that we know, or a command.
    pub agent: String,
    /// The model that it works with, where it has one.
    pub model: DemoModel,
}

/// The model of a demo.
#[derive(Clone, Default, clap::Args)]
pub struct DemoModel {
    /// Model that the agent works with, by its provider's name for it
    #[arg(long)]
    pub model: Option<String>,
    /// How its provider is spoken with: anthropic, openai (and whatever imitates it) or gemini
    #[arg(long, value_parser = wire)]
    pub model_wire: Option<Wire>,
    /// Where the provider's API begins [default: the provider's own]
    #[arg(long)]
    pub model_url: Option<Url>,
    /// Key of the provider, or the path of a file that begins with /
    #[arg(long, env = "CASTELLAN_MODEL_KEY", hide_env_values = true)]
    pub model_key: Option<String>,
}

impl DemoSettings {
    /// The settings of the demo and the tests: no file and no variable has a say in them.
    ///
    /// # Errors
    /// See [`SettingsError`].
    pub fn read(self) -> Result<Settings, SettingsError> {
        let model = self.model;
        Given {
            database_url: Some(self.database_url),
            data_dir: Some(self.data_dir),
            app_id: Some(self.app_id),
            private_key: Some(self.private_key),
            webhook_secrets: Some(self.webhook_secrets),
            github_api_url: Some(self.github_api_url),
            public_url: Some(self.public_url),
            agent: Some(self.agent),
            model: model.model,
            model_wire: model.model_wire,
            model_url: model.model_url,
            model_key: model.model_key,
            ..Given::default()
        }
        .check()
    }
}
