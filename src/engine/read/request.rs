//! The label `agent`, and what is said where a request is not taken.

use super::super::open::{Ask, Opening};
use super::super::sweep::enrolled_since;
use super::super::{Engine, EngineError};
use super::Reading;
use crate::domain::effect::Effect;
use crate::domain::event::Fact;
use crate::domain::ids::{Number, TaskId};
use crate::domain::notice::{IssueText, Place, Sender};
use crate::domain::refusal::{Refusal, Window};
use crate::domain::request::{Origin, Request};
use crate::domain::time::Timestamp;
use crate::github::Target;
use crate::github::task_input::Subject;
use crate::guard::{self, Guard};
use crate::store::Cause;

impl Engine {
    /// An issue carries the label. Who set it, and when, is read from the issue's own
    /// timeline, so that a delivery which was replayed or made up starts nothing (X3, X7).
    pub(super) async fn read_label(
        &self,
        place: &Place,
        number: Number,
        sender: Option<&Sender>,
        text: Option<&IssueText>,
    ) -> Result<Reading, EngineError> {
        if !self.is_enrolled(place).await? {
            return Ok(Reading::Ignored(
                "not a repository of that installation".to_owned(),
            ));
        }
        if sender.is_some_and(|sender| sender.is_bot) {
            return Ok(Reading::Ignored("a bot can ask for nothing".to_owned()));
        }
        let input = self
            .github()?
            .task_input(&Target::from(place), number)
            .await?;
        let Some(Subject::Issue(issue)) = &input.subject else {
            return Ok(Reading::Ignored("the label is not on an issue".to_owned()));
        };
        let (true, true, Some(labelling)) = (issue.open, issue.labelled, &issue.labelling) else {
            return Ok(Reading::Ignored(
                "the label is not there any more".to_owned(),
            ));
        };
        let Some(by) = &labelling.by else {
            return Ok(Reading::Ignored("a bot can ask for nothing".to_owned()));
        };
        let enrolled = self.store.repository(place.repository).await?;
        if enrolled.is_none_or(|known| labelling.at.plus_s(1) < known.enrolled_at) {
            return Ok(Reading::Ignored(
                "labelled before the App was there".to_owned(),
            ));
        }
        // A delivery of an older labelling says nothing about the one that counts now.
        if sender.is_some_and(|sender| sender.person.id != by.id) {
            return Ok(Reading::Ignored(
                "the label was set anew by somebody else".to_owned(),
            ));
        }
        let request = Request {
            origin: Origin::Label {
                event: labelling.event.clone(),
            },
            by: by.clone(),
            at: labelling.at,
        };
        let ask = Ask {
            place,
            number,
            request,
            input: &input,
            issue,
            approved: text,
        };
        self.take(ask).await
    }

    /// Takes a request of somebody who may make it, or refuses it.
    pub(super) async fn take(&self, ask: Ask<'_>) -> Result<Reading, EngineError> {
        let (place, number) = (ask.place.clone(), ask.number);
        let request = ask.request.clone();
        if self.is_answered(&place, &request).await? {
            return Ok(Reading::Ignored("this request was answered".to_owned()));
        }
        if !self.may_write(&place, &request.by).await? {
            let by = request.by.clone();
            let refusal = Refusal::NoWriteAccess { by };
            return self.refuse(&place, number, &request, &refusal).await;
        }
        match self.open(ask).await? {
            Opening::Opened => {
                self.answered(&place, &request, "opened").await?;
                Ok(Reading::Done("a task was opened"))
            }
            // The sweep and a delivery may bring one request at once: the other has opened its task.
            Opening::Refused(_) if self.is_answered(&place, &request).await? => {
                Ok(Reading::Ignored("this request was answered".to_owned()))
            }
            Opening::Refused(refusal) => self.refuse(&place, number, &request, &refusal).await,
        }
    }

    /// Whether a request had its answer, be it a task or a no: each has one only (D3, D4).
    pub(super) async fn is_answered(
        &self,
        place: &Place,
        request: &Request,
    ) -> Result<bool, EngineError> {
        // A task remembers its comments besides; both are the guard of one request, one answer.
        if !guard::holds(Guard::Request) {
            return Ok(false);
        }
        let task = TaskId::of_request(place.repository, &request.key());
        let opened = self.store.task(&task).await?.is_some();
        Ok(opened
            || self
                .store
                .is_answered(place.repository, &request.key())
                .await?)
    }

    /// Notes that a request had its answer.
    pub(super) async fn answered(
        &self,
        place: &Place,
        request: &Request,
        answer: &str,
    ) -> Result<(), EngineError> {
        let now = self.clock.now();
        self.store
            .put_answered(place.repository, &request.key(), answer, now)
            .await?;
        Ok(())
    }

    /// Says no, once for each request, and for some once for a person and the hour in which
    /// they asked (X15): so the sweep, which finds a request again, says nothing again.
    pub(super) async fn refuse(
        &self,
        place: &Place,
        number: Number,
        request: &Request,
        refusal: &Refusal,
    ) -> Result<Reading, EngineError> {
        let said = format!("refusal:{}", request.key());
        let effect = Effect::Say {
            number,
            key: said,
            body: refusal.sentence(),
        };
        let hour = request.at.0 / 3_600_000;
        let (repository, by) = (place.repository, request.by.id);
        match refusal.window() {
            Window::Request => self.add(place, number, &effect).await?,
            Window::Issue(what) => {
                let key = format!("{repository}:{number}:refusal:{by}:{hour}:{what}");
                self.add_once(place, &key, &effect).await?;
            }
            // Without the issue's number: a flood over many issues is answered once, too.
            Window::Repository(what) => {
                let key = format!("{repository}:refusal:{by}:{hour}:{what}");
                self.add_once(place, &key, &effect).await?;
            }
        }
        self.answered(place, request, "refused").await?;
        Ok(Reading::Done("a request was refused"))
    }

    /// Writes a comment that no task asks for, once for each key.
    pub(super) async fn say(
        &self,
        place: &Place,
        number: Number,
        key: &str,
        body: String,
    ) -> Result<(), EngineError> {
        let effect = Effect::Say {
            number,
            key: key.to_owned(),
            body,
        };
        self.add(place, number, &effect).await
    }

    /// Adds an effect that no task asks for.
    pub(super) async fn add(
        &self,
        place: &Place,
        number: Number,
        effect: &Effect,
    ) -> Result<(), EngineError> {
        let key = format!("{}:{number}:{}", place.repository, effect.key(None));
        self.add_once(place, &key, effect).await
    }

    /// Adds an effect that no task asks for, once for each `key` of its own.
    async fn add_once(&self, place: &Place, key: &str, effect: &Effect) -> Result<(), EngineError> {
        let now = self.clock.now();
        self.store
            .add_effect(effect, key, place.installation, place.repository, now)
            .await?;
        self.bell.notify_waiters();
        Ok(())
    }

    /// Whether the repository belongs to the installation that the delivery names; GitHub is
    /// asked where we have not heard of it (X4, D14).
    pub(super) async fn is_enrolled(&self, place: &Place) -> Result<bool, EngineError> {
        if let Some(known) = self.store.repository(place.repository).await?
            && known.installation == place.installation
        {
            if known.name != place.name {
                self.enroll(place, known.enrolled_at).await?;
            }
            return Ok(true);
        }
        // Asked for itself and not looked up in the installation's list, which may be cut.
        let github = self.github()?;
        if !github.is_open(&Target::from(place), place.owner).await? {
            tracing::warn!(
                repository.id = %place.repository,
                installation.id = %place.installation,
                "a delivery names a repository that its installation does not have"
            );
            return Ok(false);
        }
        self.store
            .put_installation(place.installation, place.owner)
            .await?;
        let now = self.clock.now();
        let installed = github.installation(place.installation).await?;
        let since = installed.map_or(now, |installed| enrolled_since(installed.since, now));
        self.enroll(place, since).await?;
        self.leave_to_new_owner(place).await?;
        Ok(true)
    }

    /// A repository that came to another account ends what the former one asked for (H12).
    async fn leave_to_new_owner(&self, place: &Place) -> Result<(), EngineError> {
        for stored in self.store.live_tasks(place.repository).await? {
            if stored.task.owner != place.owner {
                let owner = place.owner;
                self.record(&stored.task.id, Fact::OwnerChanged { owner }, Cause::None)
                    .await?;
            }
        }
        Ok(())
    }

    /// Notes a repository, or its new name. `since` is when the App came to it: what was asked
    /// before is nothing to us.
    pub(super) async fn enroll(&self, place: &Place, since: Timestamp) -> Result<(), EngineError> {
        self.store
            .enroll_repository(place.repository, place.installation, &place.name, since)
            .await?;
        Ok(())
    }
}
