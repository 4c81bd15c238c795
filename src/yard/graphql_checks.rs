//! The GraphQL operation by which is asked what CI says of a commit.
//!
//! Answers whole objects, as `graphql` does, in GraphQL's words: those of REST in capitals. A run
//! has no state of its own there: its suite has it.

use serde_json::{Value, json};

use super::graphql_parts::{failed, named, variable};
use super::graphql_pulls::paged;
use super::model::{Check, Repository, Run};
use super::permissions::Level;
use super::report_shapes::Suite;
use super::reports::CommitStatus;
use super::rest::{Answer, Call};
use super::shapes::node_id;
use super::world::World;

/// What is shown of a commit, and what one has to be allowed for it.
const NEEDED: [(&str, &str); 4] = [
    ("contents", "object"),
    ("checks", "checkSuites"),
    ("actions", "workflowRun"),
    ("statuses", "status"),
];

/// `CommitChecks`: suites with their check runs and workflow runs, and the newest statuses.
pub(super) fn commit_checks(world: &mut World, call: &Call) -> Answer {
    let id = match named(world, call) {
        Ok(id) => id,
        Err(answer) => return answer,
    };
    for (permission, field) in NEEDED {
        if world.need(call, permission, Level::Read).is_err() {
            return failed(
                "repository",
                "FORBIDDEN",
                &format!("Resource not accessible by integration ({field})"),
            );
        }
    }
    let head = variable(call, "head").as_str().unwrap_or_default();
    let Some(repo) = world.repos.get(&id) else {
        return failed("repository", "NOT_FOUND", "it is gone");
    };
    let is_commit = repo.git.kind(head).as_deref() == Some("commit");
    let shown = is_commit.then(|| commit(world, repo, head));
    Answer::ok(json!({"data": {"repository": {
        "id": node_id("R", repo.id), "databaseId": repo.id, "nameWithOwner": repo.full_name(),
        "object": shown,
    }}}))
}

fn commit(world: &World, repo: &Repository, head: &str) -> Value {
    let suites = repo.suites_of(head);
    let suites: Vec<Value> = suites
        .iter()
        .map(|suite| show_suite(world, repo, suite))
        .collect();
    let mut seen = std::collections::BTreeSet::new();
    let statuses = repo.reports.statuses.iter().rev();
    let newest: Vec<Value> = statuses
        .filter(|status| status.head == head && seen.insert(&status.context))
        .map(show_context)
        .collect();
    let checks = repo.checks.values().filter(|check| check.head == head);
    let (reports, contexts) = (checks.count(), newest.len());
    let rollup = (reports + contexts > 0).then(|| {
        json!({"contexts": {
            "totalCount": reports + contexts, "checkRunCount": reports, "statusContextCount": contexts,
        }})
    });
    json!({
        "__typename": "Commit", "oid": head, "checkSuites": paged(&suites, &Value::Null),
        "status": (contexts > 0).then(|| json!({"contexts": newest})), "statusCheckRollup": rollup,
    })
}

fn show_suite(world: &World, repo: &Repository, suite: &Suite) -> Value {
    let run = repo.runs.values().find(|run| run.suite == suite.id);
    let checks = repo.checks.values().rev();
    let checks: Vec<Value> = checks
        .filter(|check| check.suite == suite.id)
        .map(|check| show_check(world, repo, check))
        .collect();
    let app = world.show_app_of(suite.app);
    json!({
        "id": node_id("CS", suite.id), "databaseId": suite.id, "status": suite.status.to_uppercase(),
        "conclusion": suite.conclusion.as_ref().map(|word| word.to_uppercase()),
        "app": {"databaseId": suite.app, "slug": app["slug"]},
        "workflowRun": run.map(|run| show_run(world, repo, run)),
        "checkRuns": paged(&checks, &Value::Null),
    })
}

fn show_run(world: &World, repo: &Repository, run: &Run) -> Value {
    let path = format!(".github/workflows/{}", run.workflow);
    let repository = format!("{}/{}", world.base_url, repo.full_name());
    json!({
        "id": node_id("WFR", run.id), "databaseId": run.id, "event": run.event, "runNumber": run.number,
        "runAttempt": run.attempt, "workflow": {"name": run.name},
        "file": {"path": path, "repositoryName": repository},
    })
}

fn show_check(world: &World, repo: &Repository, check: &Check) -> Value {
    let shown = world.show_check(repo, check);
    json!({
        "id": node_id("CR", check.id), "databaseId": check.id, "name": check.name,
        "status": check.status.to_uppercase(),
        "conclusion": check.conclusion.as_ref().map(|word| word.to_uppercase()),
        "startedAt": check.started_at.to_string(),
        "completedAt": check.completed_at.map(|at| at.to_string()),
        "title": shown["output"]["title"], "summary": shown["output"]["summary"],
        "url": shown["html_url"], "detailsUrl": shown["details_url"],
    })
}

fn show_context(status: &CommitStatus) -> Value {
    json!({
        "id": node_id("SC", status.id), "context": status.context, "state": status.state.to_uppercase(),
        "description": status.description, "targetUrl": null, "createdAt": status.at.to_string(),
    })
}
