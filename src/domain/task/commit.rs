//! A commit of ours on a task's branch, as far as it matters later.

use serde::{Deserialize, Serialize};

use crate::domain::ci::weakened::Weakening;
use crate::domain::ids::Oid;

/// What is known of a commit of ours when it was written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Written {
    /// Its tree.
    pub tree: Option<Oid>,
    /// Bytes of new content in the change.
    pub bytes: u64,
    /// Whether its files hold workflows other than ours, so that checks are to be expected.
    pub has_workflows: bool,
    /// Whether every acceptance command passed on it.
    pub accepted: bool,
    /// The base's commit that it takes in, as its second parent.
    pub merged: Option<Oid>,
    /// What the branch weakens of tests and checks.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub weakened: Vec<Weakening>,
}
