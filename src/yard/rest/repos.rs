//! A repository, its collaborators, comparisons.

use serde_json::{Value, json};

use super::{Answer, Answered, Call, not_found, unknown};
use crate::yard::model::{Bearer, Permission};
use crate::yard::permissions::Level;
use crate::yard::tokens::Caller;
use crate::yard::world::World;

pub(super) fn route(world: &mut World, call: &Call, repo: i64, rest: &[&str]) -> Answered {
    match (call.method.as_str(), rest) {
        ("GET", []) => {
            world.need(call, "metadata", Level::Read)?;
            let known = world.repo(repo)?;
            let role = match &call.caller {
                Caller::Token(token) => match &token.bearer {
                    Bearer::Person(login) => world.role_in(known, login),
                    Bearer::Installation(_) | Bearer::Run => Permission::Read,
                },
                _ => Permission::Read,
            };
            let mut shown = world.show_repo(known);
            crate::yard::templates::patch(
                &mut shown,
                json!({"permissions": {"pull": true, "push": role >= Permission::Write, "admin": role == Permission::Admin}}),
            );
            Ok(Answer::ok(shown))
        }
        ("GET", ["collaborators", login, "permission"]) => {
            world.need(call, "metadata", Level::Read)?;
            collaborator(world, repo, login)
        }
        ("GET", ["compare", range @ ..]) => {
            world.need(call, "contents", Level::Read)?;
            compare(world, repo, &range.join("/"))
        }
        _ => Ok(unknown(world, call)),
    }
}

fn collaborator(world: &World, repo: i64, login: &str) -> Answered {
    let known = world.repo(repo)?;
    // Bots have no role in a repository: GitHub says 404 for them.
    let account = world
        .accounts
        .values()
        .find(|one| one.login.eq_ignore_ascii_case(login))
        .ok_or_else(not_found)?;
    if account.kind == crate::yard::model::AccountKind::Bot {
        return Err(not_found());
    }
    let role = Some(world.role_in(known, &account.login)).filter(|role| *role > Permission::None);
    let (permission, role_name) = match role {
        Some(Permission::Admin) => ("admin", "admin"),
        Some(Permission::Maintain) => ("write", "maintain"),
        Some(Permission::Write) => ("write", "write"),
        Some(Permission::Triage) => ("read", "triage"),
        Some(Permission::Read) => ("read", "read"),
        Some(Permission::None) | None if known.private => ("none", ""),
        // Everybody reads a public repository.
        Some(Permission::None) | None => ("read", "read"),
    };
    let mut user = world.show_user(&account.login);
    crate::yard::templates::patch(
        &mut user,
        json!({"role_name": role_name, "permissions": {
        "pull": permission != "none", "triage": role >= Some(Permission::Triage), "push": role >= Some(Permission::Write),
        "maintain": role >= Some(Permission::Maintain), "admin": permission == "admin"}}),
    );
    Ok(Answer::ok(
        json!({"permission": permission, "role_name": role_name, "user": user}),
    ))
}

fn compare(world: &World, repo: i64, range: &str) -> Answered {
    let known = world.repo(repo)?;
    let (base, head) = range.split_once("...").ok_or_else(not_found)?;
    let commit = |name: &str| {
        known
            .git
            .resolve(&format!("{name}^{{commit}}"))
            .ok_or_else(not_found)
    };
    let (base, head) = (commit(base)?, commit(head)?);
    let merge_base = known
        .git
        .text(&["merge-base", &base, &head], b"")
        .map_err(|_| not_found())?;
    let ahead = known.git.commits_between(Some(&base), &head);
    let behind = known.git.commits_between(Some(&head), &base);
    let status = match (ahead.is_empty(), behind.is_empty()) {
        (true, true) => "identical",
        (false, true) => "ahead",
        (true, false) => "behind",
        (false, false) => "diverged",
    };
    let shown = |oid: &str| json!({"sha": oid, "url": format!("{}/repos/{}/commits/{oid}", world.api(), known.full_name())});
    let listed = known.git.text(
        &["diff", "--name-status", "--no-renames", &merge_base, &head],
        b"",
    )?;
    let file = |line: &str| {
        let (letter, path) = line.split_once('\t')?;
        let status = match letter {
            "A" => "added",
            "D" => "removed",
            _ => "modified",
        };
        let sha = known.git.resolve(&format!("{head}:{path}"));
        Some(json!({"filename": path, "status": status, "sha": sha}))
    };
    let files: Vec<Value> = listed.lines().filter_map(file).take(300).collect();
    Ok(Answer::ok(json!({
        "status": status, "ahead_by": ahead.len(), "behind_by": behind.len(), "total_commits": ahead.len(),
        "base_commit": shown(&base), "merge_base_commit": shown(&merge_base),
        "commits": ahead.iter().map(|oid| shown(oid)).collect::<Vec<_>>(), "files": files,
        "html_url": format!("{}/{}/compare/{base}...{head}", world.base_url, known.full_name()),
    })))
}
