//! When the status comment says how an attempt goes: not often, never before anything else, and
//! only while it says something new (see [`Effect::Progress`](crate::domain::effect::Effect)).
//!
//! What is not written stands on the task's page. How the text reads is not known here.

use super::super::{Engine, EngineError};
use super::Turn;
use crate::domain::task::going;
use crate::domain::task::stage::Stage;
use crate::domain::time::Timestamp;
use crate::store::DueEffect;

/// Least time between two writes of a task's comment, where the second only says how it goes:
/// what is over before that costs no call.
const EVERY_S: i64 = 20;

impl Engine {
    /// Whether how it goes is written now. A new phase is told also beyond the allowance of
    /// progress; a sign of life then waits for its next turn, which is a newer one's.
    pub(super) async fn turn_of_progress(
        &self,
        due: &DueEffect,
        now: Timestamp,
    ) -> Result<Turn, EngineError> {
        let Some(task) = &due.task else {
            return Ok(Turn::Needless);
        };
        let Some(stored) = self.store.task(task).await? else {
            return Ok(Turn::Needless);
        };
        let is_shown = stored.status_comment.is_some();
        if !matches!(stored.task.stage, Stage::Working { .. }) || !is_shown {
            return Ok(Turn::Needless);
        }
        // It says the same and more, and comes first.
        if self.store.is_status_wanted(task).await? {
            return Ok(Turn::Needless);
        }
        let told_at = stored.status_at;
        let next = told_at.plus_s(EVERY_S);
        if now < next {
            return Ok(Turn::Later(next));
        }
        let body = self.status_of(&stored.task, now).await?;
        if stored.says(&body) {
            return Ok(Turn::Needless);
        }
        let is_news = going::phase_since(&stored.task).is_some_and(|since| since >= told_at);
        let drawn = self.allowance.draw_progress(due.installation, is_news, now);
        Ok(match drawn {
            Ok(()) => Turn::Now,
            Err(at) => Turn::Later(at.max(now.plus_s(if is_news { 0 } else { EVERY_S }))),
        })
    }
}
