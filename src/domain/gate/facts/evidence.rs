//! What the controller knows of a change, as a value that later issues extend: sections, each with
//! what was found in it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::bounded::{List, Moment, Text};
use crate::domain::ids::{Number, Oid, RepositoryId};

/// The evidence of a pull request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Evidence {
    /// The newest, where there is any.
    pub pack: Option<Pack>,
    /// Until when it is being built, where it is.
    pub building_until: Option<Moment>,
}

/// Facts about one head of one pull request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pack {
    /// The repository that it is about.
    pub repository: RepositoryId,
    /// The pull request that it is about.
    pub pull: Number,
    /// The head that it is about.
    pub head: Oid,
    /// The branch that it is about.
    pub base: Text<255>,
    /// The merge base that it is about.
    pub merge_base: Oid,
    /// What is wrong with the pack itself.
    #[serde(default)]
    pub faults: List<Fault, 10>,
    /// What it says.
    #[serde(default)]
    pub sections: List<Section, 40>,
}

/// What makes evidence worthless.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// Its signature does not fit, or its key is revoked.
    Signature,
    /// A hash in it does not fit.
    Hash,
    /// It is of an attempt that was no longer the newest.
    Fence,
    /// Somebody else issued it.
    Issuer,
}

impl Fault {
    /// As the end of a sentence.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Signature => "its signature does not fit",
            Self::Hash => "a hash in it does not fit",
            Self::Fence => "it is of an attempt that was taken away",
            Self::Issuer => "somebody else issued it",
        }
    }
}

/// One part of the evidence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Section {
    /// What it is about.
    pub name: SectionName,
    /// The head that it was made for, where that is not the pack's.
    #[serde(default)]
    pub head: Option<Oid>,
    /// What speaks against the change, as a secret that was found; with any it does not count.
    #[serde(default)]
    pub findings: List<Text<500>, 100>,
}

/// The parts that a tier can ask for.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum SectionName {
    /// Who asked, in which words, and which attempt wrote it.
    Provenance,
    /// Facts of the difference.
    Diff,
    /// Which checks ran, and where.
    Ci,
    /// The acceptance commands and how they ended.
    Acceptance,
    /// Which tests came, went or changed.
    TestDelta,
    /// Searches for secrets and invisible characters.
    Scans,
    /// The attempts, and what each failed on.
    Attempts,
    /// What network and permissions refused.
    Refusals,
    /// Which model and which tools worked.
    Versions,
    /// The acceptance commands, run by someone else.
    Verification,
    /// Another model's review.
    SecondOpinion,
}

impl SectionName {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Provenance,
        Self::Diff,
        Self::Ci,
        Self::Acceptance,
        Self::TestDelta,
        Self::Scans,
        Self::Attempts,
        Self::Refusals,
        Self::Versions,
        Self::Verification,
        Self::SecondOpinion,
    ];

    /// For people.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Provenance => "provenance",
            Self::Diff => "facts of the change",
            Self::Ci => "what CI ran",
            Self::Acceptance => "acceptance",
            Self::TestDelta => "changes of tests",
            Self::Scans => "scans for secrets and invisible characters",
            Self::Attempts => "attempts",
            Self::Refusals => "refusals of network and permissions",
            Self::Versions => "versions of model and tools",
            Self::Verification => "verification",
            Self::SecondOpinion => "second opinion",
        }
    }
}
