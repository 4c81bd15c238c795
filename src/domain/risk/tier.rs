//! The tiers of risk, and why a change has the one that it has.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Rules that are named; the rest is counted.
pub const FIRED: usize = 50;

/// How much a change can break. More change never has a lower one.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
)]
pub enum Tier {
    /// Trivial: on an allow-list of documentation and added tests.
    #[default]
    T0,
    /// Low: whatever no rule names.
    T1,
    /// Medium.
    T2,
    /// High, and whatever is unknown or cannot be read.
    T3,
    /// Forbidden.
    #[serde(rename = "TX")]
    Tx,
}

impl Tier {
    /// All, from the lowest.
    pub const ALL: [Self; 5] = [Self::T0, Self::T1, Self::T2, Self::T3, Self::Tx];

    /// For people.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::T0 => "trivial",
            Self::T1 => "low",
            Self::T2 => "medium",
            Self::T3 => "high",
            Self::Tx => "forbidden",
        }
    }
}

impl fmt::Display for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::T0 => "T0",
            Self::T1 => "T1",
            Self::T2 => "T2",
            Self::T3 => "T3",
            Self::Tx => "TX",
        })
    }
}

/// A rule that fired, with the file that fired it first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fired {
    /// The tier that it asks for.
    pub tier: Tier,
    /// What the rule is about, in one line.
    pub because: String,
    /// The file, in the order of paths; `None` where it is about the whole change. Foreign.
    pub path: Option<String>,
    /// Further files that fired it.
    pub more: u32,
}

/// The tier of a change, and why.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assessment {
    /// The maximum over the rules that fired.
    pub tier: Tier,
    /// The rules that fired, the highest first, at most [`FIRED`].
    pub fired: Vec<Fired>,
    /// Rules that fired beyond those.
    pub more: u32,
}
