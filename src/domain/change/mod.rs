//! The files that an agent returned, as data: never a patch to run, never paths to trust.
//!
//! [`check`] accepts a change whole or refuses it whole, before anything is written (X50 to X60,
//! X63 to X65). It compares contents and trees, never a diff's text, and writes nothing.

pub mod combine;
pub mod glob;
pub mod secret;

mod check;
mod content;
mod instructions;
mod path;
mod place;
mod refusal;
mod rules;
mod tree;

pub use check::{Accepted, DiffFacts, OldContent, check};
pub use instructions::instructs_agents;
pub use path::is_git_name;
pub use place::Place;
pub use refusal::{ChangeRefusal, REFUSALS, shown};
pub use rules::ChangeRules;
pub use tree::SUBMODULE;

use serde::{Deserialize, Serialize};

use super::ids::Oid;

/// The special place at `path`, if it is one: what decides what machines do or people see.
#[must_use]
pub fn place_of(path: &str) -> Option<Place> {
    place::place(path)
}

/// `path` as systems that ignore case and the form of Unicode compare it.
#[must_use]
pub fn folded_path(path: &str) -> String {
    path::plain(path)
}

/// All that an attempt changed, against the commit that it started from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// One entry a path, in the order of their bytes.
    pub files: Vec<FileChange>,
}

/// What happened to one path. A rename is a deletion and an addition (X56).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileChange {
    /// Path from the root of the repository, with `/` between its parts.
    pub path: String,
    /// What happened.
    pub operation: Operation,
    /// Git's mode of the new file, as in `100644`; the old one's for a deletion.
    pub mode: String,
    /// The new content; empty for a deletion.
    #[serde(with = "crate::domain::base64_bytes")]
    pub content: Vec<u8>,
    /// The blob that the path held at the start; `None` for an addition.
    pub base_blob: Option<Oid>,
}

/// What happened to a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// The path is new.
    Add,
    /// The path held another content or mode.
    Modify,
    /// The path is gone.
    Delete,
}

/// One entry of the tree that a change is laid upon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreeEntry {
    /// Path from the root of the repository; not UTF-8 in some repositories.
    pub path: Vec<u8>,
    /// Git's mode, as in `100644`, `120000` (symbolic link) or `160000` (submodule).
    pub mode: String,
    /// The blob, or the commit of a submodule.
    pub oid: Oid,
}
