//! The REST API: one call in, one answer out; a file an area.
//!
//! Each route says what permission it needs; the check is here. Knows no HTTP library.

mod access;
mod actions;
mod app;
mod check_runs;
mod checks;
mod comments;
mod commits;
mod git;
mod issues;
mod jobs;
mod orgs;
mod pulls;
mod repos;
mod reviewers;
mod reviews;
mod rules;
mod rulesets;
mod statuses;

use std::collections::BTreeMap;

pub(super) use pulls::in_a_list;
use serde_json::{Value, json};

use super::YardError;
use super::model::Violation;
use super::tokens::Caller;
use super::world::World;

/// A call of the API.
pub(super) struct Call {
    pub(super) method: String,
    /// Without `/api/v3` and query.
    pub(super) path: String,
    pub(super) query: BTreeMap<String, String>,
    pub(super) body: Value,
    /// The media types that are wanted.
    pub(super) accept: String,
    pub(super) caller: Caller,
}

/// What is answered.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Value,
    pub(super) headers: Vec<(&'static str, String)>,
}

/// What a route makes of a call: `Err` is an answer too, a refusal.
pub(super) type Answered = Result<Answer, Answer>;

impl Answer {
    /// 200 with a body.
    pub(super) fn ok(body: Value) -> Self {
        Self::of(200, body)
    }

    /// A status with a body.
    pub(super) fn of(status: u16, body: Value) -> Self {
        Self {
            status,
            body,
            headers: Vec::new(),
        }
    }

    /// An error as GitHub words it.
    pub(super) fn error(status: u16, message: &str) -> Self {
        let body = json!({"message": message, "documentation_url": "https://docs.github.com/rest", "status": status.to_string()});
        Self::of(status, body)
    }

    /// With another header.
    pub(super) fn with(mut self, name: &'static str, value: String) -> Self {
        self.headers.push((name, value));
        self
    }
}

/// 404, as GitHub words it.
pub(super) fn not_found() -> Answer {
    Answer::error(404, "Not Found")
}

/// 422 with one sentence.
pub(super) fn invalid(said: &str) -> Answer {
    Answer::error(422, said)
}

impl From<YardError> for Answer {
    fn from(error: YardError) -> Self {
        match error {
            YardError::NoSuch(_) => not_found(),
            other => invalid(&other.to_string()),
        }
    }
}

impl From<super::git::GitError> for Answer {
    fn from(error: super::git::GitError) -> Self {
        invalid(&error.to_string())
    }
}

impl Call {
    /// A text of the body.
    pub(super) fn text(&self, key: &str) -> Option<&str> {
        self.body.get(key).and_then(Value::as_str)
    }

    /// A text of the body that must be there.
    pub(super) fn required(&self, key: &str) -> Result<&str, Answer> {
        self.text(key)
            .ok_or_else(|| invalid(&format!("Invalid request.\n\n\"{key}\" wasn't supplied.")))
    }

    /// One page of a list, with `Link` to the others.
    pub(super) fn page(&self, world: &World, items: &[Value]) -> Answer {
        self.paged(world, items, |page, _| json!(page))
    }

    /// One page of a list that stands in an object.
    pub(super) fn paged(
        &self,
        world: &World,
        items: &[Value],
        wrap: impl Fn(&[Value], usize) -> Value,
    ) -> Answer {
        let number = |key: &str, default: usize| {
            self.query
                .get(key)
                .and_then(|text| text.parse().ok())
                .unwrap_or(default)
        };
        let size = number("per_page", 30).clamp(1, 100);
        let page = number("page", 1).max(1);
        let from = ((page - 1) * size).min(items.len());
        let to = (from + size).min(items.len());
        let last = items.len().div_ceil(size).max(1);
        let answer = Answer::ok(wrap(items.get(from..to).unwrap_or_default(), items.len()));
        let mut links = Vec::new();
        let mut link = |to: usize, rel: &str| {
            let mut query = self.query.clone();
            query.insert("page".to_owned(), to.to_string());
            links.push(format!(
                "<{}{}?{}>; rel=\"{rel}\"",
                world.api(),
                self.path,
                encoded(&query)
            ));
        };
        if page < last {
            link(page + 1, "next");
            link(last, "last");
        }
        if page > 1 {
            link(1, "first");
            link(page - 1, "prev");
        }
        if links.is_empty() {
            answer
        } else {
            answer.with("link", links.join(", "))
        }
    }
}

/// The name of a branch or commit in a path, slashes included, encoded or not.
pub(super) fn named(parts: &[&str]) -> String {
    let text = format!("name={}", parts.join("/").replace('+', "%2B"));
    let mut pairs = url::form_urlencoded::parse(text.as_bytes()).into_owned();
    pairs.next().map(|(_, value)| value).unwrap_or_default()
}

/// The commit that a path names.
pub(super) fn commit_of(world: &World, repo: i64, parts: &[&str]) -> Result<String, Answer> {
    let name = named(parts);
    let bare = name
        .trim_start_matches("refs/")
        .trim_start_matches("heads/");
    world
        .commit(repo, bare)
        .map_err(|_| invalid(&format!("No commit found for SHA: {name}")))
}

/// A query as text.
pub(super) fn encoded(query: &BTreeMap<String, String>) -> String {
    let mut out = url::form_urlencoded::Serializer::new(String::new());
    for (key, value) in query {
        out.append_pair(key, value);
    }
    out.finish()
}

/// Finds the route and follows it.
pub(super) fn answer(world: &mut World, call: &Call) -> Answer {
    if let Caller::Refused(said) = &call.caller {
        return Answer::error(401, said);
    }
    let segments: Vec<&str> = call.path.trim_matches('/').split('/').collect();
    let answered = match segments.as_slice() {
        ["app", ..] | ["installation", ..] | ["rate_limit"] => app::route(world, call, &segments),
        ["repositories", id, rest @ ..] => match id.parse() {
            Ok(id) => repo_route(world, call, id, rest),
            Err(_) => Err(not_found()),
        },
        ["orgs", ..] => orgs::route(world, call, &segments),
        ["repos", owner, name, "installation"] if call.method == "GET" => {
            app::installation_of(world, call, &format!("{owner}/{name}"))
        }
        ["repos", owner, name, rest @ ..] => {
            named_route(world, call, &format!("{owner}/{name}"), rest)
        }
        _ => Ok(unknown(world, call)),
    };
    answered.unwrap_or_else(|refusal| refusal)
}

fn named_route(world: &mut World, call: &Call, full: &str, rest: &[&str]) -> Answered {
    if let Some(repo) = world.repo_named(full) {
        let id = repo.id;
        return repo_route(world, call, id, rest);
    }
    let Some(repo) = world.repo_once_named(full) else {
        return Err(not_found());
    };
    world.reach(call, repo.id)?;
    let mut to = format!("{}/repositories/{}", world.api(), repo.id);
    for part in rest {
        to = format!("{to}/{part}");
    }
    if !call.query.is_empty() {
        to = format!("{to}?{}", encoded(&call.query));
    }
    let (status, said) = if call.method == "GET" {
        (301, "Moved Permanently")
    } else {
        (307, "Temporary Redirect")
    };
    let body =
        json!({"message": said, "url": to, "documentation_url": "https://docs.github.com/rest"});
    Err(Answer::of(status, body).with("location", to))
}

fn repo_route(world: &mut World, call: &Call, repo: i64, rest: &[&str]) -> Answered {
    world.reach(call, repo)?;
    world.let_go_stale(repo);
    world.turn_queues(repo)?;
    if call.method != "GET" && world.repo(repo)?.archived {
        return Err(Answer::error(
            403,
            "Repository was archived so is read-only.",
        ));
    }
    match rest {
        [] | ["collaborators", ..] | ["compare", ..] => repos::route(world, call, repo, rest),
        ["issues", "comments", ..] | ["issues", _, "comments"] => {
            comments::route(world, call, repo, rest)
        }
        ["issues", ..] => issues::route(world, call, repo, rest),
        ["pulls", ..] => pulls::route(world, call, repo, rest),
        ["git", ..] => git::route(world, call, repo, rest),
        ["actions", "permissions", "workflow"] if call.method == "GET" => {
            rulesets::admin_reads(world, call, repo)?;
            let may = world.repo(repo)?.actions_approve;
            Ok(Answer::ok(json!({"default_workflow_permissions": "read",
                                 "can_approve_pull_request_reviews": may})))
        }
        ["actions", ..] => actions::route(world, call, repo, rest),
        ["check-runs" | "check-suites", ..] | ["commits", .., "check-runs" | "check-suites"] => {
            checks::route(world, call, repo, rest)
        }
        ["commits", .., "pulls"] => commits::route(world, call, repo, rest),
        ["rulesets", ..] => rulesets::route(world, call, repo, rest),
        ["commits", .., "status" | "statuses"] => statuses::route(world, call, repo, rest),
        ["rules" | "branches", ..] => rules::route(world, call, repo, rest),
        _ => Ok(unknown(world, call)),
    }
}

/// The answer to a route that the yard does not know, which a test should hear of.
pub(super) fn unknown(world: &mut World, call: &Call) -> Answer {
    world.violations.push(Violation::UnknownRoute(format!(
        "{} {}",
        call.method, call.path
    )));
    not_found()
}
