//! What an agent asks people, on its way from the runner to them.

use super::super::Engine;
use super::{Bearer, RunnerRefusal};
use crate::domain::event::Fact;
use crate::domain::task::question::{self, Question};
use crate::store::Cause;

impl Engine {
    /// People are told what the agent asked, as far as it is new.
    pub(super) async fn hear_questions(
        &self,
        bearer: &Bearer,
        questions: &[Question],
    ) -> Result<(), RunnerRefusal> {
        if questions.is_empty() {
            return Ok(());
        }
        let fact = Fact::Asked {
            attempt: bearer.attempt,
            questions: question::bounded(questions),
        };
        self.record(&bearer.task, fact, Cause::None).await?;
        Ok(())
    }
}
