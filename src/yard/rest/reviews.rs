//! Reviews and their comments, to be read; and an answer in a thread, the one thing that may be written.

use serde_json::Value;

use super::{Answer, Answered, Call, invalid, not_found, unknown};
use crate::yard::permissions::Level;
use crate::yard::world::World;

pub(super) fn route(world: &mut World, call: &Call, repo: i64, n: i64, rest: &[&str]) -> Answered {
    match (call.method.as_str(), rest) {
        ("GET", ["pulls", _, "reviews"]) => {
            world.need(call, "pull_requests", Level::Read)?;
            let known = world.repo(repo)?;
            let reviews = known.reviews.reviews.values().filter(|one| one.pull == n);
            let shown: Vec<Value> = reviews.map(|one| world.show_review(known, one)).collect();
            Ok(call.page(world, &shown))
        }
        ("GET", ["pulls", _, "comments"]) => comments(world, call, repo, n, None),
        ("GET", ["pulls", _, "reviews", id, "comments"]) => {
            let id: i64 = id.parse().map_err(|_| not_found())?;
            comments(world, call, repo, n, Some(id))
        }
        ("POST", ["pulls", _, "comments", id, "replies"]) => {
            world.need(call, "pull_requests", Level::Write)?;
            let id: i64 = id.parse().map_err(|_| not_found())?;
            let body = call.required("body")?;
            if body.is_empty() || body.chars().count() > super::comments::BODY_LIMIT {
                return Err(invalid("Validation Failed: body is too long or blank"));
            }
            // Only the first comment of a thread can be answered.
            let thread = world.repo(repo)?.reviews.threads.get(&id);
            if thread.is_none_or(|thread| thread.pull != n) {
                return Err(not_found());
            }
            let actor = world.actor(call);
            let reply = world.reply(repo, id, &actor, body)?;
            let known = world.repo(repo)?;
            let comment = known.reviews.comments.get(&reply).ok_or_else(not_found)?;
            Ok(Answer::of(201, world.show_review_comment(known, comment)))
        }
        _ => Ok(unknown(world, call)),
    }
}

fn comments(world: &mut World, call: &Call, repo: i64, n: i64, review: Option<i64>) -> Answered {
    world.need(call, "pull_requests", Level::Read)?;
    let known = world.repo(repo)?;
    let reviews = &known.reviews;
    let on_pull = |thread: i64| {
        reviews
            .threads
            .get(&thread)
            .is_some_and(|one| one.pull == n)
    };
    let mut found: Vec<_> = reviews
        .comments
        .values()
        .filter(|one| on_pull(one.thread) && review.is_none_or(|id| id == one.review))
        .collect();
    if super::issues::descending(call, false) {
        found.reverse();
    }
    let shown: Vec<Value> = found
        .into_iter()
        .map(|one| world.show_review_comment(known, one))
        .collect();
    Ok(call.page(world, &shown))
}
