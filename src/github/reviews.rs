//! Reviews of a pull request with their threads, and the answer in a thread. Nothing here reviews.
//!
//! Sources: GitHub's GraphQL objects for reviews and review threads, and its "REST API endpoints
//! for pull request review comments".

use http::Method;
use serde_json::{Value, json};

use super::answer::{GithubError, unexpected};
use super::app_auth::Scope;
use super::client::{Client, Target};
use super::task_input::read_person;
use crate::domain::ids::{CommentId, Number, ReviewId};
use crate::domain::request::Person;
use crate::domain::time::Timestamp;

const QUERY: &str = include_str!("reviews.graphql");

/// The last hundred reviews of a pull request, and its last hundred threads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reviews {
    /// The reviews, oldest first.
    pub reviews: Vec<Review>,
    /// The threads, oldest first.
    pub threads: Vec<ReviewThread>,
}

/// What somebody thinks of a pull request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Review {
    /// Its number.
    pub id: ReviewId,
    /// Who; `None` for a bot or a deleted account.
    pub by: Option<Person>,
    /// Whether it requests changes, and was not dismissed since.
    pub requests_changes: bool,
    /// What it says; foreign.
    pub body: String,
    /// When it was submitted.
    pub at: Timestamp,
    /// When its text was last edited.
    pub edited_at: Option<Timestamp>,
}

/// A conversation on a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReviewThread {
    /// Its first comment: what an answer answers.
    pub root: CommentId,
    /// Whether somebody called it resolved.
    pub resolved: bool,
    /// The file; foreign.
    pub path: String,
    /// The line in the head, or, where that is gone, in the commit that was looked at.
    pub line: Option<u32>,
    /// The last fifty comments, oldest first.
    pub comments: Vec<ReviewComment>,
}

/// One thing that is said in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReviewComment {
    /// Who; `None` for a bot or a deleted account.
    pub by: Option<Person>,
    /// What; foreign.
    pub body: String,
    /// When.
    pub at: Timestamp,
    /// When it was last edited.
    pub edited_at: Option<Timestamp>,
}

impl Client {
    /// The reviews of a pull request and their threads as they are now.
    ///
    /// # Errors
    /// GitHub did not answer, or not as documented.
    pub async fn reviews(&self, target: &Target, pull: Number) -> Result<Reviews, GithubError> {
        let operation = "read reviews";
        let name = self.name_of(target).await;
        let document = json!({
            "operationName": "ReviewThreads",
            "query": QUERY,
            "variables": { "owner": name.owner, "name": name.name, "number": pull.0 },
        });
        let answer: Value = self
            .graphql(operation, target, Scope::Observe, &document)
            .await?;
        let repository = &answer["repository"];
        if repository["databaseId"].as_i64() != Some(target.repository.0) {
            return Err(unexpected(operation, "another repository".to_owned()));
        }
        let pull = &repository["pullRequest"];
        Ok(Reviews {
            reviews: nodes(&pull["reviews"]).filter_map(read_review).collect(),
            threads: nodes(&pull["reviewThreads"])
                .filter_map(read_thread)
                .collect(),
        })
    }

    /// Answers in a thread, by its first comment.
    ///
    /// # Errors
    /// GitHub did not take it.
    pub async fn reply(
        &self,
        target: &Target,
        pull: Number,
        thread: CommentId,
        body: &str,
    ) -> Result<(), GithubError> {
        let path = format!("/pulls/{pull}/comments/{thread}/replies");
        let body = json!({ "body": body });
        self.call::<Value>(
            "answer in a thread",
            target,
            Scope::Talk,
            Method::POST,
            &path,
            Some(&body),
        )
        .await
        .map(drop)
    }
}

fn nodes(list: &Value) -> impl Iterator<Item = &Value> {
    list["nodes"].as_array().into_iter().flatten()
}

fn read_review(review: &Value) -> Option<Review> {
    Some(Review {
        id: ReviewId(number(review)?),
        by: read_person(&review["author"]),
        requests_changes: review["state"].as_str()? == "CHANGES_REQUESTED",
        body: review["body"].as_str().unwrap_or_default().to_owned(),
        at: time(&review["submittedAt"])?,
        edited_at: time(&review["lastEditedAt"]),
    })
}

fn read_thread(thread: &Value) -> Option<ReviewThread> {
    let first = nodes(&thread["comments"]).next()?;
    let root = number(&first["replyTo"]).or_else(|| number(first))?;
    let line = thread["line"].as_u64();
    let line = line.or_else(|| thread["originalLine"].as_u64());
    Some(ReviewThread {
        root: CommentId(root),
        resolved: thread["isResolved"].as_bool()?,
        path: thread["path"].as_str()?.to_owned(),
        line: line.and_then(|line| u32::try_from(line).ok()),
        comments: nodes(&thread["comments"])
            .filter_map(read_comment)
            .collect(),
    })
}

fn read_comment(comment: &Value) -> Option<ReviewComment> {
    Some(ReviewComment {
        by: read_person(&comment["author"]),
        body: comment["body"].as_str()?.to_owned(),
        at: time(&comment["createdAt"])?,
        edited_at: time(&comment["lastEditedAt"]),
    })
}

/// Newer numbers do not fit into GraphQL's own integers, and come as text.
fn number(node: &Value) -> Option<i64> {
    let text = node["fullDatabaseId"].as_str();
    let whole = text.and_then(|text| text.parse().ok());
    whole
        .or_else(|| node["fullDatabaseId"].as_i64())
        .or_else(|| node["databaseId"].as_i64())
}

fn time(value: &Value) -> Option<Timestamp> {
    Timestamp::from_rfc3339(value.as_str()?)
}
