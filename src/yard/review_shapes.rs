//! How reviews, their threads and comments look in JSON, in REST and in GraphQL.

use serde_json::{Value, json};

use super::graphql_parts::actor;
use super::model::Repository;
use super::opinions::{Review, ReviewComment, ReviewThread};
use super::shapes::{node_id, text_or_null};
use super::templates::{object, patched};
use super::world::World;

impl World {
    /// A review, as REST has it.
    pub(super) fn show_review(&self, repo: &Repository, review: &Review) -> Value {
        let full = repo.full_name();
        let (n, id) = (review.pull, review.id);
        let page = format!("{}/{full}/pull/{n}#pullrequestreview-{id}", self.base_url);
        let pull = format!("{}/repos/{full}/pulls/{n}", self.api());
        let recorded = object(
            "pull_request_review.submitted",
            "/review",
            &self.names(&full),
        );
        patched(
            recorded,
            json!({
                "id": id, "node_id": node_id("PRR", id), "user": self.show_user(&review.author), "state": review.state,
                "body": text_or_null(&review.body), "commit_id": review.head, "submitted_at": review.at.to_string(),
                "html_url": page, "pull_request_url": pull,
                "author_association": Self::association(repo, &review.author),
                "_links": {"html": {"href": page}, "pull_request": {"href": pull}},
            }),
        )
    }

    /// A comment of a review, as REST has it; `null` where its thread is gone.
    pub(super) fn show_review_comment(&self, repo: &Repository, comment: &ReviewComment) -> Value {
        let Some(thread) = repo.reviews.threads.get(&comment.thread) else {
            return Value::Null;
        };
        let full = repo.full_name();
        let (n, id) = (thread.pull, comment.id);
        let url = format!("{}/repos/{full}/pulls/comments/{id}", self.api());
        let pull = format!("{}/repos/{full}/pulls/{n}", self.api());
        let page = format!("{}/{full}/pull/{n}#discussion_r{id}", self.base_url);
        let line = (!repo.is_outdated(thread)).then_some(thread.line);
        let mut shown = json!({
            "id": id, "node_id": node_id("PRRC", id), "url": url, "html_url": page, "pull_request_url": pull,
            "pull_request_review_id": comment.review, "user": self.show_user(&comment.author), "body": comment.body,
            "path": thread.path, "line": line, "position": line, "start_line": null, "side": "RIGHT", "start_side": null,
            "original_line": thread.line, "original_position": thread.line, "original_start_line": null,
            "diff_hunk": format!("@@ -{0},1 +{0},1 @@", thread.line), "subject_type": "line",
            "commit_id": thread.head, "original_commit_id": thread.head,
            "created_at": comment.created_at.to_string(),
            "updated_at": comment.edited_at.unwrap_or(comment.created_at).to_string(),
            "author_association": Self::association(repo, &comment.author), "reactions": Self::reactions(&url, &[]),
            "_links": {"self": {"href": url}, "html": {"href": page}, "pull_request": {"href": pull}},
        });
        if comment.id != thread.id
            && let Some(map) = shown.as_object_mut()
        {
            map.insert("in_reply_to_id".to_owned(), json!(thread.id));
        }
        shown
    }

    /// A thread, as GraphQL has it, with its first `most` comments.
    pub(super) fn thread_node(
        &self,
        repo: &Repository,
        thread: &ReviewThread,
        most: usize,
    ) -> Value {
        let outdated = repo.is_outdated(thread);
        let all: Vec<Value> = repo
            .reviews
            .comments_of(thread.id)
            .map(|comment| self.comment_node(repo, comment, outdated))
            .collect();
        let more = all.len() > most;
        json!({
            "__typename": "PullRequestReviewThread", "id": node_id("PRRT", thread.id), "path": thread.path,
            "isResolved": thread.resolved_by.is_some(), "isOutdated": outdated, "isCollapsed": thread.resolved_by.is_some(),
            "line": (!outdated).then_some(thread.line), "originalLine": thread.line, "startLine": null,
            "diffSide": "RIGHT", "subjectType": "LINE", "viewerCanReply": true,
            "resolvedBy": thread.resolved_by.as_ref().map(|login| actor(self, login)),
            "comments": {"totalCount": all.len(), "pageInfo": {"hasNextPage": more, "endCursor": format!("{most}")},
                         "nodes": all.get(..most).unwrap_or(&all)},
        })
    }

    fn comment_node(&self, repo: &Repository, comment: &ReviewComment, outdated: bool) -> Value {
        let page = repo.reviews.threads.get(&comment.thread).map(|thread| {
            let (full, n, id) = (repo.full_name(), thread.pull, comment.id);
            format!("{}/{full}/pull/{n}#discussion_r{id}", self.base_url)
        });
        let review = repo.reviews.reviews.get(&comment.review);
        json!({
            "__typename": "PullRequestReviewComment", "id": node_id("PRRC", comment.id), "databaseId": comment.id,
            "fullDatabaseId": comment.id.to_string(), "author": actor(self, &comment.author), "body": comment.body,
            "url": page, "outdated": outdated, "authorAssociation": Self::association(repo, &comment.author),
            "createdAt": comment.created_at.to_string(), "lastEditedAt": comment.edited_at.map(|at| at.to_string()),
            "updatedAt": comment.edited_at.unwrap_or(comment.created_at).to_string(),
            "replyTo": (comment.id != comment.thread).then(|| json!({"databaseId": comment.thread})),
            "pullRequestReview": review.map(|one| json!({"databaseId": one.id, "state": one.state})),
        })
    }

    /// A review, as GraphQL has it.
    pub(super) fn review_node(&self, repo: &Repository, review: &Review) -> Value {
        json!({
            "__typename": "PullRequestReview", "id": node_id("PRR", review.id), "databaseId": review.id,
            "fullDatabaseId": review.id.to_string(), "author": actor(self, &review.author), "body": review.body,
            "state": review.state, "commit": {"oid": review.head}, "createdAt": review.at.to_string(),
            "submittedAt": review.at.to_string(), "authorAssociation": Self::association(repo, &review.author),
            "url": format!("{}/{}/pull/{}#pullrequestreview-{}", self.base_url, repo.full_name(), review.pull, review.id),
        })
    }
}
