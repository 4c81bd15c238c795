//! The ruleset by which a base requires our check: what it holds, how one that is there differs, and
//! which one is ours.
//!
//! Values in GitHub's own shape, so that what we do not know is seen and kept. Source: GitHub's "REST
//! API endpoints for rules". Writes nothing and knows no token.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::check_name;
use crate::domain::ids::AppId;
use crate::domain::text::line;

/// Approvals that a new ruleset asks for: one, as the lowest tier does.
pub const APPROVALS_USUAL: u8 = 1;
/// The most approvals that GitHub takes in a rule.
pub const APPROVALS_MOST: u8 = 10;
/// The rule that names required checks.
const CHECKS: &str = "required_status_checks";
/// The rule that asks for reviews.
const REVIEWS: &str = "pull_request";
/// What of a ruleset is ours to write; the rest is GitHub's to tell.
const KEYS: [&str; 6] = [
    "name",
    "target",
    "enforcement",
    "bypass_actors",
    "conditions",
    "rules",
];
/// Longest place and longest value that are shown, in characters; compared they are whole.
const SHOWN_CHARS: usize = 200;

/// What a base is to be protected by.
#[derive(Clone, Copy, Debug)]
pub struct Protection<'a> {
    /// The branch.
    pub base: &'a str,
    /// Our App, to which the check is pinned.
    pub app: AppId,
    /// Approvals that GitHub itself asks for; `None` leaves what is there, one at least.
    pub approvals: Option<u8>,
}

/// How a ruleset that is there differs from what it is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// What is to be written.
    pub body: Value,
    /// What would change, one line each; empty where nothing would.
    pub changes: Vec<String>,
    /// What is not ours and stays, one line each.
    pub kept: Vec<String>,
}

/// Why a ruleset of our name is left alone.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotOurs {
    /// It holds nothing of ours.
    #[error(
        "a ruleset named `{0}` is there that is not ours: it neither requires the check nor is it for this branch alone; rename it, and run this again"
    )]
    Foreign(String),
    /// It is ours and holds what is not.
    #[error("the ruleset `{name}` holds more than ours ({}); move that to a ruleset of its own first, so that it is not lost", .more.join("; "))]
    Shared {
        /// Its name.
        name: String,
        /// What is not ours.
        more: Vec<String>,
    },
    /// GitHub does not say who passes by.
    #[error(
        "GitHub does not show who may pass by the ruleset `{0}`; use a token of a person who administers the repository (fine-grained: Administration, read and write)"
    )]
    Unseen(String),
}

/// The name of the ruleset of a base: one for each, because the name of the check is a constant in it.
#[must_use]
pub fn ruleset_name(base: &str) -> String {
    format!("Castellan: {}", check_name(base))
}

impl Protection<'_> {
    /// How `found`, the ruleset of our name, differs from what it is to be; `None` is none.
    ///
    /// # Errors
    /// It is somebody else's, or not wholly seen.
    pub fn difference(&self, found: Option<&Value>) -> Result<Difference, NotOurs> {
        let name = ruleset_name(self.base);
        let Some(found) = found else {
            let body = self.body(&[]);
            let changes = flat(&body).into_iter();
            return Ok(Difference {
                changes: changes
                    .map(|(key, value)| said("+", &key, &value))
                    .collect(),
                body,
                kept: Vec::new(),
            });
        };
        if !holds_check(found, self.base) && !is_for(found, self.base) {
            return Err(NotOurs::Foreign(name));
        }
        if !found["bypass_actors"].is_array() {
            return Err(NotOurs::Unseen(name));
        }
        let body = self.body(rules_of(found));
        let (before, after) = (flat(&only_ours(found)), flat(&body));
        Ok(Difference {
            changes: changes(&before, &after),
            kept: self.beyond(found),
            body,
        })
    }

    /// That `found` is ours and nothing else's, so that it may be taken away.
    ///
    /// # Errors
    /// It is not, or holds more.
    pub fn removable(&self, found: &Value) -> Result<(), NotOurs> {
        let name = ruleset_name(self.base);
        if found["name"] != name || !holds_check(found, self.base) {
            return Err(NotOurs::Foreign(name));
        }
        match self.beyond(found) {
            more if more.is_empty() => Ok(()),
            more => Err(NotOurs::Shared { name, more }),
        }
    }

    /// The whole ruleset over the rules that are there: what asks for more stays.
    fn body(&self, rules: &[Value]) -> Value {
        let mut rules = rules.to_vec();
        let mut checks = Self::taken(&mut rules, CHECKS);
        let required = checks.entry(CHECKS).or_insert_with(|| json!([]));
        let ours = check_name(self.base);
        let mut listed: Vec<Value> = required.as_array().cloned().unwrap_or_default();
        listed.retain(|one| one["context"] != ours.as_str());
        listed.push(json!({"context": ours, "integration_id": self.app.0}));
        *required = Value::Array(listed);
        for key in [
            "strict_required_status_checks_policy",
            "do_not_enforce_on_create",
        ] {
            checks.entry(key).or_insert(Value::Bool(false));
        }
        let mut reviews = Self::taken(&mut rules, REVIEWS);
        reviews.insert(
            "dismiss_stale_reviews_on_push".to_owned(),
            Value::Bool(true),
        );
        let there = reviews.get("required_approving_review_count");
        let there = there.and_then(Value::as_u64).unwrap_or(0);
        let count = match self.approvals {
            Some(count) => u64::from(count),
            None => there.max(u64::from(APPROVALS_USUAL)),
        };
        reviews.insert("required_approving_review_count".to_owned(), json!(count));
        for key in [
            "require_code_owner_review",
            "require_last_push_approval",
            "required_review_thread_resolution",
        ] {
            reviews.entry(key).or_insert(Value::Bool(false));
        }
        rules.push(json!({"type": CHECKS, "parameters": checks}));
        rules.push(json!({"type": REVIEWS, "parameters": reviews}));
        json!({
            "name": ruleset_name(self.base), "target": "branch", "enforcement": "active",
            "bypass_actors": [],
            "conditions": {"ref_name": {"include": [ref_of(self.base)], "exclude": []}},
            "rules": rules,
        })
    }

    /// Takes the rule of a kind out, and gives its parameters.
    fn taken(rules: &mut Vec<Value>, kind: &str) -> Map<String, Value> {
        let at = rules.iter().position(|rule| rule["type"] == kind);
        let rule = at.map(|at| rules.remove(at)).unwrap_or_default();
        match rule.get("parameters") {
            Some(Value::Object(parameters)) => parameters.clone(),
            _ => Map::new(),
        }
    }

    /// What `found` holds beyond ours and says something, one line each.
    fn beyond(&self, found: &Value) -> Vec<String> {
        let ours = flat(&self.body(&[]));
        let says = |value: &str| !matches!(value, "false" | "null" | "[]" | "0" | "{}" | "\"\"");
        let all_ways = r#"["merge","rebase","squash"]"#;
        let flat = flat(&json!({"rules": rules_of(found)}));
        let more = flat.into_iter().filter(|(key, value)| {
            let known = ours.contains_key(key) && !is_switch(key);
            let same = ours.get(key) == Some(value);
            !known && !same && says(value) && value != all_ways
        });
        more.map(|(key, value)| said("", &key, &value)).collect()
    }
}

/// Whether a parameter of ours may ask for more than we do, which is somebody's own then.
fn is_switch(key: &str) -> bool {
    let key = key.rsplit('.').next().unwrap_or(key);
    matches!(
        key,
        "strict_required_status_checks_policy"
            | "require_code_owner_review"
            | "require_last_push_approval"
            | "required_review_thread_resolution"
    )
}

/// The full name of a branch, as conditions have it.
fn ref_of(base: &str) -> String {
    format!("refs/heads/{base}")
}

fn rules_of(found: &Value) -> &[Value] {
    found["rules"].as_array().map_or(&[], Vec::as_slice)
}

/// Whether a ruleset requires our check of this base, from whomever.
fn holds_check(found: &Value, base: &str) -> bool {
    let name = check_name(base);
    let checks = rules_of(found).iter().filter(|rule| rule["type"] == CHECKS);
    let mut named = checks
        .flat_map(|rule| rule["parameters"][CHECKS].as_array())
        .flatten();
    named.any(|check| check["context"] == name.as_str())
}

/// Whether a ruleset is for this branch alone.
fn is_for(found: &Value, base: &str) -> bool {
    found["conditions"]["ref_name"]["include"] == json!([ref_of(base)])
}

fn only_ours(found: &Value) -> Value {
    let kept = KEYS
        .iter()
        .map(|key| ((*key).to_owned(), found[*key].clone()));
    Value::Object(kept.collect())
}

fn changes(before: &BTreeMap<String, String>, after: &BTreeMap<String, String>) -> Vec<String> {
    let mut changes = Vec::new();
    for (key, new) in after {
        match before.get(key) {
            Some(old) if old == new => {}
            Some(old) => changes.push(said("~", key, &format!("{old} -> {new}"))),
            None => changes.push(said("+", key, new)),
        }
    }
    let gone = before.iter().filter(|(key, _)| !after.contains_key(*key));
    changes.extend(gone.map(|(key, old)| said("-", key, old)));
    changes
}

/// One line for people; what stands there may be foreign.
fn said(sign: &str, key: &str, value: &str) -> String {
    let (key, value) = (line(key, SHOWN_CHARS), line(value, SHOWN_CHARS));
    format!("{sign} {key}: {value}").trim_start().to_owned()
}

/// Each value by its place: rules by their type, checks by their name, who passes by by kind and number.
fn flat(value: &Value) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    flatten(value, "", &mut all);
    all
}

fn flatten(value: &Value, place: &str, all: &mut BTreeMap<String, String>) {
    let mut say = |value: String| {
        all.insert(place.to_owned(), value);
    };
    match value {
        Value::Object(fields) if fields.is_empty() => say("{}".to_owned()),
        Value::Object(fields) => {
            for (key, value) in fields {
                let joint = if place.is_empty() { "" } else { "." };
                flatten(value, &format!("{place}{joint}{key}"), all);
            }
        }
        Value::Array(rows) if rows.iter().any(Value::is_object) => {
            for row in rows {
                let (name, rest) = named(row);
                flatten(&rest, &format!("{place}[{name}]"), all);
            }
        }
        Value::Array(rows) => {
            // Sets of texts: their order says nothing.
            let mut texts: Vec<String> = rows.iter().map(Value::to_string).collect();
            texts.sort();
            say(format!("[{}]", texts.join(",")));
        }
        other => say(other.to_string()),
    }
}

/// By what a row of a list is known, and what else it says.
fn named(row: &Value) -> (String, Value) {
    let text = |key: &str| row[key].as_str();
    let mut rest = row.as_object().cloned().unwrap_or_default();
    if let Some(kind) = text("type") {
        rest.remove("type");
        let rest = match rest.remove("parameters") {
            Some(parameters) if rest.is_empty() => parameters,
            Some(parameters) => {
                rest.insert("parameters".to_owned(), parameters);
                Value::Object(rest)
            }
            None if rest.is_empty() => json!("is asked for"),
            None => Value::Object(rest),
        };
        return (kind.to_owned(), rest);
    }
    if let Some(context) = text("context") {
        let app = row["integration_id"].as_i64();
        let by = app.map_or_else(|| "anybody".to_owned(), |app| format!("App {app}"));
        return (context.to_owned(), json!(format!("from {by}")));
    }
    if let Some(kind) = text("actor_type") {
        rest.remove("actor_type");
        let id = rest.remove("actor_id").unwrap_or_default();
        return (format!("{kind} {id}"), Value::Object(rest));
    }
    (row.to_string(), json!("is there"))
}

#[cfg(test)]
mod tests;
