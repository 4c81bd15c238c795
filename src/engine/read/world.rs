//! What happens around a task: its issue, its branch, its pull request, its run, its
//! repository and its installation.

use super::super::open::whole;
use super::super::{Engine, EngineError};
use super::Reading;
use crate::domain::event::Fact;
use crate::domain::gate::work;
use crate::domain::ids::{
    FullName, InstallationId, Number, Oid, RepositoryId, ReviewId, RunId, TaskId, UserId,
};
use crate::domain::notice::{IssueText, Place, Sender};
use crate::domain::request::contract;
use crate::domain::task::Task;
use crate::domain::task::stage::Stage;
use crate::domain::time::Timestamp;
use crate::github::Target;
use crate::github::task_input::Subject;
use crate::store::{Cause, StoredTask};

/// What is noted where the issue has no task, or one that is over.
const NO_LIVE_TASK: &str = "no task is live there";

impl Engine {
    async fn live_task_of_issue(
        &self,
        place: &Place,
        number: Number,
    ) -> Result<Option<StoredTask>, EngineError> {
        let found = self.store.task_of_issue(place.repository, number).await?;
        Ok(found.filter(|stored| !stored.task.stage.is_closed()))
    }

    pub(super) async fn read_unlabel(
        &self,
        place: &Place,
        number: Number,
        sender: &Sender,
    ) -> Result<Reading, EngineError> {
        let Some(stored) = self.live_task_of_issue(place, number).await? else {
            return Ok(Reading::Ignored(NO_LIVE_TASK.to_owned()));
        };
        let input = self
            .github()?
            .task_input(&Target::from(place), number)
            .await?;
        if let Some(Subject::Issue(issue)) = &input.subject
            && issue.labelled
        {
            return Ok(Reading::Ignored("the label is there again".to_owned()));
        }
        if !self.may_write(place, &sender.person).await? {
            return Ok(Reading::Ignored(
                "not by somebody with write access".to_owned(),
            ));
        }
        let by = sender.person.clone();
        self.record(&stored.task.id, Fact::LabelRemoved { by }, Cause::None)
            .await?;
        Ok(Reading::Done("the task heard of the label"))
    }

    pub(super) async fn read_edit(
        &self,
        place: &Place,
        number: Number,
    ) -> Result<Reading, EngineError> {
        if self.live_task_of_issue(place, number).await?.is_none() {
            return Ok(Reading::Ignored(NO_LIVE_TASK.to_owned()));
        }
        // A delivery may come days late: what counts is how the issue reads now (D5).
        let input = self
            .github()?
            .task_input(&Target::from(place), number)
            .await?;
        let Some(Subject::Issue(issue)) = &input.subject else {
            return Ok(Reading::Ignored("the issue is gone".to_owned()));
        };
        self.compare_text(place, number, &issue.text).await
    }

    /// Tells the live task of an issue where the text is not the one that was approved.
    pub(in super::super) async fn compare_text(
        &self,
        place: &Place,
        number: Number,
        text: &IssueText,
    ) -> Result<Reading, EngineError> {
        let Some(stored) = self.live_task_of_issue(place, number).await? else {
            return Ok(Reading::Ignored(NO_LIVE_TASK.to_owned()));
        };
        let (before, after) = (whole(&stored.task.text), whole(text));
        if before == after {
            return Ok(Reading::Ignored("the task knows this text".to_owned()));
        }
        let difference = contract::difference(&before, &after);
        self.record(
            &stored.task.id,
            Fact::TextEdited { difference },
            Cause::None,
        )
        .await?;
        Ok(Reading::Done("the task heard of the edit"))
    }

    pub(in super::super) async fn read_issue_end(
        &self,
        place: &Place,
        number: Number,
        how: &str,
    ) -> Result<Reading, EngineError> {
        let Some(stored) = self.live_task_of_issue(place, number).await? else {
            return Ok(Reading::Ignored(NO_LIVE_TASK.to_owned()));
        };
        // A delivery may come days late: what counts is how the issue stands now (D5).
        let input = self
            .github()?
            .task_input(&Target::from(place), number)
            .await?;
        if let Some(Subject::Issue(issue)) = &input.subject
            && issue.open
        {
            return Ok(Reading::Ignored("the issue is open again".to_owned()));
        }
        let how = how.to_owned();
        self.record(&stored.task.id, Fact::IssueEnded { how }, Cause::None)
            .await?;
        Ok(Reading::Done("the task heard of its issue's end"))
    }

    /// Somebody pushed to a branch of ours. Our own pushes are known by their commit.
    pub(super) async fn read_push(
        &self,
        place: &Place,
        branch: &str,
        after: Option<&Oid>,
        sender: &Sender,
    ) -> Result<Reading, EngineError> {
        let Some(id) = TaskId::of_branch(branch) else {
            return self.read_base_push(place, branch).await;
        };
        let Some(stored) = self.store.task(&id).await? else {
            return Ok(Reading::Ignored("no task has this branch".to_owned()));
        };
        if stored.task.repository != place.repository || stored.task.stage.is_closed() {
            return Ok(Reading::Ignored(
                "the task is over, or elsewhere".to_owned(),
            ));
        }
        let known = after.is_some_and(|after| is_ours(&stored.task, after));
        // While a change of ours is being written, its own delivery may come before its record.
        // Another bot's push then makes the writing fail, which tells of it.
        let applying = matches!(stored.task.stage, Stage::Applying { .. });
        if sender.is_bot && (known || applying) {
            return Ok(Reading::Ignored("our own commit".to_owned()));
        }
        // A late delivery says nothing about where the branch is now (D5).
        let tip = self
            .github()?
            .branch_tip(&Target::from(place), branch)
            .await?;
        if tip.as_ref().is_some_and(|tip| is_ours(&stored.task, tip)) {
            return Ok(Reading::Ignored("the branch is at our commit".to_owned()));
        }
        let fact = Fact::BranchMoved {
            head: tip,
            by: Some(sender.person.clone()),
        };
        self.record(&id, fact, Cause::None).await?;
        Ok(Reading::Done("the task heard of the push"))
    }

    pub(super) async fn read_pull_end(
        &self,
        place: &Place,
        number: Number,
        merged: bool,
    ) -> Result<Reading, EngineError> {
        self.mark_pull(place.repository, number).await?;
        let Some(stored) = self.store.task_of_pull(place.repository, number).await? else {
            return self.read_mended_end(place, number).await;
        };
        if stored.task.stage.is_closed() {
            return Ok(Reading::Ignored("the task is over".to_owned()));
        }
        // Reopened since, or never closed: what counts is how it stands now (D5).
        let target = Target::from(place);
        let Some(now_merged) = self.github()?.pull_end(&target, number).await? else {
            return Ok(Reading::Ignored("the pull request is open".to_owned()));
        };
        let merged = merged || now_merged;
        self.record(&stored.task.id, Fact::PullEnded { merged }, Cause::None)
            .await?;
        Ok(Reading::Done("the task heard of its pull request's end"))
    }

    /// Somebody requested changes to a pull request.
    pub(super) async fn read_review(
        &self,
        place: &Place,
        number: Number,
        review: ReviewId,
    ) -> Result<Reading, EngineError> {
        self.mark_pull(place.repository, number).await?;
        let what = self.hear_review(place, number, review).await?;
        Ok(match what {
            "a review asked for another attempt" => Reading::Done(what),
            _ => Reading::Ignored(what.to_owned()),
        })
    }

    /// The pull request that a task mends is over.
    pub(in super::super) async fn read_mended_end(
        &self,
        place: &Place,
        number: Number,
    ) -> Result<Reading, EngineError> {
        let stored = self.live_task_of_issue(place, number).await?;
        let Some(stored) = stored.filter(|stored| stored.task.mended().is_some()) else {
            return Ok(Reading::Ignored("not a pull request of ours".to_owned()));
        };
        let target = Target::from(place);
        let how = match self.github()?.pull_end(&target, number).await? {
            None => return Ok(Reading::Ignored("the pull request is open".to_owned())),
            Some(true) => "merged".to_owned(),
            Some(false) => "closed".to_owned(),
        };
        self.record(&stored.task.id, Fact::IssueEnded { how }, Cause::None)
            .await?;
        Ok(Reading::Done("the task heard of its pull request's end"))
    }

    pub(super) async fn read_run_end(
        &self,
        place: &Place,
        run: RunId,
        conclusion: &str,
    ) -> Result<Reading, EngineError> {
        let mut heard = false;
        for stored in self.store.live_tasks(place.repository).await? {
            let conclusion = conclusion.to_owned();
            let fact = Fact::RunEnded { run, conclusion };
            self.record(&stored.task.id, fact, Cause::None).await?;
            heard = true;
        }
        Ok(if heard {
            Reading::Done("the tasks heard of the run's end")
        } else {
            Reading::Ignored("no task is under way".to_owned())
        })
    }

    /// Somebody reported about a commit: whoever waits for it looks there.
    pub(super) async fn read_checks(
        &self,
        place: &Place,
        head: &Oid,
    ) -> Result<Reading, EngineError> {
        // Before the tasks are read: whoever moves on from here on looks anew.
        self.forget_checks(place.repository, head).await;
        let live = self.store.live_tasks(place.repository).await?;
        let waits = live.iter().find(|one| work::awaits_checks(&one.task, head));
        self.mark_reported(place.repository, head, waits).await?;
        let mut heard = false;
        for stored in live {
            let own = stored.task.pull.as_ref().map(|pull| &pull.head);
            if own == Some(head) {
                let fact = Fact::ChecksReported { head: head.clone() };
                self.record(&stored.task.id, fact, Cause::None).await?;
                heard = true;
            }
        }
        Ok(if heard {
            Reading::Done("the task heard of its checks")
        } else {
            Reading::Ignored("no task waits for this commit".to_owned())
        })
    }

    pub(super) async fn read_rename(&self, place: &Place) -> Result<Reading, EngineError> {
        let Some(known) = self.store.repository(place.repository).await? else {
            return Ok(Reading::Ignored("not a repository of ours".to_owned()));
        };
        self.enroll(place, known.enrolled_at).await?;
        Ok(Reading::Done("the repository has another name"))
    }

    /// Transferred, archived, made public, deleted: the trust that a task began with is gone (H12 to H14).
    pub(super) async fn read_repository_end(
        &self,
        place: &Place,
        how: &str,
    ) -> Result<Reading, EngineError> {
        // Going public cannot be undone for what was seen; all else is looked at again (D5).
        let target = Target::from(place);
        if how != "publicized" && self.github()?.is_open(&target, place.owner).await? {
            return Ok(Reading::Ignored(
                "the repository is there, and its owner's".to_owned(),
            ));
        }
        let why = format!("the repository was {how}");
        self.end_tasks(place.repository, &why).await?;
        if how != "publicized" {
            self.store.withdraw_repository(place.repository).await?;
        }
        Ok(Reading::Done("the repository's tasks were ended"))
    }

    pub(super) async fn read_install(
        &self,
        installation: InstallationId,
        account: UserId,
        since: Timestamp,
        repositories: &[(RepositoryId, FullName)],
    ) -> Result<Reading, EngineError> {
        self.store.put_installation(installation, account).await?;
        for (id, name) in repositories {
            self.store
                .enroll_repository(*id, installation, name, since)
                .await?;
        }
        Ok(Reading::Done("repositories were enrolled"))
    }

    /// Nothing is tried any more for what was taken away (H16).
    pub(super) async fn read_uninstall(
        &self,
        installation: InstallationId,
        repositories: Option<&[RepositoryId]>,
    ) -> Result<Reading, EngineError> {
        let github = self.github()?;
        let active = github.installation(installation).await?;
        if repositories.is_none() && active.is_some() {
            return Ok(Reading::Ignored("the installation is there".to_owned()));
        }
        let active = active.filter(|active| !active.suspended);
        for repository in self.store.repositories_of(installation).await? {
            if repositories.is_some_and(|gone| !gone.contains(&repository.id)) {
                continue;
            }
            // Taken out and put back since? The installation's list may be cut, so it is asked for itself.
            let is_there = match &active {
                Some(active) => {
                    let target = Target::from(&repository);
                    github.is_open(&target, active.account).await?
                }
                None => false,
            };
            if !is_there {
                self.end_tasks(repository.id, "the App was uninstalled")
                    .await?;
                self.store.withdraw_repository(repository.id).await?;
                self.store.drop_effects_of(repository.id).await?;
            }
        }
        if repositories.is_none() {
            self.store.remove_installation(installation).await?;
            self.store.drop_effects(installation).await?;
        }
        Ok(Reading::Done("repositories were withdrawn"))
    }

    pub(super) async fn read_suspension(
        &self,
        installation: InstallationId,
        suspended: bool,
    ) -> Result<Reading, EngineError> {
        let now = self.github()?.installation(installation).await?;
        let suspended = now.map_or(suspended, |now| now.suspended);
        self.store
            .suspend_installation(installation, suspended)
            .await?;
        self.bell.notify_waiters();
        Ok(Reading::Done("the installation was suspended, or is back"))
    }

    async fn end_tasks(&self, repository: RepositoryId, why: &str) -> Result<(), EngineError> {
        for stored in self.store.live_tasks(repository).await? {
            let why = why.to_owned();
            self.record(&stored.task.id, Fact::AccessLost { why }, Cause::None)
                .await?;
        }
        Ok(())
    }
}

fn is_ours(task: &Task, commit: &Oid) -> bool {
    task.pull
        .as_ref()
        .is_some_and(|pull| pull.commits.contains(commit))
}
