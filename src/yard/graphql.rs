//! The GraphQL operations that Castellan sends, found by their name; nothing is parsed.
//!
//! Answers whole objects, more than was asked for. `updateRefs` compares exact old ids.

use serde_json::{Value, json};

use super::graphql_checks;
use super::graphql_gate;
use super::graphql_parts::{actor, failed, named, variable};
use super::graphql_pulls;
use super::model::{Entry, Repository, Thread, Violation};
use super::permissions::Level;
use super::refs::{RefChange, ZERO};
use super::rest::{Answer, Call};
use super::shapes::node_id;
use super::tokens::Caller;
use super::world::World;

/// The operations that read; the others write.
pub(super) const READS: [&str; 5] = [
    "/graphql/CommitChecks",
    "/graphql/TaskInput",
    "/graphql/ReviewThreads",
    "/graphql/PullState",
    "/graphql/MergeQueue",
];
/// How many comments and events of a thread are shown.
const COMMENTS: usize = 100;
const EVENTS: usize = 50;

/// Answers an operation.
pub(super) fn answer(world: &mut World, call: &Call) -> Answer {
    match &call.caller {
        Caller::Token(_) => {}
        Caller::Refused(said) => return Answer::error(401, said),
        Caller::App | Caller::Anonymous => {
            return Answer::error(401, "This endpoint requires you to be authenticated.");
        }
    }
    let operation = call.text("operationName").unwrap_or("?").to_owned();
    match operation.as_str() {
        "TaskInput" => task_input(world, call),
        "UpdateRefs" => update_refs(world, call),
        "ReviewThreads" => graphql_pulls::review_threads(world, call),
        "CommitChecks" => graphql_checks::commit_checks(world, call),
        "PullState" => graphql_gate::pull_state(world, call),
        "MergeQueue" => super::queueing::merge_queue(world, call),
        "MarkPullRequestReadyForReview" => graphql_pulls::mark_ready(world, call),
        _ => {
            world
                .violations
                .push(Violation::UnknownRoute(format!("graphql {operation}")));
            failed(
                "repository",
                "UNKNOWN_OPERATION",
                "the yard does not know this operation",
            )
        }
    }
}

fn task_input(world: &mut World, call: &Call) -> Answer {
    let id = match named(world, call) {
        Ok(id) => id,
        Err(answer) => return answer,
    };
    let number = variable(call, "number").as_i64();
    let mut errors = Vec::new();
    let mut ask = |world: &mut World, permission: &str, field: &str| {
        let allowed = world.need(call, permission, Level::Read).is_ok();
        if !allowed {
            errors.push(
                json!({"type": "FORBIDDEN", "path": ["repository", field], "locations": [],
                               "message": "Resource not accessible by integration"}),
            );
        }
        allowed
    };
    let contents = ask(world, "contents", "object");
    let thread = number.and_then(|n| world.repos.get(&id).and_then(|repo| repo.threads.get(&n)));
    let permission = if thread.is_some_and(|thread| thread.pull.is_some()) {
        "pull_requests"
    } else {
        "issues"
    };
    let known = thread.is_some();
    let readable = number.is_some() && ask(world, permission, "issueOrPullRequest");
    if let (Some(n), false) = (number, known) {
        errors.push(json!({"type": "NOT_FOUND", "path": ["repository", "issueOrPullRequest"], "locations": [],
                           "message": format!("Could not resolve to an issue or pull request with the number of {n}.")}));
    }
    let Some(repo) = world.repos.get(&id) else {
        return failed("repository", "NOT_FOUND", "gone");
    };
    let mut shown = repository(world, repo, contents);
    if let Some(map) = shown.as_object_mut() {
        let thread = number
            .filter(|_| readable)
            .and_then(|n| repo.threads.get(&n));
        map.insert(
            "issueOrPullRequest".to_owned(),
            thread.map_or(Value::Null, |one| issue_or_pull(world, repo, one)),
        );
    }
    let mut body = json!({"data": {"repository": shown}});
    if let (false, Some(map)) = (errors.is_empty(), body.as_object_mut()) {
        map.insert("errors".to_owned(), Value::Array(errors));
    }
    Answer::ok(body)
}

fn repository(world: &World, repo: &Repository, contents: bool) -> Value {
    let tip = repo.tip(&repo.default_branch);
    let tree = tip.and_then(|tip| repo.git.resolve(&format!("{tip}^{{tree}}")));
    let branch = tip.map(|tip| {
        json!({"name": repo.default_branch, "target": {
        "__typename": "Commit", "oid": tip, "tree": {"oid": tree}}})
    });
    let policy = tip.filter(|_| contents).and_then(|tip| {
        let content = repo.git.file(tip, ".github/castellan.yml")?;
        let oid = repo.git.resolve(&format!("{tip}:.github/castellan.yml"))?;
        let text = String::from_utf8(content.clone()).ok().filter(|text| !text.contains('\0'));
        Some(json!({"__typename": "Blob", "oid": oid, "byteSize": content.len(), "isTruncated": false,
                    "isBinary": text.is_none(), "text": text}))
    });
    json!({
        "id": node_id("R", repo.id), "databaseId": repo.id, "nameWithOwner": repo.full_name(), "name": repo.name,
        "isArchived": repo.archived, "isFork": false, "isPrivate": repo.private, "isDisabled": false,
        "visibility": if repo.private { "PRIVATE" } else { "PUBLIC" }, "owner": actor(world, &repo.owner),
        "defaultBranchRef": branch, "object": policy,
    })
}

fn issue_or_pull(world: &World, repo: &Repository, thread: &Thread) -> Value {
    let comments: Vec<_> = repo.comments_of(thread.number).collect();
    let last = comments.len().saturating_sub(COMMENTS);
    let shown: Vec<Value> = comments.get(last..).unwrap_or_default().iter().map(|comment| json!({
        "databaseId": comment.id, "id": node_id("IC", comment.id), "body": comment.body,
        "createdAt": comment.created_at.to_string(), "author": actor(world, &comment.author),
        "lastEditedAt": comment.edited.then(|| comment.updated_at.to_string()),
        "updatedAt": comment.updated_at.to_string(),
    })).collect();
    let (labeled, unlabeled) = label_events(world, thread);
    let page = if thread.pull.is_some() {
        "pull"
    } else {
        "issues"
    };
    let labels: Vec<Value> = thread
        .labels
        .iter()
        .map(|label| json!({"name": label}))
        .collect();
    let merged = thread
        .pull
        .as_ref()
        .is_some_and(|pull| pull.merged_by.is_some());
    let state = match (thread.open, merged) {
        (true, _) => "OPEN",
        (false, true) => "MERGED",
        (false, false) => "CLOSED",
    };
    let mut shown = json!({
        "__typename": "Issue", "id": node_id("I", thread.id), "databaseId": thread.id, "number": thread.number,
        "title": thread.title, "body": thread.body, "state": state, "author": actor(world, &thread.author),
        "url": format!("{}/{}/{page}/{}", world.base_url, repo.full_name(), thread.number),
        "createdAt": thread.created_at.to_string(), "updatedAt": thread.updated_at.to_string(),
        "lastEditedAt": thread.edited_at.map(|at| at.to_string()), "labels": {"nodes": labels},
        "comments": {"totalCount": comments.len(), "nodes": shown},
        "renamed": {"nodes": thread.renamed_at.map(|at| json!({"createdAt": at.to_string()})).as_slice()},
        "timelineItems": {"totalCount": labeled.len(), "nodes": newest(&labeled)},
        "unlabelled": {"totalCount": unlabeled.len(), "nodes": newest(&unlabeled)},
    });
    if let Some(pull) = &thread.pull {
        super::templates::patch(
            &mut shown,
            json!({
                "__typename": "PullRequest", "id": node_id("PR", pull.id), "databaseId": pull.id,
                "isDraft": pull.draft, "merged": merged, "headRefName": pull.head, "headRefOid": pull.head_oid,
                "baseRefName": pull.base, "baseRefOid": pull.base_oid,
                "baseRepository": {"databaseId": repo.id, "nameWithOwner": repo.full_name()},
                "headRepository": match &pull.fork {
                    Some(fork) => json!({"databaseId": fork.repository, "nameWithOwner": format!("{}/{}", fork.owner, repo.name)}),
                    None => json!({"databaseId": repo.id, "nameWithOwner": repo.full_name()}),
                },
                "isCrossRepository": pull.fork.is_some(),
            }),
        );
    }
    shown
}

/// When labels were set, and when they were taken off.
fn label_events(world: &World, thread: &Thread) -> (Vec<Value>, Vec<Value>) {
    let (mut labeled, mut unlabeled) = (Vec::new(), Vec::new());
    for entry in &thread.story {
        let (to, kind, prefix, (id, at, label, who)) = match entry {
            Entry::Labeled {
                id,
                at,
                label,
                actor,
            } => (&mut labeled, "LabeledEvent", "LE", (id, at, label, actor)),
            Entry::Unlabeled {
                id,
                at,
                label,
                actor,
            } => (
                &mut unlabeled,
                "UnlabeledEvent",
                "ULE",
                (id, at, label, actor),
            ),
            _ => continue,
        };
        to.push(json!({
            "__typename": kind, "id": format!("{prefix}_{id}"), "createdAt": at.to_string(),
            "label": {"name": label}, "actor": actor(world, who)}));
    }
    (labeled, unlabeled)
}

fn newest(events: &[Value]) -> &[Value] {
    events
        .get(events.len().saturating_sub(EVENTS)..)
        .unwrap_or_default()
}

fn update_refs(world: &mut World, call: &Call) -> Answer {
    let id = variable(call, "repositoryId")
        .as_str()
        .and_then(|text| text.strip_prefix("R_")?.parse::<i64>().ok());
    let Some(id) = id.filter(|id| world.reach(call, *id).is_ok()) else {
        return failed(
            "updateRefs",
            "NOT_FOUND",
            "Could not resolve to a node with the global id.",
        );
    };
    if world.need(call, "contents", Level::Write).is_err() {
        return failed(
            "updateRefs",
            "FORBIDDEN",
            "Resource not accessible by integration",
        );
    }
    let updates = variable(call, "refUpdates")
        .as_array()
        .cloned()
        .unwrap_or_default();
    let mut changes = Vec::new();
    for update in &updates {
        match checked(world, call, id, update) {
            Ok(change) => changes.push(change),
            Err((kind, said)) => return failed("updateRefs", kind, &said),
        }
    }
    let actor = world.actor(call);
    for change in changes {
        if let Err(error) = world.move_ref(id, &actor, change) {
            return failed("updateRefs", "UNPROCESSABLE", &error.to_string());
        }
    }
    Answer::ok(
        json!({"data": {"updateRefs": {"clientMutationId": variable(call, "clientMutationId")}}}),
    )
}

/// One update, if GitHub would make it. All are checked before the first is made.
fn checked(
    world: &World,
    call: &Call,
    repo: i64,
    update: &Value,
) -> Result<RefChange, (&'static str, String)> {
    let unprocessable = |said: String| ("UNPROCESSABLE", said);
    let text = |key: &str| update.get(key).and_then(Value::as_str);
    let known = world
        .repo(repo)
        .map_err(|error| ("NOT_FOUND", error.to_string()))?;
    let (name, after) = (
        text("name").unwrap_or_default(),
        text("afterOid").unwrap_or_default(),
    );
    if !name.starts_with("refs/") || known.git.text(&["check-ref-format", name], b"").is_err() {
        return Err(unprocessable(format!("{name} is not a valid ref name")));
    }
    if known.archived {
        return Err((
            "FORBIDDEN",
            "Repository was archived so is read-only.".to_owned(),
        ));
    }
    let old = known.refs.get(name).cloned();
    if let Some(expected) = text("beforeOid") {
        let have = old.as_deref().unwrap_or(ZERO);
        if have != expected {
            return Err((
                "STALE_DATA",
                format!("Reference {name} was expected to be at {expected} but is at {have}"),
            ));
        }
    }
    if after == ZERO {
        return Ok(RefChange {
            name: name.to_owned(),
            old,
            new: None,
        });
    }
    if known.git.kind(after).as_deref() != Some("commit") {
        return Err(unprocessable(format!(
            "{after} is not a commit of this repository"
        )));
    }
    let force = update
        .get("force")
        .and_then(Value::as_bool)
        .unwrap_or(false);
    if !force
        && old
            .as_deref()
            .is_some_and(|old| !known.git.is_ancestor(old, after))
    {
        return Err(unprocessable(format!(
            "Update of {name} is not a fast forward"
        )));
    }
    refuse_drift(world, call, repo, (old.as_deref(), after))?;
    Ok(RefChange {
        name: name.to_owned(),
        old,
        new: Some(after.to_owned()),
    })
}

/// GitHub takes no ref whose workflows differ, without a permission that the App does not have (H26).
fn refuse_drift(
    world: &World,
    call: &Call,
    repo: i64,
    (old, after): (Option<&str>, &str),
) -> Result<(), (&'static str, String)> {
    if !World::minds_workflows(call) {
        return Ok(());
    }
    match world.workflow_drift(repo, after, old) {
        Ok(None) => Ok(()),
        Ok(Some(file)) => Err((
            "UNPROCESSABLE",
            format!(
                "refusing to allow a GitHub App to create or update workflow `{file}` without `workflows` permission"
            ),
        )),
        Err(error) => Err(("UNPROCESSABLE", error.to_string())),
    }
}
