//! `/agent …` in a comment.

use super::super::mend::Plea;
use super::super::open::{Ask, Opening};
use super::super::{Engine, EngineError};
use super::Reading;
use crate::domain::event::Fact;
use crate::domain::ids::{CommentId, Number};
use crate::domain::notice::{Notice, Place};
use crate::domain::refusal::Refusal;
use crate::domain::request::command::{self, Command, Parsed};
use crate::domain::request::{Origin, Person, Request};
use crate::domain::task::attempt::Attempt;
use crate::domain::task::because::Because;
use crate::domain::task::stage::Stage;
use crate::domain::task::status;
use crate::github::Target;
use crate::github::task_input::Subject;
use crate::store::{Cause, GateKey, KeptOverride, StoredTask};

/// What has to be said in a comment, since no button stands for it.
const NO_BUTTON: &str = "no button stands for this";

/// A command with where, by whom and how it was said.
pub(super) struct Said<'a> {
    pub(super) place: &'a Place,
    pub(super) number: Number,
    pub(super) on_pull: bool,
    pub(super) request: Request,
}

impl Said<'_> {
    fn by(&self) -> Person {
        self.request.by.clone()
    }

    /// The comment that said it; a button has none.
    fn comment(&self) -> Option<CommentId> {
        match self.request.origin {
            Origin::Comment { id } => Some(id),
            Origin::Label { .. } | Origin::Button { .. } => None,
        }
    }
}

impl Engine {
    /// A comment: nothing, or a command of somebody who may say it.
    pub(super) async fn read_comment(&self, notice: &Notice) -> Result<Reading, EngineError> {
        let Notice::Commented {
            place,
            number,
            on_pull,
            comment,
            sender,
            body,
            at,
        } = notice
        else {
            return Ok(Reading::Ignored("not a comment".to_owned()));
        };
        let parsed = command::parse(body);
        if parsed == Parsed::Nothing {
            return Ok(Reading::Ignored("no command".to_owned()));
        }
        if sender.is_bot {
            return Ok(Reading::Ignored("a bot can ask for nothing".to_owned()));
        }
        if !self.is_enrolled(place).await? {
            return Ok(Reading::Ignored(
                "not a repository of that installation".to_owned(),
            ));
        }
        let enrolled = self.store.repository(place.repository).await?;
        if enrolled.is_none_or(|known| at.plus_s(1) < known.enrolled_at) {
            return Ok(Reading::Ignored(
                "written before the App was there".to_owned(),
            ));
        }
        let said = Said {
            place,
            number: *number,
            on_pull: *on_pull,
            request: Request {
                origin: Origin::Comment { id: *comment },
                by: sender.person.clone(),
                at: *at,
            },
        };
        if self.is_answered(place, &said.request).await? {
            return Ok(Reading::Ignored("this request was answered".to_owned()));
        }
        if !self.may_write(place, &said.request.by).await? {
            let by = said.by();
            return self.answer(&said, &Refusal::NoWriteAccess { by }).await;
        }
        match parsed {
            Parsed::Nothing => Ok(Reading::Ignored("no command".to_owned())),
            Parsed::Unknown { word } => self.answer(&said, &Refusal::UnknownCommand { word }).await,
            Parsed::Command(command) => {
                let reading = self.follow(&said, command).await?;
                self.answered(place, &said.request, "followed").await?;
                Ok(reading)
            }
        }
    }

    /// Does what somebody asks who may.
    pub(super) async fn follow(
        &self,
        said: &Said<'_>,
        command: Command,
    ) -> Result<Reading, EngineError> {
        match command {
            Command::Help => {
                self.say(
                    said.place,
                    said.number,
                    &said.request.key(),
                    command::help(),
                )
                .await?;
                Ok(Reading::Done("help was given"))
            }
            Command::Run => self.run(said).await,
            Command::Fix { words } => self.fix(said, words).await,
            Command::Handoff => self.hand_off(said).await,
            Command::Ci => self.approve_ci(said).await,
            Command::Override { reason } => self.override_gate(said, reason).await,
            Command::Stop => self.stop(said).await,
            Command::Status => self.show_status(said).await,
        }
    }

    async fn run(&self, said: &Said<'_>) -> Result<Reading, EngineError> {
        if said.on_pull {
            return self.answer(said, &Refusal::RunOnPull).await;
        }
        let target = Target::from(said.place);
        let input = self.github()?.task_input(&target, said.number).await?;
        let Some(Subject::Issue(issue)) = &input.subject else {
            return Ok(Reading::Ignored("the issue is gone".to_owned()));
        };
        let ask = Ask {
            place: said.place,
            number: said.number,
            request: said.request.clone(),
            input: &input,
            issue,
            approved: None,
        };
        self.take(ask).await
    }

    async fn fix(&self, said: &Said<'_>, words: Option<String>) -> Result<Reading, EngineError> {
        let here = self.task_here(said).await?;
        // A task that mended this pull request before and is over is no hindrance to another one.
        let is_over = |stored: &StoredTask| {
            let mended = stored.task.mended().is_some() && stored.task.issue == said.number;
            mended && stored.task.stage.is_closed()
        };
        let Some(stored) = here.filter(|stored| !is_over(stored)) else {
            return match said.on_pull {
                true => self.mend(said, words.as_deref()).await,
                false => self.answer(said, &Refusal::NothingToFix).await,
            };
        };
        let task = stored.task;
        if task.mended().is_some() && task.pull.is_none() && task.stage.is_busy() {
            return self.answer(said, &Refusal::Busy).await;
        }
        // Without a pull request there is an answer to be given, a commit that waits, or nothing.
        let asked = |last: &Attempt| {
            !last.questions.is_empty() || matches!(task.stage, Stage::Staged { .. })
        };
        if task.pull.is_none() && !task.last_attempt().is_some_and(asked) {
            return self.answer(said, &Refusal::NothingToFix).await;
        }
        if task.stage.is_closed() {
            return self.answer(said, &Refusal::TaskOver).await;
        }
        let branch = match task.pull {
            Some(_) => task.id.branch(),
            None => task.base.branch.clone(),
        };
        let target = Target::from(said.place);
        let head = self.github()?.branch_tip(&target, &branch).await?;
        let Some(head) = head else {
            return self.answer(said, &Refusal::NothingToFix).await;
        };
        let fact = Fact::FixAsked {
            by: said.by(),
            comment: said.comment(),
            words,
            head,
        };
        let decision = self.record(&task.id, fact, Cause::None).await?;
        match decision.map(|decision| decision.because) {
            Some(Because::AlreadyBusy) => self.answer(said, &Refusal::Busy).await,
            Some(Because::BudgetSpent) => self.answer(said, &Refusal::BudgetSpent).await,
            Some(Because::Outdated) | None => {
                Ok(Reading::Ignored("this request was served".to_owned()))
            }
            Some(Because::AnswerKept) => Ok(Reading::Done("an answer was kept")),
            Some(_) => Ok(Reading::Done("another attempt was asked for")),
        }
    }

    /// `/agent fix` on a pull request that is not ours.
    async fn mend(&self, said: &Said<'_>, words: Option<&str>) -> Result<Reading, EngineError> {
        let plea = Plea {
            place: said.place,
            number: said.number,
            request: said.request.clone(),
            words,
        };
        let request = said.request.clone();
        match self.open_mending(plea).await? {
            Opening::Opened => Ok(Reading::Done("a task was opened for a pull request")),
            Opening::Refused(_) if self.is_answered(said.place, &request).await? => {
                Ok(Reading::Ignored("this request was answered".to_owned()))
            }
            Opening::Refused(refusal) => self.answer(said, &refusal).await,
        }
    }

    async fn hand_off(&self, said: &Said<'_>) -> Result<Reading, EngineError> {
        let Some(stored) = self.task_here(said).await? else {
            return self.answer(said, &Refusal::NoTask).await;
        };
        if stored.task.stage.is_closed() {
            return self.answer(said, &Refusal::TaskOver).await;
        }
        let fact = Fact::HandoffAsked {
            by: said.by(),
            comment: said.comment(),
            page: self.page_of(&stored.task),
        };
        let decision = self.record(&stored.task.id, fact, Cause::None).await?;
        match decision.map(|decision| decision.because) {
            Some(Because::HandedOff) => Ok(Reading::Done("a task was handed over")),
            _ => self.answer(said, &Refusal::NothingToHandOff).await,
        }
    }

    async fn approve_ci(&self, said: &Said<'_>) -> Result<Reading, EngineError> {
        let Some(stored) = self.task_here(said).await? else {
            return self.answer(said, &Refusal::NoTask).await;
        };
        if stored.task.stage.is_closed() {
            return self.answer(said, &Refusal::TaskOver).await;
        }
        let Some(comment) = said.comment() else {
            return Ok(Reading::Ignored(NO_BUTTON.to_owned()));
        };
        let fact = Fact::CiApproved {
            by: said.by(),
            comment,
            said_at: said.request.at,
        };
        let decision = self.record(&stored.task.id, fact, Cause::None).await?;
        match decision.map(|decision| decision.because) {
            Some(Because::CiApproved) => Ok(Reading::Done("a commit was approved for CI")),
            Some(Because::ApprovalOutdated) => self.answer(said, &Refusal::ApprovalOutdated).await,
            Some(Because::Outdated) | None => {
                Ok(Reading::Ignored("this request was served".to_owned()))
            }
            Some(_) => self.answer(said, &Refusal::NothingToApprove).await,
        }
    }

    /// `/agent override`: kept for the head as it is now. Whether it counts is the gate's to judge.
    async fn override_gate(&self, said: &Said<'_>, reason: String) -> Result<Reading, EngineError> {
        let target = Target::from(said.place);
        let pull = match said.on_pull {
            true => self.github()?.pull(&target, said.number).await?,
            false => None,
        };
        let Some(pull) = pull.filter(|pull| pull.open) else {
            return self.answer(said, &Refusal::NothingToOverride).await;
        };
        let key = GateKey {
            repository: said.place.repository,
            head: &pull.head,
            base: &pull.base_branch,
        };
        // It is for the head that its author could see.
        let since = self.store.head_since(key).await?;
        if since.is_none_or(|since| since > said.request.at.plus_s(1)) {
            return self.answer(said, &Refusal::OverrideOutdated).await;
        }
        let Some(comment) = said.comment() else {
            return Ok(Reading::Ignored(NO_BUTTON.to_owned()));
        };
        let kept = KeptOverride {
            comment,
            head: pull.head,
            by: said.by(),
            reason,
            at: said.request.at,
        };
        let repository = said.place.repository;
        self.store
            .put_override(repository, said.number, &kept)
            .await?;
        self.mark_pull(repository, said.number).await?;
        Ok(Reading::Done("an override was kept"))
    }

    async fn stop(&self, said: &Said<'_>) -> Result<Reading, EngineError> {
        let Some(stored) = self.task_here(said).await? else {
            return self.answer(said, &Refusal::NoTask).await;
        };
        // A comment that the sweep finds again must not stop a task that came after it.
        if said.request.at < stored.task.request.at {
            return Ok(Reading::Ignored("older than the task".to_owned()));
        }
        if stored.task.stage.is_closed() {
            return Ok(Reading::Ignored("the task is over".to_owned()));
        }
        let fact = Fact::StopAsked {
            by: said.by(),
            comment: said.comment(),
        };
        self.record(&stored.task.id, fact, Cause::None).await?;
        Ok(Reading::Done("a task was stopped"))
    }

    async fn show_status(&self, said: &Said<'_>) -> Result<Reading, EngineError> {
        let Some(stored) = self.task_here(said).await? else {
            return self.answer(said, &Refusal::NoTask).await;
        };
        let page = self.page_of(&stored.task);
        let body = status::answer(&stored.task, page.as_deref());
        self.say(said.place, said.number, &said.request.key(), body)
            .await?;
        Ok(Reading::Done("the status was given"))
    }

    async fn task_here(&self, said: &Said<'_>) -> Result<Option<StoredTask>, EngineError> {
        let repository = said.place.repository;
        if said.on_pull
            && let Some(own) = self.store.task_of_pull(repository, said.number).await?
        {
            return Ok(Some(own));
        }
        // Issues and pull requests share their numbers: of a pull request it is the task that mends it.
        Ok(self.store.task_of_issue(repository, said.number).await?)
    }

    async fn answer(&self, said: &Said<'_>, refusal: &Refusal) -> Result<Reading, EngineError> {
        self.refuse(said.place, said.number, &said.request, refusal)
            .await
    }
}
