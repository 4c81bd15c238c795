//! Writes a returned change: validated as data, laid upon the recorded commit, all or nothing.
//!
//! Where CI runs only after a person's approval (X62), the commit is put aside first, and the same
//! way is gone once more when it is approved.
//!
//! Order: is the attempt still the current one; may the requester still write (H21); is the
//! result what was stored; does the change pass every rule; only then blobs, tree, commit,
//! the branch by its exact old id, the pull request.

use super::super::error::Remedy;
use super::super::{Engine, EngineError};
use super::Performed;
use super::carried::{Apply, Pushed, rule_sentence};
use super::found::On;
use super::laid::Laid;
use super::staged::is_due;
use super::tree::{self, Way};
use crate::domain::change::Accepted;
use crate::domain::event::Fact;
use crate::domain::ids::{AttemptNumber, Fence, Oid, Sha256Hex, TaskId};
use crate::domain::request::policy::CiRun;
use crate::domain::task::stage::Stage;
use crate::domain::task::{Written, proposal};
use crate::git::Remote;
use crate::github::apply::{Entry, RefMove};
use crate::github::{Kind, Target};
use crate::guard::{self, Guard};
use crate::protocol::result::{Outcome, Returned};
use crate::store::DueEffect;

impl Engine {
    pub(super) async fn apply(
        &self,
        due: &DueEffect,
        target: &Target,
        number: AttemptNumber,
        fence: Fence,
    ) -> Result<Performed, EngineError> {
        let Some(id) = &due.task else {
            return Ok(Performed::Needless);
        };
        let Some(stored) = self.store.task(id).await? else {
            return Ok(Performed::Needless);
        };
        let task = &stored.task;
        let Stage::Applying { attempt, result } = &task.stage else {
            return Ok(Performed::Needless);
        };
        let current = task
            .attempt(number)
            .filter(|current| current.fence == fence);
        let (Some(current), true) = (current, *attempt == number) else {
            return Ok(Performed::Needless);
        };
        if !is_due(&due.effect, current) {
            return Ok(Performed::Needless);
        }
        // Whoever asked for this attempt: another person's may have come after the task's own.
        let asked = current.feedback.as_ref();
        let by = asked.map_or(&task.request.by, |feedback| &feedback.by);
        if !self.github()?.permission(target, by).await?.may_write() {
            return Ok(Performed::Done(Some(Fact::RequesterLostAccess)));
        }
        if let Some(approval) = &current.approved
            && !self
                .github()?
                .permission(target, &approval.by)
                .await?
                .may_write()
        {
            return Ok(Performed::Done(Some(Fact::ApprovalVoid {
                attempt: number,
            })));
        }
        let returned = self.returned(id, number, result).await?;
        if let Some(pull) = &task.pull
            && let Some(merged) = self.github()?.pull_end(target, pull.number).await?
        {
            return Ok(Performed::Done(Some(Fact::PullEnded { merged })));
        }
        let apply = Apply {
            task,
            attempt: current,
            target,
            returned: &returned,
            tries: due.tries,
        };
        match self.write(&apply).await {
            // A final no is for people: parked alone, the task would stand here for ever (I8, A5).
            Err(EngineError::Github(error))
                if !error.is_of_installation()
                    && matches!(error.kind, Kind::Forbidden | Kind::Conflict | Kind::Final) =>
            {
                let said = format!("GitHub did not take the change ({}).", error.reason);
                Ok(Performed::Done(Some(apply.refused(vec![said]))))
            }
            written => written.map(|fact| Performed::Done(Some(fact))),
        }
    }

    /// A result as it was stored.
    pub(in crate::engine) async fn returned(
        &self,
        task: &TaskId,
        attempt: AttemptNumber,
        result: &Sha256Hex,
    ) -> Result<Returned, EngineError> {
        let body = self.store.result(task, attempt, result).await?;
        let body = body.ok_or_else(|| EngineError::Defect(format!("no result {result}")))?;
        serde_json::from_slice(&body)
            .map_err(|error| EngineError::Defect(format!("result {result}: {error}")))
    }

    async fn write(&self, apply: &Apply<'_>) -> Result<Fact, EngineError> {
        let Outcome::Changed { change } = &apply.returned.outcome else {
            return Err(EngineError::Defect("a result without a change".to_owned()));
        };
        if apply.returned.start != apply.attempt.start {
            let said = "The change was made against another commit than the one that was given out. Ask for another attempt.";
            return Ok(apply.refused(vec![said.to_owned()]));
        }
        let (laid, written) = match self.find_ground(apply, change, On::Start).await? {
            Ok(found) => found,
            Err(fact) => return Ok(fact),
        };
        if apply.task.policy.ci.run == CiRun::AfterApproval && guard::holds(Guard::CiApproval) {
            return self.hold_or_release(apply, &laid, written).await;
        }
        let pushed = self.push(apply, &laid, written).await?;
        let Pushed::Drifted { said, or } = pushed else {
            return Ok(pushed.told());
        };
        tracing::info!(task.id = %apply.task.id, said, "the base is taken in for its workflow files");
        match self.find_ground(apply, change, On::Tip).await? {
            Ok((laid, written)) => Ok(self.push(apply, &laid, written).await?.told()),
            Err(_) if matches!(or, Fact::BranchMoved { .. }) => Ok(or),
            Err(fact) => Ok(fact),
        }
    }

    /// Whether the task still waits for this change: it may have been stopped while objects
    /// were being written (C4).
    pub(super) async fn is_wanted(&self, apply: &Apply<'_>) -> Result<bool, EngineError> {
        let stored = self.store.task(&apply.task.id).await?;
        let number = apply.attempt.number;
        Ok(stored.is_some_and(|stored| {
            let applying = matches!(
                stored.task.stage,
                Stage::Applying { attempt, .. } if attempt == number
            );
            let fence = stored.task.attempt(number).map(|attempt| attempt.fence);
            applying && fence == Some(apply.attempt.fence)
        }))
    }

    pub(super) async fn remote(&self, apply: &Apply<'_>) -> Result<Remote, EngineError> {
        let github = self.github()?;
        let name = github.name_of(apply.target).await;
        Ok(Remote {
            url: self.clone_url(&name),
            token: github.read_token(apply.target).await?,
        })
    }

    /// Address of a repository for git.
    pub(in super::super) fn clone_url(&self, name: &crate::domain::ids::FullName) -> String {
        let base = self.rules.github_url.as_str().trim_end_matches('/');
        format!("{base}/{name}.git")
    }

    /// Commit, branch, pull request.
    async fn push(
        &self,
        apply: &Apply<'_>,
        laid: &Laid,
        mut written: Written,
    ) -> Result<Pushed, EngineError> {
        let github = self.github()?;
        let task = apply.task;
        let branch = task.id.branch();
        let message = proposal::commit_message(task, apply.attempt.number);
        let tree = match self.tree_or_rule(apply, laid).await? {
            Ok(tree) => tree,
            Err(rule) => return Ok(Pushed::Told(apply.refused(vec![rule]))),
        };
        written.tree = Some(tree.clone());
        let before = task.pull.as_ref().map(|_| &apply.attempt.start);
        let found = match apply.is_again() {
            true => self.find_commit(apply, &branch, &tree, &message).await?,
            false => None,
        };
        let head = match found {
            Some(head) => head,
            None => {
                let head = github
                    .write_commit(apply.target, &message, &tree, &laid.parents)
                    .await?;
                if !self.is_wanted(apply).await? {
                    return Ok(Pushed::Told(apply.refused(Vec::new())));
                }
                let moved = github
                    .move_branch(apply.target, &task.node, &branch, before, &head)
                    .await?;
                match moved {
                    RefMove::Moved => head,
                    // Another worker, or a try whose answer was lost, may have been there before.
                    RefMove::Refused(said) => {
                        match self.find_commit(apply, &branch, &tree, &message).await? {
                            Some(head) => head,
                            None => {
                                return self
                                    .explain_refused_move(apply, &branch, before, said)
                                    .await;
                            }
                        }
                    }
                }
            }
        };
        self.propose_written(apply, &laid.accepted, &branch, head, written)
            .await
            .map(Pushed::Told)
    }

    /// The branch has our commit: from here on nothing is called refused.
    pub(super) async fn propose_written(
        &self,
        apply: &Apply<'_>,
        accepted: &Accepted,
        branch: &str,
        head: Oid,
        written: Written,
    ) -> Result<Fact, EngineError> {
        let attempt = apply.attempt.number;
        let error = match self.propose(apply, accepted, branch).await {
            Ok(pull) => {
                return Ok(Fact::Applied {
                    attempt,
                    pull,
                    head,
                    written,
                });
            }
            Err(error) if error.remedy(apply.tries, self.clock.now()) == Remedy::Park => error,
            Err(error) => return Err(error),
        };
        let cause = error.chain();
        Ok(match &apply.task.pull {
            // Only its description is behind; the commits and the status comment tell the rest.
            Some(pull) => {
                tracing::warn!(task.id = %apply.task.id, error = cause, "a pull request keeps its description");
                Fact::Applied {
                    attempt,
                    pull: pull.number,
                    head,
                    written,
                }
            }
            None => Fact::Unproposed {
                attempt,
                head,
                cause,
            },
        })
    }

    /// The tree of the change, or the rule of the repository that refuses it, as a sentence.
    pub(super) async fn tree_or_rule(
        &self,
        apply: &Apply<'_>,
        laid: &Laid,
    ) -> Result<Result<Oid, String>, EngineError> {
        match self.write_tree(apply, laid).await {
            Err(EngineError::Github(error))
                if matches!(error.kind, Kind::Conflict | Kind::Forbidden) =>
            {
                Ok(Err(rule_sentence(&error.reason)))
            }
            tree => tree.map(Ok),
        }
    }

    async fn write_tree(&self, apply: &Apply<'_>, laid: &Laid) -> Result<Oid, EngineError> {
        let github = self.github()?;
        let mut files = Vec::new();
        for (file, way) in laid.files.iter().zip(tree::ways(&laid.files)) {
            let entry = match way {
                _ if laid.known.contains_key(&file.path) => {
                    Entry::Blob(laid.known[&file.path].clone())
                }
                Way::Gone => Entry::Gone,
                Way::Inline(text) => Entry::Text(text),
                Way::Blob(content) => Entry::Blob(github.write_blob(apply.target, content).await?),
            };
            files.push((file, entry));
        }
        Ok(github.write_tree(apply.target, &laid.over, &files).await?)
    }

    /// A commit that we wrote and did not get to record (K13): the tip of our branch, with
    /// our message and exactly this tree.
    async fn find_commit(
        &self,
        apply: &Apply<'_>,
        branch: &str,
        tree: &Oid,
        message: &str,
    ) -> Result<Option<Oid>, EngineError> {
        let Some(tip) = self.github()?.branch_tip(apply.target, branch).await? else {
            return Ok(None);
        };
        let is_ours = self.is_this(apply, &tip, tree, message).await?;
        Ok(is_ours.then_some(tip))
    }

    /// Whether a commit has our message and exactly this tree.
    pub(super) async fn is_this(
        &self,
        apply: &Apply<'_>,
        commit: &Oid,
        tree: &Oid,
        message: &str,
    ) -> Result<bool, EngineError> {
        let found = self.github()?.commit(apply.target, commit).await?;
        Ok(found.is_some_and(|(its_tree, its_message)| {
            its_tree == *tree && its_message.trim_end() == message.trim_end()
        }))
    }

    /// The branch was not where we left it, a rule forbids it, or its workflow files are not those
    /// that GitHub wants: which of them?
    async fn explain_refused_move(
        &self,
        apply: &Apply<'_>,
        branch: &str,
        before: Option<&Oid>,
        said: String,
    ) -> Result<Pushed, EngineError> {
        let tip = self.github()?.branch_tip(apply.target, branch).await?;
        let is_moved = tip.as_ref() != before;
        // A try before this one may have gone the way of the drift, and come back with no answer.
        let may_be_ours = is_moved && tip.is_some() && apply.is_again();
        let or = match is_moved {
            false => apply.refused(vec![rule_sentence(&said)]),
            true => Fact::BranchMoved {
                head: tip,
                by: None,
            },
        };
        let drifted = apply.task.pull.is_some() && (is_drift(&said) || may_be_ours);
        Ok(match drifted {
            true => Pushed::Drifted { said, or },
            false => Pushed::Told(or),
        })
    }
}

/// Whether GitHub refused a ref for its workflow files (H26): its words, for its status is not
/// written down.
fn is_drift(said: &str) -> bool {
    said.contains("refusing to allow") && said.contains("workflow")
}
