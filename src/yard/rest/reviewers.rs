//! Who is asked to review a pull request: listed, asked, and no longer asked.

use serde_json::{Value, json};

use super::{Answer, Answered, Call, invalid, not_found, unknown};
use crate::yard::permissions::Level;
use crate::yard::world::World;

/// The most that are asked in one call.
const ASKED_LIMIT: usize = 15;

pub(super) fn route(world: &mut World, call: &Call, repo: i64, n: i64) -> Answered {
    let level = if call.method == "GET" {
        Level::Read
    } else {
        Level::Write
    };
    world.need(call, "pull_requests", level)?;
    let actor = world.actor(call);
    let (people, teams) = (names(call, "reviewers"), names(call, "team_reviewers"));
    if people.len() + teams.len() > ASKED_LIMIT {
        return Err(invalid("A maximum of 15 reviewers can be requested."));
    }
    match call.method.as_str() {
        "GET" => {
            let (known, thread) = (world.repo(repo)?, world.thread(repo, n)?);
            let shown = world.show_pull(known, thread);
            let part = |key: &str| shown.get(key).cloned().unwrap_or_default();
            let both =
                json!({"users": part("requested_reviewers"), "teams": part("requested_teams")});
            Ok(Answer::ok(both))
        }
        "POST" => {
            world.ask(repo, n, &actor, (&people, &teams))?;
            Ok(Answer::of(201, shown(world, repo, n)?))
        }
        "DELETE" => {
            world.unask(repo, n, &actor, (&people, &teams))?;
            Ok(Answer::ok(shown(world, repo, n)?))
        }
        _ => Ok(unknown(world, call)),
    }
}

fn names(call: &Call, key: &str) -> Vec<String> {
    let given = call.body.get(key).and_then(Value::as_array);
    let texts = given.into_iter().flatten().filter_map(Value::as_str);
    texts.map(str::to_owned).collect()
}

fn shown(world: &World, repo: i64, n: i64) -> Result<Value, Answer> {
    let thread = world.thread(repo, n).map_err(|_| not_found())?;
    Ok(super::in_a_list(world.show_pull(world.repo(repo)?, thread)))
}
