//! From a request to a task: may they, is it the text that was approved, is it a contract?

use super::{Engine, EngineError};
use crate::domain::ids::{AttemptNumber, Number, TaskId, UserId};
use crate::domain::notice::{IssueText, Place};
use crate::domain::refusal::Refusal;
use crate::domain::request::contract::{self, ApprovedComment, Source};
use crate::domain::request::policy::{self, Policy};
use crate::domain::request::{Person, Request};
use crate::domain::task::kind::Kind;
use crate::domain::task::stage::Stage;
use crate::domain::task::{Base, Task};
use crate::domain::time::Timestamp;
use crate::github::Target;
use crate::github::task_input::{Issue, PolicyFile, TaskInput};

/// Authors of comments whose permission is asked for, the newest first.
const COMMENTERS_MAX: usize = 10;
/// The window of the quota of a person, in seconds.
const HOUR_S: i64 = 3600;

/// What came of a request.
pub(super) enum Opening {
    /// A task.
    Opened,
    /// A polite no.
    Refused(Refusal),
}

/// A request whose sender may make it, with what was read for it.
pub(super) struct Ask<'a> {
    pub(super) place: &'a Place,
    pub(super) number: Number,
    pub(super) request: Request,
    pub(super) input: &'a TaskInput,
    pub(super) issue: &'a Issue,
    /// The text that was approved; `None`: the live one, where it is old enough.
    pub(super) approved: Option<&'a IssueText>,
}

/// What a task is made of, beside the place where it works.
pub(super) struct Made {
    pub(super) id: TaskId,
    pub(super) number: Number,
    pub(super) kind: Kind,
    pub(super) request: Request,
    pub(super) text: IssueText,
    pub(super) base: Base,
    pub(super) policy: Policy,
    pub(super) reading: contract::Reading,
}

impl Engine {
    /// Opens a task, or says why not.
    pub(super) async fn open(&self, ask: Ask<'_>) -> Result<Opening, EngineError> {
        let id = TaskId::of_request(ask.place.repository, &ask.request.key());
        if self.is_busy(ask.place, ask.number).await? {
            return Ok(Opening::Refused(Refusal::TaskThere));
        }
        if !ask.issue.open {
            return Ok(Opening::Refused(Refusal::IssueClosed));
        }
        if let Some(refusal) = self.refuse_quota(ask.place, &ask.request).await? {
            return Ok(Opening::Refused(refusal));
        }
        if ask.input.archived {
            return Ok(Opening::Refused(Refusal::Archived));
        }
        let Some((branch, oid)) = &ask.input.base else {
            return Ok(Opening::Refused(Refusal::Empty));
        };
        let text = match approved_text(&ask) {
            Ok(text) => text,
            Err(refusal) => return Ok(Opening::Refused(refusal)),
        };
        let policy = match read_policy(&ask.input.policy) {
            Ok(policy) => policy,
            Err(refusal) => return Ok(Opening::Refused(refusal)),
        };
        let source = Source {
            title: text.title.clone(),
            body: text.body.clone(),
            comments: self.approved_comments(&ask).await?,
            requester_login: ask.request.by.login.clone(),
        };
        let reading = contract::read(&source, &policy);
        if !reading.problems.is_empty() {
            let problems = reading.problems.iter().map(ToString::to_string).collect();
            return Ok(Opening::Refused(Refusal::ContractUnreadable { problems }));
        }
        let made = Made {
            id,
            number: ask.number,
            kind: Kind::Issue,
            request: ask.request,
            text,
            base: Base {
                branch: branch.clone(),
                oid: oid.clone(),
            },
            policy,
            reading,
        };
        let task = self.new_task(ask.place, ask.input, made);
        Ok(if self.record_new(&task).await? {
            Opening::Opened
        } else {
            Opening::Refused(Refusal::TaskThere)
        })
    }

    /// A task before it is recorded.
    pub(super) fn new_task(&self, place: &Place, input: &TaskInput, made: Made) -> Task {
        Task {
            id: made.id,
            repository: place.repository,
            node: input.node.clone(),
            name: input.name.clone(),
            owner: input.owner,
            installation: place.installation,
            issue: made.number,
            kind: made.kind,
            request: made.request,
            text: made.text,
            contract: made.reading.contract,
            notes: made.reading.notes.iter().map(ToString::to_string).collect(),
            policy: made.policy,
            base: made.base,
            // Until the opening is decided, in the same breath.
            stage: Stage::Queued {
                attempt: AttemptNumber(1),
                until: self.clock.now(),
            },
            attempts: Vec::new(),
            pull: None,
            ledger: Vec::new(),
            edited_since: false,
            opened_at: self.clock.now(),
        }
    }

    pub(super) async fn is_busy(&self, place: &Place, number: Number) -> Result<bool, EngineError> {
        let last = self.store.task_of_issue(place.repository, number).await?;
        Ok(last.is_some_and(|stored| !stored.task.stage.is_closed()))
    }

    pub(super) async fn refuse_quota(
        &self,
        place: &Place,
        request: &Request,
    ) -> Result<Option<Refusal>, EngineError> {
        let live = self.store.count_live_tasks(place.repository).await?;
        if live >= self.rules.tasks_per_repository {
            return Ok(Some(Refusal::TooMany {
                where_: "in this repository",
                limit: self.rules.tasks_per_repository,
            }));
        }
        let since = self.clock.now().plus_s(-HOUR_S);
        let opened = self.store.count_tasks_of(request.by.id, since).await?;
        Ok(
            (opened >= self.rules.tasks_per_person_hour).then_some(Refusal::TooMany {
                where_: "for one person within an hour",
                limit: self.rules.tasks_per_person_hour,
            }),
        )
    }

    /// Comments that are older than the request, unedited since, and of people with write access (X13).
    async fn approved_comments(&self, ask: &Ask<'_>) -> Result<Vec<ApprovedComment>, EngineError> {
        let github = self.github()?;
        let target = Target::from(ask.place);
        let mut known: Vec<(UserId, bool)> = vec![(ask.request.by.id, true)];
        let mut approved = Vec::new();
        for comment in ask.issue.comments.iter().rev() {
            let Some(by) = &comment.by else { continue };
            if !is_older(comment.at, comment.edited_at, ask.request.at) || is_command(&comment.body)
            {
                continue;
            }
            let may = match known.iter().find(|(id, _)| *id == by.id) {
                Some((_, may)) => *may,
                None if known.len() > COMMENTERS_MAX => false,
                None => {
                    let may = github.permission(&target, by).await?.may_write();
                    known.push((by.id, may));
                    may
                }
            };
            if may {
                approved.push(ApprovedComment {
                    login: by.login.clone(),
                    text: comment.body.clone(),
                });
            }
        }
        approved.reverse();
        Ok(approved)
    }

    /// Whether a person may write to the repository now.
    pub(super) async fn may_write(
        &self,
        place: &Place,
        person: &Person,
    ) -> Result<bool, EngineError> {
        let permission = self
            .github()?
            .permission(&Target::from(place), person)
            .await?;
        Ok(permission.may_write())
    }
}

fn is_command(body: &str) -> bool {
    use crate::domain::request::command::{Parsed, parse};
    parse(body) != Parsed::Nothing
}

/// GitHub's times are whole seconds: what happened in the same second counts as older only
/// where it was not an edit.
pub(super) fn is_older(at: Timestamp, edited_at: Option<Timestamp>, request: Timestamp) -> bool {
    at <= request && edited_at.is_none_or(|edited| edited < request)
}

/// The text that counts (X12): that of the delivery, if the live one is still the same; found
/// by the sweep, the live one, if it was last edited before the request.
fn approved_text(ask: &Ask<'_>) -> Result<IssueText, Refusal> {
    let live = &ask.issue.text;
    match ask.approved {
        Some(approved) if same(approved, live) => Ok(approved.clone()),
        Some(approved) => Err(Refusal::EditedSince {
            difference: contract::difference(&whole(approved), &whole(live)),
        }),
        None if is_older(ask.issue.opened_at, ask.issue.edited_at, ask.request.at) => {
            Ok(live.clone())
        }
        None => Err(Refusal::EditedSince {
            difference: String::new(),
        }),
    }
}

/// Line ends differ between GitHub's interfaces and mean nothing.
fn same(one: &IssueText, other: &IssueText) -> bool {
    one.title == other.title && unix(&one.body) == unix(&other.body)
}

/// Title and body as one text.
pub(super) fn whole(text: &IssueText) -> String {
    format!("{}\n\n{}", text.title, unix(&text.body))
}

fn unix(text: &str) -> String {
    text.replace("\r\n", "\n")
}

pub(super) fn read_policy(file: &PolicyFile) -> Result<Policy, Refusal> {
    match file {
        PolicyFile::Absent => Ok(Policy::default()),
        PolicyFile::Unreadable => Err(Refusal::PolicyUnreadable {
            error: ".github/castellan.yml is binary or too large; make it a short text".to_owned(),
        }),
        PolicyFile::Text(text) => {
            policy::parse(text.as_bytes()).map_err(|error| Refusal::PolicyUnreadable {
                error: error.to_string(),
            })
        }
    }
}
