//! Check runs and check suites: read here; what is written into a run stands in `check_runs`.

use serde_json::{Value, json};

use super::check_runs::{create, update};
use super::{Answer, Answered, Call, commit_of, not_found, unknown};
use crate::yard::model::Check;
use crate::yard::permissions::Level;
use crate::yard::report_shapes::Suite;
use crate::yard::world::World;

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
        ("POST", ["check-runs"]) => create(world, call, repo),
        ("PATCH", ["check-runs", id]) => update(world, call, repo, id),
        _ => Ok(unknown(world, call)),
    }
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
