//! What deliveries may have missed, found from GitHub, not from our rows.
//!
//! First the App's own failed deliveries, which GitHub sends once more (W2, W3); then, for
//! each enrolled repository, labels, comments, our branches and pull requests, and runs. All
//! of it becomes notices, which go the way of every delivery. A repository at rest costs two
//! calls a sweep, so that it stays below five an hour.

use super::error::Remedy;
use super::{Engine, EngineError};
use crate::domain::event::Fact;
use crate::domain::ids::{Number, Oid};
use crate::domain::notice::{Notice, Place};
use crate::domain::task::SILENCE_LIMIT_S;
use crate::domain::task::attempt::Attempt;
use crate::domain::task::stage::Stage;
use crate::domain::time::Timestamp;
use crate::github::Target;
use crate::github::observe::Subject;
use crate::github::sweep::ListedInstallation;
use crate::store::{Cause, Repository, StoreError, StoredTask};

/// GitHub delivers again what is at most this old (W3), with an hour to spare.
const DELIVERIES_KEPT_S: i64 = (3 * 24 - 1) * 3600;
/// Overlap with what was swept before: GitHub's lists lag behind its writes.
const OVERLAP_S: i64 = 300;
/// Seconds between two looks at the App's deliveries.
const DELIVERIES_EVERY_S: i64 = 600;
/// Seconds between two looks at the App's installations.
const INSTALLATIONS_EVERY_S: i64 = 24 * 3600;
/// Repositories that are swept in one go.
const REPOSITORIES_MAX: u32 = 20;

impl Engine {
    /// Sweeps what is due. Gives whether anything was.
    ///
    /// # Errors
    /// The store or GitHub did not answer; what was not swept is due again.
    pub async fn sweep_next(&self) -> Result<bool, EngineError> {
        if self.github.is_none() {
            return Ok(false);
        }
        let now = self.clock.now();
        let mut swept = false;
        if self
            .is_due("installations", INSTALLATIONS_EVERY_S, now)
            .await?
        {
            // Marked first: what cannot be swept now must not hold up the repositories.
            self.mark("installations", now).await?;
            let swept_them = self.sweep_installations().await;
            self.bear("installations", swept_them)?;
            let swept_gone = self.sweep_uninstalled().await;
            self.bear("uninstalled", swept_gone)?;
            swept = true;
        }
        if self.is_due("deliveries", DELIVERIES_EVERY_S, now).await? {
            self.mark("deliveries", now).await?;
            let swept_them = self.sweep_deliveries(now).await;
            self.bear("deliveries", swept_them)?;
            swept = true;
        }
        for repository in self
            .store
            .repositories_to_sweep(now, REPOSITORIES_MAX)
            .await?
        {
            self.sweep_repository(&repository, now).await?;
            swept = true;
        }
        Ok(swept)
    }

    /// Lets every task whose deadline has passed decide what follows. Gives whether one had.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn pass_deadlines(&self) -> Result<bool, EngineError> {
        let now = self.clock.now();
        let overdue = self.store.overdue_tasks(now, 100).await?;
        // While we were away nobody could hear them (A19).
        let deaf_until = self.started_at.plus_s(SILENCE_LIMIT_S);
        let mut passed = false;
        for stored in &overdue {
            if now < deaf_until && matches!(stored.task.stage, Stage::Working { .. }) {
                continue;
            }
            passed = true;
            self.record(&stored.task.id, Fact::DeadlinePassed, Cause::None)
                .await?;
        }
        Ok(passed)
    }

    async fn is_due(&self, name: &str, every_s: i64, now: Timestamp) -> Result<bool, EngineError> {
        let last = self.store.cursor(&format!("sweep:{name}")).await?;
        let last: Option<i64> = last.and_then(|value| value.parse().ok());
        Ok(last.is_none_or(|last| Timestamp(last).plus_s(every_s) <= now))
    }

    async fn mark(&self, name: &str, now: Timestamp) -> Result<(), EngineError> {
        let value = now.0.to_string();
        self.store
            .set_cursor(&format!("sweep:{name}"), &value)
            .await?;
        Ok(())
    }

    /// Every installation and repository that GitHub knows of; what is gone is withdrawn.
    async fn sweep_installations(&self) -> Result<(), EngineError> {
        let github = self.github()?;
        let now = self.clock.now();
        for installation in github.installations().await? {
            self.store
                .put_installation(installation.id, installation.account)
                .await?;
            self.store
                .suspend_installation(installation.id, installation.suspended)
                .await?;
            if !installation.suspended {
                let swept = self.sweep_installation(&installation, now).await;
                self.bear("an installation", swept)?;
            }
        }
        Ok(())
    }

    async fn sweep_installation(
        &self,
        installation: &ListedInstallation,
        now: Timestamp,
    ) -> Result<(), EngineError> {
        let github = self.github()?;
        let listed = github.repositories_of(installation.id).await?;
        let since = installation.since.max(now.plus_s(-DELIVERIES_KEPT_S));
        for (id, name) in &listed {
            self.store
                .enroll_repository(*id, installation.id, name, since)
                .await?;
        }
        for known in self.store.repositories_of(installation.id).await? {
            // A list may lack what is there (A10): only GitHub's own no takes it away.
            if !listed.iter().any(|(id, _)| *id == known.id)
                && !github
                    .is_open(&Target::from(&known), installation.account)
                    .await?
            {
                let notice = Notice::Uninstalled {
                    installation: installation.id,
                    repositories: Some(vec![known.id]),
                };
                self.read_notice(&notice).await?;
            }
        }
        Ok(())
    }

    /// A part of a sweep that failed is told and done again in its turn; only the store's
    /// own trouble ends the sweep. Gives whether the part went well.
    fn bear<T>(&self, part: &str, swept: Result<T, EngineError>) -> Result<bool, EngineError> {
        match swept {
            Ok(_) => Ok(true),
            Err(error @ EngineError::Store(StoreError::Database { .. })) => Err(error),
            Err(error) => {
                let said = error.chain();
                tracing::warn!(sweep.part = part, error = said, "a sweep was cut short");
                Ok(false)
            }
        }
    }

    /// Installations that GitHub does not know any more (H16).
    async fn sweep_uninstalled(&self) -> Result<(), EngineError> {
        for installation in self.store.installations().await? {
            if self.github()?.installation(installation).await?.is_none() {
                let notice = Notice::Uninstalled {
                    installation,
                    repositories: None,
                };
                self.read_notice(&notice).await?;
            }
        }
        Ok(())
    }

    /// Asks for every delivery again that we did not take. GitHub keeps the GUID, so one that
    /// we did take after all is known.
    async fn sweep_deliveries(&self, now: Timestamp) -> Result<(), EngineError> {
        let github = self.github()?;
        let since = now.plus_s(-DELIVERIES_KEPT_S);
        let listed = github.deliveries_since(since).await?;
        let mut asked = std::collections::HashSet::new();
        for delivery in &listed {
            let taken = listed
                .iter()
                .any(|other| other.taken && other.guid == delivery.guid);
            if !taken && asked.insert(delivery.guid.as_str()) {
                let asked = github
                    .redeliver(delivery.id)
                    .await
                    .map_err(EngineError::from);
                self.bear("a redelivery", asked)?;
            }
        }
        Ok(())
    }

    async fn sweep_repository(
        &self,
        repository: &Repository,
        now: Timestamp,
    ) -> Result<(), EngineError> {
        let live = self.store.live_tasks(repository.id).await?;
        let pause = if live.iter().any(|stored| stored.task.stage.is_busy()) {
            self.rules.sweep_busy_s
        } else {
            self.rules.sweep_idle_s
        };
        // The next turn is set first: a repository that cannot be swept must not hold up the rest.
        self.store
            .set_swept(repository.id, repository.swept_until, now.plus_s(pause))
            .await?;
        let looked = self.look_around(repository, &live).await;
        if let Err(error) = &looked
            && let Remedy::Pause(until) = error.remedy(1, now)
        {
            self.store
                .pause_installation(repository.installation, until)
                .await?;
        }
        // What was not seen is looked for again: the cursor stays.
        let all = matches!(looked, Ok(true));
        self.bear("a repository", looked)?;
        if all {
            self.store
                .set_swept(repository.id, now, now.plus_s(pause))
                .await?;
        }
        Ok(())
    }

    /// Gives whether everything was seen and dealt with.
    async fn look_around(
        &self,
        repository: &Repository,
        live: &[StoredTask],
    ) -> Result<bool, EngineError> {
        let github = self.github()?;
        let target = Target::from(repository);
        let installation = self.store.installation(repository.installation).await?;
        let Some(installation) = installation.filter(|known| !known.suspended) else {
            return Ok(false);
        };
        let place = Place {
            installation: repository.installation,
            repository: repository.id,
            name: repository.name.clone(),
            owner: installation.account,
        };
        let since = repository.swept_until.plus_s(-OVERLAP_S);
        let labelled = github.labelled_since(&target, since).await?;
        let mut notices: Vec<Notice> = labelled
            .into_iter()
            .map(|number| Notice::Labeled {
                place: place.clone(),
                number,
                sender: None,
                text: None,
            })
            .collect();
        notices.extend(github.comments_since(&target, &place, since).await?);
        let mut all = true;
        for notice in &notices {
            all &= self.bear("a notice", self.read_notice(notice).await)?;
        }
        for stored in live {
            all &= self.bear("a task", self.look_at_live(&place, stored).await)?;
        }
        Ok(all)
    }

    async fn look_at_live(&self, place: &Place, stored: &StoredTask) -> Result<(), EngineError> {
        if stored.task.pull.is_none() {
            self.look_at_issue(place, stored.task.issue).await?;
        }
        self.look_at_task(stored).await
    }

    /// The issue of a task that has no pull request yet.
    async fn look_at_issue(&self, place: &Place, number: Number) -> Result<(), EngineError> {
        let target = Target::from(place);
        let input = self.github()?.task_input(&target, number).await?;
        let reading = match input.subject {
            Some(Subject::Issue(issue)) if issue.open => {
                self.compare_text(place, number, &issue.text).await
            }
            _ => self.read_issue_end(place, number, "closed").await,
        };
        reading.map(drop)
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

/// Whether the branch stands where the task believes it to stand.
fn is_known(stored: &StoredTask, tip: Option<&Oid>) -> bool {
    if let Stage::Paused { head, .. } = &stored.task.stage {
        return head.as_ref() == tip;
    }
    let head = stored.task.pull.as_ref().map(|pull| &pull.head);
    head == tip
}
