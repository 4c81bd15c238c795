//! What is true on GitHub now, fetched; deliveries only say where to look.

use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::{GithubError, Kind, unexpected};
use super::app_auth::Scope;
use super::client::{Client, Target};
use crate::domain::ids::{CommentId, FullName, Number, Oid, RunId, UserId, is_login};
use crate::domain::notice::IssueText;
use crate::domain::request::Person;
use crate::domain::time::Timestamp;
use crate::guard::{self, Guard};

/// What a person may do with a repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Permission {
    /// Nothing, or nobody of that name and number.
    None,
    /// Read, or triage.
    Read,
    /// Write, or maintain.
    Write,
    /// Administer.
    Admin,
}

impl Permission {
    /// Whether it suffices to ask for work: write or better.
    #[must_use]
    pub fn may_write(self) -> bool {
        self >= Self::Write || !guard::holds(Guard::Permission)
    }
}

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
    Pull(Box<PullRequest>),
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
    /// The last comments, oldest first.
    pub comments: Vec<Comment>,
    /// When the issue was opened.
    pub opened_at: Timestamp,
}

/// Who set the label, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Labelling {
    /// GitHub's node id of the labelling.
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

/// A pull request as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PullRequest {
    /// Whether it is open.
    pub open: bool,
    /// Branch of the head.
    pub head_branch: String,
    /// Commit of the head.
    pub head: Oid,
    /// Whether the head's branch is in this same repository.
    pub same_repository: bool,
}

/// The one query that opening a task needs.
const TASK_INPUT: &str = include_str!("task_input.graphql");

impl Client {
    /// What `login` may do in the repository. The answer must be about the account `id`: a
    /// login that changed hands may nothing (X5).
    ///
    /// # Errors
    /// GitHub did not answer.
    pub async fn permission(
        &self,
        target: &Target,
        person: &Person,
    ) -> Result<Permission, GithubError> {
        if !is_login(&person.login) {
            return Ok(Permission::None);
        }
        let path = format!("/collaborators/{}/permission", person.login);
        let operation = "ask for a person's permission";
        let answer: Result<PermissionAnswer, GithubError> = self
            .call(operation, target, Scope::Observe, Method::GET, &path, None)
            .await;
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) if error.kind == Kind::NotFound => return Ok(Permission::None),
            Err(error) => return Err(error),
        };
        if answer.user.map(|user| user.id) != Some(person.id.0) {
            return Ok(Permission::None);
        }
        Ok(match answer.permission.as_str() {
            "admin" => Permission::Admin,
            "write" | "maintain" => Permission::Write,
            "read" | "triage" => Permission::Read,
            _ => Permission::None,
        })
    }

    /// All that opening a task on issue or pull request `number` needs.
    ///
    /// # Errors
    /// GitHub did not answer, or not as documented.
    pub async fn task_input(
        &self,
        target: &Target,
        number: Number,
    ) -> Result<TaskInput, GithubError> {
        let operation = "read the issue, the base and the policy";
        let name = self.name_of(target).await;
        let document = json!({
            "operationName": "TaskInput",
            "query": TASK_INPUT,
            "variables": { "owner": name.owner, "name": name.name, "number": number.0 },
        });
        let answer: Value = self
            .graphql(operation, target, Scope::Observe, &document)
            .await?;
        let repository = &answer["repository"];
        if repository["databaseId"].as_i64() != Some(target.repository.0) {
            return Err(GithubError {
                operation,
                kind: Kind::NotFound,
                status: None,
                reason: "another repository has this name now".to_owned(),
            });
        }
        read_task_input(repository).ok_or_else(|| unexpected(operation, "an odd answer".to_owned()))
    }

    /// The tip of a branch; `None` where it does not exist.
    ///
    /// # Errors
    /// GitHub did not answer.
    pub async fn branch_tip(
        &self,
        target: &Target,
        branch: &str,
    ) -> Result<Option<Oid>, GithubError> {
        let path = format!("/git/ref/heads/{branch}");
        let operation = "read a branch";
        let answer: Result<Value, GithubError> = self
            .call(operation, target, Scope::Observe, Method::GET, &path, None)
            .await;
        match answer {
            Ok(answer) => answer["object"]["sha"]
                .as_str()
                .and_then(|sha| sha.parse().ok())
                .map(Some)
                .ok_or_else(|| unexpected(operation, "no usable object.sha".to_owned())),
            Err(error) if error.kind == Kind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The conclusion of a run; `None` while it is not over.
    ///
    /// # Errors
    /// GitHub did not answer.
    pub async fn run_conclusion(
        &self,
        target: &Target,
        run: RunId,
    ) -> Result<Option<String>, GithubError> {
        let path = format!("/actions/runs/{run}");
        let operation = "read a workflow run";
        let answer: Value = self
            .call(operation, target, Scope::Observe, Method::GET, &path, None)
            .await?;
        Ok(answer["conclusion"].as_str().map(str::to_owned))
    }

    /// Whether a pull request is closed, and whether by a merge; `None` while it is open.
    ///
    /// # Errors
    /// GitHub did not answer.
    pub async fn pull_end(
        &self,
        target: &Target,
        number: Number,
    ) -> Result<Option<bool>, GithubError> {
        let path = format!("/pulls/{number}");
        let operation = "read a pull request";
        let answer: Value = self
            .call(operation, target, Scope::Observe, Method::GET, &path, None)
            .await?;
        let merged = answer["merged"].as_bool().unwrap_or(false);
        Ok((answer["state"].as_str() == Some("closed")).then_some(merged))
    }
}

#[derive(Deserialize)]
struct PermissionAnswer {
    permission: String,
    user: Option<UserAnswer>,
}

#[derive(Deserialize)]
struct UserAnswer {
    id: i64,
}

fn read_task_input(repository: &Value) -> Option<TaskInput> {
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
        subject: read_subject(&repository["issueOrPullRequest"]),
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
        "PullRequest" => read_pull(subject).map(|pull| Subject::Pull(Box::new(pull))),
        _ => None,
    }
}

fn read_issue(issue: &Value) -> Option<Issue> {
    let is_agent = |label: &Value| label["name"].as_str() == Some(super::payload::LABEL);
    let labelling = list(&issue["timelineItems"]["nodes"])
        .filter(|event| is_agent(&event["label"]))
        .filter_map(read_labelling)
        .max_by_key(|labelling| labelling.at);
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
        labelling,
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
fn read_person(actor: &Value) -> Option<Person> {
    if actor["__typename"].as_str()? != "User" {
        return None;
    }
    Some(Person {
        id: UserId(actor["databaseId"].as_i64()?),
        login: actor["login"].as_str()?.to_owned(),
    })
}

fn read_pull(pull: &Value) -> Option<PullRequest> {
    let own = pull["baseRepository"]["databaseId"].as_i64()?;
    Some(PullRequest {
        open: pull["state"].as_str()? == "OPEN",
        head_branch: pull["headRefName"].as_str()?.to_owned(),
        head: oid(&pull["headRefOid"])?,
        same_repository: pull["headRepository"]["databaseId"].as_i64() == Some(own),
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
