//! What was merged without our success, by an administrator's bypass or while this server was down: it
//! cannot be prevented from here, so it is kept, and said once (X80, X81).

use super::super::{Engine, EngineError};
use crate::domain::effect::Effect;
use crate::domain::gate::{Conclusion, check_name};
use crate::domain::ids::Number;
use crate::github::{PullState, Target};
use crate::store::{GateKey, Incident};

impl Engine {
    /// Notes the merge of a pull request that the gate had to do with, where the newest check of its
    /// head did not allow it.
    pub(super) async fn note_merge(
        &self,
        target: &Target,
        number: Number,
        state: &PullState,
    ) -> Result<(), EngineError> {
        let key = GateKey {
            repository: target.repository,
            head: &state.head,
            base: &state.base_branch,
        };
        let published = self.store.published_run(key).await?;
        let said = published.map(|run| run.conclusion).unwrap_or_default();
        if said == Conclusion::Success.as_str() {
            return Ok(());
        }
        let own = self.store.task_of_pull(target.repository, number).await?;
        // A person's own pull request concerns the gate only where the base asks for its check.
        let required = self.required_of(target, key.base).await?.ours;
        if own.is_none() && !required {
            return Ok(());
        }
        let incident = Incident {
            repository: target.repository,
            number,
            head: state.head.to_string(),
            base: state.base_branch.clone(),
            said,
            at: self.clock.now(),
        };
        // Where no rule asks for the check, whoever merged did what the branch allows. Said first, by a
        // key that is kept: an incident that is known was told of.
        if required {
            self.tell_incident(target, &incident).await?;
        }
        if self.store.add_incident(&incident).await? {
            tracing::warn!(
                repository = %incident.repository, pull = %number, said = incident.said,
                "a pull request was merged without our success"
            );
        }
        Ok(())
    }

    async fn tell_incident(&self, target: &Target, of: &Incident) -> Result<(), EngineError> {
        let check = check_name(&of.base);
        let said = match of.said.as_str() {
            "" => "was not there".to_owned(),
            said => format!("said `{said}`"),
        };
        let effect = Effect::Say {
            number: of.number,
            key: "incident".to_owned(),
            body: format!(
                "This was merged although `{check}` {said} for its head. The server has it on record.\n\n\
                 Look at what went in, and at who may bypass the rules of this branch."
            ),
        };
        let key = format!("gate:{}:{}:incident", of.repository, of.number);
        let (installation, repository) = (target.installation, of.repository);
        self.store
            .add_effect(&effect, &key, installation, repository, of.at)
            .await?;
        self.bell.notify_waiters();
        Ok(())
    }
}
