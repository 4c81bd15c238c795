//! The answer in a review thread: read from the attempt's result when it is posted.

use super::super::{Engine, EngineError};
use super::Performed;
use crate::domain::ids::{AttemptNumber, CommentId, Number, Oid, Sha256Hex};
use crate::domain::task::attempt::Attempt;
use crate::domain::task::thread::{self, Done};
use crate::github::reviews::ReviewComment;
use crate::github::{Kind, Target};
use crate::protocol::result::{Outcome, Returned};
use crate::store::DueEffect;

/// A reply that is due.
pub(super) struct Asked<'a> {
    pub(super) pull: Number,
    pub(super) thread: CommentId,
    pub(super) attempt: AttemptNumber,
    pub(super) commit: Option<&'a Oid>,
}

impl Engine {
    pub(super) async fn reply_once(
        &self,
        due: &DueEffect,
        target: &Target,
        asked: &Asked<'_>,
    ) -> Result<Performed, EngineError> {
        let stored = match &due.task {
            Some(task) => self.store.task(task).await?,
            None => None,
        };
        let Some(task) = stored.map(|stored| stored.task) else {
            return Ok(Performed::Needless);
        };
        let attempt = task.attempt(asked.attempt);
        let Some((attempt, result)) = attempt.and_then(|one| Some((one, one.result.as_ref()?)))
        else {
            return Ok(Performed::Needless);
        };
        let returned = self.returned(&task.id, asked.attempt, result).await?;
        let Some(body) = body_of(attempt, &returned, asked) else {
            return Ok(Performed::Needless);
        };
        let key = due.effect.key(Some(&task.id));
        let marker = thread::marker(&Sha256Hex::of(key));
        if due.tries > 1 && self.is_replied(target, asked, &marker).await? {
            return Ok(Performed::Needless);
        }
        let body = format!("{marker}\n{body}");
        let reply = self
            .github()?
            .reply(target, asked.pull, asked.thread, &body)
            .await;
        match reply {
            Ok(()) => Ok(Performed::Done(None)),
            // The thread is gone or locked: there is nobody to tell (H10).
            Err(error)
                if !error.is_of_installation()
                    && matches!(error.kind, Kind::NotFound | Kind::Forbidden) =>
            {
                Ok(Performed::Needless)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Whether the reply stands there although we never heard of it (K16).
    async fn is_replied(
        &self,
        target: &Target,
        asked: &Asked<'_>,
        marker: &str,
    ) -> Result<bool, EngineError> {
        let reviews = self.github()?.reviews(target, asked.pull).await?;
        let own = |said: &ReviewComment| said.by.is_none() && said.body.contains(marker);
        let mut threads = reviews.threads.iter();
        let found = threads.find(|thread| thread.root == asked.thread);
        Ok(found.is_some_and(|thread| thread.comments.iter().any(own)))
    }
}

fn body_of(attempt: &Attempt, returned: &Returned, asked: &Asked<'_>) -> Option<String> {
    let threads = &attempt.feedback.as_ref()?.threads;
    let at = threads.iter().position(|one| one.root == asked.thread)?;
    let number = u32::try_from(at + 1).ok()?;
    let path = &threads[at].path;
    let touched = match &returned.outcome {
        Outcome::Changed { change } => change.files.iter().any(|file| file.path == *path),
        Outcome::Unchanged | Outcome::Failed { .. } => false,
    };
    let answers = &returned.evidence.answers;
    let answer = answers.iter().rev().find(|one| one.thread == number);
    Some(thread::reply(&Done {
        attempt: asked.attempt,
        commit: asked.commit,
        touched,
        words: answer.map(|one| one.words.as_str()),
    }))
}
