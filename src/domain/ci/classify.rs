//! Whose failure it is: one value and one sentence each. Only the change's own wakes an agent.

use serde::{Deserialize, Serialize};

use super::checks::Conclusion;
use super::failure::{Failure, OnBase, Said};

/// Apps that check who contributes and how, and not the code: no agent can satisfy them.
const OF_POLICY: &[&str] = &["dco", "cla-assistant", "cla-bot", "easycla", "google-cla"];

/// Whose failure it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Whose {
    /// The change's own.
    Own,
    /// The base fails in the same way.
    Base,
    /// It never ran on the base, and other open changes fail in the same way.
    Elsewhere,
    /// It passed when its jobs were run once more.
    Flaky,
    /// The runner's, or another machine's.
    Infrastructure,
    /// A right, a token or a secret is missing.
    PermissionOrSecret,
    /// It took too long.
    Timeout,
    /// A rule about contributions, or a workflow that cannot be started.
    Policy,
    /// Somebody cancelled it.
    Cancelled,
    /// It asks a person for something.
    Person,
    /// GitHub gave up waiting for it.
    Stale,
}

/// What is known beside the failure itself.
#[derive(Clone, Copy, Debug, Default)]
pub struct Known {
    /// The contract or a person asked for just this to be mended.
    pub asked: bool,
    /// Its jobs were run once more, and it failed again.
    pub again: bool,
}

/// Whose failure it is.
#[must_use]
pub fn classify(failure: &Failure, known: Known) -> Whose {
    match failure.conclusion {
        Conclusion::Cancelled => return Whose::Cancelled,
        Conclusion::Stale => return Whose::Stale,
        Conclusion::ActionRequired => return Whose::Person,
        Conclusion::StartupFailure => return Whose::Policy,
        Conclusion::TimedOut if failure.said != Said::Code => return Whose::Timeout,
        Conclusion::Success
        | Conclusion::Neutral
        | Conclusion::Skipped
        | Conclusion::Failure
        | Conclusion::TimedOut
        | Conclusion::Other => {}
    }
    if OF_POLICY.contains(&failure.slug.as_str()) {
        return Whose::Policy;
    }
    match failure.said {
        Said::PermissionOrSecret => return Whose::PermissionOrSecret,
        Said::Infrastructure => return Whose::Infrastructure,
        // A change may well use too much of either: seen twice, and not on the base, it is its own.
        Said::Timeout if !known.again => return Whose::Timeout,
        Said::OutOfRoom if !known.again => return Whose::Infrastructure,
        Said::Timeout | Said::OutOfRoom | Said::Code | Said::Unknown => {}
    }
    if known.asked {
        return Whose::Own;
    }
    match &failure.on_base {
        OnBase::Failed { print } if is_same(failure, print.as_ref()) => Whose::Base,
        OnBase::NeverRan if failure.elsewhere => Whose::Elsewhere,
        OnBase::Failed { .. } | OnBase::Passed | OnBase::NeverRan | OnBase::NotAsked => Whose::Own,
    }
}

/// Whether the words of a request name this check: in quotes, as code, or as it is where it is no
/// plain word. A check `test` is not meant by each request that speaks of a test.
#[must_use]
pub fn is_named(words: &str, check: &str) -> bool {
    let (words, check) = (words.to_lowercase(), check.trim().to_lowercase());
    let is_plain = check.chars().all(char::is_alphanumeric);
    let bounds = |before: Option<char>, after: Option<char>| match is_plain {
        true => matches!(
            (before, after),
            (Some('`'), Some('`')) | (Some('"'), Some('"')) | (Some('“'), Some('”'))
        ),
        false => [before, after]
            .iter()
            .flatten()
            .all(|at| !at.is_alphanumeric()),
    };
    let mut found = words.match_indices(check.as_str());
    !check.is_empty()
        && found.any(|(at, part)| {
            let after = words[at + part.len()..].chars().next();
            bounds(words[..at].chars().next_back(), after)
        })
}

/// Without a log on either side the name of the check and its App have to do.
fn is_same(failure: &Failure, base: Option<&super::failure::Print>) -> bool {
    match (&failure.print, base) {
        (Some(own), Some(base)) => own.loose == base.loose || own.coarse == base.coarse,
        (None, None) => true,
        (Some(_), None) | (None, Some(_)) => false,
    }
}

impl Whose {
    /// All values, for tables and tests.
    pub const ALL: [Self; 11] = [
        Self::Own,
        Self::Base,
        Self::Elsewhere,
        Self::Flaky,
        Self::Infrastructure,
        Self::PermissionOrSecret,
        Self::Timeout,
        Self::Policy,
        Self::Cancelled,
        Self::Person,
        Self::Stale,
    ];

    /// Whether an agent is woken for it.
    #[must_use]
    pub const fn wakes(self) -> bool {
        matches!(self, Self::Own)
    }

    /// Whether running the failed jobs once more may tell something.
    #[must_use]
    pub const fn is_worth_a_rerun(self) -> bool {
        matches!(self, Self::Own | Self::Infrastructure | Self::Timeout)
    }

    /// One sentence for people, behind the check's name.
    #[must_use]
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::Own => "fails because of this change",
            Self::Base => "fails in the same way on the base, so it is not this change's failure",
            Self::Elsewhere => {
                "never ran on the base and fails in the same way for other open pull requests, so it is not this change's failure"
            }
            Self::Flaky => "failed once and passed when it was run again",
            Self::Infrastructure => "failed because a machine or the network did",
            Self::PermissionOrSecret => "lacks a permission or a secret",
            Self::Timeout => "took too long",
            Self::Policy => {
                "failed before it looked at the code: a rule about contributions, or a workflow that cannot be started"
            }
            Self::Cancelled => "was cancelled",
            Self::Person => "asks a person for something",
            Self::Stale => "was given up by GitHub after two weeks",
        }
    }

    /// What a person can do; empty where nothing is left to do.
    #[must_use]
    pub const fn remedy(self) -> &'static str {
        match self {
            Self::Own | Self::Flaky => "",
            Self::Base => {
                "Mend the base, then update this branch; or comment `/agent fix` to have it mended here."
            }
            Self::Elsewhere => {
                "Look at what these pull requests have in common; or comment `/agent fix` to have it mended here."
            }
            Self::Infrastructure => "Run its failed jobs again when the trouble is over.",
            Self::PermissionOrSecret => {
                "Give the workflow what it lacks, or keep it from running for this branch; then run its failed jobs again."
            }
            Self::Timeout => "Run its failed jobs again, or give it more time.",
            Self::Policy => "Look at the check's own page; no agent can satisfy it.",
            Self::Cancelled => "Run it again when you want its answer.",
            Self::Person => "Open the check's page and answer it.",
            Self::Stale => "Run it again.",
        }
    }
}
