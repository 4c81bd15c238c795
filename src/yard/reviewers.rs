//! People review: `alice.reviews(…)`, as on the page of a pull request.
//!
//! Each verb changes the world and lets the App be told.

use super::YardError;
use super::model::Permission;
use super::people::Actor;
use super::world::World;

/// What a review says in all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opinion {
    /// `approved`.
    Approves,
    /// `changes_requested`.
    RequestsChanges,
    /// `commented`.
    Comments,
}

impl Opinion {
    /// As REST has it.
    const fn state(self) -> &'static str {
        match self {
            Self::Approves => "APPROVED",
            Self::RequestsChanges => "CHANGES_REQUESTED",
            Self::Comments => "COMMENTED",
        }
    }
}

impl World {
    /// The author may only comment.
    fn may_say(&self, repo: i64, n: i64, who: &str, opinion: Opinion) -> Result<(), YardError> {
        if self.thread(repo, n)?.author == who && opinion != Opinion::Comments {
            return Err(YardError::NotAllowed(who.to_owned()));
        }
        Ok(())
    }
}

impl Actor {
    /// Reviews a pull request, with a text and remarks: path, line (from 1), text. The review's
    /// number. The author may only comment.
    ///
    /// # Errors
    /// May not, or there is no such pull request.
    pub async fn reviews(
        &self,
        n: i64,
        opinion: Opinion,
        body: &str,
        remarks: &[(&str, i64, &str)],
    ) -> Result<i64, YardError> {
        let body = body.to_owned();
        let remark = |(path, line, text): &(&str, i64, &str)| {
            ((*path).to_owned(), *line, (*text).to_owned())
        };
        let remarks: Vec<_> = remarks.iter().map(remark).collect();
        self.does(move |world, repo, me| {
            world.may_say(repo, n, me, opinion)?;
            world.submit_review(repo, n, me, (opinion.state(), &body), &remarks, None)
        })
        .await
    }

    /// Submits a review that was begun when this commit was the head.
    ///
    /// # Errors
    /// May not, or there is no such pull request or commit.
    pub async fn reviews_at(
        &self,
        n: i64,
        opinion: Opinion,
        commit: &str,
    ) -> Result<i64, YardError> {
        let commit = commit.to_owned();
        self.does(move |world, repo, me| {
            world.may_say(repo, n, me, opinion)?;
            let head = world.commit(repo, &commit)?;
            world.submit_review(repo, n, me, (opinion.state(), ""), &[], Some(head))
        })
        .await
    }

    /// The threads of a pull request, oldest first: number (of the first comment), path, line.
    ///
    /// # Errors
    /// The repository is gone.
    pub async fn review_threads(&self, n: i64) -> Result<Vec<(i64, String, i64)>, YardError> {
        self.does(move |world, repo, _| {
            let threads = world.repo(repo)?.reviews.threads.values();
            let of = threads.filter(|thread| thread.pull == n);
            Ok(of
                .map(|thread| (thread.id, thread.path.clone(), thread.line))
                .collect())
        })
        .await
    }

    /// Answers in a thread; the comment's number.
    ///
    /// # Errors
    /// There is no such thread.
    pub async fn replies(&self, thread: i64, text: &str) -> Result<i64, YardError> {
        let text = text.to_owned();
        self.does(move |world, repo, me| world.reply(repo, thread, me, &text))
            .await
    }

    /// Edits a comment in a thread.
    ///
    /// # Errors
    /// There is no such comment.
    pub async fn edits_review_comment(&self, id: i64, text: &str) -> Result<(), YardError> {
        let text = text.to_owned();
        self.does(move |world, repo, _| {
            let now = world.clock.now();
            let comments = &mut world.repo_mut(repo)?.reviews.comments;
            let comment = comments.get_mut(&id).ok_or(YardError::NoSuch("comment"))?;
            comment.body = text;
            comment.edited_at = Some(now);
            Ok(())
        })
        .await
    }

    /// Resolves a thread, or opens it again. Write or better, or the author of the pull request.
    ///
    /// # Errors
    /// May not, or there is no such thread.
    pub async fn resolves(&self, thread: i64, resolved: bool) -> Result<(), YardError> {
        self.does(move |world, repo, me| {
            let n = world.review_thread(repo, thread)?.pull;
            if world.thread(repo, n)?.author != me {
                world.needs(repo, me, Permission::Write)?;
            }
            world.review_thread(repo, thread)?.resolved_by = resolved.then(|| me.to_owned());
            Ok(())
        })
        .await
    }

    /// Dismisses a review. Write or better.
    ///
    /// # Errors
    /// May not, or there is no such review.
    pub async fn dismisses(&self, review: i64) -> Result<(), YardError> {
        self.does(move |world, repo, me| {
            world.needs(repo, me, Permission::Write)?;
            world.dismiss(repo, review, me)
        })
        .await
    }
}
