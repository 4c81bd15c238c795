//! What a repository asks for before a pull request of an agent may be merged. Read by
//! [`super::parse`]; [`crate::domain::gate`] judges by it.

use schemars::JsonSchema;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};

use super::value::{self, Texts};
use crate::domain::ids::is_login;
use crate::domain::risk::Tier;

/// Names of checks that may be skipped: GitHub takes a hundred in one rule.
const CHECKS: usize = 50;
/// Characters of the name of a check.
const CHECK_CHARS: usize = 255;

/// What has to be there before a pull request of an agent may be merged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct GatePolicy {
    /// For people who work alone: the requester's approval counts up to T2, and an audited override satisfies T3 and changes of this file.
    pub solo: bool,
    /// Approvals for each tier; a number below the usual one is not taken.
    pub approvals: Approvals,
    /// Team of which one approval has to come at T3, as in `acme/security`.
    #[serde(deserialize_with = "team")]
    pub team: Option<String>,
    /// Roles that may override the gate for one head.
    #[serde(rename = "override")]
    #[schemars(length(max = 3))]
    pub overriders: Vec<Role>,
    /// Whether a repository without any check is taken as it is.
    pub allow_no_ci: bool,
    /// Names of checks that may be skipped or neutral.
    #[serde(deserialize_with = "checks")]
    #[schemars(length(max = 50))]
    pub allow_skipped: Vec<String>,
    /// Seconds that CI takes at least: one that passes faster is not believed. 0 is off.
    #[serde(deserialize_with = "value::ci_seconds")]
    #[schemars(range(min = 0, max = 86_400))]
    pub min_ci_s: u32,
    /// Whether every thread of a review has to be resolved.
    pub resolved_threads: bool,
    /// When Castellan marks its draft ready for review.
    pub ready: Ready,
}

/// When a draft is marked ready for review.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Ready {
    /// When CI, acceptance and evidence are there.
    #[default]
    WhenGreen,
    /// Never; a person does it.
    Never,
}

/// A role on a repository that may write.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// May push.
    Write,
    /// May manage the repository without its dangerous settings.
    Maintain,
    /// May do everything.
    Admin,
}

/// Approvals that each tier asks for. The usual ones are the least.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Approvals {
    /// Of a trivial change; the requester's own counts.
    #[serde(rename = "T0", deserialize_with = "at_least_one")]
    #[schemars(range(min = 1, max = 6))]
    pub t0: u8,
    /// Of a change of low risk.
    #[serde(rename = "T1", deserialize_with = "at_least_one")]
    #[schemars(range(min = 1, max = 6))]
    pub t1: u8,
    /// Of a change of medium risk, with each touched rule of CODEOWNERS.
    #[serde(rename = "T2", deserialize_with = "at_least_one")]
    #[schemars(range(min = 1, max = 6))]
    pub t2: u8,
    /// Of a change of high risk, with each touched rule of CODEOWNERS.
    #[serde(rename = "T3", deserialize_with = "at_least_two")]
    #[schemars(range(min = 2, max = 6))]
    pub t3: u8,
}

impl Default for Approvals {
    fn default() -> Self {
        Self {
            t0: 1,
            t1: 1,
            t2: 1,
            t3: 2,
        }
    }
}

impl Approvals {
    /// The most that can be asked for: GitHub itself takes at most six.
    pub const MOST: u8 = 6;

    /// Those of a tier; `None` where no number of them suffices.
    #[must_use]
    pub const fn of(&self, tier: Tier) -> Option<u8> {
        match tier {
            Tier::T0 => Some(self.t0),
            Tier::T1 => Some(self.t1),
            Tier::T2 => Some(self.t2),
            Tier::T3 => Some(self.t3),
            Tier::Tx => None,
        }
    }
}

impl Default for GatePolicy {
    fn default() -> Self {
        Self {
            solo: false,
            approvals: Approvals::default(),
            team: None,
            overriders: vec![Role::Maintain, Role::Admin],
            allow_no_ci: false,
            allow_skipped: Vec::new(),
            min_ci_s: 0,
            resolved_threads: false,
            ready: Ready::default(),
        }
    }
}

fn approvals<'de, D: Deserializer<'de>>(from: D, least: u8) -> Result<u8, D::Error> {
    match u64::deserialize(from)? {
        number if (u64::from(least)..=u64::from(Approvals::MOST)).contains(&number) => {
            u8::try_from(number).map_err(D::Error::custom)
        }
        number => Err(D::Error::custom(format!(
            "{number} approvals is out of range; write a number from {least} to 6"
        ))),
    }
}

fn at_least_one<'de, D: Deserializer<'de>>(from: D) -> Result<u8, D::Error> {
    approvals(from, 1)
}

fn at_least_two<'de, D: Deserializer<'de>>(from: D) -> Result<u8, D::Error> {
    approvals(from, 2)
}

fn team<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    let Some(text) = Option::<String>::deserialize(from)? else {
        return Ok(None);
    };
    let bare = text.strip_prefix('@').unwrap_or(&text);
    let is_slug = |slug: &str| {
        (1..=100).contains(&slug.len())
            && slug
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_.".contains(&b))
    };
    match bare.split_once('/') {
        Some((organisation, slug)) if is_login(organisation) && is_slug(slug) => {
            Ok(Some(bare.to_owned()))
        }
        _ => Err(D::Error::custom(
            "this is not a team; write organisation and team as in its address, as in `acme/security`",
        )),
    }
}

fn checks<'de, D: Deserializer<'de>>(given: D) -> Result<Vec<String>, D::Error> {
    given.deserialize_any(Texts {
        limit: CHECKS,
        check: |name: &str| match name.trim().is_empty() || name.chars().count() > CHECK_CHARS {
            true => Err(format!(
                "a check has a name of 1 to {CHECK_CHARS} characters; write it as it stands on the pull request"
            )),
            false => value::plain(name),
        },
    })
}
