//! What people see: the status comment, reactions, new comments.

use super::super::{Engine, EngineError};
use super::Performed;
use crate::domain::effect::{Effect, ReactionTarget};
use crate::domain::ids::{AttemptNumber, CommentId, Number, Sha256Hex};
use crate::domain::task::stage::Stage;
use crate::domain::task::{Task, report, status};
use crate::domain::time::Timestamp;
use crate::github::{Kind, Target};
use crate::store::{DueEffect, StoredTask};

impl Engine {
    /// Lets the status comment read as the task stands now. What it already says is not said again.
    pub(super) async fn show_status_comment(
        &self,
        due: &DueEffect,
        target: &Target,
    ) -> Result<Performed, EngineError> {
        let Some(task) = &due.task else {
            return Ok(Performed::Needless);
        };
        let Some(stored) = self.store.task(task).await? else {
            return Ok(Performed::Needless);
        };
        let now = self.clock.now();
        // Between its turn and now the task may have moved on.
        let is_over = !matches!(stored.task.stage, Stage::Working { .. });
        if due.effect == Effect::Progress && is_over {
            return Ok(Performed::Needless);
        }
        let body = self.status_of(&stored.task, now).await?;
        if stored.says(&body) {
            return Ok(Performed::Needless);
        }
        let comment = match self.write_status(due, target, &stored, &body).await {
            // The issue is gone or locked: the task's page still tells (H10).
            Err(EngineError::Github(error))
                if !error.is_of_installation()
                    && matches!(error.kind, Kind::NotFound | Kind::Forbidden) =>
            {
                tracing::warn!(task.id = %stored.task.id, %error, "the status cannot be shown");
                self.store.note_status_tried(task, now).await?;
                return Ok(Performed::Needless);
            }
            written => written?,
        };
        self.store
            .set_status(&stored.task.id, comment, &Sha256Hex::of(&body), now)
            .await?;
        Ok(Performed::Done(None))
    }

    /// What the status comment of `task` reads at `now`.
    pub(super) async fn status_of(
        &self,
        task: &Task,
        now: Timestamp,
    ) -> Result<String, EngineError> {
        let page = self.page_of(task);
        let beside = status::Beside {
            now,
            spent: self.store.spent(&task.id).await?,
            page: page.as_deref(),
        };
        Ok(status::comment(task, &beside))
    }

    async fn write_status(
        &self,
        due: &DueEffect,
        target: &Target,
        stored: &StoredTask,
        body: &str,
    ) -> Result<CommentId, EngineError> {
        let github = self.github()?;
        let issue = stored.task.issue;
        if let Some(comment) = stored.status_comment {
            match github.edit_comment(target, comment, body).await {
                Ok(()) => return Ok(comment),
                // Somebody deleted it: people still have to be told.
                Err(error) if error.kind == Kind::NotFound => {}
                Err(error) => return Err(error.into()),
            }
        }
        // The comment may have been written although we never heard (K16).
        if due.tries > 1 {
            let marker = status::marker(&stored.task);
            let since = stored.task.opened_at;
            let found = github.find_comment(target, issue, &marker, since).await?;
            if let Some(found) = found {
                github.edit_comment(target, found, body).await?;
                return Ok(found);
            }
        }
        Ok(github.comment(target, issue, body).await?)
    }

    pub(super) async fn react(
        &self,
        target: &Target,
        on: ReactionTarget,
    ) -> Result<Performed, EngineError> {
        match self.github()?.react(target, on).await {
            Ok(()) => Ok(Performed::Done(None)),
            // What was reacted to is gone or locked (H10).
            Err(error)
                if !error.is_of_installation()
                    && matches!(error.kind, Kind::NotFound | Kind::Forbidden) =>
            {
                Ok(Performed::Needless)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The report that an attempt returned, read from its result when it is posted.
    pub(super) async fn post_report(
        &self,
        due: &DueEffect,
        target: &Target,
        number: Number,
        attempt: AttemptNumber,
    ) -> Result<Performed, EngineError> {
        let stored = match &due.task {
            Some(task) => self.store.task(task).await?,
            None => None,
        };
        let Some(task) = stored.map(|stored| stored.task) else {
            return Ok(Performed::Needless);
        };
        let result = task.attempt(attempt).and_then(|one| one.result.as_ref());
        let Some(result) = result else {
            return Ok(Performed::Needless);
        };
        let returned = self.returned(&task.id, attempt, result).await?;
        let Some(report) = &returned.evidence.report else {
            return Ok(Performed::Needless);
        };
        let body = report::comment(&task, attempt, report);
        let key = due.effect.key(Some(&task.id));
        self.say_once(due, target, number, &key, &body).await
    }

    pub(super) async fn say_once(
        &self,
        due: &DueEffect,
        target: &Target,
        number: Number,
        key: &str,
        body: &str,
    ) -> Result<Performed, EngineError> {
        let github = self.github()?;
        let marker = format!("<!-- castellan:say:{} -->", Sha256Hex::of(key).short());
        if due.tries > 1
            && github
                .find_comment(target, number, &marker, due.decided_at)
                .await?
                .is_some()
        {
            return Ok(Performed::Needless);
        }
        let body = format!("{marker}\n{body}");
        match github.comment(target, number, &body).await {
            Ok(_) => Ok(Performed::Done(None)),
            // The issue is gone or locked: there is nobody to tell (H10).
            Err(error)
                if !error.is_of_installation()
                    && matches!(error.kind, Kind::NotFound | Kind::Forbidden) =>
            {
                Ok(Performed::Needless)
            }
            Err(error) => Err(error.into()),
        }
    }
}
