//! What a task was asked on: an issue, or a pull request of a person's that is to be mended.
//!
//! For a pull request the task works on its head and proposes into its branch; the branch itself
//! is never written. The pull request's own title and text are data, and ask for nothing.

use serde::{Deserialize, Serialize};

use super::Task;
use super::because::Because;
use super::correction::Correction;
use super::decision::Decision;
use super::moves::Next;
use super::stage::Outcome;
use crate::domain::ci::failure::Failure;
use crate::domain::effect::Effect;
use crate::domain::text;

/// Characters of the login of whoever opened a pull request.
const LOGIN_CHARS: usize = 60;
/// Characters of its title; GitHub takes 256.
const TITLE_CHARS: usize = 256;

/// What a task was asked on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "on")]
pub enum Kind {
    /// An issue.
    #[default]
    Issue,
    /// A person's pull request.
    Pull(Mended),
}

/// A person's pull request that is to be mended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mended {
    /// Login of whoever opened it, where the account is still there; foreign, one line.
    pub author: Option<String>,
    /// Its title, which asks for nothing; foreign, one line.
    pub title: String,
    /// The checks of its head that fail: what is asked to be mended.
    pub failed: Option<Correction>,
}

impl Mended {
    /// A pull request, in bounds.
    #[must_use]
    pub fn new(author: Option<&str>, title: &str, failed: Option<Correction>) -> Self {
        Self {
            author: author.map(|login| text::line(login, LOGIN_CHARS)),
            title: text::line(title, TITLE_CHARS),
            failed,
        }
    }

    /// Whose it is, for people.
    #[must_use]
    pub fn whose(&self) -> String {
        match &self.author {
            Some(login) => text::inline_code(login, LOGIN_CHARS),
            None => "an account that is gone".to_owned(),
        }
    }
}

impl Task {
    /// The person's pull request that it mends.
    #[must_use]
    pub const fn mended(&self) -> Option<&Mended> {
        match &self.kind {
            Kind::Issue => None,
            Kind::Pull(mended) => Some(mended),
        }
    }

    /// Whether this check failed on the pull request that is to be mended.
    pub(super) fn was_failing(&self, failure: &Failure) -> bool {
        let failed = self.mended().and_then(|mended| mended.failed.as_ref());
        failed.is_some_and(|failed| failed.checks.contains(&failure.check))
    }
}

impl Next<'_> {
    /// The pull request that was to be mended is merged or closed: nothing is left to propose to.
    pub(super) fn end_mended(mut self, how: &str) -> Decision {
        if let Some(pull) = &self.task.pull {
            let body = format!(
                "#{}, which this was for, was {}. Nothing follows here; close this pull request if it is not wanted any more.",
                self.task.issue,
                text::line(how, 20)
            );
            self.effects.push(Effect::Say {
                number: pull.number,
                key: "mended-ended".to_owned(),
                body,
            });
        }
        self.close(Because::MendedPullEnded, Outcome::Moot)
    }
}
