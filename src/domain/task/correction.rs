//! What an attempt is to correct: a head whose checks failed, and which of them.

use serde::{Deserialize, Serialize};

use crate::domain::ids::Oid;

/// The failure that an attempt was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Correction {
    /// The head whose checks failed.
    pub head: Oid,
    /// The checks that are to be mended, by name; foreign, one line each.
    pub checks: Vec<String>,
    /// Whether its agent is told to try another approach than the one before.
    pub other_approach: bool,
}
