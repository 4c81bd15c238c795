//! The GraphQL operations about pull requests: a draft is marked ready.
//!
//! Answers whole objects, as `graphql` does.

use serde_json::{Value, json};

use super::graphql::{failed, variable};
use super::permissions::Level;
use super::rest::{Answer, Call};
use super::shapes::node_id;
use super::world::World;

/// The repository and number of a pull request by its node id, however the variable is called.
fn by_node(world: &World, call: &Call) -> Option<(i64, i64)> {
    let names = ["pullRequestId", "id", "pull"];
    let given = names.into_iter().map(|name| variable(call, name));
    let inner = variable(call, "input").get("pullRequestId");
    let id = given.chain(inner).find_map(Value::as_str)?;
    let id: i64 = id.strip_prefix("PR_")?.parse().ok()?;
    let has = |repo: &super::model::Repository| {
        let mut threads = repo.threads.values();
        let thread = threads.find(|one| one.pull.as_ref().is_some_and(|pull| pull.id == id))?;
        Some((repo.id, thread.number))
    };
    world.repos.values().find_map(has)
}

/// `markPullRequestReadyForReview`.
pub(super) fn mark_ready(world: &mut World, call: &Call) -> Answer {
    const FIELD: &str = "markPullRequestReadyForReview";
    let found = by_node(world, call).filter(|(repo, _)| world.reach(call, *repo).is_ok());
    let Some((repo, n)) = found else {
        let said = "Could not resolve to a node with the global id.";
        return failed(FIELD, "NOT_FOUND", said);
    };
    if world.need(call, "pull_requests", Level::Write).is_err() {
        return failed(FIELD, "FORBIDDEN", "Resource not accessible by integration");
    }
    let pull = world.thread(repo, n).ok().and_then(|one| one.pull.as_ref());
    let (id, draft) = pull.map_or((0, false), |pull| (pull.id, pull.draft));
    if !draft {
        return failed(FIELD, "UNPROCESSABLE", "Pull request is not in draft state");
    }
    let actor = world.actor(call);
    if let Err(error) = world.set_draft(repo, n, &actor, false) {
        return failed(FIELD, "UNPROCESSABLE", &error.to_string());
    }
    let pull = json!({"id": node_id("PR", id), "number": n, "isDraft": false});
    Answer::ok(json!({"data": {FIELD: {"clientMutationId": null, "pullRequest": pull}}}))
}
