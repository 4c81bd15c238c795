//! Check runs as an App writes them: made, changed, and never begun again once they are over.
//!
//! Knows the limits of one; that the newest of a name counts is asked where something is merged.

use serde_json::{Value, json};

use super::{Answer, Answered, Call, invalid, not_found};
use crate::domain::time::Timestamp;
use crate::yard::model::{Bearer, Check};
use crate::yard::shapes::ACTIONS_APP_ID;
use crate::yard::templates::patched;
use crate::yard::tokens::Caller;
use crate::yard::world::World;

/// The longest summary or text of a check run's output, in characters.
const OUTPUT_LIMIT: usize = 65_535;
/// The most annotations of one call.
const ANNOTATIONS_LIMIT: usize = 50;
/// The most buttons of a run.
const ACTIONS_LIMIT: usize = 3;
/// What a button must say, and in how many characters.
const ACTION_KEYS: [(&str, usize); 3] = [("label", 20), ("description", 40), ("identifier", 20)];
/// What an App may set; the others are for GitHub alone.
const STATUSES: [&str; 3] = ["queued", "in_progress", "completed"];
const CONCLUSIONS: [&str; 7] = [
    "action_required",
    "cancelled",
    "failure",
    "neutral",
    "success",
    "skipped",
    "timed_out",
];

/// Makes a check run.
pub(super) fn create(world: &mut World, call: &Call, repo: i64) -> Answered {
    let app = app_of(world, call)?;
    let head = call.required("head_sha")?.to_owned();
    let name = call.required("name")?.to_owned();
    if world.repo(repo)?.git.kind(&head).as_deref() != Some("commit") {
        return Err(invalid(&format!("No commit found for SHA: {head}")));
    }
    if call.body.pointer("/output").is_some() && call.body.pointer("/output/title").is_none() {
        return Err(invalid("Invalid request.\n\n\"title\" wasn't supplied."));
    }
    let mut check = world.new_check(app, &name, &head, 0);
    check.suite = world.suite_for(repo, check.app, &head)?;
    fill(&mut check, call, world.clock.now())?;
    let id = check.id;
    world.put_check(repo, check)?;
    Ok(Answer::of(201, shown(world, repo, id)?))
}

/// Changes a check run of the same App.
pub(super) fn update(world: &mut World, call: &Call, repo: i64, id: &str) -> Answered {
    let app = app_of(world, call)?;
    let id: i64 = id.parse().map_err(|_| not_found())?;
    let known = world.repo(repo)?.checks.get(&id);
    let mut check = known.ok_or_else(not_found)?.clone();
    if check.app != app {
        return Err(Answer::error(
            403,
            "Invalid app_id: a check run can only be modified by the App that created it.",
        ));
    }
    fill(&mut check, call, world.clock.now())?;
    world.put_check(repo, check)?;
    Ok(Answer::ok(shown(world, repo, id)?))
}

/// Whose run it is: an installation's is its App's, a workflow's is GitHub Actions'. People have none.
fn app_of(world: &World, call: &Call) -> Result<i64, Answer> {
    match &call.caller {
        Caller::Token(token) => match token.bearer {
            Bearer::Installation(_) => Ok(world.app.id),
            Bearer::Run => Ok(ACTIONS_APP_ID),
            Bearer::Person(_) => Err(Answer::error(
                403,
                "You must authenticate via a GitHub App.",
            )),
        },
        Caller::App | Caller::Anonymous | Caller::Refused(_) => Err(not_found()),
    }
}

fn shown(world: &World, repo: i64, id: i64) -> Result<Value, Answer> {
    let known = world.repo(repo)?;
    Ok(world.show_check(known, known.checks.get(&id).ok_or_else(not_found)?))
}

fn fill(check: &mut Check, call: &Call, now: Timestamp) -> Result<(), Answer> {
    if let Some(name) = call.text("name") {
        name.clone_into(&mut check.name);
    }
    if let Some(at) = time(call, "started_at")? {
        check.started_at = at;
    }
    set_state(check, call, now)?;
    if let Some(id) = call.text("external_id") {
        id.clone_into(&mut check.external_id);
    }
    if let Some(url) = call.text("details_url") {
        check.details_url = Some(url.to_owned());
    }
    if let Some(output) = call.body.get("output") {
        set_output(check, output)?;
    }
    if let Some(actions) = call.body.get("actions") {
        check.actions = buttons(actions)?;
    }
    Ok(())
}

fn time(call: &Call, key: &str) -> Result<Option<Timestamp>, Answer> {
    let parsed = |text| {
        Timestamp::from_rfc3339(text).ok_or_else(|| invalid(&format!("{key} is not a date-time")))
    };
    call.text(key).map(parsed).transpose()
}

fn one_of<'a>(call: &'a Call, key: &str, known: &[&str]) -> Result<Option<&'a str>, Answer> {
    match call.text(key) {
        Some(word) if !known.contains(&word) => {
            Err(invalid(&format!("{key} is not one that an App may set")))
        }
        other => Ok(other),
    }
}

/// Status and conclusion. A run that is over stays over: GitHub answers 200 to whoever begins it
/// again, and keeps both. Another conclusion it takes (unverified).
fn set_state(check: &mut Check, call: &Call, now: Timestamp) -> Result<(), Answer> {
    let status = one_of(call, "status", &STATUSES)?;
    let conclusion = one_of(call, "conclusion", &CONCLUSIONS)?;
    let ended = time(call, "completed_at")?;
    let ends = ended.is_some() || status == Some("completed");
    if ends && conclusion.is_none() && check.conclusion.is_none() {
        return Err(invalid("Missing required key: conclusion"));
    }
    match (conclusion, status) {
        (Some(conclusion), _) => {
            check.conclusion = Some(conclusion.to_owned());
            "completed".clone_into(&mut check.status);
            check.completed_at = ended.or(check.completed_at).or(Some(now));
        }
        (None, Some(status)) if check.conclusion.is_none() => {
            status.clone_into(&mut check.status);
        }
        (None, _) => {}
    }
    Ok(())
}

/// What the run says. Annotations are added to those of earlier calls.
fn set_output(check: &mut Check, output: &Value) -> Result<(), Answer> {
    let text = |key: &str| output.get(key).and_then(Value::as_str);
    if text("summary").is_none() {
        return Err(invalid("Invalid request.\n\n\"summary\" wasn't supplied."));
    }
    let length = |key: &str| text(key).map_or(0, |text| text.chars().count());
    if length("summary") > OUTPUT_LIMIT || length("text") > OUTPUT_LIMIT {
        return Err(invalid("Only 65535 characters are allowed"));
    }
    let mut said = output.clone();
    let annotations = said
        .as_object_mut()
        .and_then(|map| map.remove("annotations"));
    if let Some(Value::Array(more)) = annotations {
        if more.len() > ANNOTATIONS_LIMIT {
            return Err(invalid("Only 50 annotations are allowed in a request"));
        }
        for one in more {
            check.annotations.push(annotation(one)?);
        }
    }
    check.output = patched(std::mem::take(&mut check.output), said);
    Ok(())
}

fn annotation(given: Value) -> Result<Value, Answer> {
    let text = |key: &str| given.get(key).and_then(Value::as_str);
    let line = |key: &str| given.get(key).and_then(Value::as_i64);
    let level = text("annotation_level").unwrap_or_default();
    let whole = text("path").is_some() && text("message").is_some();
    let lines = line("start_line").zip(line("end_line"));
    let in_order = lines.is_some_and(|(from, to)| from >= 1 && from <= to);
    if !whole || !in_order || !["notice", "warning", "failure"].contains(&level) {
        return Err(invalid(
            "Invalid request.\n\nAn annotation needs path, start_line, end_line, annotation_level and message.",
        ));
    }
    let empty =
        json!({"start_column": null, "end_column": null, "title": null, "raw_details": null});
    Ok(patched(empty, given))
}

fn buttons(given: &Value) -> Result<Vec<Value>, Answer> {
    let given = given.as_array().cloned().unwrap_or_default();
    if given.len() > ACTIONS_LIMIT {
        return Err(invalid("Only 3 actions are allowed in a request"));
    }
    for one in &given {
        for (key, most) in ACTION_KEYS {
            let length = one
                .get(key)
                .and_then(Value::as_str)
                .map(|text| text.chars().count());
            if length.is_none_or(|length| length == 0 || length > most) {
                return Err(invalid(&format!(
                    "Validation Failed: actions.{key} must have 1 to {most} characters"
                )));
            }
        }
    }
    Ok(given)
}
