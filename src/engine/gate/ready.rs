//! A draft of ours whose CI and acceptance are green is marked ready for review, once, and the people
//! who are needed are told, once.

use super::super::{Engine, EngineError};
use super::observe::Seen;
use super::sight::Sight;
use crate::domain::effect::Effect;
use crate::domain::gate::{Verdict, ready};

impl Engine {
    /// Marks the draft as ready where it is. Whoever makes it a draft again has the last word.
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
        let name = format!("gate:ready:{repository}:{number}");
        if self.store.cursor(&name).await?.is_some() {
            return Ok(());
        }
        let github = self.github()?;
        github.mark_ready(seen.target, &seen.state.node_id).await?;
        let effect = Effect::Say {
            number,
            key: "ready".to_owned(),
            body: ready::comment(verdict),
        };
        let key = format!("{repository}:{number}:{}", effect.key(None));
        self.store
            .add_effect(
                &effect,
                &key,
                seen.target.installation,
                repository,
                self.clock.now(),
            )
            .await?;
        // Last: what was cut off before is done again, and both bear that.
        self.store
            .set_cursor(&name, seen.state.head.as_str())
            .await?;
        self.bell.notify_waiters();
        Ok(())
    }
}
