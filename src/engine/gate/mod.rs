//! The gate, kept up: what happens marks a pull request, each is judged in its turn, and what comes of
//! it is published under a lease for its head.
//!
//! - `announce`: a base that is about to be protected, with the check on every open head.
//! - `observe`: the facts of a pull request, from GitHub, git and the store.
//! - `ready`: what people are told beside the check, each once.
//! - `groups`: those of a merge queue; `incident`: what was merged without our success.
//! - `evidence`: the informational run beside it, with the buttons.
//! - `publish`: the required check, so that the newest run always says the newest verdict.
//!
//! Decides nothing: that is [`crate::domain::gate`].

mod announce;
mod base;
mod checks;
mod commits;
mod difference;
mod evidence;
mod groups;
mod incident;
mod observe;
mod parts;
mod people;
mod publish;
mod ready;
mod seen;
mod sight;

pub use announce::{Patience, PublishedHead, Unpublished};
pub use checks::SeenChecks;

use super::allowance::{VERDICT_BURST, VERDICT_EVERY_MS};
use super::error::Remedy;
use super::{Engine, EngineError};
use crate::domain::gate::Conclusion;
use crate::domain::ids::{Number, Oid, RepositoryId};
use crate::domain::time::Timestamp;
use crate::github::Target;
use crate::github::publish::IN_PROGRESS;
use crate::store::{DuePull, GateKey, JudgedPull, PublishedRun};
use publish::{Publication, Said};
use seen::Seen;

/// Longest rest after a pull request could not be judged, in seconds.
const TROUBLE_S: i64 = 120;
/// Milliseconds of rest while another worker has the head.
const TAKEN_MS: i64 = 5_000;
/// How long a `success` stays while it cannot be judged, in seconds (V1).
const KEPT_S: i64 = 600;

/// Said where a `success` could not be confirmed for too long (V1).
const UNREAD: (&str, &str) = (
    "re-evaluating: it could not be read whether this may be merged",
    "GitHub could not be read for more than ten minutes, so that the last verdict counts no more. It is judged again as soon as that works.",
);
/// Said where the pull request that was judged is closed, or goes to another base.
const LEFT: (&str, &str) = (
    "the pull request that this was said of is not there any more",
    "A commit is judged for each pull request anew.",
);

/// What came of judging a pull request.
enum Judged {
    /// It is not open any more, or none that the gate has to do with.
    Gone,
    /// Another worker has its head, or GitHub was told much lately: not before that time.
    Later(Timestamp),
    /// It was judged, and is due again at that time at the latest.
    Done(JudgedPull, Timestamp),
}

impl Engine {
    /// Has a pull request judged as soon as possible.
    pub(super) async fn mark_pull(
        &self,
        repository: RepositoryId,
        number: Number,
    ) -> Result<(), EngineError> {
        let now = self.clock.now();
        self.store.mark_pull(repository, number, now).await?;
        self.bell.notify_waiters();
        Ok(())
    }

    /// Has the pull requests of a commit judged: something was reported about it.
    pub(super) async fn mark_head(
        &self,
        repository: RepositoryId,
        head: &Oid,
    ) -> Result<(), EngineError> {
        self.forget_checks(repository, head).await;
        self.mark_reported(repository, head, None).await
    }

    /// Has every open pull request into a branch judged: what they are judged by may have changed.
    pub(super) async fn mark_base(
        &self,
        repository: RepositoryId,
        base: &str,
    ) -> Result<(), EngineError> {
        let now = self.clock.now();
        // As fast as verdicts may be published: there may be hundreds.
        let pace = (VERDICT_BURST, VERDICT_EVERY_MS);
        let marked = self.store.mark_base(repository, base, now, pace);
        let groups = self.store.mark_groups(repository, base, now).await?;
        if groups + marked.await? > 0 {
            self.bell.notify_waiters();
        }
        Ok(())
    }

    /// Judges the group of a merge queue or the pull request whose turn it is. Gives whether there was one.
    ///
    /// # Errors
    /// The store did not answer; nothing is lost.
    pub async fn judge_next(&self) -> Result<bool, EngineError> {
        if self.github.is_none() {
            return Ok(false);
        }
        // A queue waits for what is said of its groups.
        if self.judge_next_group().await? {
            return Ok(true);
        }
        let now = self.clock.now();
        let Some(due) = self.store.lease_pull(now).await? else {
            return Ok(false);
        };
        let Some(repository) = self.store.repository(due.repository).await? else {
            self.store.forget_pull(due.repository, due.number).await?;
            return Ok(true);
        };
        let target = Target::from(&repository);
        match self.judge_pull(&target, &due).await {
            Ok(Judged::Gone) => self.store.forget_pull(due.repository, due.number).await?,
            Ok(Judged::Later(at)) => self.store.delay_pull(&due, None, at).await?,
            Ok(Judged::Done(judged, next)) => self.store.settle_pull(&due, &judged, next).await?,
            Err(EngineError::Store(error)) => return Err(error.into()),
            Err(error) => self.miss(&target, &due, &error).await?,
        }
        Ok(true)
    }

    /// It could not be judged: it is tried again, and what is open does not stay so for long.
    async fn miss(
        &self,
        target: &Target,
        due: &DuePull,
        error: &EngineError,
    ) -> Result<(), EngineError> {
        let now = self.clock.now();
        let said = error.chain();
        tracing::info!(pull = %due.number, error = said, "a pull request could not be judged");
        let until = match error.remedy(due.tries, now) {
            Remedy::Again(at) => at.min(now.plus_s(TROUBLE_S)),
            Remedy::Pause(at) => {
                let store = &self.store;
                store.pause_installation(target.installation, at).await?;
                at
            }
            Remedy::Park => now.plus_s(TROUBLE_S),
        };
        let since = due.unread_since.unwrap_or(now);
        if since.plus_s(KEPT_S) <= now
            && let Some(head) = &due.head
        {
            let key = GateKey {
                repository: due.repository,
                head,
                base: &due.base,
            };
            let closed = self.shut(target, key, due.number, UNREAD).await;
            if let Err(error) = closed {
                let said = error.chain();
                tracing::warn!(pull = %due.number, error = said, "an open gate could not be closed");
            }
        }
        self.store.delay_pull(due, Some(now), until).await?;
        Ok(())
    }

    async fn judge_pull(&self, target: &Target, due: &DuePull) -> Result<Judged, EngineError> {
        let number = due.number;
        let github = self.github()?;
        let state = github.pull_state(target, number).await?;
        let Some(state) = state else {
            return Ok(Judged::Gone);
        };
        // What was said for a pull request that is gone must not open the next one of that head.
        let left = !state.open && !state.merged || due.base != state.base_branch;
        if let Some(head) = due.head.as_ref().filter(|_| left) {
            let key = GateKey {
                repository: target.repository,
                head,
                base: &due.base,
            };
            self.shut(target, key, number, LEFT).await?;
            // Others may share the head.
            self.mark_head(key.repository, key.head).await?;
        }
        if !state.open {
            if state.merged {
                self.note_merge(target, number, &state).await?;
            }
            return Ok(Judged::Gone);
        }
        let key = GateKey {
            repository: target.repository,
            head: &state.head,
            base: &state.base_branch,
        };
        let now = self.clock.now();
        let Some((eval_seq, since)) = self.store.lease_head(key, number, now).await? else {
            return Ok(Judged::Later(now.plus_ms(TAKEN_MS)));
        };
        let seen = Seen {
            target,
            number,
            state: &state,
            since,
        };
        let done = self.judge_seen(&seen, key, eval_seq, &due.conclusion).await;
        // Whatever came of it, the head is free again.
        self.store.release_head(key, eval_seq).await?;
        done
    }

    async fn judge_seen(
        &self,
        seen: &Seen<'_>,
        key: GateKey<'_>,
        eval_seq: i64,
        conclusion: &str,
    ) -> Result<Judged, EngineError> {
        let published = self.store.published_run(key).await?;
        let observed = self.observe_pull(seen, published.as_ref()).await?;
        let (own, verdict) = (observed.own(), observed.judge());
        let judged = JudgedPull {
            number: seen.number,
            head: seen.state.head.clone(),
            base: seen.state.base_branch.clone(),
            conclusion: own.conclusion.as_str().to_owned(),
            decision: own.decision.to_string(),
            title: own.title.clone(),
        };
        if observed.is_published() {
            let of = (seen.target, seen.number);
            let said = self.publish(of, (key, eval_seq), (&observed, &verdict), published);
            if let Said::Later(at) = said.await? {
                return Ok(Judged::Later(at));
            }
        }
        self.ready(seen, &observed, &own).await?;
        self.warn(seen, &observed).await?;
        // Those that share the head are judged by this one, too, and so are groups that hold it.
        if conclusion != judged.conclusion {
            let now = self.clock.now();
            self.store
                .mark_groups(key.repository, key.base, now)
                .await?;
            for other in self.store.sharing(key, seen.number).await? {
                self.store
                    .mark_pull(key.repository, other.number, now)
                    .await?;
            }
        }
        let next = observed.next(&verdict);
        let next = self.say_evidence(seen, &observed, &own, next).await?;
        Ok(Judged::Done(judged, next))
    }

    /// Takes a published `success` back, and says why.
    async fn shut(
        &self,
        target: &Target,
        key: GateKey<'_>,
        number: Number,
        said: (&str, &str),
    ) -> Result<(), EngineError> {
        let is_open = |run: &PublishedRun| run.conclusion == Conclusion::Success.as_str();
        let Some(published) = self.store.published_run(key).await?.filter(is_open) else {
            return Ok(());
        };
        let now = self.clock.now();
        let Some((eval_seq, _)) = self.store.lease_head(key, number, now).await? else {
            return Ok(());
        };
        let shut = Publication {
            target,
            key,
            eval_seq,
            standing: IN_PROGRESS,
            decision: "V1",
            title: said.0,
            summary: said.1,
            policy: &published.policy,
        };
        let closed = self.post(number, &shut, None).await;
        self.store.release_head(key, eval_seq).await?;
        closed
    }
}
