//! Workflow runs: dispatch, look, cancel.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Answer, Answered, Call, invalid, not_found, unknown};
use crate::domain::time::Timestamp;
use crate::yard::model::Run;
use crate::yard::permissions::Level;
use crate::yard::world::World;

/// The most inputs that GitHub takes, and their size.
const INPUTS_LIMIT: usize = 25;
const PAYLOAD_LIMIT: usize = 65_535;

pub(super) fn route(world: &mut World, call: &Call, repo: i64, rest: &[&str]) -> Answered {
    let level = if call.method == "GET" {
        Level::Read
    } else {
        Level::Write
    };
    world.need(call, "actions", level)?;
    match (call.method.as_str(), rest) {
        ("POST", ["actions", "workflows", file, "dispatches"]) => dispatch(world, call, repo, file),
        ("GET", ["actions", "workflows", file, "runs"]) => list(world, call, repo, Some(file)),
        ("GET", ["actions", "runs"]) => list(world, call, repo, None),
        ("GET", ["actions", "runs", id]) => {
            let known = world.repo(repo)?;
            let run = id
                .parse()
                .ok()
                .and_then(|id: i64| known.runs.get(&id))
                .ok_or_else(not_found)?;
            Ok(Answer::ok(world.show_run(known, run)))
        }
        ("POST", ["actions", "runs", id, "cancel"]) => {
            let id: i64 = id.parse().map_err(|_| not_found())?;
            let run = world.repo(repo)?.runs.get(&id).ok_or_else(not_found)?;
            if run.status == "completed" {
                return Err(Answer::error(
                    409,
                    "Cannot cancel a workflow run that is completed.",
                ));
            }
            world.cancel_run(repo, id)?;
            Ok(Answer::of(202, json!({})))
        }
        (_, ["actions", "jobs", ..] | ["actions", "runs", _, ..]) => {
            super::jobs::route(world, call, repo, rest)
        }
        _ => Ok(unknown(world, call)),
    }
}

fn dispatch(world: &mut World, call: &Call, repo: i64, file: &str) -> Answered {
    let known = world.repo(repo)?;
    let path = format!(".github/workflows/{file}");
    let tip = known.tip(&known.default_branch).ok_or_else(not_found)?;
    let text = known.git.file(tip, &path).ok_or_else(not_found)?;
    let declared = declared_inputs(&String::from_utf8_lossy(&text))
        .ok_or_else(|| invalid("Workflow does not have 'workflow_dispatch' trigger"))?;
    let details = call.body.get("return_run_details");
    if details.is_some() && !world.knows_run_details {
        return Err(Answer::error(
            400,
            "Invalid request.\n\n\"return_run_details\" is not a permitted key.",
        ));
    }
    let wanted = call.required("ref")?;
    let branch = wanted
        .strip_prefix("refs/heads/")
        .unwrap_or(wanted)
        .to_owned();
    if known.tip(&branch).is_none() {
        return Err(invalid(&format!("No ref found for: {wanted}")));
    }
    let inputs = inputs(call, &declared)?;
    let actor = world.actor(call);
    let id = world.dispatch(repo, file, &branch, inputs, &actor)?;
    if details.and_then(Value::as_bool) != Some(true) {
        return Ok(Answer::of(204, Value::Null));
    }
    let full = world.repo(repo)?.full_name();
    Ok(Answer::ok(json!({
        "workflow_run_id": id, "run_url": format!("{}/repos/{full}/actions/runs/{id}", world.api()),
        "html_url": format!("{}/{full}/actions/runs/{id}", world.base_url),
    })))
}

/// The inputs that a workflow may be dispatched with; `None` where it may not be.
fn declared_inputs(text: &str) -> Option<Vec<String>> {
    let workflow: Value = serde_saphyr::from_str(text).ok()?;
    let on = workflow.get("on").or_else(|| workflow.get("true"))?;
    match on {
        Value::String(event) => (event == "workflow_dispatch").then(Vec::new),
        Value::Array(events) => events
            .iter()
            .any(|event| event == "workflow_dispatch")
            .then(Vec::new),
        Value::Object(events) => {
            let dispatch = events.get("workflow_dispatch")?;
            let inputs = dispatch.get("inputs").and_then(Value::as_object);
            Some(
                inputs
                    .map(|map| map.keys().cloned().collect())
                    .unwrap_or_default(),
            )
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}

fn inputs(call: &Call, declared: &[String]) -> Result<BTreeMap<String, String>, Answer> {
    let given = call
        .body
        .get("inputs")
        .and_then(Value::as_object)
        .cloned()
        .unwrap_or_default();
    if given.len() > INPUTS_LIMIT || call.body.to_string().len() > PAYLOAD_LIMIT {
        return Err(invalid("inputs are too large."));
    }
    let unexpected: Vec<&String> = given
        .keys()
        .filter(|key| !declared.contains(*key))
        .collect();
    if !unexpected.is_empty() {
        return Err(invalid(&format!(
            "Unexpected inputs provided: {unexpected:?}"
        )));
    }
    let text = |value: Value| match value {
        Value::String(text) => text,
        other => other.to_string(),
    };
    Ok(given
        .into_iter()
        .map(|(key, value)| (key, text(value)))
        .collect())
}

fn list(world: &World, call: &Call, repo: i64, file: Option<&str>) -> Answered {
    let known = world.repo(repo)?;
    let asked = |key: &str, have: &str| call.query.get(key).is_none_or(|want| want == have);
    let wanted = |run: &&Run| {
        file.is_none_or(|file| {
            file == run.workflow
                || file == crate::yard::report_shapes::workflow_id(&run.workflow).to_string()
        }) && asked("event", &run.event)
            && asked("branch", &run.branch)
            && asked("head_sha", &run.head)
            && call.query.get("created").is_none_or(|want| {
                let from = want.strip_prefix(">=").and_then(Timestamp::from_rfc3339);
                from.is_some_and(|from| from <= run.created_at)
            })
            && call
                .query
                .get("status")
                .is_none_or(|want| want == run.status || Some(want) == run.conclusion.as_ref())
    };
    let shown: Vec<Value> = known
        .runs
        .values()
        .rev()
        .filter(wanted)
        .map(|run| world.show_run(known, run))
        .collect();
    Ok(call.paged(
        world,
        &shown,
        |page, all| json!({"total_count": all, "workflow_runs": page}),
    ))
}
