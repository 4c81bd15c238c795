//! The required check of a head: so published that its newest run says the newest verdict.
//!
//! A completed run is final: from one conclusion to another a new run is made, and the newest of a
//! name counts. The answer is read: where it is not what was asked for, the gate is shut.

use super::super::{Engine, EngineError};
use super::observe::Seen;
use super::sight::Sight;
use crate::domain::gate::{Conclusion, Verdict, check_name, show};
use crate::domain::ids::Sha256Hex;
use crate::domain::time::Timestamp;
use crate::github::Target;
use crate::github::publish::{IN_PROGRESS, OwnRun, Saying};
use crate::store::{GateKey, PublishedRun};

/// Age at which an unfinished run is made anew, in seconds: GitHub calls it stale after fourteen days.
const OLD_S: i64 = 12 * 24 * 3600 + 12 * 3600;

/// Seconds for which GitHub is not asked whether it shows what was published.
const BELIEVED_S: i64 = 600;

/// What is to be said, and under which evaluation.
struct Publication<'a> {
    target: &'a Target,
    key: GateKey<'a>,
    eval_seq: i64,
    standing: &'a str,
    title: &'a str,
    summary: &'a str,
    policy: &'a str,
}

impl Engine {
    /// Publishes a verdict, where what is published is not the same already.
    pub(super) async fn publish(
        &self,
        seen: &Seen<'_>,
        key: GateKey<'_>,
        eval_seq: i64,
        published: Option<PublishedRun>,
        sight: &Sight,
        verdict: &Verdict,
    ) -> Result<(), EngineError> {
        let summary = show::summary(verdict);
        let policy = sight.policy_sha256();
        let publication = Publication {
            target: seen.target,
            key,
            eval_seq,
            standing: verdict.conclusion.as_str(),
            title: &verdict.title,
            summary: &summary,
            policy: &policy,
        };
        let said = Sha256Hex::of(format!("{}\n{summary}", verdict.title));
        let now = self.clock.now();
        let last = self.newest(&publication, published.as_ref()).await?;
        let same = published.as_ref().is_some_and(|run| {
            let unchanged = run.said == said.as_str() && run.policy == policy;
            unchanged && !is_old(run, now)
        });
        let is_newest = last
            .as_ref()
            .is_some_and(|run| run.standing == publication.standing);
        if same && is_newest {
            return Ok(());
        }
        if !self.store.holds_head(key, eval_seq, now).await? {
            return Ok(());
        }
        let anew = published.as_ref().is_some_and(|run| is_old(run, now));
        let run = self.post(&publication, last.filter(|_| !anew)).await?;
        let kept = PublishedRun {
            number: seen.number,
            eval_seq,
            run: Some(run.id),
            conclusion: run.standing,
            decision: verdict.decision.to_string(),
            policy,
            said: said.to_string(),
            at: now,
        };
        if !self.store.release_head(key, eval_seq, Some(&kept)).await? {
            // Another worker has the head by now, and does not know of this run.
            self.store.doubt_run(key.repository, key.head, 0).await?;
            self.mark_pull(key.repository, seen.number).await?;
        }
        Ok(())
    }

    /// Takes back a `success` that nothing confirms any more.
    pub(super) async fn take_back(
        &self,
        target: &Target,
        key: GateKey<'_>,
        eval_seq: i64,
        published: &PublishedRun,
        (title, summary): (&str, &str),
    ) -> Result<(), EngineError> {
        let publication = Publication {
            target,
            key,
            eval_seq,
            standing: IN_PROGRESS,
            title,
            summary,
            policy: &published.policy,
        };
        let run = self.post(&publication, None).await?;
        let kept = PublishedRun {
            run: Some(run.id),
            conclusion: run.standing,
            decision: "V1".to_owned(),
            said: String::new(),
            at: self.clock.now(),
            ..published.clone()
        };
        self.store.release_head(key, eval_seq, Some(&kept)).await?;
        Ok(())
    }

    /// Our newest run of this head, as GitHub has it. Where nothing is known of one, or what is
    /// known is old and what would be said, GitHub is asked: a try whose answer was lost may have made one,
    /// and another server of ours may have said something older later.
    async fn newest(
        &self,
        publication: &Publication<'_>,
        published: Option<&PublishedRun>,
    ) -> Result<Option<OwnRun>, EngineError> {
        let recent = self.clock.now().plus_s(-BELIEVED_S);
        let differs = |run: &&PublishedRun| run.conclusion != publication.standing;
        let known = published.filter(|run| differs(run) || run.at > recent);
        if let Some((run, id)) = known.and_then(|run| Some((run, run.run?))) {
            return Ok(Some(OwnRun {
                id,
                external_id: String::new(),
                standing: run.conclusion.clone(),
            }));
        }
        // Nothing was tried for a head that was never judged before.
        if publication.eval_seq == 1 && published.is_none_or(|run| run.conclusion.is_empty()) {
            return Ok(None);
        }
        let github = self.github()?;
        let name = check_name(publication.key.base);
        let head = publication.key.head;
        Ok(github.own_run(publication.target, head, &name).await?)
    }

    /// Says it: by amending the newest run where that can still say it, and by a new one otherwise.
    async fn post(
        &self,
        publication: &Publication<'_>,
        last: Option<OwnRun>,
    ) -> Result<OwnRun, EngineError> {
        let github = self.github()?;
        let name = check_name(publication.key.base);
        let external_id = publication.external_id();
        let saying = Saying {
            name: &name,
            head: publication.key.head,
            external_id: &external_id,
            standing: publication.standing,
            title: publication.title,
            summary: publication.summary,
            details_url: None,
            buttons: &[],
        };
        let amended =
            last.filter(|run| run.standing == publication.standing || run.standing == IN_PROGRESS);
        let run = match amended {
            Some(run) => {
                github
                    .amend_run(publication.target, run.id, &saying)
                    .await?
            }
            None => github.publish_run(publication.target, &saying).await?,
        };
        if run.standing == publication.standing {
            return Ok(run);
        }
        tracing::error!(
            check = name,
            asked = publication.standing,
            answered = run.standing,
            "GitHub published something else than was asked for; the gate is shut"
        );
        let shut = Saying {
            standing: Conclusion::Failure.as_str(),
            title: "the verdict could not be published",
            summary: "GitHub published something else than was asked for. This is a defect of Castellan; the gate stays shut until it is judged again.",
            ..saying
        };
        Ok(github.publish_run(publication.target, &shut).await?)
    }
}

impl Publication<'_> {
    fn external_id(&self) -> String {
        format!(
            "v1:{}:{}:{}:{}:{}",
            self.key.repository, self.key.base, self.key.head, self.policy, self.eval_seq
        )
    }
}

fn is_old(run: &PublishedRun, now: Timestamp) -> bool {
    run.conclusion == IN_PROGRESS && run.at.plus_s(OLD_S) <= now
}
