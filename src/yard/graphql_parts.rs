//! What the answers of GraphQL have in common: accounts, errors, variables.

use serde_json::{Value, json};

use super::model::AccountKind;
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
