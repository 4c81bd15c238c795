//! Who asked, in which words, and what comes of it.
//!
//! - [`command`]: the strict grammar of `/agent …` in a comment.
//! - [`contract`]: what a task may do and must show, read from an issue's text.
//! - [`policy`]: the repository's own `.github/castellan.yml`, read from the base.

pub mod command;
pub mod contract;
pub mod policy;

use serde::{Deserialize, Serialize};

use super::ids::{CommentId, UserId};
use super::time::Timestamp;

/// A person of GitHub: the number decides, the login is for addresses and people.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Person {
    /// GitHub's number of the account.
    pub id: UserId,
    /// The login as it was when we looked.
    pub login: String,
}

/// What was pressed or written to ask for a task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "by")]
pub enum Origin {
    /// The label was set; `event` is GitHub's name of that labelling.
    Label {
        /// Node id of the labelling in the timeline.
        event: String,
    },
    /// A comment asked.
    Comment {
        /// The comment.
        id: CommentId,
    },
    /// A button was clicked.
    Button {
        /// The check run that carries it.
        run: i64,
        /// Its identifier; one of ours.
        identifier: String,
    },
}

/// A request of somebody who may make it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// What was pressed or written.
    pub origin: Origin,
    /// Who did it.
    pub by: Person,
    /// When, by GitHub's clock.
    pub at: Timestamp,
}

impl Request {
    /// The semantic key: the same for each delivery that reports this request (D3, D4).
    #[must_use]
    pub fn key(&self) -> String {
        match &self.origin {
            Origin::Label { event } => format!("label:{event}"),
            Origin::Comment { id } => format!("comment:{id}"),
            // What one person may not do must not keep another from it.
            Origin::Button { run, identifier } => {
                format!("button:{run}:{identifier}:{}", self.by.id)
            }
        }
    }
}
