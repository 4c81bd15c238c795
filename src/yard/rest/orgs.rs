//! Teams of an organisation, to be read: themselves, their people, what they may do in a repository.

use serde_json::{Value, json};

use super::{Answer, Answered, Call, not_found, unknown};
use crate::yard::model::{Bearer, Permission};
use crate::yard::permissions::Level;
use crate::yard::teams::Team;
use crate::yard::templates::patched;
use crate::yard::tokens::Caller;
use crate::yard::world::World;

/// With this in `Accept`, what a team may do in a repository is said, and not only that it may.
const REPOSITORY_MEDIA_TYPE: &str = "repository+json";

pub(super) fn route(world: &mut World, call: &Call, segments: &[&str]) -> Answered {
    let ("GET", ["orgs", org, "teams", slug, rest @ ..]) = (call.method.as_str(), segments) else {
        return Ok(unknown(world, call));
    };
    is_theirs(world, call, org)?;
    world.need(call, "members", Level::Read)?;
    let teams = world.teams.iter();
    let mut named =
        teams.filter(|((owner, name), _)| owner.eq_ignore_ascii_case(org) && name == slug);
    let ((org, _), team) = named.next().ok_or_else(not_found)?;
    match rest {
        [] => Ok(Answer::ok(world.show_team(org, team))),
        ["members"] => {
            let members = team.members.iter();
            let shown: Vec<Value> = members.map(|login| world.show_user(login)).collect();
            Ok(call.page(world, &shown))
        }
        ["memberships", login] => {
            let mut members = team.members.iter();
            let member = members.find(|one| one.eq_ignore_ascii_case(login));
            let member = member.ok_or_else(not_found)?;
            let url = format!("{}/teams/{}/memberships/{member}", world.api(), team.id);
            Ok(Answer::ok(
                json!({"url": url, "role": "member", "state": "active"}),
            ))
        }
        ["repos", owner, name] => on_repository(world, call, team, &format!("{owner}/{name}")),
        _ => Ok(unknown(world, call)),
    }
}

/// An installation sees the organisation that it is on, and no other.
fn is_theirs(world: &World, call: &Call, org: &str) -> Result<(), Answer> {
    let Caller::Token(token) = &call.caller else {
        return Err(not_found());
    };
    let id = match &token.bearer {
        Bearer::Installation(id) => id,
        Bearer::Person(_) => return Ok(()),
        Bearer::Run => return Err(not_found()),
    };
    let one = world.installations.get(id);
    let one = one.filter(|one| !one.suspended && one.account.eq_ignore_ascii_case(org));
    one.map(|_| ()).ok_or_else(not_found)
}

fn on_repository(world: &World, call: &Call, team: &Team, full: &str) -> Answered {
    let repo = world.repo_named(full).ok_or_else(not_found)?;
    world.reach(call, repo.id)?;
    let permission = team
        .repos
        .get(&repo.id)
        .copied()
        .unwrap_or(Permission::None);
    let role = match permission {
        Permission::None => return Err(not_found()),
        Permission::Read => "read",
        Permission::Triage => "triage",
        Permission::Write => "write",
        Permission::Maintain => "maintain",
        Permission::Admin => "admin",
    };
    if !call.accept.contains(REPOSITORY_MEDIA_TYPE) {
        return Ok(Answer::of(204, Value::Null));
    }
    let may = |least| permission >= least;
    let permissions = json!({"pull": true, "triage": may(Permission::Triage), "push": may(Permission::Write),
                             "maintain": may(Permission::Maintain), "admin": may(Permission::Admin)});
    let shown = json!({"permissions": permissions, "role_name": role});
    Ok(Answer::ok(patched(world.show_repo(repo), shown)))
}
