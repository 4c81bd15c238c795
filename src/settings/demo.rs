//! The settings of the demo and the tests, which no file and no variable has a say in.

use std::path::PathBuf;

use url::Url;

use super::{Given, Settings, SettingsError};

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
    /// The agent's command.
    pub agent: String,
}

impl DemoSettings {
    /// The settings of the demo and the tests: no file and no variable has a say in them.
    ///
    /// # Errors
    /// See [`SettingsError`].
    pub fn read(self) -> Result<Settings, SettingsError> {
        Given {
            database_url: Some(self.database_url),
            data_dir: Some(self.data_dir),
            app_id: Some(self.app_id),
            private_key: Some(self.private_key),
            webhook_secrets: Some(self.webhook_secrets),
            github_api_url: Some(self.github_api_url),
            public_url: Some(self.public_url),
            agent: Some(self.agent),
            ..Given::default()
        }
        .check()
    }
}
