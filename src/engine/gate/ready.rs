//! A draft of ours whose CI and acceptance are green is marked ready for review, once, and the people
//! who are needed are told, once.

use super::super::{Engine, EngineError};
use super::observe::Seen;
use super::sight::Sight;
use crate::domain::effect::Effect;
use crate::domain::gate::{Verdict, ready};

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
        let (repository, number) = (seen.target.repository, seen.number);
        let ready = Effect::Ready {
            pull: number,
            head: seen.state.head.clone(),
        };
        let told = Effect::Say {
            number,
            key: "ready".to_owned(),
            body: ready::comment(verdict),
        };
        // Once for the pull request, whatever its heads: the keys are kept.
        for (effect, what) in [(ready, "ready"), (told, "told")] {
            let key = format!("gate:{repository}:{number}:{what}");
            let (installation, now) = (seen.target.installation, self.clock.now());
            self.store
                .add_effect(&effect, &key, installation, repository, now)
                .await?;
        }
        self.bell.notify_waiters();
        Ok(())
    }
}
