//! Pull requests. Merging and reviewing are there only to be refused and remembered; what people
//! review stands in `reviews`.

use serde_json::Value;

use super::{Answer, Answered, Call, invalid, not_found, unknown};
use crate::yard::model::{Thread, Violation};
use crate::yard::permissions::Level;
use crate::yard::world::World;

/// The longest title.
const TITLE_LIMIT: usize = 256;

pub(super) fn route(world: &mut World, call: &Call, repo: i64, rest: &[&str]) -> Answered {
    match (call.method.as_str(), rest) {
        ("GET", ["pulls"]) => {
            world.need(call, "pull_requests", Level::Read)?;
            list(world, call, repo)
        }
        ("POST", ["pulls"]) => {
            world.need(call, "pull_requests", Level::Write)?;
            create(world, call, repo)
        }
        ("GET", ["pulls", n]) => {
            world.need(call, "pull_requests", Level::Read)?;
            let thread = pull(world, repo, n)?;
            let (n, shown) = (thread.number, world.show_pull(world.repo(repo)?, thread));
            // Asking is what makes GitHub try the merge; the next answer knows (A13).
            world.try_merge(repo, n)?;
            Ok(Answer::ok(shown))
        }
        ("PATCH", ["pulls", n]) => {
            world.need(call, "pull_requests", Level::Write)?;
            let n = pull(world, repo, n)?.number;
            change(world, call, repo, n)
        }
        ("PUT", ["pulls", n, "merge"]) => {
            world
                .violations
                .push(Violation::Merged(format!("pull request {n}")));
            Err(Answer::error(405, "Pull Request is not mergeable"))
        }
        ("POST", ["pulls", n, "reviews", ..]) => {
            world
                .violations
                .push(Violation::Reviewed(format!("pull request {n}")));
            Err(Answer::error(422, "Unprocessable Entity"))
        }
        ("GET", ["pulls", n, "reviews" | "comments"] | ["pulls", n, "reviews", _, "comments"])
        | ("POST", ["pulls", n, "comments", _, "replies"]) => {
            let n = pull(world, repo, n)?.number;
            super::reviews::route(world, call, repo, n, rest)
        }
        (_, ["pulls", n, "requested_reviewers"]) => {
            let n = pull(world, repo, n)?.number;
            super::reviewers::route(world, call, repo, n)
        }
        ("GET", ["pulls", n, "commits"]) => {
            world.need(call, "pull_requests", Level::Read)?;
            super::commits::of_pull(world, call, repo, pull(world, repo, n)?)
        }
        _ => Ok(unknown(world, call)),
    }
}

fn pull<'a>(world: &'a World, repo: i64, n: &str) -> Result<&'a Thread, Answer> {
    let n = n.parse().map_err(|_| not_found())?;
    let thread = world.thread(repo, n)?;
    if thread.pull.is_some() {
        Ok(thread)
    } else {
        Err(not_found())
    }
}

fn list(world: &World, call: &Call, repo: i64) -> Answered {
    let known = world.repo(repo)?;
    let state = call.query.get("state").map_or("open", String::as_str);
    let head = call
        .query
        .get("head")
        .map(|text| text.split_once(':').unwrap_or((known.owner.as_str(), text)));
    let base = call.query.get("base");
    let wanted = |thread: &&Thread| {
        thread.pull.as_ref().is_some_and(|pull| {
            (state == "all" || thread.open == (state == "open"))
                && head
                    .is_none_or(|(owner, branch)| owner == pull.owner(known) && branch == pull.head)
                && base.is_none_or(|base| *base == pull.base)
        })
    };
    let mut found: Vec<&Thread> = known.threads.values().filter(wanted).collect();
    let by_update = call.query.get("sort").is_some_and(|sort| sort == "updated");
    found.sort_by_key(|thread| {
        if by_update {
            (thread.updated_at.0, thread.number)
        } else {
            (0, thread.number)
        }
    });
    if super::issues::descending(call, true) {
        found.reverse();
    }
    let shown: Vec<Value> = found
        .into_iter()
        .map(|thread| in_a_list(world.show_pull(known, thread)))
        .collect();
    Ok(call.page(world, &shown))
}

/// Lists do not say what only the single pull request says.
pub(in crate::yard) fn in_a_list(mut shown: Value) -> Value {
    if let Some(map) = shown.as_object_mut() {
        for key in [
            "merged",
            "merged_by",
            "mergeable",
            "mergeable_state",
            "rebaseable",
            "comments",
            "review_comments",
            "commits",
            "additions",
            "deletions",
            "changed_files",
            "maintainer_can_modify",
        ] {
            map.remove(key);
        }
    }
    shown
}

fn check_length(call: &Call) -> Result<(), Answer> {
    let length = |key: &str| call.text(key).map_or(0, |text| text.chars().count());
    if length("title") > TITLE_LIMIT {
        return Err(invalid(
            "Validation Failed: title is too long (maximum is 256 characters)",
        ));
    }
    if length("body") > super::comments::BODY_LIMIT {
        return Err(invalid(
            "Validation Failed: body is too long (maximum is 65536 characters)",
        ));
    }
    Ok(())
}

fn create(world: &mut World, call: &Call, repo: i64) -> Answered {
    check_length(call)?;
    let known = world.repo(repo)?;
    let (title, base) = (call.required("title")?, call.required("base")?);
    let head = call.required("head")?;
    let head = head.split_once(':').map_or(head, |(_, branch)| branch);
    let tip = |branch: &str, field: &str| {
        known
            .tip(branch)
            .map(str::to_owned)
            .ok_or_else(|| invalid(&format!("Validation Failed: PullRequest.{field} invalid")))
    };
    let (head_oid, base_oid) = (tip(head, "head")?, tip(base, "base")?);
    let exists = known.open_pulls_of(head).into_iter().any(|n| {
        known
            .threads
            .get(&n)
            .and_then(|thread| thread.pull.as_ref())
            .is_some_and(|pull| pull.base == base)
    });
    if exists {
        return Err(invalid(&format!(
            "Validation Failed: A pull request already exists for {}:{head}.",
            known.owner
        )));
    }
    if known
        .git
        .commits_between(Some(&base_oid), &head_oid)
        .is_empty()
    {
        return Err(invalid(&format!(
            "Validation Failed: No commits between {base} and {head}"
        )));
    }
    let draft = call
        .body
        .get("draft")
        .and_then(Value::as_bool)
        .unwrap_or(false);
    if draft && known.private && !world.drafts_in_private {
        return Err(invalid(
            "Draft pull requests are not supported in this repository.",
        ));
    }
    let actor = world.actor(call);
    let body = call.text("body").unwrap_or_default();
    let n = world.open_pull(repo, &actor, (head, base), (title, body), draft)?;
    Ok(Answer::of(
        201,
        world.show_pull(world.repo(repo)?, world.thread(repo, n)?),
    ))
}

fn change(world: &mut World, call: &Call, repo: i64, n: i64) -> Answered {
    check_length(call)?;
    let actor = world.actor(call);
    world.edit_thread(repo, n, &actor, call.text("title"), call.text("body"))?;
    if let Some(base) = call.text("base") {
        let tip = world
            .repo(repo)?
            .tip(base)
            .map(str::to_owned)
            .ok_or_else(|| invalid("Validation Failed: base invalid"))?;
        if let Some(pull) = world.thread_mut(repo, n)?.pull.as_mut() {
            base.clone_into(&mut pull.base);
            pull.base_oid = tip;
        }
    }
    match call.text("state") {
        Some("open") => world.set_open(repo, n, &actor, true)?,
        Some("closed") => world.set_open(repo, n, &actor, false)?,
        _ => {}
    }
    Ok(Answer::ok(
        world.show_pull(world.repo(repo)?, world.thread(repo, n)?),
    ))
}
