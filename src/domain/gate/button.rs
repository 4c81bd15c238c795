//! The buttons of the informational run: each does what a command does, and asks for no more.
//!
//! A button's identifier tells for which attempt it was shown, so that a click counts for what the
//! clicker could see. It knows no clicker: who may click is asked of GitHub, as for a command.

use crate::domain::request::command::Command;
use crate::domain::task::Task;
use crate::domain::task::stage::Stage;

/// Most buttons that GitHub shows on one run.
pub const BUTTONS: usize = 3;
/// Longest label of a button, in characters.
pub const LABEL_CHARS: usize = 20;
/// Longest description of a button, in characters.
pub const DESCRIPTION_CHARS: usize = 40;
/// Longest identifier of a button, in characters.
pub const IDENTIFIER_CHARS: usize = 20;

/// What a button does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Button {
    /// One more attempt: a bare `/agent fix`.
    Retry,
    /// `/agent handoff`.
    HandOff,
    /// `/agent stop`.
    Stop,
}

/// A button as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// What stands on it.
    pub label: &'static str,
    /// What stands beside it.
    pub description: &'static str,
    /// What comes back with a click.
    pub identifier: String,
}

impl Button {
    /// All of them.
    pub const ALL: [Self; BUTTONS] = [Self::Retry, Self::HandOff, Self::Stop];

    const fn word(self) -> &'static str {
        match self {
            Self::Retry => "fix",
            Self::HandOff => "handoff",
            Self::Stop => "stop",
        }
    }

    /// What it does, as a command.
    #[must_use]
    pub const fn command(self) -> Command {
        match self {
            Self::Retry => Command::Fix { words: None },
            Self::HandOff => Command::Handoff,
            Self::Stop => Command::Stop,
        }
    }

    /// As it is shown after so many attempts.
    #[must_use]
    pub fn shown(self, attempts: usize) -> Shown {
        let (label, description) = match self {
            Self::Retry => ("Retry", "One more attempt, as /agent fix"),
            Self::HandOff => ("Hand off", "A person goes on, as /agent handoff"),
            Self::Stop => ("Stop", "Ends the task, as /agent stop"),
        };
        Shown {
            label,
            description,
            identifier: format!("{}:{attempts}", self.word()),
        }
    }

    /// The button of this identifier, and after how many attempts it was shown; `None` where we
    /// show none like it.
    #[must_use]
    pub fn of(identifier: &str) -> Option<(Self, usize)> {
        let (word, attempts) = identifier.split_once(':')?;
        let button = Self::ALL.into_iter().find(|one| one.word() == word)?;
        Some((button, attempts.parse().ok()?))
    }

    /// Whether a click counts for `task`, where it was shown after so many attempts. Whoever says
    /// stop means whatever is under way.
    #[must_use]
    pub fn is_current(self, task: &Task, attempts: usize) -> bool {
        match self {
            Self::Stop => true,
            Self::Retry | Self::HandOff => task.attempts.len() == attempts,
        }
    }

    fn fits(self, task: &Task) -> bool {
        match self {
            Self::Retry => task.has_attempts_left(),
            Self::HandOff => !matches!(task.stage, Stage::Paused { .. }),
            Self::Stop => true,
        }
    }
}

/// The buttons that do something for `task` as it stands.
#[must_use]
pub fn buttons(task: &Task) -> Vec<Shown> {
    if task.stage.is_closed() {
        return Vec::new();
    }
    let fitting = Button::ALL.into_iter().filter(|one| one.fits(task));
    fitting.map(|one| one.shown(task.attempts.len())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_button_fits_github_and_is_found_again() {
        for button in Button::ALL {
            let shown = button.shown(usize::try_from(u32::MAX).unwrap_or(usize::MAX));
            assert!(shown.label.chars().count() <= LABEL_CHARS, "{shown:?}");
            assert!(
                shown.description.chars().count() <= DESCRIPTION_CHARS,
                "{shown:?}"
            );
            assert!(
                shown.identifier.chars().count() <= IDENTIFIER_CHARS,
                "{shown:?}"
            );
            assert_eq!(Button::of(&button.shown(7).identifier), Some((button, 7)));
        }
        for odd in ["", "fix", "fix:", "fix:-1", "merge:1", "fix:1:2", "stop:x"] {
            assert_eq!(Button::of(odd), None, "{odd}");
        }
    }
}
