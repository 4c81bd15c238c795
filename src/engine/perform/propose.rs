//! The pull request of a written change: opened, or its description written anew.

use super::super::{Engine, EngineError};
use super::carried::Apply;
use crate::domain::change::Accepted;
use crate::domain::ids::Number;
use crate::domain::task::proposal::{self, Acceptance, Facts, Instruction};
use crate::domain::task::reach::{Reach, Refused};
use crate::github::apply::Proposal;
use crate::protocol::result::{CommandReport, NetworkRefusal, RunEvidence};

impl Engine {
    /// Proposes what is on `branch`. Gives the pull request, which may have been there.
    pub(super) async fn propose(
        &self,
        apply: &Apply<'_>,
        accepted: &Accepted,
        branch: &str,
    ) -> Result<Number, EngineError> {
        let github = self.github()?;
        let task = apply.task;
        let evidence = &apply.returned.evidence;
        let acceptance: Vec<Acceptance> = evidence.acceptance.iter().map(acceptance_of).collect();
        let refused: Vec<String> = evidence
            .permissions
            .iter()
            .filter(|permission| !permission.granted)
            .map(|permission| permission.title.clone())
            .collect();
        let instructions = evidence.instructions.iter().map(|file| Instruction {
            path: file.path.clone(),
            sha256: file.sha256.clone(),
        });
        let instructions: Vec<Instruction> = instructions.collect();
        let page = self.page_of(task);
        let body = proposal::body(
            task,
            &Facts {
                attempt: apply.attempt,
                files: &accepted.files,
                diff: &accepted.facts,
                acceptance: &acceptance,
                refused: &refused,
                instructions: &instructions,
                reach: &reach_of(evidence),
                agent: evidence.agent.as_deref(),
                words: &evidence.words,
                report: evidence.report.as_ref(),
                page: page.as_deref(),
            },
        );
        let title = proposal::title(task);
        let known = match &task.pull {
            Some(pull) => Some(pull.number),
            None if apply.is_again() => {
                github
                    .find_pull(apply.target, branch, &task.base.branch)
                    .await?
            }
            None => None,
        };
        if let Some(pull) = known {
            github.edit_pull(apply.target, pull, &body).await?;
            return Ok(pull);
        }
        let proposal = Proposal {
            title: &title,
            body: &body,
            head: branch,
            base: &task.base.branch,
        };
        Ok(github.open_pull(apply.target, proposal).await?)
    }
}

/// One acceptance command as evidence.
pub(in crate::engine) fn acceptance_of(report: &CommandReport) -> Acceptance {
    Acceptance {
        command: report.command.clone(),
        exit_code: report.exit_code,
        output_tail: report.output_tail.clone(),
    }
}

/// What an attempt reached of the network.
pub(in crate::engine) fn reach_of(evidence: &RunEvidence) -> Reach {
    let refused = |refused: &NetworkRefusal| Refused {
        phase: refused.phase,
        place: refused.place.clone(),
        because: refused.because.clone(),
        count: refused.count,
    };
    Reach {
        open_hosts: evidence.open_hosts.clone(),
        refusals: evidence.refusals.iter().map(refused).collect(),
    }
}
