//! Commits as pull requests have them, and the pull requests that a commit is in.

use serde_json::{Value, json};

use super::git::show_commit;
use super::{Answer, Answered, Call, commit_of, unknown};
use crate::yard::model::{Repository, Thread};
use crate::yard::permissions::Level;
use crate::yard::world::World;

/// Who commits what people click together.
const WEB_FLOW: (&str, &str) = ("noreply@github.com", "web-flow");

/// The pull requests of a commit: the merged one that brought it to the default branch, or all
/// open ones that have it.
pub(super) fn route(world: &mut World, call: &Call, repo: i64, rest: &[&str]) -> Answered {
    let ("GET", ["commits", name @ .., "pulls"]) = (call.method.as_str(), rest) else {
        return Ok(unknown(world, call));
    };
    world.need(call, "pull_requests", Level::Read)?;
    let oid = commit_of(world, repo, name)?;
    let known = world.repo(repo)?;
    let tip = known.tip(&known.default_branch).unwrap_or_default();
    let is_merged = known.git.is_ancestor(&oid, tip);
    let has = |thread: &&Thread| {
        let Some(pull) = &thread.pull else {
            return false;
        };
        if is_merged {
            let merge = pull.merge_oid.as_deref();
            return merge.is_some_and(|merge| merge == oid || brought(known, merge, &oid));
        }
        let base = known.tip(&pull.base).unwrap_or_default();
        thread.open
            && known.git.is_ancestor(&oid, &pull.head_oid)
            && !known.git.is_ancestor(&oid, base)
    };
    let found = known.threads.values().filter(has);
    let shown: Vec<Value> = found
        .map(|thread| super::in_a_list(world.show_pull(known, thread)))
        .collect();
    Ok(call.page(world, &shown))
}

/// Whether a commit came to the base with this merge: before, it was not there.
fn brought(known: &Repository, merge: &str, oid: &str) -> bool {
    known.git.is_ancestor(oid, merge) && !known.git.is_ancestor(oid, &format!("{merge}^1"))
}

/// The commits of a pull request, oldest first; GitHub lists 250 at most.
pub(super) fn of_pull(world: &World, call: &Call, repo: i64, thread: &Thread) -> Answered {
    let known = world.repo(repo)?;
    let Some(pull) = &thread.pull else {
        return Err(super::not_found());
    };
    let mut shown = Vec::new();
    for oid in known
        .git
        .commits_between(Some(&pull.base_oid), &pull.head_oid)
    {
        shown.push(listed(world, repo, &oid)?);
    }
    Ok(call.page(world, &shown))
}

/// A commit as lists have it: with the accounts of author and committer, where there are any.
fn listed(world: &World, repo: i64, oid: &str) -> Result<Value, Answer> {
    let full = world.repo(repo)?.full_name();
    let commit = show_commit(world, repo, oid)?;
    let taken = |key: &str| commit.get(key).cloned();
    let email = |who: &Option<Value>| {
        let email = who.as_ref().and_then(|who| who.get("email"));
        email.and_then(Value::as_str).map(str::to_owned)
    };
    let (author, committer) = (taken("author"), taken("committer"));
    let user = |who: &Option<Value>| email(who).and_then(|email| user_of(world, &email));
    let url = format!("{}/repos/{full}/commits/{oid}", world.api());
    Ok(json!({
        "sha": oid, "node_id": taken("node_id"), "url": url, "comments_url": format!("{url}/comments"),
        "html_url": taken("html_url"), "parents": taken("parents"),
        "author": user(&author), "committer": user(&committer),
        "commit": {"author": author, "committer": committer, "message": taken("message"), "tree": taken("tree"),
                   "url": taken("url"), "comment_count": 0, "verification": taken("verification")},
    }))
}

/// The account behind an address: by its number, as GitHub's own addresses have it.
fn user_of(world: &World, email: &str) -> Option<Value> {
    if email == WEB_FLOW.0 {
        return Some(world.show_user(WEB_FLOW.1));
    }
    let (number, rest) = email.split_once('+')?;
    let number: i64 = number.parse().ok()?;
    rest.strip_suffix("@users.noreply.github.com")?;
    let account = world.accounts.values().find(|one| one.id == number)?;
    Some(world.show_user(&account.login))
}
