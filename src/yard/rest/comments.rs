//! Comments on issues and pull requests, and reactions on them.

use serde_json::Value;

use super::issues::{descending, need_thread, react, since};
use super::{Answer, Answered, Call, invalid, not_found, unknown};
use crate::yard::comments::On;
use crate::yard::model::Comment;
use crate::yard::permissions::Level;
use crate::yard::world::World;

/// The longest body of a comment.
pub(super) const BODY_LIMIT: usize = 65_536;

pub(super) fn route(world: &mut World, call: &Call, repo: i64, rest: &[&str]) -> Answered {
    match (call.method.as_str(), rest) {
        ("GET", ["issues", "comments"]) => {
            world.need_any(
                call,
                &[("issues", Level::Read), ("pull_requests", Level::Read)],
            )?;
            all(world, call, repo)
        }
        (method, ["issues", "comments", id]) => {
            let id: i64 = id.parse().map_err(|_| not_found())?;
            let n = world
                .repo(repo)?
                .comments
                .get(&id)
                .ok_or_else(not_found)?
                .thread;
            match method {
                "GET" => need_thread(world, call, repo, n, Level::Read)?,
                "PATCH" | "DELETE" => need_thread(world, call, repo, n, Level::Write)?,
                _ => return Ok(unknown(world, call)),
            }
            one(world, call, repo, id)
        }
        ("POST", ["issues", "comments", id, "reactions"]) => {
            let id: i64 = id.parse().map_err(|_| not_found())?;
            let n = world
                .repo(repo)?
                .comments
                .get(&id)
                .ok_or_else(not_found)?
                .thread;
            need_thread(world, call, repo, n, Level::Write)?;
            react(world, call, repo, On::Comment(id))
        }
        ("GET", ["issues", n, "comments"]) => {
            let n: i64 = n.parse().map_err(|_| not_found())?;
            need_thread(world, call, repo, n, Level::Read)?;
            let known = world.repo(repo)?;
            let since = since(call);
            let wanted = known
                .comments_of(n)
                .filter(|one| since.is_none_or(|since| one.updated_at >= since));
            let shown: Vec<Value> = wanted.map(|one| world.show_comment(known, one)).collect();
            Ok(call.page(world, &shown))
        }
        ("POST", ["issues", n, "comments"]) => {
            let n: i64 = n.parse().map_err(|_| not_found())?;
            need_thread(world, call, repo, n, Level::Write)?;
            let body = checked_body(call)?.to_owned();
            let actor = world.actor(call);
            let id = world.comment(repo, n, &actor, &body)?;
            Ok(Answer::of(201, shown(world, repo, id)?))
        }
        _ => Ok(unknown(world, call)),
    }
}

fn one(world: &mut World, call: &Call, repo: i64, id: i64) -> Answered {
    let actor = world.actor(call);
    match call.method.as_str() {
        "PATCH" => world.edit_comment(repo, id, &actor, checked_body(call)?)?,
        "DELETE" => {
            world.delete_comment(repo, id, &actor)?;
            return Ok(Answer::of(204, Value::Null));
        }
        _ => {}
    }
    Ok(Answer::ok(shown(world, repo, id)?))
}

fn checked_body(call: &Call) -> Result<&str, Answer> {
    let body = call.required("body")?;
    if body.trim().is_empty() {
        return Err(invalid("Validation Failed: body cannot be blank"));
    }
    if body.chars().count() > BODY_LIMIT {
        return Err(invalid(
            "Validation Failed: body is too long (maximum is 65536 characters)",
        ));
    }
    Ok(body)
}

fn shown(world: &World, repo: i64, id: i64) -> Result<Value, Answer> {
    let known = world.repo(repo)?;
    Ok(world.show_comment(known, known.comments.get(&id).ok_or_else(not_found)?))
}

fn all(world: &World, call: &Call, repo: i64) -> Answered {
    let known = world.repo(repo)?;
    let since = since(call);
    let mut found: Vec<&Comment> = known
        .comments
        .values()
        .filter(|one| since.is_none_or(|since| one.updated_at >= since))
        .collect();
    // Without `sort`, GitHub orders by number and ignores the direction.
    if let Some(sort) = call.query.get("sort") {
        if sort == "updated" {
            found.sort_by_key(|one| one.updated_at);
        }
        if descending(call, true) {
            found.reverse();
        }
    }
    let shown: Vec<Value> = found
        .into_iter()
        .map(|one| world.show_comment(known, one))
        .collect();
    Ok(call.page(world, &shown))
}
