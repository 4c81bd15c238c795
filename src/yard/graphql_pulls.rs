//! The GraphQL operations about pull requests: a draft is marked ready, reviews are read.
//!
//! Answers whole objects, as `graphql` does.

use serde_json::{Value, json};

use super::graphql_parts::{actor, asked, failed, variable};
use super::permissions::Level;
use super::rest::{Answer, Call};
use super::shapes::node_id;
use super::world::World;

/// How many nodes a list is asked for: the most that GitHub gives.
const NODES: usize = 100;

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

/// Threads and reviews of a pull request, by the repository's name and its number.
pub(super) fn review_threads(world: &mut World, call: &Call) -> Answer {
    let id = match asked(world, call, "pull_requests") {
        Ok(id) => id,
        Err(answer) => return answer,
    };
    let n = variable(call, "number").as_i64().unwrap_or(0);
    let thread = world.thread(id, n).ok();
    let (Ok(repo), Some(pull)) = (world.repo(id), thread.and_then(|one| one.pull.as_ref())) else {
        let said = format!("Could not resolve to a PullRequest with the number of {n}.");
        return failed("repository", "NOT_FOUND", &said);
    };
    let reviews = &repo.reviews;
    let threads: Vec<Value> = reviews
        .threads
        .values()
        .filter(|thread| thread.pull == n)
        .map(|thread| world.thread_node(repo, thread, NODES))
        .collect();
    let given: Vec<Value> = reviews
        .reviews
        .values()
        .filter(|review| review.pull == n)
        .map(|review| world.review_node(repo, review))
        .collect();
    Answer::ok(
        json!({"data": {"repository": {"id": node_id("R", id), "databaseId": id, "pullRequest": {
            "id": node_id("PR", pull.id), "databaseId": pull.id, "number": n, "isDraft": pull.draft,
            "headRefName": pull.head, "headRefOid": pull.head_oid, "baseRefName": pull.base, "baseRefOid": pull.base_oid,
            "author": thread.map(|one| actor(world, &one.author)),
            "reviewThreads": paged(&threads, variable(call, "after")), "reviews": paged(&given, &Value::Null),
        }}}}),
    )
}

/// The page of a list behind a cursor, which is a count here.
pub(super) fn paged(all: &[Value], after: &Value) -> Value {
    let cursor = after.as_str().and_then(|text| text.parse().ok());
    let from = all.len().min(cursor.unwrap_or(0));
    let to = all.len().min(from + NODES);
    json!({"totalCount": all.len(), "nodes": all.get(from..to),
           "pageInfo": {"hasNextPage": to < all.len(), "endCursor": to.to_string()}})
}
