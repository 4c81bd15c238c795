//! What kind of pull request it is, from facts that nobody can edit: who opened it, which commits
//! our ledger has, and which repository its head is in.

use serde::Serialize;

use super::facts::{Commit, Opener, Pull};
use crate::domain::ids::{Oid, RepositoryId};

/// What kind of pull request it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// All of its commits are ours.
    Agent,
    /// It holds work of an agent, and commits of others.
    AgentAndHuman,
    /// No agent of ours has a part in it.
    Human,
    /// Its head is in another repository.
    Fork {
        /// Whether it holds work of an agent of ours.
        tainted: bool,
    },
    /// Another App opened it.
    Bot,
}

impl Kind {
    /// What kind `pull` is in `repository`.
    #[must_use]
    pub fn of(pull: &Pull, repository: RepositoryId) -> Self {
        let tainted = pull.opened_by == Opener::Us || pull.commits.iter().any(|one| one.ours);
        if pull.head_repository != Some(repository) {
            return Self::Fork { tainted };
        }
        if tainted {
            return match pull.commits.iter().any(is_of_others) {
                true => Self::AgentAndHuman,
                false => Self::Agent,
            };
        }
        match pull.opened_by {
            Opener::Us | Opener::App => Self::Bot,
            Opener::Person => Self::Human,
        }
    }

    /// Whether it holds work of an agent.
    #[must_use]
    pub const fn is_tainted(self) -> bool {
        match self {
            Self::Agent | Self::AgentAndHuman | Self::Fork { tainted: true } => true,
            Self::Human | Self::Bot | Self::Fork { tainted: false } => false,
        }
    }

    /// For people.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Agent => "an agent's",
            Self::AgentAndHuman => "an agent's, with commits of others",
            Self::Human => "a person's",
            Self::Fork { tainted: true } => "from a fork, with work of an agent",
            Self::Fork { tainted: false } => "from a fork",
            Self::Bot => "another App's",
        }
    }
}

/// Whether a commit is neither ours nor a neutral merge, which has no author and no pusher.
pub(super) const fn is_of_others(commit: &Commit) -> bool {
    !commit.ours && !commit.neutral_merge
}

/// How an older commit stands to the head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Distance {
    /// It is the head.
    None,
    /// Only neutral merges came after it.
    Neutral {
        /// Whether the patch stayed the same over all of them.
        same_patch: bool,
    },
    /// Something else came after it, or it is not known.
    Far,
}

/// How far `commit` is from the head of `pull`.
pub(super) fn distance(pull: &Pull, commit: &Oid) -> Distance {
    if *commit == pull.head {
        return Distance::None;
    }
    let Some(at) = pull.commits.iter().position(|one| one.oid == *commit) else {
        return Distance::Far;
    };
    let later = pull.commits.get(at + 1..).unwrap_or_default();
    if later.is_empty() || !later.iter().all(|one| one.neutral_merge) {
        return Distance::Far;
    }
    Distance::Neutral {
        same_patch: later.iter().all(|one| one.same_patch),
    }
}
