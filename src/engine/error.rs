//! What can go wrong in a verb, and what is done about it: the edge where errors end.

use crate::domain::time::Timestamp;
use crate::git::GitError;
use crate::github::{GithubError, Kind};
use crate::store::StoreError;

/// What went wrong in a verb.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The App's number or key is not set.
    #[error("the GitHub App is not configured; set --app-id and --private-key")]
    NotConfigured,
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// GitHub.
    #[error(transparent)]
    Github(#[from] GithubError),
    /// Git.
    #[error(transparent)]
    Git(#[from] GitError),
    /// Something that should be there is not.
    #[error("{0}")]
    Defect(String),
}

/// What is done about an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Remedy {
    /// Try again at that time.
    Again(Timestamp),
    /// Try again at that time, and send nothing for the installation until then.
    Pause(Timestamp),
    /// A person has to look.
    Park,
}

/// First wait, in milliseconds; it doubles with each try.
const FIRST_WAIT_MS: i64 = 1_000;
/// Longest wait, in milliseconds.
const WAIT_MAX_MS: i64 = 15 * 60 * 1_000;
/// Wait for an installation that is suspended or gone.
const INSTALLATION_WAIT_S: i64 = 3_600;
/// Tries of what may be a passing trouble: with the waits above, about a day (A19).
const TRIES_MAX: i64 = 100;

impl EngineError {
    /// What is done after `tries` tries that ended at `now`.
    pub(super) fn remedy(&self, tries: i64, now: Timestamp) -> Remedy {
        let wait = FIRST_WAIT_MS
            .saturating_mul(1 << tries.clamp(0, 20))
            .min(WAIT_MAX_MS);
        let again = Remedy::Again(now.plus_ms(wait));
        match self {
            // Until we hear of it, or the sweep finds out.
            Self::Github(error) if error.is_of_installation() => {
                Remedy::Pause(now.plus_s(INSTALLATION_WAIT_S))
            }
            Self::Github(error) => match error.kind {
                Kind::Limited { wait_s } => Remedy::Pause(now.plus_s(wait_s)),
                Kind::Transient if tries < TRIES_MAX => again,
                Kind::Transient
                | Kind::NotFound
                | Kind::Forbidden
                | Kind::Conflict
                | Kind::Final => Remedy::Park,
            },
            Self::Store(StoreError::Database { .. }) | Self::Git(_) | Self::NotConfigured
                if tries < TRIES_MAX =>
            {
                again
            }
            Self::Store(_) | Self::Git(_) | Self::NotConfigured | Self::Defect(_) => Remedy::Park,
        }
    }

    /// The error with its whole chain, in one bounded line.
    pub(super) fn chain(&self) -> String {
        let mut text = self.to_string();
        let mut source = std::error::Error::source(self);
        while let Some(cause) = source {
            text = format!("{text}: {cause}");
            source = cause.source();
        }
        crate::domain::text::line(&text, 600)
    }
}
