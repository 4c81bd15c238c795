//! Installations and repositories that GitHub knows of, and those that it knows no more.

use super::super::{Engine, EngineError};
use super::{DELIVERIES_KEPT_S, target_of_repository};
use crate::domain::notice::Notice;
use crate::domain::time::Timestamp;
use crate::github::sweep::ListedInstallation;

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
        for (id, name) in &listed {
            self.store
                .enroll_repository(*id, installation.id, name, since)
                .await?;
        }
        for known in self.store.repositories_of(installation.id).await? {
            // A list may lack what is there (A10): only GitHub's own no takes it away.
            if !listed.iter().any(|(id, _)| *id == known.id)
                && !github
                    .is_open(&target_of_repository(&known), installation.account)
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
