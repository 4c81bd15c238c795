//! The App itself: its installations, their tokens, its deliveries.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Answer, Answered, Call, encoded, invalid, not_found, unknown};
use crate::domain::ids::Sha256Hex;
use crate::yard::model::{Bearer, Repository};
use crate::yard::permissions::{Grants, narrow};
use crate::yard::tokens::Caller;
use crate::yard::world::World;

/// Calls an hour that an installation may make.
pub(super) const LIMIT: i64 = 5000;

pub(super) fn route(world: &mut World, call: &Call, segments: &[&str]) -> Answered {
    match (call.method.as_str(), segments) {
        ("GET", ["rate_limit"]) => Ok(rate_limit(world)),
        ("GET", ["installation", "repositories"]) => repositories(world, call),
        ("GET", ["app"]) => {
            as_app(call)?;
            Ok(Answer::ok(world.show_app_of(world.app.id)))
        }
        ("GET", ["app", "installations"]) => {
            as_app(call)?;
            let shown: Vec<Value> = world
                .installations
                .values()
                .map(|one| world.show_installation(one))
                .collect();
            Ok(call.page(world, &shown))
        }
        ("GET", ["app", "installations", id]) => {
            as_app(call)?;
            let known = id
                .parse()
                .ok()
                .and_then(|id: i64| world.installations.get(&id))
                .ok_or_else(not_found)?;
            Ok(Answer::ok(world.show_installation(known)))
        }
        ("POST", ["app", "installations", id, "access_tokens"]) => {
            as_app(call)?;
            mint(world, call, id.parse().map_err(|_| not_found())?)
        }
        ("GET", ["app", "hook", "deliveries"]) => {
            as_app(call)?;
            deliveries(world, call)
        }
        ("GET", ["app", "hook", "deliveries", id]) => {
            as_app(call)?;
            let known = world
                .kept_deliveries()
                .find(|one| one.id.to_string() == *id)
                .ok_or_else(not_found)?;
            Ok(Answer::ok(world.show_delivery(known, true)))
        }
        ("POST", ["app", "hook", "deliveries", id, "attempts"]) => {
            as_app(call)?;
            let id = id.parse().map_err(|_| not_found())?;
            world.send_again(id).ok_or_else(not_found)?;
            Ok(Answer::of(202, json!({})))
        }
        _ => Ok(unknown(world, call)),
    }
}

/// The installation that reaches a repository, which the App asks for by name.
pub(super) fn installation_of(world: &World, call: &Call, full: &str) -> Answered {
    as_app(call)?;
    let known = world.repo_named(full).ok_or_else(not_found)?;
    let installation = world.installation_of(known.id).ok_or_else(not_found)?;
    Ok(Answer::ok(world.show_installation(installation)))
}

fn as_app(call: &Call) -> Result<(), Answer> {
    match call.caller {
        Caller::App => Ok(()),
        _ => Err(Answer::error(401, "A JSON web token could not be decoded")),
    }
}

fn rate_limit(world: &World) -> Answer {
    let used = world.used_of_limit.min(LIMIT);
    let reset = world.clock.now().0.div_euclid(1000) + 3600;
    let core = json!({"limit": LIMIT, "used": used, "remaining": LIMIT - used, "reset": reset});
    Answer::ok(json!({"resources": {"core": core, "graphql": core, "search": core}, "rate": core}))
}

fn mint(world: &mut World, call: &Call, id: i64) -> Answered {
    let installation = world
        .installations
        .get(&id)
        .cloned()
        .ok_or_else(not_found)?;
    if installation.suspended {
        return Err(Answer::error(403, "This installation has been suspended"));
    }
    let repos = match call.body.get("repository_ids") {
        None | Some(Value::Null) => None,
        Some(list) => {
            let asked: BTreeSet<i64> = list
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Value::as_i64)
                .collect();
            if asked.is_empty() || !asked.is_subset(&installation.repos) {
                return Err(invalid(
                    "There is at least one repository that does not exist or is not accessible to the parent installation.",
                ));
            }
            Some(asked)
        }
    };
    let permissions = match call.body.get("permissions") {
        None | Some(Value::Null) => installation.permissions.clone(),
        Some(asked) => {
            let asked: Grants = serde_json::from_value(asked.clone())
                .map_err(|_| invalid("Invalid permissions"))?;
            narrow(&installation.permissions, &asked).map_err(|_| {
                invalid("The permissions requested are not granted to this installation.")
            })?
        }
    };
    let (text, token) = world.mint(id, repos, permissions);
    let mut body = json!({
        "token": text, "expires_at": token.expires_at.to_string(), "permissions": token.permissions,
        "repository_selection": "selected",
    });
    if let (Some(repos), Some(map)) = (&token.repos, body.as_object_mut()) {
        let shown = repos
            .iter()
            .filter_map(|id| world.repos.get(id))
            .map(|repo| world.show_repo(repo))
            .collect();
        map.insert("repositories".to_owned(), Value::Array(shown));
    }
    Ok(Answer::of(201, body))
}

fn repositories(world: &World, call: &Call) -> Answered {
    let Caller::Token(token) = &call.caller else {
        return Err(Answer::error(401, "Requires authentication"));
    };
    let Bearer::Installation(id) = token.bearer else {
        return Err(Answer::error(
            403,
            "You must authenticate with an installation access token in order to list repositories for an installation.",
        ));
    };
    let installation = world
        .installations
        .get(&id)
        .ok_or_else(|| Answer::error(401, "Bad credentials"))?;
    if installation.suspended {
        return Err(Answer::error(403, "This installation has been suspended"));
    }
    let mine = |repo: &&Repository| {
        token
            .repos
            .as_ref()
            .is_none_or(|repos| repos.contains(&repo.id))
    };
    let reached = installation
        .repos
        .iter()
        .filter_map(|id| world.repos.get(id))
        .filter(mine);
    let shown: Vec<Value> = reached.map(|repo| world.show_repo(repo)).collect();
    Ok(call.paged(world, &shown, |page, all| {
        json!({"total_count": all, "repository_selection": "selected", "repositories": page})
    }))
}

fn deliveries(world: &World, call: &Call) -> Answered {
    let size: usize = call
        .query
        .get("per_page")
        .and_then(|text| text.parse().ok())
        .unwrap_or(30)
        .clamp(1, 100);
    let cursor = match call.query.get("cursor") {
        None => None,
        Some(text) => Some(
            read_cursor(text)
                .ok_or_else(|| invalid("Invalid cursor: it is the one of the Link header"))?,
        ),
    };
    let failed_only = call
        .query
        .get("status")
        .is_some_and(|status| status == "failure");
    let done = world.kept_deliveries().filter(|one| one.status.is_some());
    let wanted = done
        .filter(|one| !failed_only || !one.status.is_some_and(|code| (200..300).contains(&code)));
    let mut rest = wanted.filter(|one| cursor.is_none_or(|cursor| one.id < cursor));
    let page: Vec<_> = rest.by_ref().take(size).collect();
    let shown = page
        .iter()
        .map(|one| world.show_delivery(one, false))
        .collect();
    let answer = Answer::ok(Value::Array(shown));
    match (rest.next(), page.last()) {
        (Some(_), Some(last)) => {
            let mut query = call.query.clone();
            query.insert("cursor".to_owned(), cursor_after(last.id));
            Ok(answer.with(
                "link",
                format!(
                    "<{}{}?{}>; rel=\"next\"",
                    world.api(),
                    call.path,
                    encoded(&query)
                ),
            ))
        }
        _ => Ok(answer),
    }
}

/// GitHub calls the cursor opaque, so it is: whoever makes one of a delivery's number is refused.
fn cursor_after(id: i64) -> String {
    format!(
        "v1_{}",
        Sha256Hex::of(format!("cursor {id}")).short().to_owned() + &id.to_string()
    )
}

fn read_cursor(text: &str) -> Option<i64> {
    let id = text.strip_prefix("v1_")?.get(12..)?.parse().ok()?;
    (cursor_after(id) == text).then_some(id)
}
