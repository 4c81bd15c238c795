//! Review threads that count: open, unedited since they were asked for, and of people with write
//! access (X13). And what a review that requests changes starts, where the policy says so.

use super::open::is_older;
use super::{Engine, EngineError};
use crate::domain::event::Fact;
use crate::domain::ids::{Number, ReviewId, UserId};
use crate::domain::notice::Place;
use crate::domain::request::policy::Reviews as Policy;
use crate::domain::task::Task;
use crate::domain::task::because::Because;
use crate::domain::task::stage::Stage;
use crate::domain::task::thread::{self, THREADS_MAX, Thread};
use crate::domain::time::Timestamp;
use crate::github::Target;
use crate::github::reviews::{Review, ReviewComment, ReviewThread, Reviews};
use crate::store::Cause;

/// People whose permission is asked for, for one review.
const REVIEWERS_MAX: usize = 10;
/// Reviews that one sweep of a task looks at, the newest.
const SWEPT_MAX: usize = 5;
/// Days for which a review is looked for whose delivery was lost.
const SWEPT_DAYS: i64 = 7;

/// The threads that count, and how many open ones do not.
#[derive(Default)]
pub(super) struct Counted {
    pub(super) threads: Vec<Thread>,
    pub(super) left_out: u32,
}

impl Engine {
    /// The open threads of `all` with the newest comment of each that counts at `until`.
    pub(super) async fn threads_that_count(
        &self,
        place: &Place,
        all: &[ReviewThread],
        until: Timestamp,
    ) -> Result<Counted, EngineError> {
        let mut counted = Counted::default();
        let mut known: Vec<(UserId, bool)> = Vec::new();
        for one in all.iter().filter(|one| !one.resolved && !is_answered(one)) {
            let said = match counted.threads.len() < THREADS_MAX {
                true => self.newest_of(place, one, until, &mut known).await?,
                false => None,
            };
            match said {
                Some((by, body)) => {
                    let thread = Thread::new(one.root, &one.path, one.line, by, body);
                    counted.threads.push(thread);
                }
                None => counted.left_out += 1,
            }
        }
        Ok(counted)
    }

    async fn newest_of<'a>(
        &self,
        place: &Place,
        one: &'a ReviewThread,
        until: Timestamp,
        known: &mut Vec<(UserId, bool)>,
    ) -> Result<Option<(&'a str, &'a str)>, EngineError> {
        let is_in_time = |said: &&ReviewComment| is_older(said.at, said.edited_at, until);
        for said in one.comments.iter().rev().filter(is_in_time) {
            let Some(by) = &said.by else { continue };
            let may = match known.iter().find(|(id, _)| *id == by.id) {
                Some((_, may)) => *may,
                None if known.len() >= REVIEWERS_MAX => false,
                None => {
                    let may = self.may_write(place, by).await?;
                    known.push((by.id, may));
                    may
                }
            };
            if may {
                return Ok(Some((by.login.as_str(), said.body.as_str())));
            }
        }
        Ok(None)
    }

    /// Somebody requested changes. What the review says is read from GitHub, where it may have been
    /// dismissed since (D5). Gives what came of it, in a few words.
    pub(super) async fn hear_review(
        &self,
        place: &Place,
        number: Number,
        review: ReviewId,
    ) -> Result<&'static str, EngineError> {
        let Some(stored) = self.store.task_of_pull(place.repository, number).await? else {
            return Ok("not a pull request of ours");
        };
        let task = stored.task;
        if !listens(&task) {
            return Ok("the policy says to wait, or the task listens to no review now");
        }
        let reviews = self.github()?.reviews(&Target::from(place), number).await?;
        self.hear_reviews(place, &task, &reviews, Some(review))
            .await
    }

    /// Reviews whose deliveries were lost, of a task that is delivered.
    pub(super) async fn look_for_reviews(
        &self,
        place: &Place,
        task: &Task,
    ) -> Result<(), EngineError> {
        let Some(pull) = task.pull.as_ref().filter(|_| listens(task)) else {
            return Ok(());
        };
        let target = Target::from(place);
        let reviews = self.github()?.reviews(&target, pull.number).await?;
        self.hear_reviews(place, task, &reviews, None).await?;
        Ok(())
    }

    async fn hear_reviews(
        &self,
        place: &Place,
        task: &Task,
        all: &Reviews,
        wanted: Option<ReviewId>,
    ) -> Result<&'static str, EngineError> {
        let since = self.clock.now().plus_s(-SWEPT_DAYS * 24 * 3600);
        let counts = |one: &&Review| {
            let is_meant = wanted.is_none_or(|wanted| wanted == one.id);
            is_meant && one.requests_changes && one.at > since && !is_known(task, one.id)
        };
        for review in all.reviews.iter().rev().filter(counts).take(SWEPT_MAX) {
            // A bot can ask for nothing (X6).
            let Some(by) = &review.by else { continue };
            if !self.may_write(place, by).await? {
                continue;
            }
            let counted = self
                .threads_that_count(place, &all.threads, review.at)
                .await?;
            let unedited = review.edited_at.is_none_or(|edited| edited < review.at);
            let words = thread::cleaned(&review.body);
            let words = Some(words).filter(|words| unedited && !words.is_empty());
            if counted.threads.is_empty() && words.is_none() {
                continue;
            }
            let target = Target::from(place);
            let tip = self
                .github()?
                .branch_tip(&target, &task.id.branch())
                .await?;
            let Some(head) = tip else {
                return Ok("the branch is gone");
            };
            let fact = Fact::ChangesRequested {
                by: by.clone(),
                review: review.id,
                words,
                threads: counted.threads,
                left_out: counted.left_out,
                head,
            };
            let decision = self.record(&task.id, fact, Cause::None).await?;
            let because = decision.map(|decision| decision.because);
            if because == Some(Because::ChangesRequested) {
                return Ok("a review asked for another attempt");
            }
        }
        Ok("no review asks for anything that counts")
    }
}

/// Whether the newest comment is our own reply: then the thread had its answer.
fn is_answered(one: &ReviewThread) -> bool {
    let last = one.comments.last();
    last.is_some_and(|said| said.by.is_none() && thread::is_marked(&said.body))
}

/// Whether the task had an attempt for this review.
fn is_known(task: &Task, review: ReviewId) -> bool {
    let of_attempts = task.attempts.iter().filter_map(|one| one.feedback.as_ref());
    let mut known = of_attempts.filter_map(|feedback| feedback.review);
    known.any(|known| known == review)
}

/// Whether a review can start an attempt now.
fn listens(task: &Task) -> bool {
    let at_rest = matches!(task.stage, Stage::Checking { .. } | Stage::Delivered { .. });
    task.policy.reviews == Policy::Fix && at_rest && task.has_attempts_left()
}
