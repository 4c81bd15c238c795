//! What the answers of GraphQL have in common: accounts, errors, variables.

use serde_json::{Value, json};

use super::model::AccountKind;
use super::permissions::Level;
use super::rest::{Answer, Call};
use super::shapes::node_id;
use super::world::World;

/// GraphQL shows a bot's login without `[bot]`.
pub(super) fn actor(world: &World, login: &str) -> Value {
    let Some(account) = world.accounts.get(login) else {
        return Value::Null;
    };
    let shown = if account.kind == AccountKind::Bot {
        login.trim_end_matches("[bot]")
    } else {
        login
    };
    json!({"__typename": account.kind.word(), "login": shown, "databaseId": account.id, "id": node_id("U", account.id)})
}

pub(super) fn failed(field: &str, kind: &str, message: &str) -> Answer {
    Answer::ok(json!({
        "data": {field: null},
        "errors": [{"type": kind, "path": [field], "locations": [{"line": 1, "column": 1}], "message": message}],
    }))
}

pub(super) fn variable<'a>(call: &'a Call, name: &str) -> &'a Value {
    call.body
        .get("variables")
        .and_then(|map| map.get(name))
        .unwrap_or(&Value::Null)
}

/// The repository that an operation names by owner and name, where its token reaches it and may
/// read `permission`; otherwise what GitHub answers.
pub(super) fn asked(world: &mut World, call: &Call, permission: &str) -> Result<i64, Answer> {
    let id = named(world, call)?;
    match world.need(call, permission, Level::Read) {
        Ok(()) => Ok(id),
        Err(_) => Err(failed(
            "repository",
            "FORBIDDEN",
            "Resource not accessible by integration",
        )),
    }
}

/// The repository that an operation names by owner and name, where its token reaches it.
pub(super) fn named(world: &World, call: &Call) -> Result<i64, Answer> {
    let text = |name| variable(call, name).as_str().unwrap_or_default();
    let full = format!("{}/{}", text("owner"), text("name"));
    let found = world
        .repo_named(&full)
        .or_else(|| world.repo_once_named(&full))
        .map(|repo| repo.id);
    found
        .filter(|id| world.reach(call, *id).is_ok())
        .ok_or_else(|| {
            let said = format!("Could not resolve to a Repository with the name '{full}'.");
            failed("repository", "NOT_FOUND", &said)
        })
}
