//! What differs between the merge base and the head: old and new paths with modes, without any
//! guess at renames, and how many lines, where that was counted.

use std::collections::BTreeMap;

use crate::domain::ci::weakened::Weakening;

/// All that differs.
#[derive(Clone, Debug, Default)]
pub struct Difference {
    /// One entry a path; a rename is a deletion and an addition.
    pub files: Vec<FileDifference>,
    /// How many lines.
    pub sizes: Sizes,
    /// What it takes away from tests and checks.
    pub contents: Contents,
}

/// One path that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileDifference {
    /// Path from the root; not UTF-8 in some repositories.
    pub path: Vec<u8>,
    /// What it was; `None` where it is new.
    pub old: Option<Entry>,
    /// What it is; `None` where it is gone.
    pub new: Option<Entry>,
}

/// What a tree holds at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// A file, `100644`.
    File,
    /// A file that can be run, `100755`.
    Executable,
    /// A symbolic link, `120000`.
    Link,
    /// A submodule, `160000`.
    Submodule,
    /// A mode that git does not write any more.
    Odd,
}

impl Entry {
    /// By git's mode; `None` for `000000`, which says that there is nothing.
    #[must_use]
    pub fn of_mode(mode: &str) -> Option<Self> {
        match mode {
            "000000" => None,
            "100644" => Some(Self::File),
            "100755" => Some(Self::Executable),
            "120000" => Some(Self::Link),
            "160000" => Some(Self::Submodule),
            _ => Some(Self::Odd),
        }
    }
}

/// What happened to a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operation {
    /// It is new.
    Add,
    /// It was there, and is.
    Modify,
    /// It is gone.
    Delete,
}

impl FileDifference {
    /// What happened.
    #[must_use]
    pub const fn operation(&self) -> Operation {
        match (&self.old, &self.new) {
            (None, _) => Operation::Add,
            (Some(_), None) => Operation::Delete,
            (Some(_), Some(_)) => Operation::Modify,
        }
    }

    /// The path as text, where it is one.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        std::str::from_utf8(&self.path).ok()
    }
}

/// How many lines differ.
#[derive(Clone, Debug, Default)]
pub enum Sizes {
    /// Nobody has counted: any number is possible.
    #[default]
    Unknown,
    /// Of each path; one that is missing is unknown.
    Counted(BTreeMap<Vec<u8>, Lines>),
}

/// The lines of one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lines {
    /// So many.
    Text {
        /// Lines that are new.
        added: u64,
        /// Lines that are gone.
        deleted: u64,
    },
    /// It has no lines.
    Binary,
}

/// Whether contents were compared.
#[derive(Clone, Debug, Default)]
pub enum Contents {
    /// Nobody has: tests may be weaker in any file that could weaken them.
    #[default]
    Unread,
    /// What was found.
    Compared(Vec<Weakening>),
}
