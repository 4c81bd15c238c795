//! The required check of a head: so published that its newest run says the newest verdict.
//!
//! A completed run is final: from one conclusion to another a new run is made, and the newest of a
//! name counts. The answer is read: where it is not what was asked for, the gate is shut.

use super::super::{Engine, EngineError};
use super::sight::Sight;
use crate::domain::gate::{Conclusion, Verdict, check_name, show};
use crate::domain::ids::{Number, Sha256Hex};
use crate::domain::time::Timestamp;
use crate::github::Target;
use crate::github::publish::{IN_PROGRESS, OwnRun, Saying};
use crate::store::{GateKey, PublishedRun};

/// Age at which an unfinished run is made anew, in seconds: GitHub calls it stale after fourteen days.
const OLD_S: i64 = 12 * 24 * 3600 + 12 * 3600;

/// Seconds for which GitHub is not asked whether it shows what was published.
const BELIEVED_S: i64 = 600;

/// What is to be said, and under which evaluation.
pub(super) struct Publication<'a> {
    pub(super) target: &'a Target,
    pub(super) key: GateKey<'a>,
    pub(super) eval_seq: i64,
    pub(super) standing: &'a str,
    pub(super) decision: &'a str,
    pub(super) title: &'a str,
    pub(super) summary: &'a str,
    pub(super) policy: &'a str,
}

/// What became of a verdict.
pub(super) enum Said {
    /// GitHub has it.
    Now,
    /// GitHub was told much lately: it is to be judged again then.
    Later(Timestamp),
}

impl Engine {
    /// Publishes a verdict, where what is published is not the same already.
    pub(super) async fn publish(
        &self,
        (target, number): (&Target, Number),
        (key, eval_seq): (GateKey<'_>, i64),
        (sight, verdict): (&Sight, &Verdict),
        published: Option<PublishedRun>,
    ) -> Result<Said, EngineError> {
        let (summary, policy) = (show::summary(verdict), sight.policy_sha256());
        let publication = &Publication {
            target,
            key,
            eval_seq,
            standing: verdict.conclusion.as_str(),
            decision: verdict.decision.as_str(),
            title: &verdict.title,
            summary: &summary,
            policy: &policy,
        };
        let last = self.newest(publication, published.as_ref()).await?;
        let now = self.clock.now();
        let old = published.as_ref().is_some_and(|run| is_old(run, now));
        let open = Conclusion::Success.as_str();
        let was_open = published.as_ref().is_some_and(|run| run.conclusion == open);
        let same = published.is_some_and(|run| {
            run.said == publication.said().as_str() && run.policy == publication.policy && !old
        });
        let stands = |run: &OwnRun| run.standing == publication.standing;
        if same && last.as_ref().is_some_and(stands) {
            return Ok(Said::Now);
        }
        let shuts = was_open && publication.standing != open;
        let installation = target.installation;
        if let Err(at) = self.allowance.draw_verdict(installation, shuts, now) {
            return Ok(Said::Later(at));
        }
        let last = last.filter(|_| !old);
        self.post(number, publication, last).await?;
        Ok(Said::Now)
    }

    /// Our newest run of this head, as GitHub has it. Where nothing is known of one, or what is known
    /// is old and what would be said, GitHub is asked: a try whose answer was lost may have made one,
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

    /// Says it while the head is still ours, and notes what GitHub made of it.
    pub(super) async fn post(
        &self,
        number: Number,
        publication: &Publication<'_>,
        last: Option<OwnRun>,
    ) -> Result<(), EngineError> {
        let (key, eval_seq) = (publication.key, publication.eval_seq);
        let now = self.clock.now();
        if !self.store.holds_head(key, eval_seq, now).await? {
            return Ok(());
        }
        let run = self.say_run(publication, last).await?;
        let kept = PublishedRun {
            number,
            eval_seq,
            run: Some(run.id),
            conclusion: run.standing,
            decision: publication.decision.to_owned(),
            policy: publication.policy.to_owned(),
            said: publication.said().to_string(),
            at: now,
        };
        if !self.store.note_run(key, &kept).await? {
            // Another worker has the head by now, and does not know of this run.
            self.store
                .doubt_run(key.repository, key.head, run.id)
                .await?;
            self.mark_pull(key.repository, number).await?;
        }
        Ok(())
    }

    /// Says it by amending the newest run where that can still say it, and by a new one otherwise.
    async fn say_run(
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
    /// By which two publications of the same are known.
    fn said(&self) -> Sha256Hex {
        Sha256Hex::of(format!("{}\n{}", self.title, self.summary))
    }

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
