//! One enrolled repository: its labels and comments since its cursor, and its live tasks.

use super::super::error::Remedy;
use super::super::{Engine, EngineError};
use super::{OVERLAP_S, target_of_repository};
use crate::domain::notice::{Notice, Place};
use crate::domain::time::Timestamp;
use crate::store::{Repository, StoredTask};

impl Engine {
    pub(super) async fn sweep_repository(
        &self,
        repository: &Repository,
        now: Timestamp,
    ) -> Result<(), EngineError> {
        let live = self.store.live_tasks(repository.id).await?;
        let pause = if live.iter().any(|stored| stored.task.stage.is_busy()) {
            self.rules.sweep_busy_s
        } else {
            self.rules.sweep_idle_s
        };
        // The next turn is set first: a repository that cannot be swept must not hold up the rest.
        self.store
            .set_swept(repository.id, repository.swept_until, now.plus_s(pause))
            .await?;
        let looked = self.look_around(repository, &live).await;
        if let Err(error) = &looked
            && let Remedy::Pause(until) = error.remedy(1, now)
        {
            self.store
                .pause_installation(repository.installation, until)
                .await?;
        }
        // What was not seen is looked for again: the cursor stays.
        let all = matches!(looked, Ok(true));
        self.bear("a repository", looked)?;
        if all {
            self.store
                .set_swept(repository.id, now, now.plus_s(pause))
                .await?;
        }
        Ok(())
    }

    /// Gives whether everything was seen and dealt with.
    async fn look_around(
        &self,
        repository: &Repository,
        live: &[StoredTask],
    ) -> Result<bool, EngineError> {
        let github = self.github()?;
        let target = target_of_repository(repository);
        let installation = self.store.installation(repository.installation).await?;
        let Some(installation) = installation.filter(|known| !known.suspended) else {
            return Ok(false);
        };
        let place = Place {
            installation: repository.installation,
            repository: repository.id,
            name: repository.name.clone(),
            owner: installation.account,
        };
        let since = repository.swept_until.plus_s(-OVERLAP_S);
        let labelled = github.labelled_since(&target, since).await?;
        let mut notices: Vec<Notice> = labelled
            .into_iter()
            .map(|number| Notice::Labeled {
                place: place.clone(),
                number,
                sender: None,
                text: None,
            })
            .collect();
        notices.extend(github.comments_since(&target, &place, since).await?);
        let mut all = true;
        for notice in &notices {
            all &= self.bear("a notice", self.read_notice(notice).await)?;
        }
        for stored in live {
            all &= self.bear("a task", self.look_at_live(&place, stored).await)?;
        }
        Ok(all)
    }
}
