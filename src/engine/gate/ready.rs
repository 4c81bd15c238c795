//! What people are told of a pull request beside its check, each once: that a draft of ours whose CI
//! and acceptance are green is ready, and that somebody else reports a check of our name.

use super::super::{Engine, EngineError};
use super::seen::Seen;
use super::sight::Sight;
use crate::domain::effect::Effect;
use crate::domain::gate::{Verdict, forged, ready};

impl Engine {
    /// Has the draft marked as ready where it is. Whoever makes it a draft again has the last word.
    pub(super) async fn ready(
        &self,
        seen: &Seen<'_>,
        sight: &Sight,
        verdict: &Verdict,
    ) -> Result<(), EngineError> {
        if !sight.is_ready(verdict) {
            return Ok(());
        }
        let number = seen.number;
        let ready = Effect::Ready {
            pull: number,
            head: seen.state.head.clone(),
        };
        let told = Effect::Say {
            number,
            key: "ready".to_owned(),
            body: ready::comment(verdict),
        };
        self.once(seen, "ready", ready).await?;
        self.once(seen, "told", told).await
    }

    /// Tells people where somebody else reports a check of our name (X66).
    pub(super) async fn warn(&self, seen: &Seen<'_>, sight: &Sight) -> Result<(), EngineError> {
        let Some(body) = forged::comment(&sight.facts) else {
            return Ok(());
        };
        let (repository, number) = (seen.target.repository, seen.number);
        tracing::warn!(%repository, pull = %number, "somebody else reports a check of our name");
        let told = Effect::Say {
            number,
            key: "forged".to_owned(),
            body,
        };
        self.once(seen, "forged", told).await
    }

    /// Has it done once for the pull request, whatever its heads: the keys are kept.
    async fn once(
        &self,
        seen: &Seen<'_>,
        what: &'static str,
        effect: Effect,
    ) -> Result<(), EngineError> {
        let (repository, now) = (seen.target.repository, self.clock.now());
        let key = format!("gate:{repository}:{}:{what}", seen.number);
        let installation = seen.target.installation;
        self.store
            .add_effect(&effect, &key, installation, repository, now)
            .await?;
        self.bell.notify_waiters();
        Ok(())
    }
}
