//! Installations and repositories that GitHub knows of, and those that it knows no more.

use std::collections::BTreeSet;

use super::super::{Engine, EngineError};
use super::DELIVERIES_KEPT_S;
use crate::domain::notice::{Notice, Place};
use crate::domain::time::Timestamp;
use crate::github::Target;
use crate::github::sweep::{ListedInstallation, ListedRepository};

/// Since when a repository that we first hear of now counts as enrolled: since the App was
/// installed, but no longer than GitHub keeps deliveries. What was asked before that is not
/// found out of nowhere, by whatever way we hear of it.
pub(in super::super) fn enrolled_since(installed: Timestamp, now: Timestamp) -> Timestamp {
    installed.max(now.plus_s(-DELIVERIES_KEPT_S))
}

impl Engine {
    /// Every installation and repository that GitHub knows of; what is gone is withdrawn.
    /// Gives whether all of them were seen.
    pub(super) async fn sweep_installations(&self) -> Result<bool, EngineError> {
        let github = self.github()?;
        let now = self.clock.now();
        let mut all = true;
        for installation in github.installations().await? {
            self.store
                .put_installation(installation.id, installation.account)
                .await?;
            self.store
                .suspend_installation(installation.id, installation.suspended)
                .await?;
            if !installation.suspended {
                let swept = self.sweep_installation(&installation, now).await;
                all &= self.bear("an installation", swept)?;
            }
        }
        let swept = self.sweep_uninstalled().await;
        all &= self.bear_unless_paused("uninstalled", swept)?;
        Ok(all)
    }

    async fn sweep_installation(
        &self,
        installation: &ListedInstallation,
        now: Timestamp,
    ) -> Result<(), EngineError> {
        let github = self.github()?;
        let listed = github.repositories_of(installation.id).await?;
        let since = enrolled_since(installation.since, now);
        self.sweep_visibility(installation, &listed).await?;
        for repository in &listed {
            if !repository.archived {
                self.store
                    .enroll_repository(repository.id, installation.id, &repository.name, since)
                    .await?;
            } else if self.store.repository(repository.id).await?.is_some() {
                let notice = closed(installation, repository, "archived");
                self.read_notice(&notice).await?;
            }
        }
        for known in self.store.repositories_of(installation.id).await? {
            // A list may lack what is there (A10): only GitHub's own no takes it away.
            if !listed.iter().any(|listed| listed.id == known.id)
                && !github
                    .is_open(&Target::from(&known), installation.account)
                    .await?
            {
                let notice = Notice::Uninstalled {
                    installation: installation.id,
                    repositories: Some(vec![known.id]),
                };
                self.read_notice(&notice).await?;
            }
        }
        Ok(())
    }

    /// What was private when it was last listed and is not any more ends its tasks, as if we
    /// had been told (H13): which ones were private is kept for that.
    async fn sweep_visibility(
        &self,
        installation: &ListedInstallation,
        listed: &[ListedRepository],
    ) -> Result<(), EngineError> {
        let name = format!("sweep:private:{}", installation.id);
        let kept = self.store.cursor(&name).await?;
        let before: BTreeSet<i64> = kept
            .and_then(|text| serde_json::from_str(&text).ok())
            .unwrap_or_default();
        let mut private = before.clone();
        for repository in listed {
            if repository.private {
                private.insert(repository.id.0);
            } else if private.contains(&repository.id.0) {
                let notice = closed(installation, repository, "publicized");
                self.read_notice(&notice).await?;
                private.remove(&repository.id.0);
            }
        }
        if private != before {
            let text = serde_json::json!(private).to_string();
            self.store.set_cursor(&name, &text).await?;
        }
        Ok(())
    }

    /// Installations that GitHub does not know any more (H16).
    async fn sweep_uninstalled(&self) -> Result<(), EngineError> {
        for installation in self.store.installations().await? {
            if self.github()?.installation(installation).await?.is_none() {
                let notice = Notice::Uninstalled {
                    installation,
                    repositories: None,
                };
                self.read_notice(&notice).await?;
            }
        }
        Ok(())
    }
}

fn closed(installation: &ListedInstallation, repository: &ListedRepository, how: &str) -> Notice {
    Notice::RepositoryClosed {
        place: Place {
            installation: installation.id,
            repository: repository.id,
            name: repository.name.clone(),
            owner: installation.account,
        },
        how: how.to_owned(),
    }
}
