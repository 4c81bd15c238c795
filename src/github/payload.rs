//! What a delivery says: JSON of GitHub's webhooks into a [`Notice`].
//!
//! Events and actions that are not of ours are [`Notice::Nothing`] with the reason; a
//! delivery that lacks what its event must have is an error, kept and counted (D9). Source:
//! GitHub's "Webhook events and payloads".

mod own_checks;
mod queue;

use serde_json::Value;

use super::checks::is_own_workflow;
use crate::domain::ci::checks::ACTIONS_APP;
use crate::domain::ids::{
    CommentId, FullName, InstallationId, Number, Oid, RepositoryId, ReviewId, RunId, UserId,
};
use crate::domain::notice::{IssueText, Notice, Place, Sender};
use crate::domain::request::Person;
use crate::domain::time::Timestamp;

/// The label that asks for a task.
pub const LABEL: &str = "agent";

/// A delivery that is signed and yet not what we know.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PayloadError {
    /// Not JSON.
    #[error("the body is not JSON: {0}")]
    NotJson(String),
    /// A field belongs to another event than the header names.
    #[error("the event {event} has no {field}; the body is another event's")]
    Foreign {
        /// The event.
        event: String,
        /// JSON pointer of the field.
        field: &'static str,
    },
    /// A field is missing or of another type.
    #[error("the event {event} has no usable {field}")]
    Field {
        /// The event.
        event: String,
        /// JSON pointer of the field.
        field: &'static str,
    },
}

/// What the delivery of `event` with this body says. `app_id` is ours: what our own App
/// did is never a request (X8).
///
/// # Errors
/// The body is not what the event must have.
pub fn read(event: &str, body: &[u8], app_id: i64) -> Result<Notice, PayloadError> {
    let json: Value =
        serde_json::from_slice(body).map_err(|error| PayloadError::NotJson(error.to_string()))?;
    let payload = Payload {
        event,
        json: &json,
        app_id,
    };
    let action = json["action"].as_str().unwrap_or("");
    payload.must_be_its_event()?;
    match (event, action) {
        ("issues", _) => payload.issue(action),
        ("issue_comment", "created") => payload.comment(),
        ("issue_comment", _) => Ok(nothing("only new comments can ask for something")),
        ("push", _) => payload.push(),
        ("pull_request", "closed") => payload.pull_closed(),
        ("pull_request_review", "submitted") => payload.review(),
        ("pull_request_review" | "pull_request", _) => payload.pull_touched(),
        ("workflow_run", "completed") => payload.run(),
        ("check_suite", "completed") => {
            payload.reported("/check_suite/app/id", "/check_suite/head_sha")
        }
        ("check_suite", "rerequested") => payload.asked_again("/check_suite/head_sha"),
        ("check_run", "rerequested") => payload.asked_again("/check_run/head_sha"),
        ("check_run", "created") => payload.published(),
        ("check_run", "requested_action") => payload.clicked(),
        ("check_run", "completed") => payload.reported("/check_run/app/id", "/check_run/head_sha"),
        ("status", _) => payload.reported("", "/sha"),
        ("workflow_run", _) => Ok(nothing("runs are only watched for their end")),
        ("merge_group", _) => payload.group(action),
        ("repository", _) => payload.repository(action),
        ("installation", _) => payload.installation(action),
        ("installation_repositories", _) => payload.installation_repositories(),
        ("ping", _) => Ok(nothing("GitHub said hello")),
        _ => Ok(nothing("not an event of ours")),
    }
}

fn nothing(because: &str) -> Notice {
    Notice::Nothing {
        because: because.to_owned(),
    }
}

struct Payload<'a> {
    event: &'a str,
    json: &'a Value,
    app_id: i64,
}

impl Payload<'_> {
    fn missing(&self, field: &'static str) -> PayloadError {
        PayloadError::Field {
            event: self.event.to_owned(),
            field,
        }
    }

    /// The event's name stands in a header that is not signed: what ends things must have
    /// the body of its own event, and no other's.
    fn must_be_its_event(&self) -> Result<(), PayloadError> {
        let foreign: &[&'static str] = match self.event {
            "installation" | "installation_repositories" => &[
                "/repository",
                "/issue",
                "/comment",
                "/pull_request",
                "/check_run",
                "/check_suite",
                "/workflow_run",
                "/ref",
            ],
            "repository" | "push" | "workflow_run" => {
                &["/issue", "/comment", "/pull_request", "/check_run"]
            }
            "pull_request" => &["/issue", "/comment", "/review"],
            "merge_group" => &["/issue", "/comment", "/pull_request"],
            "issues" => &["/comment"],
            _ => &[],
        };
        match foreign
            .iter()
            .find(|pointer| self.json.pointer(pointer).is_some())
        {
            Some(pointer) => Err(PayloadError::Foreign {
                event: self.event.to_owned(),
                field: pointer,
            }),
            None => Ok(()),
        }
    }

    fn number(&self, pointer: &'static str) -> Result<i64, PayloadError> {
        let found = self.json.pointer(pointer).and_then(Value::as_i64);
        found.ok_or_else(|| self.missing(pointer))
    }

    fn text(&self, pointer: &'static str) -> Result<&str, PayloadError> {
        let found = self.json.pointer(pointer).and_then(Value::as_str);
        found.ok_or_else(|| self.missing(pointer))
    }

    fn time(&self, pointer: &'static str) -> Result<Timestamp, PayloadError> {
        Timestamp::from_rfc3339(self.text(pointer)?).ok_or_else(|| self.missing(pointer))
    }

    /// A time that some events write as seconds since 1970 and others in words.
    fn moment(&self, pointer: &'static str) -> Result<Timestamp, PayloadError> {
        match self.number(pointer) {
            Ok(seconds) => Ok(Timestamp(0).plus_s(seconds)),
            Err(_) => self.time(pointer),
        }
    }

    fn place(&self) -> Result<Place, PayloadError> {
        Ok(Place {
            installation: InstallationId(self.number("/installation/id")?),
            repository: RepositoryId(self.number("/repository/id")?),
            name: self
                .text("/repository/full_name")?
                .parse()
                .map_err(|_| self.missing("/repository/full_name"))?,
            owner: UserId(self.number("/repository/owner/id")?),
        })
    }

    fn sender(&self) -> Result<Sender, PayloadError> {
        Ok(Sender {
            person: Person {
                id: UserId(self.number("/sender/id")?),
                login: self.text("/sender/login")?.to_owned(),
            },
            is_bot: self.text("/sender/type")? != "User",
        })
    }

    fn issue_number(&self) -> Result<Number, PayloadError> {
        self.number("/issue/number").map(Number)
    }

    fn issue_text(&self) -> Result<IssueText, PayloadError> {
        let body = self.json.pointer("/issue/body").and_then(Value::as_str);
        Ok(IssueText {
            title: self.text("/issue/title")?.to_owned(),
            body: body.unwrap_or_default().to_owned(),
        })
    }

    fn issue(&self, action: &str) -> Result<Notice, PayloadError> {
        let ours = || self.text("/label/name").map(|name| name == LABEL);
        match action {
            "labeled" if ours()? => Ok(Notice::Labeled {
                place: self.place()?,
                number: self.issue_number()?,
                sender: Some(self.sender()?),
                text: Some(self.issue_text()?),
            }),
            "unlabeled" if ours()? => Ok(Notice::Unlabeled {
                place: self.place()?,
                number: self.issue_number()?,
                sender: self.sender()?,
            }),
            "labeled" | "unlabeled" => Ok(nothing("another label")),
            "edited" => Ok(Notice::TextEdited {
                place: self.place()?,
                number: self.issue_number()?,
            }),
            "closed" | "deleted" | "transferred" => Ok(Notice::IssueEnded {
                place: self.place()?,
                number: self.issue_number()?,
                how: action.to_owned(),
            }),
            _ => Ok(nothing("no action of ours on an issue")),
        }
    }

    fn comment(&self) -> Result<Notice, PayloadError> {
        let comment = &self.json["comment"];
        if by_our_app(comment, self.app_id) {
            return Ok(nothing("our own comment"));
        }
        Ok(Notice::Commented {
            place: self.place()?,
            number: self.issue_number()?,
            on_pull: !self.json["issue"]["pull_request"].is_null(),
            comment: CommentId(self.number("/comment/id")?),
            sender: Sender {
                person: Person {
                    id: UserId(self.number("/comment/user/id")?),
                    login: self.text("/comment/user/login")?.to_owned(),
                },
                is_bot: self.text("/comment/user/type")? != "User"
                    || self.number("/comment/user/id")? != self.number("/sender/id")?,
            },
            body: self.text("/comment/body")?.to_owned(),
            at: self.time("/comment/created_at")?,
        })
    }

    fn push(&self) -> Result<Notice, PayloadError> {
        let full = self.text("/ref")?;
        // A task's own branch, or the base of some.
        let Some(branch) = full.strip_prefix("refs/heads/") else {
            return Ok(nothing("not a branch"));
        };
        let deleted = self.json["deleted"].as_bool().unwrap_or(false);
        let after: Oid = self
            .text("/after")?
            .parse()
            .map_err(|_| self.missing("/after"))?;
        Ok(Notice::BranchPushed {
            place: self.place()?,
            branch: branch.to_owned(),
            after: (!deleted).then_some(after),
            sender: self.sender()?,
        })
    }

    fn pull_closed(&self) -> Result<Notice, PayloadError> {
        Ok(Notice::PullEnded {
            place: self.place()?,
            number: Number(self.number("/pull_request/number")?),
            merged: self.json["pull_request"]["merged"]
                .as_bool()
                .unwrap_or(false),
        })
    }

    fn review(&self) -> Result<Notice, PayloadError> {
        if self.text("/review/state")? != "changes_requested" {
            return self.pull_touched();
        }
        Ok(Notice::Reviewed {
            place: self.place()?,
            number: Number(self.number("/pull_request/number")?),
            review: ReviewId(self.number("/review/id")?),
        })
    }

    fn pull_touched(&self) -> Result<Notice, PayloadError> {
        Ok(Notice::PullTouched {
            place: self.place()?,
            number: Number(self.number("/pull_request/number")?),
        })
    }

    fn run(&self) -> Result<Notice, PayloadError> {
        if !is_own_workflow(self.text("/workflow_run/path")?) {
            return self.reported("", "/workflow_run/head_sha");
        }
        Ok(Notice::RunEnded {
            place: self.place()?,
            run: RunId(self.number("/workflow_run/id")?),
            conclusion: self.text("/workflow_run/conclusion")?.to_owned(),
        })
    }

    fn reported(&self, app: &str, head: &'static str) -> Result<Notice, PayloadError> {
        let app = self.json.pointer(app).and_then(Value::as_i64);
        if app == Some(self.app_id) || (self.event == "check_run" && app == Some(ACTIONS_APP.0)) {
            return Ok(nothing("ours, or told by its suite"));
        }
        self.asked_again(head)
    }

    /// What is known of a commit's checks counts no more.
    fn asked_again(&self, head: &'static str) -> Result<Notice, PayloadError> {
        let head = self.text(head)?.parse().map_err(|_| self.missing(head))?;
        Ok(Notice::ChecksReported {
            place: self.place()?,
            head,
        })
    }

    fn repository(&self, action: &str) -> Result<Notice, PayloadError> {
        match action {
            "renamed" => Ok(Notice::Renamed {
                place: self.place()?,
            }),
            "transferred" | "archived" | "publicized" | "deleted" => Ok(Notice::RepositoryClosed {
                place: self.place()?,
                how: action.to_owned(),
            }),
            _ => Ok(nothing("no action of ours on a repository")),
        }
    }

    fn installation(&self, action: &str) -> Result<Notice, PayloadError> {
        let installation = InstallationId(self.number("/installation/id")?);
        match action {
            "created" => Ok(Notice::Installed {
                installation,
                account: UserId(self.number("/installation/account/id")?),
                since: self.moment("/installation/created_at")?,
                repositories: repositories(&self.json["repositories"]).collect(),
            }),
            "deleted" => Ok(Notice::Uninstalled {
                installation,
                repositories: None,
            }),
            "suspend" | "unsuspend" => Ok(Notice::Suspended {
                installation,
                suspended: action == "suspend",
            }),
            _ => Ok(nothing("no action of ours on an installation")),
        }
    }

    fn installation_repositories(&self) -> Result<Notice, PayloadError> {
        let installation = InstallationId(self.number("/installation/id")?);
        let removed: Vec<RepositoryId> = repositories(&self.json["repositories_removed"])
            .map(|(id, _)| id)
            .collect();
        if !removed.is_empty() {
            return Ok(Notice::Uninstalled {
                installation,
                repositories: Some(removed),
            });
        }
        Ok(Notice::Installed {
            installation,
            account: UserId(self.number("/installation/account/id")?),
            since: self.moment("/installation/updated_at")?,
            repositories: repositories(&self.json["repositories_added"]).collect(),
        })
    }
}

fn by_our_app(comment: &Value, app_id: i64) -> bool {
    comment["performed_via_github_app"]["id"].as_i64() == Some(app_id)
}

/// The repositories of a list, as deliveries have them; odd ones are left out.
fn repositories(list: &Value) -> impl Iterator<Item = (RepositoryId, FullName)> {
    list.as_array().into_iter().flatten().filter_map(|row| {
        Some((
            RepositoryId(row["id"].as_i64()?),
            row["full_name"].as_str()?.parse().ok()?,
        ))
    })
}
