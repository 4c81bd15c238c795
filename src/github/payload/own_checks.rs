//! What deliveries say of check runs of our own: that one was made, and that a button was clicked.

use super::{Payload, PayloadError, nothing};
use crate::domain::gate::button::IDENTIFIER_CHARS;
use crate::domain::gate::evidence_page;
use crate::domain::notice::Notice;

impl Payload<'_> {
    pub(super) fn published(&self) -> Result<Notice, PayloadError> {
        if self.number("/check_run/app/id")? != self.app_id {
            return Ok(nothing("a check of another App that begins"));
        }
        // It decides nothing, so that it may be older than what we would say now.
        if self.text("/check_run/name")? == evidence_page::NAME {
            return Ok(nothing("our own evidence"));
        }
        let head = "/check_run/head_sha";
        Ok(Notice::Published {
            place: self.place()?,
            head: self.text(head)?.parse().map_err(|_| self.missing(head))?,
            run: self.number("/check_run/id")?,
        })
    }

    /// A click. GitHub tells it to the App that made the run alone; who clicked is asked of GitHub
    /// later, for what it allows them (X85).
    pub(super) fn clicked(&self) -> Result<Notice, PayloadError> {
        if self.number("/check_run/app/id")? != self.app_id {
            return Ok(nothing("a button of another App"));
        }
        let (head, button) = ("/check_run/head_sha", "/requested_action/identifier");
        let identifier = self.text(button)?;
        if identifier.chars().count() > IDENTIFIER_CHARS {
            return Err(self.missing(button));
        }
        Ok(Notice::Clicked {
            place: self.place()?,
            head: self.text(head)?.parse().map_err(|_| self.missing(head))?,
            run: self.number("/check_run/id")?,
            button: identifier.to_owned(),
            sender: self.sender()?,
        })
    }
}
