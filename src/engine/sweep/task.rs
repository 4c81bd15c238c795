//! A task that is not closed: its issue, its branch, its pull request, its run.

use super::super::{Engine, EngineError};
use crate::domain::ci::stuck::Entry;
use crate::domain::event::Fact;
use crate::domain::ids::Oid;
use crate::domain::notice::{Notice, Place, Sender};
use crate::domain::request::Person;
use crate::domain::task::Task;
use crate::domain::task::attempt::Attempt;
use crate::domain::task::stage::Stage;
use crate::github::Target;
use crate::github::task_input::{Issue, Subject};
use crate::store::{Cause, StoredTask};

impl Engine {
    pub(super) async fn look_at_live(
        &self,
        place: &Place,
        stored: &StoredTask,
    ) -> Result<(), EngineError> {
        if stored.task.mended().is_some() {
            self.read_mended_end(place, stored.task.issue).await?;
        } else if stored.task.pull.is_none() {
            self.look_at_issue(place, &stored.task).await?;
        }
        self.look_at_task(stored).await?;
        // What was just looked at may have moved it.
        match self.store.task(&stored.task.id).await? {
            Some(now) => self.look_for_reviews(place, &now.task).await,
            None => Ok(()),
        }
    }

    /// The issue of a task that has no pull request yet, and with it the repository.
    async fn look_at_issue(&self, place: &Place, task: &Task) -> Result<(), EngineError> {
        let target = Target::from(place);
        let number = task.issue;
        let input = self.github()?.task_input(&target, number).await?;
        let reading = match input.subject {
            _ if input.archived => {
                let notice = Notice::RepositoryClosed {
                    place: place.clone(),
                    how: "archived".to_owned(),
                };
                self.read_notice(&notice).await
            }
            Some(Subject::Issue(issue)) if issue.open => {
                if let Some(person) = unlabelled_by(&issue, task) {
                    let notice = Notice::Unlabeled {
                        place: place.clone(),
                        number,
                        sender: Sender {
                            person,
                            is_bot: false,
                        },
                    };
                    self.read_notice(&notice).await?;
                }
                self.compare_text(place, number, &issue.text).await
            }
            Some(Subject::Issue(_) | Subject::Pull) | None => {
                self.read_issue_end(place, number, "closed").await
            }
        };
        reading.map(drop)
    }

    /// Whether the checks of a delivered head say something else than when they had settled: the
    /// delivery that told so may be lost.
    async fn look_for_late_checks(&self, task: &Task) -> Result<(), EngineError> {
        let Stage::Delivered { head, .. } = &task.stage else {
            return Ok(());
        };
        let since = self.clock.now().plus_s(-LATE_CHECKS_DAYS * 24 * 3600);
        let fresh = |entry: &&Entry| entry.head == *head && entry.at > since;
        let Some(entry) = task.ledger.iter().rev().find(fresh) else {
            return Ok(());
        };
        let (_, reading) = self.observed_of(task, head).await?;
        if entry.watch.stands.as_ref() != Some(&reading.stands) {
            let fact = Fact::ChecksReported { head: head.clone() };
            self.record(&task.id, fact, Cause::None).await?;
        }
        Ok(())
    }

    /// The branch, the pull request and the run of a task that is not closed.
    async fn look_at_task(&self, stored: &StoredTask) -> Result<(), EngineError> {
        let github = self.github()?;
        let task = &stored.task;
        let target = Target::from(task);
        if let Some(pull) = &task.pull {
            if let Some(merged) = github.pull_end(&target, pull.number).await? {
                self.record(&task.id, Fact::PullEnded { merged }, Cause::None)
                    .await?;
                return Ok(());
            }
            let tip = github.branch_tip(&target, &task.id.branch()).await?;
            // The task may have moved the branch itself since it was listed.
            let fresh = self.store.task(&task.id).await?;
            let same = fresh.is_some_and(|fresh| fresh.version == stored.version);
            let applying = matches!(task.stage, Stage::Applying { .. });
            if same && !applying && !is_known(stored, tip.as_ref()) {
                let fact = Fact::BranchMoved {
                    head: tip,
                    by: None,
                };
                self.record(&task.id, fact, Cause::None).await?;
                return Ok(());
            }
        }
        self.look_at_base(&[stored]).await?;
        self.look_for_late_checks(task).await?;
        let run = task.last_attempt().and_then(Attempt::current_run);
        if let (true, Some(run)) = (task.stage.is_busy(), run)
            && let Some(conclusion) = github.run_conclusion(&target, run).await?
        {
            let fact = Fact::RunEnded { run, conclusion };
            self.record(&task.id, fact, Cause::None).await?;
        }
        Ok(())
    }
}

/// Days for which a delivered head's checks are looked at for late reports.
const LATE_CHECKS_DAYS: i64 = 7;

/// Who took the label off since the task was asked for, where it is off (H20).
fn unlabelled_by(issue: &Issue, task: &Task) -> Option<Person> {
    let last = issue.unlabelling.as_ref().filter(|_| !issue.labelled)?;
    (last.at >= task.request.at).then(|| last.by.clone())?
}

/// Whether the branch stands where the task believes it to stand.
fn is_known(stored: &StoredTask, tip: Option<&Oid>) -> bool {
    if let Stage::Paused { head, .. } = &stored.task.stage {
        return head.as_ref() == tip;
    }
    let head = stored.task.pull.as_ref().map(|pull| &pull.head);
    head == tip
}
