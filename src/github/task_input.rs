//! The one query that opening a task needs, and its answer, read whole or not at all.

use serde_json::Value;

use crate::domain::ids::{CommentId, FullName, Oid, UserId};
use crate::domain::notice::IssueText;
use crate::domain::request::Person;
use crate::domain::time::Timestamp;

/// All that opening a task needs, read at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskInput {
    /// GitHub's node id of the repository, which GraphQL's mutations ask for.
    pub node: String,
    /// The repository's name now.
    pub name: FullName,
    /// The account that owns it now.
    pub owner: UserId,
    /// Whether nothing can be written there any more.
    pub archived: bool,
    /// The default branch and its tip; `None` in an empty repository.
    pub base: Option<(String, Oid)>,
    /// `.github/castellan.yml` at that tip.
    pub policy: PolicyFile,
    /// The issue or pull request that was asked about; `None` where it is gone.
    pub subject: Option<Subject>,
}

/// The policy's file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PolicyFile {
    /// There is none.
    Absent,
    /// Its text.
    Text(String),
    /// It is there and cannot be had: binary, or too large.
    Unreadable,
}

/// An issue or a pull request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// An issue.
    Issue(Box<Issue>),
    /// A pull request.
    Pull,
}

/// An issue as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issue {
    /// Title and body.
    pub text: IssueText,
    /// Whether it is open.
    pub open: bool,
    /// When title or body were last edited.
    pub edited_at: Option<Timestamp>,
    /// Whether it carries the label `agent`.
    pub labelled: bool,
    /// The newest labelling with `agent`.
    pub labelling: Option<Labelling>,
    /// The newest time that `agent` was taken off.
    pub unlabelling: Option<Labelling>,
    /// The last comments, oldest first.
    pub comments: Vec<Comment>,
    /// When the issue was opened.
    pub opened_at: Timestamp,
}

/// Who set the label or took it off, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Labelling {
    /// GitHub's node id of the event.
    pub event: String,
    /// When.
    pub at: Timestamp,
    /// Who; `None` for a bot or a deleted account.
    pub by: Option<Person>,
}

/// A comment as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comment {
    /// Its number.
    pub id: CommentId,
    /// Who wrote it; `None` for a bot or a deleted account.
    pub by: Option<Person>,
    /// Its text.
    pub body: String,
    /// When it was written.
    pub at: Timestamp,
    /// When it was last edited.
    pub edited_at: Option<Timestamp>,
}

/// The query.
pub(super) const QUERY: &str = include_str!("task_input.graphql");

/// The repository of an answer; `None` where it is not as documented.
pub(super) fn read(repository: &Value) -> Option<TaskInput> {
    let branch = &repository["defaultBranchRef"];
    let base = match branch["name"].as_str() {
        Some(name) => Some((name.to_owned(), oid(&branch["target"]["oid"])?)),
        None => None,
    };
    Some(TaskInput {
        node: repository["id"].as_str()?.to_owned(),
        name: repository["nameWithOwner"].as_str()?.parse().ok()?,
        owner: UserId(repository["owner"]["databaseId"].as_i64()?),
        archived: repository["isArchived"].as_bool()?,
        base,
        policy: read_policy(&repository["object"]),
        subject: match &repository["issueOrPullRequest"] {
            Value::Null => None,
            subject => Some(read_subject(subject)?),
        },
    })
}

fn read_policy(blob: &Value) -> PolicyFile {
    if blob.is_null() {
        return PolicyFile::Absent;
    }
    let whole = blob["isTruncated"].as_bool() == Some(false);
    match blob["text"].as_str() {
        Some(text) if whole => PolicyFile::Text(text.to_owned()),
        _ => PolicyFile::Unreadable,
    }
}

fn read_subject(subject: &Value) -> Option<Subject> {
    match subject["__typename"].as_str()? {
        "Issue" => read_issue(subject).map(|issue| Subject::Issue(Box::new(issue))),
        "PullRequest" => Some(Subject::Pull),
        _ => None,
    }
}

fn read_issue(issue: &Value) -> Option<Issue> {
    let is_agent = |label: &Value| label["name"].as_str() == Some(super::payload::LABEL);
    let newest = |events: &Value| {
        list(&events["nodes"])
            .filter(|event| is_agent(&event["label"]))
            .filter_map(read_labelling)
            .max_by_key(|labelling| labelling.at)
    };
    Some(Issue {
        text: IssueText {
            title: issue["title"].as_str()?.to_owned(),
            body: issue["body"].as_str().unwrap_or_default().to_owned(),
        },
        open: issue["state"].as_str()? == "OPEN",
        // GitHub's `lastEditedAt` is about the body alone.
        edited_at: time(&issue["lastEditedAt"])
            .max(time(&issue["renamed"]["nodes"][0]["createdAt"])),
        labelled: list(&issue["labels"]["nodes"]).any(is_agent),
        labelling: newest(&issue["timelineItems"]),
        unlabelling: newest(&issue["unlabelled"]),
        comments: list(&issue["comments"]["nodes"])
            .filter_map(read_comment)
            .collect(),
        opened_at: time(&issue["createdAt"])?,
    })
}

fn read_labelling(event: &Value) -> Option<Labelling> {
    Some(Labelling {
        event: event["id"].as_str()?.to_owned(),
        at: time(&event["createdAt"])?,
        by: read_person(&event["actor"]),
    })
}

fn read_comment(comment: &Value) -> Option<Comment> {
    Some(Comment {
        id: CommentId(comment["databaseId"].as_i64()?),
        by: read_person(&comment["author"]),
        body: comment["body"].as_str()?.to_owned(),
        at: time(&comment["createdAt"])?,
        edited_at: time(&comment["lastEditedAt"]),
    })
}

/// Only a `User` is a person: bots and deleted accounts have no say (X6).
pub(super) fn read_person(actor: &Value) -> Option<Person> {
    if actor["__typename"].as_str()? != "User" {
        return None;
    }
    Some(Person {
        id: UserId(actor["databaseId"].as_i64()?),
        login: actor["login"].as_str()?.to_owned(),
    })
}

fn list(nodes: &Value) -> impl Iterator<Item = &Value> {
    nodes.as_array().into_iter().flatten()
}

fn time(value: &Value) -> Option<Timestamp> {
    Timestamp::from_rfc3339(value.as_str()?)
}

fn oid(value: &Value) -> Option<Oid> {
    value.as_str()?.parse().ok()
}
