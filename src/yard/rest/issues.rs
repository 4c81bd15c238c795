//! Issues, and reactions on them.

use serde_json::Value;

use super::{Answer, Answered, Call, not_found, unknown};
use crate::domain::time::Timestamp;
use crate::yard::comments::On;
use crate::yard::model::Thread;
use crate::yard::permissions::Level;
use crate::yard::world::World;

/// What GitHub takes as a reaction.
pub(super) const REACTIONS: [&str; 8] = [
    "+1", "-1", "laugh", "confused", "heart", "hooray", "rocket", "eyes",
];

pub(super) fn route(world: &mut World, call: &Call, repo: i64, rest: &[&str]) -> Answered {
    match (call.method.as_str(), rest) {
        ("GET", ["issues"]) => {
            world.need(call, "issues", Level::Read)?;
            list(world, call, repo)
        }
        ("GET", ["issues", n]) => {
            let n = n.parse().map_err(|_| not_found())?;
            need_thread(world, call, repo, n, Level::Read)?;
            Ok(Answer::ok(
                world.show_issue(world.repo(repo)?, world.thread(repo, n)?),
            ))
        }
        ("POST", ["issues", n, "reactions"]) => {
            let n = n.parse().map_err(|_| not_found())?;
            need_thread(world, call, repo, n, Level::Write)?;
            react(world, call, repo, On::Thread(n))
        }
        _ => Ok(unknown(world, call)),
    }
}

/// What stands on a pull request is open to either permission, what stands on an issue to `issues` only.
pub(super) fn need_thread(
    world: &mut World,
    call: &Call,
    repo: i64,
    n: i64,
    level: Level,
) -> Result<(), Answer> {
    let is_pull = world.thread(repo, n)?.pull.is_some();
    let both = [("issues", level), ("pull_requests", level)];
    world.need_any(call, if is_pull { &both } else { &both[..1] })
}

/// Adds a reaction: 201, or 200 where it was there.
pub(super) fn react(world: &mut World, call: &Call, repo: i64, on: On) -> Answered {
    let content = call.required("content")?;
    if !REACTIONS.contains(&content) {
        return Err(super::invalid("Validation Failed"));
    }
    let actor = world.actor(call);
    let (reaction, new) = world.react(repo, on, &actor, content)?;
    Ok(Answer::of(
        if new { 201 } else { 200 },
        world.show_reaction(&reaction),
    ))
}

/// The `since` of a call.
pub(super) fn since(call: &Call) -> Option<Timestamp> {
    call.query
        .get("since")
        .and_then(|text| Timestamp::from_rfc3339(text))
}

/// Whether a list is asked for with the newest first; `default` where nothing is said.
pub(super) fn descending(call: &Call, default: bool) -> bool {
    call.query
        .get("direction")
        .map_or(default, |direction| direction == "desc")
}

fn list(world: &World, call: &Call, repo: i64) -> Answered {
    let known = world.repo(repo)?;
    let state = call.query.get("state").map_or("open", String::as_str);
    let labels: Vec<&str> = call
        .query
        .get("labels")
        .map(|text| text.split(',').collect())
        .unwrap_or_default();
    let since = since(call);
    let wanted = |thread: &&Thread| {
        (state == "all" || thread.open == (state == "open"))
            && labels.iter().all(|label| {
                thread
                    .labels
                    .iter()
                    .any(|have| have.eq_ignore_ascii_case(label))
            })
            && since.is_none_or(|since| thread.updated_at >= since)
    };
    let mut found: Vec<&Thread> = known.threads.values().filter(wanted).collect();
    match call.query.get("sort").map_or("created", String::as_str) {
        "updated" => found.sort_by_key(|thread| thread.updated_at),
        "comments" => found.sort_by_key(|thread| known.comments_of(thread.number).count()),
        _ => found.sort_by_key(|thread| thread.number),
    }
    if descending(call, true) {
        found.reverse();
    }
    let shown: Vec<Value> = found
        .into_iter()
        .map(|thread| world.show_issue(known, thread))
        .collect();
    Ok(call.page(world, &shown))
}
