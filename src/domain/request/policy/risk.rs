//! What a repository says about the risk of changes. Read by [`super::parse`];
//! [`crate::domain::risk`] assesses by it.

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema};
use serde::de::{Error, IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::value;
use crate::domain::change::glob::{BadGlob, PathGlobs};
use crate::domain::risk::{Class, Operation, Tier};

/// Rules of one policy: each is looked at for each file.
const RULES: usize = 50;
/// Characters of a reason: it stands in one line of a table.
const BECAUSE_CHARS: usize = 200;

/// What the tiers of changes are, beside the usual ones.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(transform = name_classes)]
pub struct RiskPolicy {
    /// Tiers of kinds of files, in place of the usual ones. Some cannot be lowered.
    #[serde(deserialize_with = "classes")]
    pub classes: BTreeMap<Class, Tier>,
    /// Further rules; the highest tier of all that fire counts.
    #[serde(deserialize_with = "rules")]
    #[schemars(length(max = 50))]
    pub rules: RiskRules,
}

/// The rules of a policy.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct RiskRules(pub Vec<RiskRule>);

/// A rule: with `lines` or `files` it fires where what matches has more than that.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RiskRule {
    /// The tier that it gives: T0 to T3, or TX for what is forbidden.
    pub tier: Tier,
    /// What it is about; shown to people.
    #[serde(default)]
    #[schemars(length(max = 200))]
    pub because: Option<String>,
    /// Globs of files; empty means all.
    #[serde(default, deserialize_with = "value::globs")]
    #[schemars(length(max = 200))]
    pub paths: Vec<String>,
    /// What happens to them; empty means anything. A rename deletes and adds.
    #[serde(default)]
    #[schemars(length(max = 3))]
    pub operations: Vec<ChangeKind>,
    /// Fires where more lines than these are added or deleted.
    #[serde(default)]
    pub lines: Option<u32>,
    /// Fires where more files than these are touched.
    #[serde(default)]
    pub files: Option<u32>,
}

/// What happens to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// It is new.
    Add,
    /// It is changed.
    Modify,
    /// It is gone.
    Delete,
}

impl RiskPolicy {
    /// The tier of a class.
    #[must_use]
    pub fn tier_of(&self, class: Class) -> Tier {
        let own = self.classes.get(&class).copied().unwrap_or(class.usual());
        match class.is_fixed() {
            true => own.max(class.usual()),
            false => own,
        }
    }
}

impl RiskPolicy {
    /// This policy over a floor that an organisation sets: no tier is lower than either gives.
    #[must_use]
    pub fn over(&self, floor: &Self) -> Self {
        let mut classes = self.classes.clone();
        for (class, least) in &floor.classes {
            classes.insert(*class, self.tier_of(*class).max(*least));
        }
        let mut rules = self.rules.0.clone();
        // A rule of T0 says that something is less than usual, which no floor can.
        let raising = |rule: &&RiskRule| rule.tier > Tier::T0;
        rules.extend(floor.rules.0.iter().filter(raising).cloned());
        Self {
            classes,
            rules: RiskRules(rules),
        }
    }
}

impl RiskRules {
    /// The rules, each with its globs; `None` means all files.
    ///
    /// # Errors
    /// A pattern is none, which the parser refuses.
    pub fn compiled(&self) -> Result<Vec<(&RiskRule, Option<PathGlobs>)>, BadGlob> {
        let compiled = self.0.iter().map(|rule| {
            Ok(match rule.paths.is_empty() {
                true => (rule, None),
                false => (rule, Some(PathGlobs::new(&rule.paths)?)),
            })
        });
        compiled.collect()
    }
}

impl RiskRule {
    /// Whether it is about how much, and not about which.
    #[must_use]
    pub const fn is_about_sizes(&self) -> bool {
        self.lines.is_some() || self.files.is_some()
    }

    /// Whether it is about this operation.
    #[must_use]
    pub fn operates(&self, operation: Operation) -> bool {
        let kind = match operation {
            Operation::Add => ChangeKind::Add,
            Operation::Modify => ChangeKind::Modify,
            Operation::Delete => ChangeKind::Delete,
        };
        self.operations.is_empty() || self.operations.contains(&kind)
    }
}

fn classes<'de, D: Deserializer<'de>>(from: D) -> Result<BTreeMap<Class, Tier>, D::Error> {
    let classes = Option::<BTreeMap<Class, Tier>>::deserialize(from)?.unwrap_or_default();
    let lowered = classes
        .iter()
        .find(|(class, tier)| class.is_fixed() && **tier < class.usual());
    match lowered {
        None => Ok(classes),
        Some((class, tier)) => Err(D::Error::custom(format!(
            "`{}` cannot be {tier}, because the gate itself stands on it; write {} or TX",
            class.as_str(),
            class.usual()
        ))),
    }
}

/// For editors: which classes there are.
fn name_classes(schema: &mut Schema) {
    let names: Vec<&str> = Class::ALL.iter().map(|class| class.as_str()).collect();
    if let Some(classes) = schema.pointer_mut("/properties/classes") {
        classes["propertyNames"] = serde_json::json!({ "enum": names });
    }
}

struct Rules;

impl<'de> Visitor<'de> for Rules {
    type Value = RiskRules;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a list of rules, each after `- `")
    }

    fn visit_unit<E: Error>(self) -> Result<RiskRules, E> {
        Ok(RiskRules::default())
    }

    fn visit_none<E: Error>(self) -> Result<RiskRules, E> {
        Ok(RiskRules::default())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<RiskRules, A::Error> {
        let mut rules = Vec::new();
        while rules.len() < RULES {
            let Some(rule) = list.next_element::<RiskRule>()? else {
                return Ok(RiskRules(rules));
            };
            check(&rule).map_err(A::Error::custom)?;
            rules.push(rule);
        }
        match list.next_element::<IgnoredAny>()? {
            None => Ok(RiskRules(rules)),
            Some(_) => Err(A::Error::custom(format!(
                "there are more than {RULES} rules; join some by their paths"
            ))),
        }
    }
}

fn rules<'de, D: Deserializer<'de>>(from: D) -> Result<RiskRules, D::Error> {
    from.deserialize_any(Rules)
}

fn check(rule: &RiskRule) -> Result<(), String> {
    let because = rule.because.as_deref().unwrap_or("a rule");
    if because.trim().is_empty() || because.chars().count() > BECAUSE_CHARS {
        return Err(format!(
            "`because` is empty or longer than {BECAUSE_CHARS} characters; write a few words"
        ));
    }
    value::plain(because)?;
    if rule.tier != Tier::T0 {
        return Ok(());
    }
    if rule.is_about_sizes() {
        // More change would then be less risk.
        return Err(String::from(
            "a rule of T0 has `lines` or `files`, which would make more change less risky; leave them out",
        ));
    }
    match rule.paths.is_empty() {
        true => Err(String::from(
            "a rule of T0 names no paths, and would call everything trivial; write `paths`",
        )),
        false => Ok(()),
    }
}
