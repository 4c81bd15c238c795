//! What a contract is read from, and what a reading says beside the contract.
//!
//! Plain values with their sentences; [`super::read`] makes them.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Contract;

/// What a contract is read from, as of one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// The title.
    pub title: String,
    /// The text.
    pub body: String,
    /// Comments of people with write access that are older than the request, oldest first.
    pub comments: Vec<ApprovedComment>,
    /// Login of whoever asked.
    pub requester_login: String,
}

/// A comment of a person who may add to the objective.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovedComment {
    /// Who wrote it.
    pub login: String,
    /// Its text.
    pub text: String,
}

/// A field of a contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    /// What is to be reached.
    Objective,
    /// Files that may change.
    Scope,
    /// What must be kept to.
    Constraints,
    /// Commands that prepare.
    Setup,
    /// Commands that must succeed.
    Acceptance,
    /// When to stop.
    Stop,
    /// Who answers for it.
    Owner,
    /// What may be spent.
    Budget,
}

impl Field {
    /// For people.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Objective => "objective",
            Self::Scope => "files in scope",
            Self::Constraints => "constraints",
            Self::Setup => "set-up",
            Self::Acceptance => "acceptance commands",
            Self::Stop => "stop condition",
            Self::Owner => "owner",
            Self::Budget => "budget",
        }
    }
}

/// What a person should know about a reading. Each is one sentence by [`fmt::Display`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "note")]
pub enum Note {
    /// Hidden or invisible content was removed (X31, X32).
    Hidden {
        /// Where: `the text`, `the comment of alice`.
        place: String,
        /// What, as a sentence.
        what: String,
    },
    /// A text was cut.
    Shortened {
        /// Where.
        place: String,
    },
    /// A field stands as the policy has it.
    FromPolicy {
        /// Which.
        field: Field,
    },
    /// The budget was capped.
    Capped {
        /// What, as a sentence.
        what: String,
    },
    /// Comments beyond the newest were left out.
    CommentsLeftOut {
        /// How many.
        count: usize,
    },
    /// Further notes are not shown.
    More {
        /// How many.
        count: usize,
    },
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hidden { place, what } => {
                write!(f, "Hidden content removed from {place}: {what}")
            }
            Self::Shortened { place } => write!(f, "Too long, and cut: {place}."),
            Self::FromPolicy { field } => {
                write!(f, "From the repository's policy: the {}.", field.name())
            }
            Self::Capped { what } => f.write_str(what),
            Self::More { count } => write!(f, "{count} more notes are not shown."),
            Self::CommentsLeftOut { count } => {
                write!(
                    f,
                    "{count} older comments were left out; put what matters into the issue's text."
                )
            }
        }
    }
}

/// What a person has to mend before the contract can be worked on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// Line of the text, from 1; 0 where it has no place.
    pub line: u32,
    /// What is wrong, in one safe line.
    pub message: String,
    /// What to do.
    pub remedy: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line > 0 {
            write!(f, "line {}: ", self.line)?;
        }
        write!(f, "{}; {}", self.message, self.remedy)
    }
}

/// What was understood.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// The contract; not to be worked on while there are problems.
    pub contract: Contract,
    /// What a person should know.
    pub notes: Vec<Note>,
    /// What a person has to mend.
    pub problems: Vec<Problem>,
}
