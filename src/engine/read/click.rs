//! A click on a button of the informational run: a command like a comment's, of whoever clicked.

use super::super::{Engine, EngineError};
use super::Reading;
use super::command::Said;
use crate::domain::gate::button::Button;
use crate::domain::notice::Notice;
use crate::domain::refusal::Refusal;
use crate::domain::request::{Origin, Request};
use crate::github::Target;

impl Engine {
    /// A command: said in a comment, or by a button.
    pub(super) async fn read_command(&self, notice: &Notice) -> Result<Reading, EngineError> {
        match notice {
            Notice::Clicked { .. } => self.read_click(notice).await,
            _ => self.read_comment(notice).await,
        }
    }

    /// Follows a click of somebody who may say the command, on what they could see: our own run, for
    /// the head and the attempt that are there now (X85).
    async fn read_click(&self, notice: &Notice) -> Result<Reading, EngineError> {
        let Notice::Clicked {
            place,
            head: seen,
            run,
            button: identifier,
            sender,
        } = notice
        else {
            return Ok(ignored("not a click"));
        };
        let by = &sender.person;
        if !self.is_enrolled(place).await? {
            return Ok(ignored("not a repository of that installation"));
        }
        let known = self.store.evidence_of_run(place.repository, *run);
        let Some((number, head)) = known.await? else {
            return Ok(ignored("no check of ours that has buttons"));
        };
        let Some((button, attempts)) = Button::of(identifier) else {
            return Ok(ignored("no button of ours"));
        };
        let request = Request {
            origin: Origin::Button {
                run: *run,
                identifier: identifier.clone(),
            },
            by: by.clone(),
            // GitHub does not say when it was.
            at: self.clock.now(),
        };
        if self.is_answered(place, &request).await? {
            return Ok(ignored("this request was answered"));
        }
        // Nobody answers a click with a click, so that a bot may be told, too.
        if sender.is_bot || !self.may_write(place, by).await? {
            let refusal = Refusal::NoWriteAccess { by: by.clone() };
            return self.refuse(place, number, &request, &refusal).await;
        }
        let target = Target::from(place);
        let pull = self.github()?.pull(&target, number).await?;
        let is_there = pull.is_some_and(|pull| pull.open && pull.head == head);
        let own = self.store.task_of_pull(place.repository, number).await?;
        let is_current = own.is_some_and(|own| button.is_current(&own.task, attempts));
        if head != *seen || !is_there || !is_current {
            let refusal = Refusal::ButtonOutdated { by: by.clone() };
            return self.refuse(place, number, &request, &refusal).await;
        }
        let said = Said {
            place,
            number,
            on_pull: true,
            request,
        };
        let reading = self.follow(&said, button.command()).await?;
        self.answered(place, &said.request, "followed").await?;
        Ok(reading)
    }
}

fn ignored(why: &str) -> Reading {
    Reading::Ignored(why.to_owned())
}
