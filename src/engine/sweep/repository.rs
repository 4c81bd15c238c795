//! One enrolled repository: its labels and comments since its cursor, and its live tasks.

use std::collections::BTreeMap;

use super::super::error::Remedy;
use super::super::{Engine, EngineError};
use super::OVERLAP_S;
use crate::domain::notice::{Notice, Place};
use crate::domain::time::Timestamp;
use crate::github::Target;
use crate::store::{Repository, StoredTask};

/// In how many sweeps each notice failed, one after the other.
type Failing = BTreeMap<String, u64>;

/// Sweeps in which a notice may fail: with five minutes between two, more than an hour.
const SWEEPS_MAX: u64 = 15;
/// The cursor that counts the notices that were given up.
const GIVEN_UP: &str = "sweep:given-up";

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
        let (until, next) = match &looked {
            Ok(Seen::All) => (now, pause),
            // There is more: it is not left for the next idle turn.
            Ok(Seen::UpTo(at)) => (next_cursor(*at, now), pause.min(self.rules.sweep_busy_s)),
            // What was not seen is looked for again: the cursor stays.
            Ok(Seen::NotAll) | Err(_) => (repository.swept_until, pause),
        };
        self.bear("a repository", looked)?;
        self.store
            .set_swept(repository.id, until, now.plus_s(next))
            .await?;
        Ok(())
    }

    /// Gives how much was seen and dealt with.
    async fn look_around(
        &self,
        repository: &Repository,
        live: &[StoredTask],
    ) -> Result<Seen, EngineError> {
        let github = self.github()?;
        let target = Target::from(repository);
        let installation = self.store.installation(repository.installation).await?;
        let Some(installation) = installation.filter(|known| !known.suspended) else {
            return Ok(Seen::NotAll);
        };
        let place = Place {
            installation: repository.installation,
            repository: repository.id,
            name: repository.name.clone(),
            owner: installation.account,
        };
        let since = repository.swept_until.plus_s(-OVERLAP_S);
        let labelled = github.labelled_since(&target, since).await?;
        let comments = github.comments_since(&target, &place, since).await?;
        let cut_at = earlier(labelled.cut_at, comments.cut_at);
        let mut notices: Vec<Notice> = labelled
            .found
            .into_iter()
            .map(|number| Notice::Labeled {
                place: place.clone(),
                number,
                sender: None,
                text: None,
            })
            .collect();
        notices.extend(comments.found);
        self.sweep_pulls(&target, self.clock.now()).await?;
        let all = self.read_listed(repository, &notices).await?;
        for stored in live {
            // It is looked at again in the next sweep: the cursor is not about it.
            self.bear_unless_paused("a task", self.look_at_live(&place, stored).await)?;
        }
        Ok(match cut_at {
            _ if !all => Seen::NotAll,
            Some(at) => Seen::UpTo(at),
            None => Seen::All,
        })
    }

    /// Reads what was listed. Gives whether the cursor may go on: one that fails holds it, but
    /// not for ever (K22).
    async fn read_listed(
        &self,
        repository: &Repository,
        notices: &[Notice],
    ) -> Result<bool, EngineError> {
        let name = format!("sweep:failing:{}", repository.id);
        let before = self.store.cursor(&name).await?;
        let before: Failing = before
            .and_then(|text| serde_json::from_str(&text).ok())
            .unwrap_or_default();
        let mut failing = Failing::new();
        for notice in notices {
            let read = self.read_notice(notice).await;
            let said = read.as_ref().err().map(EngineError::chain);
            if self.bear_unless_paused("a notice", read)? {
                continue;
            }
            let key = key_of(notice);
            let sweeps = before.get(&key).copied().unwrap_or_default() + 1;
            if sweeps == SWEEPS_MAX {
                tracing::error!(
                    repository.id = %repository.id, notice = key, error = said,
                    "the sweep gives up what it could not read"
                );
                self.count_given_up().await?;
            }
            failing.insert(key, sweeps);
        }
        if failing != before {
            let text = serde_json::json!(failing).to_string();
            self.store.set_cursor(&name, &text).await?;
        }
        Ok(failing.values().all(|sweeps| *sweeps >= SWEEPS_MAX))
    }

    async fn count_given_up(&self) -> Result<(), EngineError> {
        let count = self.given_up().await? + 1;
        self.store.set_cursor(GIVEN_UP, &count.to_string()).await?;
        Ok(())
    }

    /// How many notices the sweep gave up, for `/health`.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn given_up(&self) -> Result<u64, EngineError> {
        let count = self.store.cursor(GIVEN_UP).await?;
        Ok(count.and_then(|text| text.parse().ok()).unwrap_or_default())
    }
}

/// What tells listed notices apart from one sweep to the next.
fn key_of(notice: &Notice) -> String {
    match notice {
        Notice::Labeled { number, .. } => format!("label:{number}"),
        Notice::Commented { comment, .. } => format!("comment:{comment}"),
        _ => "another".to_owned(),
    }
}

/// How much of what a repository has to tell was seen and dealt with.
enum Seen {
    All,
    /// What was updated before this time; the lists were cut there.
    UpTo(Timestamp),
    /// Something could not be dealt with.
    NotAll,
}

/// The lists of labels and comments have one cursor: it stands where the first was cut.
fn earlier(one: Option<Timestamp>, other: Option<Timestamp>) -> Option<Timestamp> {
    one.into_iter().chain(other).min()
}

/// The cursor after lists that were cut at `at`. The next sweep looks back by the overlap, so
/// that is added: otherwise more rows than a sweep reads, all within the overlap, would be
/// listed for ever.
fn next_cursor(at: Timestamp, now: Timestamp) -> Timestamp {
    at.plus_s(OVERLAP_S).min(now)
}
