//! Check runs and check suites: list, create, update.

use serde_json::{Value, json};

use super::{Answer, Answered, Call, commit_of, invalid, not_found, unknown};
use crate::yard::model::Check;
use crate::yard::permissions::Level;
use crate::yard::report_shapes::Suite;
use crate::yard::world::World;

/// The longest summary or text of a check run's output.
const OUTPUT_LIMIT: usize = 65_535;
/// The most annotations of one call.
const ANNOTATIONS_LIMIT: usize = 50;

pub(super) fn route(world: &mut World, call: &Call, repo: i64, rest: &[&str]) -> Answered {
    let level = if call.method == "GET" {
        Level::Read
    } else {
        Level::Write
    };
    world.need(call, "checks", level)?;
    match (call.method.as_str(), rest) {
        ("GET", ["commits", name @ .., "check-runs"]) => {
            let head = commit_of(world, repo, name)?;
            list(world, call, repo, |check| check.head == head)
        }
        ("GET", ["commits", name @ .., "check-suites"]) => suites(world, call, repo, name),
        ("GET", ["check-suites", id]) => {
            let known = world.repo(repo)?;
            let suite = id.parse().ok().and_then(|id| known.suite(id));
            Ok(Answer::ok(
                world.show_suite(known, &suite.ok_or_else(not_found)?),
            ))
        }
        ("GET", ["check-suites", id, "check-runs"]) => {
            let id: i64 = id.parse().map_err(|_| not_found())?;
            world.repo(repo)?.suite(id).ok_or_else(not_found)?;
            list(world, call, repo, |check| check.suite == id)
        }
        ("GET", ["check-runs", id, "annotations"]) => {
            let known = world.repo(repo)?;
            let check = id.parse().ok().and_then(|id: i64| known.checks.get(&id));
            Ok(call.page(world, &check.ok_or_else(not_found)?.annotations))
        }
        ("GET", ["check-runs", id]) => {
            let known = world.repo(repo)?;
            let check = id
                .parse()
                .ok()
                .and_then(|id: i64| known.checks.get(&id))
                .ok_or_else(not_found)?;
            Ok(Answer::ok(world.show_check(known, check)))
        }
        ("POST", ["check-runs"]) => {
            let head = call.required("head_sha")?.to_owned();
            let name = call.required("name")?.to_owned();
            if world.repo(repo)?.git.kind(&head).as_deref() != Some("commit") {
                return Err(invalid(&format!("No commit found for SHA: {head}")));
            }
            let mut check = world.new_check(world.app.id, &name, &head, 0);
            check.suite = world.suite_for(repo, check.app, &head)?;
            fill(&mut check, call, world)?;
            let id = check.id;
            world.put_check(repo, check)?;
            Ok(Answer::of(201, shown(world, repo, id)?))
        }
        ("PATCH", ["check-runs", id]) => update(world, call, repo, id),
        _ => Ok(unknown(world, call)),
    }
}

fn update(world: &mut World, call: &Call, repo: i64, id: &str) -> Answered {
    let id: i64 = id.parse().map_err(|_| not_found())?;
    let mut check = world
        .repo(repo)?
        .checks
        .get(&id)
        .ok_or_else(not_found)?
        .clone();
    if check.app != world.app.id {
        return Err(Answer::error(
            403,
            "Invalid app_id: a check run can only be modified by the App that created it.",
        ));
    }
    fill(&mut check, call, world)?;
    world.put_check(repo, check)?;
    Ok(Answer::ok(shown(world, repo, id)?))
}

fn shown(world: &World, repo: i64, id: i64) -> Result<Value, Answer> {
    let known = world.repo(repo)?;
    Ok(world.show_check(known, known.checks.get(&id).ok_or_else(not_found)?))
}

fn fill(check: &mut Check, call: &Call, world: &World) -> Result<(), Answer> {
    if let Some(name) = call.text("name") {
        name.clone_into(&mut check.name);
    }
    if let Some(status) = call.text("status") {
        if !["queued", "in_progress", "completed"].contains(&status) {
            return Err(invalid("status is not one that an App may set"));
        }
        status.clone_into(&mut check.status);
    }
    if let Some(conclusion) = call.text("conclusion") {
        let known = [
            "action_required",
            "cancelled",
            "failure",
            "neutral",
            "success",
            "skipped",
            "timed_out",
        ];
        if !known.contains(&conclusion) {
            return Err(invalid("conclusion is not one that an App may set"));
        }
        check.conclusion = Some(conclusion.to_owned());
        "completed".clone_into(&mut check.status);
    }
    if check.status == "completed" {
        if check.conclusion.is_none() {
            return Err(invalid("Missing required key: conclusion"));
        }
        check.completed_at.get_or_insert(world.clock.now());
    }
    if let Some(id) = call.text("external_id") {
        id.clone_into(&mut check.external_id);
    }
    if let Some(url) = call.text("details_url") {
        check.details_url = Some(url.to_owned());
    }
    if let Some(output) = call.body.get("output") {
        let length = |key: &str| {
            output
                .get(key)
                .and_then(Value::as_str)
                .map_or(0, |text| text.chars().count())
        };
        if length("summary") > OUTPUT_LIMIT || length("text") > OUTPUT_LIMIT {
            return Err(invalid("Only 65535 characters are allowed"));
        }
        let mut output = output.clone();
        let annotations = output
            .as_object_mut()
            .and_then(|map| map.remove("annotations"));
        if let Some(Value::Array(more)) = annotations {
            if more.len() > ANNOTATIONS_LIMIT {
                return Err(invalid("Only 50 annotations are allowed in a request"));
            }
            check.annotations.extend(more);
        }
        check.output = output;
    }
    Ok(())
}

fn list(world: &World, call: &Call, repo: i64, of: impl Fn(&Check) -> bool) -> Answered {
    let known = world.repo(repo)?;
    let asked = |key: &str, have: &str| call.query.get(key).is_none_or(|want| want == have);
    let mut found: Vec<&Check> = known
        .checks
        .values()
        .rev()
        .filter(|check| {
            of(check) && asked("check_name", &check.name) && asked("status", &check.status)
        })
        .filter(|check| asked("app_id", &check.app.to_string()))
        .collect();
    if call
        .query
        .get("filter")
        .is_none_or(|filter| filter == "latest")
    {
        // The newest of each name in each suite: two suites may have one of the same name.
        let mut seen = std::collections::BTreeSet::new();
        found.retain(|check| seen.insert((check.suite, check.name.clone())));
    }
    let shown: Vec<Value> = found
        .into_iter()
        .map(|check| world.show_check(known, check))
        .collect();
    Ok(call.paged(
        world,
        &shown,
        |page, all| json!({"total_count": all, "check_runs": page}),
    ))
}

/// The suites of a commit. GitHub makes one for every App with `checks: write` on each push, so
/// ours has one even before it reports: queued, and without a check run.
fn suites(world: &mut World, call: &Call, repo: i64, name: &[&str]) -> Answered {
    let head = commit_of(world, repo, name)?;
    let asked = |key: &str, have: &str| call.query.get(key).is_none_or(|want| want == have);
    let own = world.app.id;
    let mut suites = world.repo(repo)?.suites_of(&head);
    if !suites.iter().any(|suite| suite.app == own) {
        let now = world.clock.now();
        suites.insert(
            0,
            Suite {
                id: world.own_suite(repo, &head),
                app: own,
                head,
                branch: None,
                status: "queued".to_owned(),
                conclusion: None,
                created_at: now,
                updated_at: now,
            },
        );
    }
    suites.retain(|suite| asked("app_id", &suite.app.to_string()));
    let known = world.repo(repo)?;
    if let Some(name) = call.query.get("check_name") {
        let has = |id| {
            let mut checks = known.checks.values();
            checks.any(|check| check.suite == id && check.name == *name)
        };
        suites.retain(|suite| has(suite.id));
    }
    let shown: Vec<Value> = suites
        .iter()
        .map(|suite| world.show_suite(known, suite))
        .collect();
    Ok(call.paged(
        world,
        &shown,
        |page, all| json!({"total_count": all, "check_suites": page}),
    ))
}
