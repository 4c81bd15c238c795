//! The GraphQL operation by which the gate looks at a pull request.
//!
//! Answers whole objects, as `graphql` does.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::graphql_parts::{actor, asked, failed, variable};
use super::graphql_pulls::paged;
use super::model::Repository;
use super::permissions::Level;
use super::rest::{Answer, Call};
use super::shapes::node_id;
use super::world::World;

/// `PullState`: the sides of a pull request, and a page of its reviews.
pub(super) fn pull_state(world: &mut World, call: &Call) -> Answer {
    let id = match asked(world, call, "pull_requests") {
        Ok(id) => id,
        Err(answer) => return answer,
    };
    for permission in ["checks", "statuses"] {
        if world.need(call, permission, Level::Read).is_err() {
            let said = "Resource not accessible by integration";
            return failed("potentialMergeCommit", "FORBIDDEN", said);
        }
    }
    let n = variable(call, "number").as_i64().unwrap_or(0);
    let world = &*world;
    let Ok(repo) = world.repo(id) else {
        return failed("repository", "NOT_FOUND", "it is gone");
    };
    let thread = repo.threads.get(&n);
    let Some((thread, pull)) = thread.and_then(|one| Some((one, one.pull.as_ref()?))) else {
        let shown =
            json!({"id": node_id("R", repo.id), "databaseId": repo.id, "pullRequest": null});
        return Answer::ok(json!({"data": {"repository": shown}}));
    };
    let state = match (thread.open, &pull.merged_by) {
        (_, Some(_)) => "MERGED",
        (true, None) => "OPEN",
        (false, None) => "CLOSED",
    };
    let of_pull = repo
        .reviews
        .reviews
        .values()
        .filter(|review| review.pull == n);
    let reviews: Vec<Value> = of_pull
        .map(|review| world.review_node(repo, review))
        .collect();
    let threads = repo
        .reviews
        .threads
        .values()
        .filter(|thread| thread.pull == n);
    let threads: Vec<Value> = threads
        .map(|one| json!({"isResolved": one.resolved_by.is_some()}))
        .collect();
    let base = repo
        .tip(&pull.base)
        .map(|tip| json!({"target": {"oid": tip}}));
    let head_repository = pull.fork.as_ref().map_or(repo.id, |fork| fork.repository);
    let shown = json!({
        "id": node_id("PR", pull.id), "databaseId": pull.id, "number": n, "state": state,
        "isDraft": pull.draft, "title": thread.title, "createdAt": thread.created_at.to_string(),
        "headRefName": pull.head, "headRefOid": pull.head_oid,
        "headRepository": {"databaseId": head_repository},
        "baseRefName": pull.base, "baseRef": base, "author": actor(world, &thread.author),
        "reviews": paged(&reviews, variable(call, "after")),
        "reviewThreads": paged(&threads, &Value::Null),
        "potentialMergeCommit": repo.test_merge(pull).map(|merge| tried(repo, merge)),
    });
    Answer::ok(json!({"data": {"repository": {
        "id": node_id("R", repo.id), "databaseId": repo.id, "pullRequest": shown,
    }}}))
}

/// A test merge with what is reported on it.
fn tried(repo: &Repository, merge: &str) -> Value {
    let upper = |word: &Option<String>| word.as_deref().map(str::to_uppercase);
    let checks = repo.checks.values().filter(|check| check.head == merge);
    let checks = checks.map(|check| {
        json!({"__typename": "CheckRun", "databaseId": check.id, "name": check.name,
               "status": check.status.to_uppercase(), "conclusion": upper(&check.conclusion),
               "checkSuite": {"databaseId": check.suite, "app": {"databaseId": check.app}}})
    });
    let mut newest = BTreeMap::new();
    for status in repo.reports.statuses.iter().filter(|one| one.head == merge) {
        newest.insert(&status.context, &status.state);
    }
    let statuses = newest.into_iter().map(|(context, state)| {
        json!({"__typename": "StatusContext", "context": context, "state": state.to_uppercase()})
    });
    let nodes: Vec<Value> = checks.chain(statuses).collect();
    // Where nothing is reported there is no roll-up at all.
    let rollup = (!nodes.is_empty())
        .then(|| json!({"contexts": {"totalCount": nodes.len(), "nodes": nodes}}));
    json!({"oid": merge, "statusCheckRollup": rollup})
}
