//! One failed check, with all that was found out about it before anybody is woken.

use serde::{Deserialize, Serialize};

use super::checks::Conclusion;
use crate::domain::ids::{AppId, JobId, RunId, Sha256Hex};

/// Failed checks of one head whose logs are read; the others are named.
pub const READ_MAX: usize = 8;
/// Characters of the first line of a failure that are kept.
pub const FIRST_CHARS: usize = 300;
/// How sure a digest must be of its class for it to count, of 100.
const SURE: u8 = 50;
/// The class of a log that shows nothing known, or of no log at all.
pub const NO_CLASS: &str = "unknown";

/// A failed check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The check's name; foreign, one line.
    pub check: String,
    /// The App that reported it; `None`: a commit status.
    pub app: Option<AppId>,
    /// The App's name in addresses; foreign.
    #[serde(default)]
    pub slug: String,
    /// How it ended.
    pub conclusion: Conclusion,
    /// The workflow run, where it is a job of GitHub Actions.
    pub run: Option<RunId>,
    /// The job, where it is one.
    pub job: Option<JobId>,
    /// What its log says, in one word.
    pub said: Said,
    /// What it is recognised by; `None` where there was no log to read.
    pub print: Option<Print>,
    /// Tests that failed in it, as far as the log names them.
    pub tests: u32,
    /// The first line of its first cause; foreign, one line, without what looks like a secret.
    pub first: String,
    /// How the same check stands on the base.
    pub on_base: OnBase,
    /// Whether another open head, of another task, failed in the same way.
    pub elsewhere: bool,
    /// SHA-256 of its digest's text, which the store keeps.
    pub digest: Option<Sha256Hex>,
}

/// What a log says, as far as it matters for whose failure it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Said {
    /// Code, tests or checks of the repository do not hold.
    Code,
    /// Another machine could not be reached, or the runner itself failed.
    Infrastructure,
    /// A right, a token or a secret is missing.
    PermissionOrSecret,
    /// Something took too long.
    Timeout,
    /// Memory or disk ran out.
    OutOfRoom,
    /// Nothing that is known, or there was no log.
    #[default]
    Unknown,
}

/// The class of a digest, by its word, where the digest is sure enough of it to act on it;
/// `confidence` of 100.
#[must_use]
pub const fn sure_class(class: &'static str, confidence: u8) -> &'static str {
    match confidence >= SURE {
        true => class,
        false => NO_CLASS,
    }
}

impl Said {
    /// What the class of a digest, by its word, means for whose failure it is.
    #[must_use]
    pub fn of(class: &str) -> Self {
        match class {
            "permission_or_secret" => Self::PermissionOrSecret,
            "network_or_flaky" | "infrastructure" => Self::Infrastructure,
            "timeout" => Self::Timeout,
            "out_of_memory" => Self::OutOfRoom,
            "passed" | NO_CLASS => Self::Unknown,
            _ => Self::Code,
        }
    }
}

/// What a failure is recognised by: three fingerprints of its digest.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Print {
    /// The same in every place.
    pub strict: String,
    /// The same first cause.
    pub loose: String,
    /// The same first cause, though its numbers are others.
    pub coarse: String,
}

/// How a check stands on the base.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "on_base")]
pub enum OnBase {
    /// It passes there.
    Passed,
    /// It fails there.
    Failed {
        /// In this way; `None` where that is not known.
        print: Option<Print>,
    },
    /// It never ran there, or is not over.
    NeverRan,
    /// It was not asked for.
    #[default]
    NotAsked,
}
