//! What a repository says about its CI: when it runs, and how it is read. Read by
//! [`super::parse`]; decides nothing.

use std::fmt;

use schemars::{JsonSchema, Schema};
use serde::de::value::{MapAccessDeserializer, StrDeserializer};
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::value::{self, Texts};

/// Names of required checks: GitHub takes a hundred in one rule.
const CHECKS: usize = 50;
/// Characters of the name of a check.
const CHECK_CHARS: usize = 255;

/// When CI runs on a change, with all that the repository gives to its jobs (X62).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CiRun {
    /// As soon as a change passed every rule: it is pushed to its branch.
    #[default]
    OnPush,
    /// When a person has looked at the commit and said so; it is on no branch before.
    AfterApproval,
}

/// How CI runs on a change, and how its checks are read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(transform = or_run_alone)]
pub struct CiPolicy {
    /// When CI runs: `on_push`, or `after_approval` by `/agent ci`. May stand for the whole key, as in `ci: after_approval`.
    pub run: CiRun,
    /// Names of checks that must pass, beside those that the branch's rules require.
    #[serde(deserialize_with = "checks")]
    #[schemars(length(max = 50))]
    pub required: Vec<String>,
    /// Seconds without a change after which checks have settled, where none is required.
    #[serde(deserialize_with = "value::settle")]
    #[schemars(range(min = 1, max = 3600))]
    pub settle_s: u32,
    /// Minutes after which checks that do not end are no longer waited for.
    #[serde(deserialize_with = "value::check_minutes")]
    #[schemars(range(min = 1, max = 1440))]
    pub minutes: u32,
}

impl Default for CiPolicy {
    fn default() -> Self {
        Self {
            run: CiRun::default(),
            required: Vec::new(),
            settle_s: 60,
            minutes: 120,
        }
    }
}

fn checks<'de, D: Deserializer<'de>>(given: D) -> Result<Vec<String>, D::Error> {
    given.deserialize_seq(Texts {
        limit: CHECKS,
        check: |name: &str| match name.trim().is_empty() || name.chars().count() > CHECK_CHARS {
            true => Err(format!(
                "a check has a name of 1 to {CHECK_CHARS} characters; write it as it stands on the pull request"
            )),
            false => value::plain(name),
        },
    })
}

/// `ci: after_approval` says the same as `ci: {run: after_approval}`.
pub(super) fn short_or_long<'de, D: Deserializer<'de>>(from: D) -> Result<CiPolicy, D::Error> {
    from.deserialize_any(Either)
}

struct Either;

impl<'de> Visitor<'de> for Either {
    type Value = CiPolicy;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("`on_push`, `after_approval`, or keys of their own")
    }

    fn visit_unit<E: Error>(self) -> Result<CiPolicy, E> {
        Ok(CiPolicy::default())
    }

    fn visit_none<E: Error>(self) -> Result<CiPolicy, E> {
        Ok(CiPolicy::default())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<CiPolicy, E> {
        Ok(CiPolicy {
            run: CiRun::deserialize(StrDeserializer::new(text))?,
            ..CiPolicy::default()
        })
    }

    fn visit_map<A: MapAccess<'de>>(self, keys: A) -> Result<CiPolicy, A::Error> {
        CiPolicy::deserialize(MapAccessDeserializer::new(keys))
    }
}

/// For editors: the short form is as good as the keys.
fn or_run_alone(schema: &mut Schema) {
    schema.insert("type".to_owned(), serde_json::json!(["object", "string"]));
    let pattern = serde_json::json!("^(on_push|after_approval)$");
    schema.insert("pattern".to_owned(), pattern);
}
