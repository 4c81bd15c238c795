//! Reviews of pull requests, their threads and comments: what they are, and what happens to them.
//!
//! Used by people and by the REST API alike; who may do it was asked before.

use serde_json::{Value, json};

use super::YardError;
use super::model::{Entry, Repository};
use super::opinions::{Review, ReviewComment, ReviewThread};
use super::world::World;

impl Repository {
    /// Whether the line that a thread is about reads otherwise in the head now.
    pub(super) fn is_outdated(&self, thread: &ReviewThread) -> bool {
        let pull = self.threads.get(&thread.pull);
        let Some(pull) = pull.and_then(|one| one.pull.as_ref()) else {
            return true;
        };
        let line = |oid: &str| {
            let text = self.git.file(oid, &thread.path)?;
            let at = usize::try_from(thread.line - 1).ok()?;
            let text = String::from_utf8_lossy(&text).into_owned();
            text.lines().nth(at).map(str::to_owned)
        };
        pull.head_oid != thread.head && line(&pull.head_oid) != line(&thread.head)
    }
}

impl World {
    /// Somebody submits a review, of the head or of what it was when they began; its number.
    pub(super) fn submit_review(
        &mut self,
        repo: i64,
        n: i64,
        author: &str,
        (state, body): (&'static str, &str),
        lines: &[(String, i64, String)],
        begun_at: Option<String>,
    ) -> Result<i64, YardError> {
        let id = self.new_review(repo, n, author, (state, body))?;
        if let Some(head) = begun_at {
            let known = self.repo_mut(repo)?.reviews.reviews.get_mut(&id);
            known.ok_or(YardError::NoSuch("review"))?.head = head;
        }
        self.has_answered(repo, n, author)?;
        let now = self.clock.now();
        let head = self.review(repo, id)?.head.clone();
        for (path, line, text) in lines {
            let comment = self.next("review comment");
            let reviews = &mut self.repo_mut(repo)?.reviews;
            let thread = ReviewThread {
                id: comment,
                pull: n,
                review: id,
                path: path.clone(),
                line: *line,
                head: head.clone(),
                resolved_by: None,
            };
            reviews.threads.insert(comment, thread);
            let said = ReviewComment {
                id: comment,
                thread: comment,
                review: id,
                author: author.to_owned(),
                body: text.clone(),
                created_at: now,
                edited_at: None,
            };
            reviews.comments.insert(comment, said);
        }
        self.tell_review(repo, id, "submitted", author)?;
        Ok(id)
    }

    fn new_review(
        &mut self,
        repo: i64,
        n: i64,
        author: &str,
        (state, body): (&'static str, &str),
    ) -> Result<i64, YardError> {
        let pull = self.thread(repo, n)?.pull.as_ref();
        let head = pull
            .ok_or(YardError::NoSuch("pull request"))?
            .head_oid
            .clone();
        let (id, at) = (self.next("review"), self.clock.now());
        let review = Review {
            id,
            pull: n,
            author: author.to_owned(),
            state,
            body: body.to_owned(),
            head,
            at,
        };
        self.repo_mut(repo)?.reviews.reviews.insert(id, review);
        let thread = self.thread_mut(repo, n)?;
        thread.updated_at = at;
        thread.story.push(Entry::Reviewed { review: id });
        Ok(id)
    }

    /// A review.
    pub(super) fn review(&self, repo: i64, id: i64) -> Result<&Review, YardError> {
        let found = self.repo(repo)?.reviews.reviews.get(&id);
        found.ok_or(YardError::NoSuch("review"))
    }

    /// Somebody answers in a thread; the comment's number. To GitHub that is a review as well.
    pub(super) fn reply(
        &mut self,
        repo: i64,
        thread: i64,
        author: &str,
        body: &str,
    ) -> Result<i64, YardError> {
        let n = self.review_thread(repo, thread)?.pull;
        let review = self.new_review(repo, n, author, ("COMMENTED", ""))?;
        let (id, now) = (self.next("review comment"), self.clock.now());
        let comment = ReviewComment {
            id,
            thread,
            review,
            author: author.to_owned(),
            body: body.to_owned(),
            created_at: now,
            edited_at: None,
        };
        self.repo_mut(repo)?.reviews.comments.insert(id, comment);
        self.tell_review(repo, review, "submitted", author)?;
        Ok(id)
    }

    /// A thread of a review.
    pub(super) fn review_thread(
        &mut self,
        repo: i64,
        id: i64,
    ) -> Result<&mut ReviewThread, YardError> {
        let threads = &mut self.repo_mut(repo)?.reviews.threads;
        threads
            .get_mut(&id)
            .ok_or(YardError::NoSuch("review thread"))
    }

    /// Tells of a review. Deliveries write its state in small letters, REST does not.
    pub(super) fn tell_review(
        &mut self,
        repo: i64,
        id: i64,
        action: &str,
        sender: &str,
    ) -> Result<(), YardError> {
        let known = self.repo(repo)?;
        let review = self.review(repo, id)?;
        let mut shown = self.show_review(known, review);
        let state = json!({"state": review.state.to_ascii_lowercase()});
        super::templates::patch(&mut shown, state);
        let pull = self.show_pull(known, self.thread(repo, review.pull)?);
        // The pull request of a review does not say what only the single one says.
        let what: Value = json!({"review": shown, "pull_request": super::rest::in_a_list(pull)});
        self.tell("pull_request_review", Some(action), repo, sender, what);
        Ok(())
    }
}
