//! An attempt that could not be done: what a person is told of it.

use crate::protocol::progress::Phase;
use crate::protocol::result::Outcome;
use crate::sandbox::clean_line;

/// Characters of a cause or a remedy, which may quote foreign text.
const SENTENCE_CHARS: usize = 600;

/// Where an attempt failed, why, and what can be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) phase: Phase,
    pub(super) cause: String,
    pub(super) remedy: String,
}

impl Failure {
    /// Cause and remedy are sentences without their full stop.
    pub(super) fn new(phase: Phase, cause: impl AsRef<str>, remedy: impl AsRef<str>) -> Self {
        Self {
            phase,
            cause: clean_line(cause.as_ref(), SENTENCE_CHARS),
            remedy: clean_line(remedy.as_ref(), SENTENCE_CHARS),
        }
    }

    /// For what this machine refuses: a full disk, a missing permission.
    pub(super) fn of_machine(phase: Phase, what: &str, error: &dyn std::error::Error) -> Self {
        let mut said = error.to_string();
        let mut cause = error.source();
        while let Some(next) = cause {
            said = format!("{said}: {next}");
            cause = next.source();
        }
        Self::new(
            phase,
            format!("{what} failed on the runner ({said})"),
            "look at the runner's disk space and permissions, then start the task again",
        )
    }
}

impl From<Failure> for Outcome {
    fn from(failure: Failure) -> Self {
        Self::Failed {
            phase: failure.phase,
            cause: failure.cause,
            remedy: failure.remedy,
        }
    }
}
