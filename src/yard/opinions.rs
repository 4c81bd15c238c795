//! Reviews as they are kept: what somebody thinks of a pull request, and the threads on its lines.

use std::collections::BTreeMap;

use crate::domain::time::Timestamp;

/// All reviews of a repository.
#[derive(Default)]
pub(super) struct Reviews {
    pub(super) reviews: BTreeMap<i64, Review>,
    /// By the number of their first comment.
    pub(super) threads: BTreeMap<i64, ReviewThread>,
    pub(super) comments: BTreeMap<i64, ReviewComment>,
}

/// What somebody thinks of a pull request.
#[derive(Clone, Debug)]
pub(super) struct Review {
    pub(super) id: i64,
    pub(super) pull: i64,
    pub(super) author: String,
    /// As REST and GraphQL have it: `APPROVED`, `CHANGES_REQUESTED`, `COMMENTED`, `DISMISSED`.
    pub(super) state: &'static str,
    pub(super) body: String,
    pub(super) head: String,
    pub(super) at: Timestamp,
}

/// A conversation on a line.
#[derive(Clone, Debug)]
pub(super) struct ReviewThread {
    pub(super) id: i64,
    pub(super) pull: i64,
    pub(super) review: i64,
    pub(super) path: String,
    pub(super) line: i64,
    pub(super) head: String,
    pub(super) resolved_by: Option<String>,
}

/// One thing that is said in it.
#[derive(Clone, Debug)]
pub(super) struct ReviewComment {
    pub(super) id: i64,
    pub(super) thread: i64,
    pub(super) review: i64,
    pub(super) author: String,
    pub(super) body: String,
    pub(super) created_at: Timestamp,
    pub(super) edited_at: Option<Timestamp>,
}

impl Reviews {
    /// The comments of a thread, oldest first.
    pub(super) fn comments_of(&self, thread: i64) -> impl Iterator<Item = &ReviewComment> {
        let comments = self.comments.values();
        comments.filter(move |comment| comment.thread == thread)
    }
}
