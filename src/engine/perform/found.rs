//! The ground of a change, found in our mirror, and what is known of what is written there.

use super::super::{Engine, EngineError};
use super::carried::Apply;
use super::ground::{Ground, WORKFLOWS, ground};
use super::laid::Laid;
use super::merge;
use crate::domain::change::Change;
use crate::domain::event::Fact;
use crate::domain::task::Written;
use crate::domain::text;
use crate::git::Fetched;
use crate::github::perform::WORKFLOW_FILE;

/// Upon what a change is laid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum On {
    /// What the attempt started from, and what it takes in.
    Start,
    /// The base as it is now, since GitHub wants its workflow files (H26).
    Tip,
}

impl Engine {
    /// What is written of the change, and what is known of it; or why nothing is.
    pub(super) async fn find_ground(
        &self,
        apply: &Apply<'_>,
        change: &Change,
        on: On,
    ) -> Result<Result<(Laid, Written), Fact>, EngineError> {
        let remote = self.remote(apply).await?;
        let mirror = self.mirrors.open(apply.task.repository).await?;
        let branch = &apply.task.base.branch;
        let tip = mirror.fetch(&remote, branch, &apply.attempt.start).await?;
        let tip = match tip {
            Fetched::Tip(tip) => tip,
            Fetched::NoBranch => {
                let branch = text::inline_code(branch, 255);
                let said = format!("The branch {branch} is gone. Ask again when there is one.");
                return Ok(Err(apply.refused(vec![said])));
            }
            Fetched::NoCommit => {
                let said = "The commit that the change starts from is not in the repository any more. Ask for another attempt.";
                return Ok(Err(apply.refused(vec![said.to_owned()])));
            }
        };
        let ground = match on {
            On::Start => ground(&mirror, &remote, apply, change, &tip).await?,
            On::Tip => merge::ground_on_tip(&mirror, &remote, apply, change, &tip).await?,
        };
        let laid = match ground {
            Ground::On(laid) => *laid,
            Ground::Refused(sentences) => return Ok(Err(apply.refused(sentences))),
            Ground::Again(sentences) => return Ok(Err(apply.refused_again(sentences))),
            Ground::Moved(tip) => {
                let attempt = apply.attempt.number;
                return Ok(Err(Fact::BaseMoved { attempt, tip }));
            }
            Ground::Conflict(merge) => {
                let head = apply.attempt.start.clone();
                return Ok(Err(Fact::BaseConflicts { head, merge }));
            }
        };
        let names = mirror.names_in(&laid.over, WORKFLOWS).await?;
        let is_other = |name: &Vec<u8>| name.as_slice() != WORKFLOW_FILE.as_bytes();
        let files = laid.accepted.files.iter();
        let written = Written {
            tree: None,
            bytes: files.map(|file| file.content.len() as u64).sum(),
            has_workflows: names.iter().any(is_other),
            accepted: has_passed(apply),
            merged: laid.merged.clone(),
            weakened: laid.accepted.facts.weakened.clone(),
        };
        Ok(Ok((laid, written)))
    }
}

/// Whether each of the contract's acceptance commands was run and passed; not so without any.
fn has_passed(apply: &Apply<'_>) -> bool {
    let commands = &apply.task.contract.acceptance;
    let reports = &apply.returned.evidence.acceptance;
    let passed = |command: &String| {
        let mut reports = reports.iter();
        reports.any(|report| report.command == *command && report.passed())
    };
    !commands.is_empty() && commands.iter().all(passed)
}
