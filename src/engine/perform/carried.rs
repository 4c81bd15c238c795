//! A returned change on its way to the repository, with all that is known of it.

use crate::domain::event::Fact;
use crate::domain::task::Task;
use crate::domain::task::attempt::Attempt;
use crate::github::Target;
use crate::protocol::result::Returned;

/// A change on its way.
pub(super) struct Apply<'a> {
    pub(super) task: &'a Task,
    pub(super) attempt: &'a Attempt,
    pub(super) target: &'a Target,
    pub(super) returned: &'a Returned,
    /// How often it was tried, this time included.
    pub(super) tries: i64,
}

impl Apply<'_> {
    /// Whether it was tried before, so that anything may be there already.
    pub(super) const fn is_again(&self) -> bool {
        self.tries > 1
    }

    /// Refused whole, one sentence each; the agent goes again, and is told them.
    pub(super) fn refused_again(&self, sentences: Vec<String>) -> Fact {
        Fact::ChangeRefused {
            attempt: self.attempt.number,
            sentences,
            again: true,
        }
    }

    /// Refused whole, one sentence each.
    pub(super) fn refused(&self, sentences: Vec<String>) -> Fact {
        Fact::ChangeRefused {
            attempt: self.attempt.number,
            sentences,
            again: false,
        }
    }
}

/// What came of the writing.
pub(super) enum Pushed {
    /// This fact.
    Told(Fact),
    /// GitHub wants the base's workflow files (H26), or a try before this one found so.
    Drifted {
        /// GitHub's words.
        said: String,
        /// What it comes to if nothing can be done about that.
        or: Fact,
    },
}

impl Pushed {
    /// What the task is told.
    pub(super) fn told(self) -> Fact {
        match self {
            Self::Told(fact) | Self::Drifted { or: fact, .. } => fact,
        }
    }
}

/// A no of GitHub's rules, as a sentence.
pub(super) fn rule_sentence(said: &str) -> String {
    format!("GitHub refused the change by a rule of this repository: {said}")
}
