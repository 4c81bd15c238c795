//! Branches, and what is required of what is merged into them: by rulesets, and by protection.

use serde_json::{Value, json};

use super::{Answer, Answered, Call, named, not_found, unknown};
use crate::yard::model::Bearer;
use crate::yard::permissions::Level;
use crate::yard::plays::Requirement;
use crate::yard::tokens::Caller;
use crate::yard::world::World;

pub(super) fn route(world: &mut World, call: &Call, repo: i64, rest: &[&str]) -> Answered {
    match (call.method.as_str(), rest) {
        // The branch need not exist.
        ("GET", ["rules", "branches", name @ ..]) => {
            world.need(call, "metadata", Level::Read)?;
            let rules = world.show_rules(world.repo(repo)?, &named(name));
            Ok(call.page(world, &rules))
        }
        // What stands below a branch needs administration, which the App never has.
        ("GET", ["branches", name @ .., "protection"]) => {
            if super::rulesets::is_admin(world, call, repo) {
                return protection(world, repo, &named(name));
            }
            let is_person = matches!(&call.caller, Caller::Token(one) if matches!(one.bearer, Bearer::Person(_)));
            if !is_person {
                world.need(call, "administration", Level::Read)?;
            }
            Err(not_found())
        }
        ("GET", ["branches"]) => {
            world.need(call, "contents", Level::Read)?;
            branches(world, call, repo)
        }
        ("GET", ["branches", name @ ..]) if !name.is_empty() => {
            world.need(call, "contents", Level::Read)?;
            branch(world, repo, &named(name))
        }
        _ => Ok(unknown(world, call)),
    }
}

/// The protection of a branch, as its admins see it.
fn protection(world: &World, repo: i64, name: &str) -> Answered {
    let known = world.repo(repo)?;
    known
        .tip(name)
        .ok_or_else(|| Answer::error(404, "Branch not found"))?;
    let found = known.reports.requirements.get(name).into_iter().flatten();
    let mut found = found.filter_map(|one| match one {
        Requirement::Protection { checks, strict } => Some((checks, strict)),
        Requirement::Ruleset { .. }
        | Requirement::Workflows(_)
        | Requirement::Reviews(_)
        | Requirement::Queue(_) => None,
    });
    let (checks, strict) = found
        .next()
        .ok_or_else(|| Answer::error(404, "Branch not protected"))?;
    let full = known.full_name();
    let url = format!("{}/repos/{full}/branches/{name}/protection", world.api());
    let contexts: Vec<&String> = checks.iter().map(|(context, _)| context).collect();
    let checks: Vec<Value> = checks
        .iter()
        .map(|(context, app)| json!({"context": context, "app_id": app}))
        .collect();
    let off = json!({"enabled": false});
    Ok(Answer::ok(json!({
        "url": url, "required_status_checks": {
            "url": format!("{url}/required_status_checks"), "strict": strict, "contexts": contexts,
            "contexts_url": format!("{url}/required_status_checks/contexts"), "checks": checks},
        "enforce_admins": {"url": format!("{url}/enforce_admins"), "enabled": false},
        "required_signatures": {"url": format!("{url}/required_signatures"), "enabled": false},
        "required_linear_history": off, "allow_force_pushes": off, "allow_deletions": off,
        "block_creations": off, "required_conversation_resolution": off, "lock_branch": off,
        "allow_fork_syncing": off,
    })))
}

/// The branches by name, or only those that rules or protection hold for.
fn branches(world: &World, call: &Call, repo: i64) -> Answered {
    let known = world.repo(repo)?;
    let wanted = call.query.get("protected").map(|text| text == "true");
    let names = known
        .refs
        .keys()
        .filter_map(|name| name.strip_prefix("refs/heads/"));
    let mut shown = Vec::new();
    for name in names {
        let whole = branch(world, repo, name)?.body;
        let is_protected = whole.get("protected").and_then(Value::as_bool);
        if wanted.is_none() || wanted == is_protected {
            let key = |key: &str| whole.get(key).cloned();
            shown.push(
                json!({"name": key("name"), "commit": key("commit"), "protected": is_protected}),
            );
        }
    }
    Ok(call.page(world, &shown))
}

fn branch(world: &World, repo: i64, name: &str) -> Answered {
    let known = world.repo(repo)?;
    let tip = known
        .tip(name)
        .ok_or_else(|| Answer::error(404, "Branch not found"))?;
    let requirements = known.reports.requirements.get(name);
    let protection = requirements
        .into_iter()
        .flatten()
        .find_map(|one| match one {
            Requirement::Protection { checks, .. } => Some(checks),
            Requirement::Ruleset { .. }
            | Requirement::Workflows(_)
            | Requirement::Reviews(_)
            | Requirement::Queue(_) => None,
        });
    let (level, checks) = match protection {
        Some(checks) => ("non_admins", checks.as_slice()),
        None => ("off", [].as_slice()),
    };
    let contexts: Vec<&String> = checks.iter().map(|(context, _)| context).collect();
    let checks: Vec<Value> = checks
        .iter()
        .map(|(context, app)| json!({"context": context, "app_id": app}))
        .collect();
    let url = format!("{}/repos/{}", world.api(), known.full_name());
    Ok(Answer::ok(json!({
        "name": name, "commit": {"sha": tip, "url": format!("{url}/commits/{tip}")},
        "_links": {"self": format!("{url}/branches/{name}"),
                   "html": format!("{}/{}/tree/{name}", world.base_url, known.full_name())},
        "protected": requirements.is_some() || !world.show_rules(known, name).is_empty(), "protection_url": format!("{url}/branches/{name}/protection"),
        "protection": {"enabled": protection.is_some(), "required_status_checks": {
            "enforcement_level": level, "contexts": contexts, "checks": checks}},
    })))
}
