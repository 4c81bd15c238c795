//! A base that is about to be protected: from its announcement on, every judge of this database says
//! the check for all of its pull requests, as if the rule were there; then each open head is judged
//! at once. Only when all have the check may the rule be written, else it would block what nobody
//! has looked at.

use std::time::Duration;

use super::super::{Engine, EngineError};
use super::Judged;
use super::seen::Seen;
use crate::domain::ids::{Number, Oid, RepositoryId};
use crate::domain::time::Timestamp;
use crate::github::Target;
use crate::github::audit::OpenPull;
use crate::store::GateKey;

/// How long an announcement holds, in seconds: until GitHub shows the rule, and every server of this
/// database has asked for it again.
const ANNOUNCED_S: i64 = 3_600;

/// How long it is waited for another worker that has a head.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// Looks at a head.
    pub looks: u32,
    /// Rest between two.
    pub rest: Duration,
}

impl Default for Patience {
    /// A little longer than a lease of a head.
    fn default() -> Self {
        Self {
            looks: 65,
            rest: Duration::from_secs(2),
        }
    }
}

/// A head that has the check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishedHead {
    /// The pull request.
    pub number: Number,
    /// Its head.
    pub head: Oid,
    /// What the check says: GitHub's word for its status or conclusion.
    pub says: String,
}

/// The check could not be published on a head, so that no rule may be written.
#[derive(Debug, thiserror::Error)]
#[error(
    "pull request #{number}: the check could not be published: {why}; put that right or close the pull request, and run this again"
)]
pub struct Unpublished {
    /// The pull request.
    pub number: Number,
    /// What went wrong.
    pub why: String,
}

impl Engine {
    /// Has every judge treat a base as protected for the next hour.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn announce(&self, repository: RepositoryId, base: &str) -> Result<(), EngineError> {
        let until = self.clock.now().plus_s(ANNOUNCED_S);
        let name = announcement(repository, base);
        self.store.set_cursor(&name, &until.0.to_string()).await?;
        Ok(())
    }

    /// Takes an announcement back.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn unannounce(
        &self,
        repository: RepositoryId,
        base: &str,
    ) -> Result<(), EngineError> {
        let name = announcement(repository, base);
        self.store.set_cursor(&name, "0").await?;
        Ok(())
    }

    pub(super) async fn is_announced(&self, seen: &Seen<'_>) -> Result<bool, EngineError> {
        let name = announcement(seen.target.repository, &seen.state.base_branch);
        let until = self.store.cursor(&name).await?;
        let until = until.and_then(|text| text.parse().ok()).map(Timestamp);
        Ok(until.is_some_and(|until| self.clock.now() < until))
    }

    /// Judges the open pull requests of an announced base one by one, and publishes what comes of it.
    /// `told` hears of each. Stops at the first that fails.
    ///
    /// # Errors
    /// A head stays without the check.
    pub async fn publish_open(
        &self,
        target: &Target,
        base: &str,
        open: &[OpenPull],
        patience: Patience,
        mut told: impl FnMut(&PublishedHead),
    ) -> Result<(), Unpublished> {
        for pull in open {
            let published = self.publish_head(target, base, pull, patience).await;
            let published = published.map_err(|why| Unpublished {
                number: pull.number,
                why,
            })?;
            // One that is closed by now needs none.
            if let Some(published) = published {
                told(&published);
            }
        }
        Ok(())
    }

    async fn publish_head(
        &self,
        target: &Target,
        base: &str,
        pull: &OpenPull,
        patience: Patience,
    ) -> Result<Option<PublishedHead>, String> {
        for look in 0..patience.looks.max(1) {
            if look > 0 {
                tokio::time::sleep(patience.rest).await;
            }
            let judged = self.judge_now(target, pull.number).await;
            match judged.map_err(|error| error.chain())? {
                Some(Judged::Gone) => return Ok(None),
                Some(Judged::Later(_)) | None => {}
                // Its base was changed meanwhile.
                Some(Judged::Done(judged, _)) if judged.base != base => return Ok(None),
                Some(Judged::Done(judged, _)) => {
                    let key = GateKey {
                        repository: target.repository,
                        head: &judged.head,
                        base,
                    };
                    let run = self.store.published_run(key).await;
                    let run = run.map_err(|error| error.to_string())?;
                    if let Some(run) = run.filter(|run| run.run.is_some()) {
                        return Ok(Some(PublishedHead {
                            number: pull.number,
                            head: judged.head,
                            says: run.conclusion,
                        }));
                    }
                }
            }
        }
        Err("another worker has it, or what was said of it did not arrive".to_owned())
    }

    /// Judges this pull request now; `None` while another worker has it.
    async fn judge_now(
        &self,
        target: &Target,
        number: Number,
    ) -> Result<Option<Judged>, EngineError> {
        let now = self.clock.now();
        self.store.add_pull(target.repository, number, now).await?;
        let due = self.store.lease_this_pull(target.repository, number, now);
        let Some(due) = due.await? else {
            return Ok(None);
        };
        let judged = self.judge_pull(target, &due).await;
        match &judged {
            Ok(Judged::Gone) => self.store.forget_pull(due.repository, number).await?,
            Ok(Judged::Later(at)) => self.store.delay_pull(&due, None, *at).await?,
            Ok(Judged::Done(judged, next)) => self.store.settle_pull(&due, judged, *next).await?,
            Err(error) => self.miss(target, &due, error).await?,
        }
        judged.map(Some)
    }
}

/// Under which name an announcement is kept.
fn announcement(repository: RepositoryId, base: &str) -> String {
    format!("gate:announced:{repository}:{base}")
}
