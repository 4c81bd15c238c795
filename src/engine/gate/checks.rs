//! What CI says of heads, shared by all who ask: fetched once, and believed until something is
//! reported, or it is too old for whoever asks.

use std::collections::HashMap;

use tokio::sync::Mutex;

use super::super::{Engine, EngineError};
use crate::domain::ci::checks::{Check, Observed};
use crate::domain::ci::watch::LOOKS_APART_S;
use crate::domain::ids::{Oid, RepositoryId};
use crate::domain::time::Timestamp;
use crate::github::Target;
use crate::store::StoredTask;

/// Seconds for which checks that are over are believed: a delivery that told otherwise may be lost.
const BELIEVED_S: i64 = 300;
/// Seconds for which whatever was seen is shared: no look is taken sooner after another.
const SHARED_S: i64 = LOOKS_APART_S;
/// Heads whose checks are kept; beyond, all are fetched anew.
const HEADS_MAX: usize = 2_000;

/// The checks of heads, as they were fetched last.
#[derive(Debug, Default)]
pub struct SeenChecks(Mutex<Seen>);

#[derive(Debug, Default)]
struct Seen {
    heads: HashMap<(RepositoryId, Oid), Known>,
    /// Counts what was reported, of whichever head.
    reports: u64,
    /// What began before this report is not kept: of which head it was is not known any more.
    since: u64,
}

/// What is known of a head.
#[derive(Debug, Default)]
struct Known {
    /// The last report of it.
    report: u64,
    /// What was seen last, and when that look began; `None` since something was reported.
    seen: Option<(Timestamp, Observed)>,
}

impl SeenChecks {
    /// Something was reported about a commit: what is known of it counts no more, and neither does
    /// what is being fetched.
    pub(super) async fn forget(&self, repository: RepositoryId, head: &Oid) {
        let mut kept = self.0.lock().await;
        kept.reports += 1;
        let known = Known {
            report: kept.reports,
            seen: None,
        };
        kept.make_room();
        kept.heads.insert((repository, head.clone()), known);
    }

    /// How much was reported so far: a look that begins now knows of it.
    pub(in super::super) async fn heard(&self) -> u64 {
        self.0.lock().await.reports
    }

    /// Whether something was reported of a head since so much was `heard`.
    pub(in super::super) async fn hears_since(
        &self,
        repository: RepositoryId,
        head: &Oid,
        heard: u64,
    ) -> bool {
        let kept = self.0.lock().await;
        let known = kept.heads.get(&(repository, head.clone()));
        known.map_or(0, |known| known.report).max(kept.since) > heard
    }

    /// What was seen of a head since `after`, or since `over_after` where all of it is over.
    async fn of(
        &self,
        key: &(RepositoryId, Oid),
        after: Timestamp,
        over_after: Timestamp,
    ) -> Option<Observed> {
        let kept = self.0.lock().await;
        let (at, observed) = kept.heads.get(key)?.seen.as_ref()?;
        let is_fresh = *at > after || *at > over_after && is_over(observed);
        is_fresh.then(|| observed.clone())
    }

    /// Keeps what a look saw that began at `at`, when so much was `heard`.
    async fn keep(&self, repository: RepositoryId, at: Timestamp, heard: u64, seen: &Observed) {
        let mut kept = self.0.lock().await;
        if !seen.whole || kept.since > heard {
            return;
        }
        kept.make_room();
        let known = kept.heads.entry((repository, seen.head.clone()));
        let known = known.or_default();
        if known.report <= heard {
            known.seen = Some((at, seen.clone()));
        }
    }
}

impl Seen {
    fn make_room(&mut self) {
        if self.heads.len() >= HEADS_MAX {
            self.heads.clear();
            self.since = self.reports;
        }
    }
}

impl Engine {
    /// What is known of the checks of a commit counts no more.
    pub(in super::super) async fn forget_checks(&self, repository: RepositoryId, head: &Oid) {
        self.seen_checks.forget(repository, head).await;
    }

    /// Has the pull requests and groups of a commit judged, of which something was reported. That of a task
    /// which `waits` for its checks is not: it is once the task has read them, and until then no
    /// report changes what is said of it.
    pub(in super::super) async fn mark_reported(
        &self,
        repository: RepositoryId,
        head: &Oid,
        waits: Option<&StoredTask>,
    ) -> Result<(), EngineError> {
        let now = self.clock.now();
        let own = waits.and_then(|waits| waits.task.pull.as_ref());
        let marked = match own {
            Some(own) => {
                let own = own.number;
                self.store.mark_head_but(repository, head, own, now).await?
            }
            None => self.store.mark_head(repository, head, now).await?,
        };
        let groups = self.store.mark_group(repository, head, now).await?;
        if marked + groups > 0 {
            self.bell.notify_waiters();
        }
        Ok(())
    }

    /// The checks of a head for the gate, and those of a base: what is over is believed for a while.
    pub(in super::super) async fn checks_of(
        &self,
        target: &Target,
        head: &Oid,
    ) -> Result<Observed, EngineError> {
        self.shared_checks(target, head, BELIEVED_S).await
    }

    /// The checks of a head as they are now, for a task that waits for them: at most shared with
    /// who has looked in the same moment.
    pub(in super::super) async fn checks_now(
        &self,
        target: &Target,
        head: &Oid,
    ) -> Result<Observed, EngineError> {
        self.shared_checks(target, head, SHARED_S).await
    }

    /// The checks of a head, fetched where nobody has seen them since the last report, within
    /// [`SHARED_S`], or within `believed_s` where they are over.
    async fn shared_checks(
        &self,
        target: &Target,
        head: &Oid,
        believed_s: i64,
    ) -> Result<Observed, EngineError> {
        let key = (target.repository, head.clone());
        let now = self.clock.now();
        let (after, over_after) = (now.plus_s(-SHARED_S), now.plus_s(-believed_s));
        if let Some(observed) = self.seen_checks.of(&key, after, over_after).await {
            return Ok(observed);
        }
        // Before the call: what is reported while it is made asks for another look.
        let heard = self.seen_checks.heard().await;
        let observed = self.github()?.checks(target, head).await?;
        self.seen_checks
            .keep(target.repository, now, heard, &observed)
            .await;
        Ok(observed)
    }
}

/// Whether all of it is over, and there is some.
fn is_over(observed: &Observed) -> bool {
    let over = |check: &Check| check.standing.is_over();
    !observed.checks.is_empty()
        && observed.checks.iter().all(over)
        && observed.runs.iter().all(|run| run.standing.is_over())
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPOSITORY: RepositoryId = RepositoryId(1);

    fn seen(whole: bool) -> Observed {
        Observed {
            head: "a".repeat(40).parse().unwrap(),
            checks: Vec::new(),
            runs: Vec::new(),
            whole,
        }
    }

    /// What is believed at `now` of what was kept.
    async fn believed(kept: &SeenChecks, now: Timestamp) -> bool {
        let key = (REPOSITORY, seen(true).head);
        let after = now.plus_s(-SHARED_S);
        kept.of(&key, after, now.plus_s(-BELIEVED_S))
            .await
            .is_some()
    }

    #[tokio::test]
    async fn what_was_seen_is_shared_until_something_is_reported_or_it_is_old() {
        let (kept, at) = (SeenChecks::default(), Timestamp(1_000_000));
        kept.keep(REPOSITORY, at, kept.heard().await, &seen(true))
            .await;
        assert!(believed(&kept, at.plus_s(SHARED_S - 1)).await);
        assert!(!believed(&kept, at.plus_s(SHARED_S)).await);
        kept.forget(REPOSITORY, &seen(true).head).await;
        assert!(!believed(&kept, at).await);
    }

    #[tokio::test]
    async fn what_is_reported_while_a_look_is_taken_is_not_in_it() {
        let (kept, at) = (SeenChecks::default(), Timestamp(1_000_000));
        let head = seen(true).head;
        let heard = kept.heard().await;
        kept.forget(REPOSITORY, &head).await;
        kept.keep(REPOSITORY, at, heard, &seen(true)).await;
        assert!(!believed(&kept, at).await);
        assert!(kept.hears_since(REPOSITORY, &head, heard).await);
        assert!(
            !kept
                .hears_since(REPOSITORY, &head, kept.heard().await)
                .await
        );
        // The report may be forgotten meanwhile, for want of room.
        let heard = kept.heard().await;
        kept.forget(REPOSITORY, &head).await;
        for other in 0..HEADS_MAX {
            let other = format!("{other:040x}").parse().unwrap();
            kept.forget(REPOSITORY, &other).await;
        }
        kept.keep(REPOSITORY, at, heard, &seen(true)).await;
        assert!(!believed(&kept, at).await);
        assert!(kept.hears_since(REPOSITORY, &head, heard).await);
    }

    #[tokio::test]
    async fn a10_what_was_cut_is_not_shared() {
        let (kept, at) = (SeenChecks::default(), Timestamp(1_000_000));
        kept.keep(REPOSITORY, at, kept.heard().await, &seen(false))
            .await;
        assert!(!believed(&kept, at).await);
    }
}
