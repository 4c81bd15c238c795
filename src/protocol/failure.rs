//! What CI said of the head that an attempt corrects, as an agent asks for it through its runner.

use serde::{Deserialize, Serialize};

/// What an attempt is told that corrects nothing.
pub const NO_FAILURE: &str = "No CI failure belongs to this attempt.";
/// Longest text that is searched for, in characters.
pub const SEARCH_CHARS: usize = 200;

/// What is asked, as the query of a `GET`: nothing for the list, `check` for a digest, one of the
/// others beside it for a part of that check's log.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AskedOfCi {
    /// Which failed check, from 1, as in the list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub check: Option<u32>,
    /// Lines of the log that hold this text, however it is written in capitals.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub search: Option<String>,
    /// The first line of the log that is shown, or searched, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<u64>,
    /// How many lines are shown, or stand on each side of a hit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lines: Option<u32>,
}

/// What is answered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SaidByCi {
    /// The server's own words.
    pub said: String,
    /// What CI printed: foreign text, cleaned, masked and bounded. May be empty.
    pub data: String,
}
