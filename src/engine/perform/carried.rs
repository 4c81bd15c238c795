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

    /// Refused whole, one sentence each.
    pub(super) fn refused(&self, sentences: Vec<String>) -> Fact {
        Fact::ChangeRefused {
            attempt: self.attempt.number,
            sentences,
            again: false,
        }
    }
}

/// A no of GitHub's rules, as a sentence.
pub(super) fn rule_sentence(said: &str) -> String {
    format!("GitHub refused the change by a rule of this repository: {said}")
}
