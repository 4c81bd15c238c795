//! Rulesets of a repository: read by everybody who reads it, written by its admins alone.

use serde_json::{Value, json};

use super::{Answer, Answered, Call, invalid, not_found, unknown};
use crate::yard::model::{Bearer, Permission};
use crate::yard::permissions::Level;
use crate::yard::rulesets::Ruleset;
use crate::yard::tokens::Caller;
use crate::yard::world::World;

/// The rules that the yard takes. Of them it keeps `required_status_checks`, `pull_request`,
/// `workflows` and `merge_queue`; the others are only shown.
const KINDS: [&str; 12] = [
    "creation",
    "update",
    "deletion",
    "required_linear_history",
    "merge_queue",
    "required_deployments",
    "required_signatures",
    "pull_request",
    "required_status_checks",
    "non_fast_forward",
    "workflows",
    "commit_message_pattern",
];
/// What a rule of required reviews must say.
const PULL_REQUEST_KEYS: [&str; 5] = [
    "dismiss_stale_reviews_on_push",
    "require_code_owner_review",
    "require_last_push_approval",
    "required_approving_review_count",
    "required_review_thread_resolution",
];

pub(super) fn route(world: &mut World, call: &Call, repo: i64, rest: &[&str]) -> Answered {
    if call.method == "GET" {
        world.need(call, "metadata", Level::Read)?;
    } else {
        admin(world, call, repo)?;
    }
    plan(world, repo)?;
    let id = |text: &str| text.parse::<i64>().map_err(|_| not_found());
    match (call.method.as_str(), rest) {
        ("GET", ["rulesets"]) => {
            let known = world.repo(repo)?;
            let all = known.rulesets.values();
            let shown: Vec<Value> = all.map(|one| brief(world, repo, one)).collect();
            Ok(call.page(world, &shown))
        }
        ("GET", ["rulesets", one]) => {
            let whole = is_admin(world, call, repo);
            shown(world, repo, id(one)?, whole).map(Answer::ok)
        }
        ("POST", ["rulesets"]) => {
            let (id, now) = (world.next("ruleset"), world.clock.now());
            let mut made = Ruleset {
                id,
                name: call.required("name")?.to_owned(),
                target: "branch".to_owned(),
                enforcement: call.required("enforcement")?.to_owned(),
                bypass_actors: json!([]),
                conditions: json!({}),
                rules: Vec::new(),
                created_at: now,
                updated_at: now,
            };
            fill(&mut made, call)?;
            keep(world, repo, made)?;
            Ok(Answer::of(201, shown(world, repo, id, true)?))
        }
        ("PUT", ["rulesets", one]) => {
            let id = id(one)?;
            let known = world.repo(repo)?.rulesets.get(&id);
            let mut changed = known.ok_or_else(not_found)?.clone();
            changed.updated_at = world.clock.now();
            fill(&mut changed, call)?;
            keep(world, repo, changed)?;
            Ok(Answer::ok(shown(world, repo, id, true)?))
        }
        ("DELETE", ["rulesets", one]) => {
            let gone = world.repo_mut(repo)?.rulesets.remove(&id(one)?);
            gone.ok_or_else(not_found)?;
            Ok(Answer::of(204, Value::Null))
        }
        _ => Ok(unknown(world, call)),
    }
}

/// Whether a person's token speaks for an admin of the repository.
pub(super) fn is_admin(world: &World, call: &Call, repo: i64) -> bool {
    let Caller::Token(token) = &call.caller else {
        return false;
    };
    let (Bearer::Person(login), Ok(known)) = (&token.bearer, world.repo(repo)) else {
        return false;
    };
    world.role_in(known, login) >= Permission::Admin
}

/// Only admins go on: an App has no such permission, a person finds nothing there.
fn admin(world: &mut World, call: &Call, repo: i64) -> Result<(), Answer> {
    if is_admin(world, call, repo) {
        return Ok(());
    }
    match &call.caller {
        Caller::Token(token) if matches!(token.bearer, Bearer::Person(_)) => Err(not_found()),
        _ => world.need(call, "administration", Level::Write),
    }
}

/// What only admins read: an App needs a permission for it that it never has.
pub(super) fn admin_reads(world: &mut World, call: &Call, repo: i64) -> Result<(), Answer> {
    if is_admin(world, call, repo) {
        return Ok(());
    }
    match &call.caller {
        Caller::Token(token) if matches!(token.bearer, Bearer::Person(_)) => {
            Err(Answer::error(403, "Must have admin rights to Repository."))
        }
        _ => world.need(call, "administration", Level::Read),
    }
}

/// Private repositories of the free plan have no rulesets.
fn plan(world: &World, repo: i64) -> Result<(), Answer> {
    if world.repo(repo)?.private && !world.drafts_in_private {
        let said = "Upgrade to GitHub Pro or make this repository public to enable this feature.";
        return Err(Answer::error(403, said));
    }
    Ok(())
}

fn keep(world: &mut World, repo: i64, ruleset: Ruleset) -> Result<(), Answer> {
    let known = world.repo_mut(repo)?;
    let mut others = known.rulesets.values();
    if others.any(|one| one.id != ruleset.id && one.name == ruleset.name) {
        return Err(invalid("Validation Failed: Name must be unique"));
    }
    known.rulesets.insert(ruleset.id, ruleset);
    Ok(())
}

fn fill(ruleset: &mut Ruleset, call: &Call) -> Result<(), Answer> {
    for (key, to) in [
        ("name", &mut ruleset.name),
        ("target", &mut ruleset.target),
        ("enforcement", &mut ruleset.enforcement),
    ] {
        if let Some(text) = call.text(key) {
            text.clone_into(to);
        }
    }
    let one_of = |word: &str, known: [&str; 3]| known.contains(&word);
    if !one_of(&ruleset.enforcement, ["disabled", "active", "evaluate"]) {
        return Err(invalid("Invalid request.\n\nInvalid property /enforcement"));
    }
    if !one_of(&ruleset.target, ["branch", "tag", "push"]) {
        return Err(invalid("Invalid request.\n\nInvalid property /target"));
    }
    for (key, to) in [
        ("bypass_actors", &mut ruleset.bypass_actors),
        ("conditions", &mut ruleset.conditions),
    ] {
        if let Some(value) = call.body.get(key) {
            *to = value.clone();
        }
    }
    if let Some(rules) = call.body.get("rules").and_then(Value::as_array) {
        for (at, rule) in rules.iter().enumerate() {
            if !is_whole(rule) {
                let said = format!("Invalid request.\n\nInvalid property /rules/{at}");
                return Err(invalid(&said));
            }
        }
        ruleset.rules.clone_from(rules);
    }
    Ok(())
}

/// Whether a rule says what GitHub asks of its kind.
fn is_whole(rule: &Value) -> bool {
    let kind = rule.get("type").and_then(Value::as_str).unwrap_or_default();
    let has = |key: &str| rule.pointer(&format!("/parameters/{key}")).is_some();
    let parts = match kind {
        "required_status_checks" => {
            let checks = rule.pointer("/parameters/required_status_checks");
            let checks = checks.and_then(Value::as_array);
            let named = |one: &Value| {
                let app = one.get("integration_id");
                one.get("context").is_some_and(Value::is_string) && app.is_none_or(Value::is_i64)
            };
            checks.is_some_and(|all| all.iter().all(named))
                && has("strict_required_status_checks_policy")
        }
        "pull_request" => PULL_REQUEST_KEYS.iter().all(|key| has(key)),
        _ => true,
    };
    KINDS.contains(&kind) && parts
}

/// A ruleset as lists have it: without conditions, rules, and who may pass by.
fn brief(world: &World, repo: i64, one: &Ruleset) -> Value {
    let full = world.repo(repo).map(|known| known.full_name());
    let full = full.unwrap_or_default();
    let url = format!("{}/repos/{full}/rulesets/{}", world.api(), one.id);
    let page = format!("{}/{full}/rules/{}", world.base_url, one.id);
    json!({
        "id": one.id, "node_id": format!("RRS_{}", one.id), "name": one.name, "target": one.target,
        "source_type": "Repository", "source": full, "enforcement": one.enforcement,
        "created_at": one.created_at.to_string(), "updated_at": one.updated_at.to_string(),
        "_links": {"self": {"href": url}, "html": {"href": page}},
    })
}

/// A ruleset. Who may pass by is told only to whom the ruleset is to write.
fn shown(world: &World, repo: i64, id: i64, whole: bool) -> Result<Value, Answer> {
    let one = world.repo(repo)?.rulesets.get(&id).ok_or_else(not_found)?;
    let mut shown = brief(world, repo, one);
    let more = json!({"conditions": one.conditions, "rules": one.rules, "current_user_can_bypass": "never"});
    crate::yard::templates::patch(&mut shown, more);
    if whole && let Some(map) = shown.as_object_mut() {
        map.insert("bypass_actors".to_owned(), one.bypass_actors.clone());
    }
    Ok(shown)
}
