//! Commit statuses, to be read: the newest of each context together, and all of them.

use serde_json::{Value, json};

use super::{Answered, Call, commit_of, unknown};
use crate::yard::permissions::Level;
use crate::yard::reports::CommitStatus;
use crate::yard::world::World;

pub(super) fn route(world: &mut World, call: &Call, repo: i64, rest: &[&str]) -> Answered {
    let ("GET", ["commits", name @ .., last]) = (call.method.as_str(), rest) else {
        return Ok(unknown(world, call));
    };
    world.need(call, "statuses", Level::Read)?;
    let head = commit_of(world, repo, name)?;
    let known = world.repo(repo)?;
    let all = known.reports.statuses.iter().rev();
    let all: Vec<&CommitStatus> = all.filter(|status| status.head == head).collect();
    if *last == "statuses" {
        let shown: Vec<Value> = all
            .into_iter()
            .map(|status| world.show_status(known, status))
            .collect();
        return Ok(call.page(world, &shown));
    }
    let mut seen = std::collections::BTreeSet::new();
    let newest: Vec<&CommitStatus> = all
        .into_iter()
        .filter(|status| seen.insert(&status.context))
        .collect();
    let any = |wanted: &[&str]| {
        let mut states = newest.iter().map(|status| status.state.as_str());
        states.any(|state| wanted.contains(&state))
    };
    let state = if any(&["error", "failure"]) {
        "failure"
    } else if newest.is_empty() || any(&["pending"]) {
        "pending"
    } else {
        "success"
    };
    // Together they come without who set them.
    let shown: Vec<Value> = newest
        .into_iter()
        .map(|status| {
            let mut shown = world.show_status(known, status);
            if let Some(map) = shown.as_object_mut() {
                map.remove("creator");
            }
            shown
        })
        .collect();
    let url = format!("{}/repos/{}/commits/{head}", world.api(), known.full_name());
    let repository = world.show_repo(known);
    Ok(call.paged(world, &shown, |page, all| {
        json!({"state": state, "statuses": page, "sha": head, "total_count": all,
               "repository": repository, "commit_url": url, "url": format!("{url}/status")})
    }))
}
