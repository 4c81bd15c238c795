//! The HTTP face: turns requests into calls and answers into responses, and brings faults about.
//!
//! Knows headers, limits and the log of calls; routes and their meaning are in `rest` and `graphql`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use chrono::DateTime;
use serde_json::Value;
use tokio::net::TcpListener;

use super::faults::Fault;
use super::git_http;
use super::graphql;
use super::identity;
use super::logs;
use super::mishaps::{afterwards, instead};
use super::model::CallRecord;
use super::rest::{self, Answer, Call};
use super::shared::Shared;
use super::tokens::caller;
use super::world::World;
use crate::domain::ids::Sha256Hex;

/// The largest body of a call.
const BODY_LIMIT: usize = 64 * 1024 * 1024;
/// Calls an hour.
const LIMIT: i64 = 5000;

/// How many answers are remembered, to be given again as stale ones.
const REMEMBERED_LIMIT: usize = 1000;

/// Serves, for ever.
pub(super) async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    let router = Router::new().fallback(answer).with_state(shared);
    if let Err(error) = axum::serve(listener, router).await {
        tracing::error!(%error, "the yard's server ended");
    }
}

async fn answer(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path().to_owned();
    let query = parts.uri.query().unwrap_or_default().to_owned();
    let Ok(body) = to_bytes(body, BODY_LIMIT).await else {
        return response(Answer::error(413, "Payload Too Large"), None);
    };
    let authorization = text_of(&parts.headers, "authorization");
    let seen_before = text_of(&parts.headers, "if-none-match");
    let method = parts.method.as_str().to_owned();
    if let Some(said) = outside(&shared, &path, &query, authorization.as_deref()) {
        return said;
    }
    let is_graphql = path == "/api/graphql";
    let Some(api_path) = path
        .strip_prefix("/api/v3")
        .or(is_graphql.then_some("/graphql"))
    else {
        let request = git_http::GitRequest {
            method,
            path,
            query,
            headers: parts.headers,
            body,
        };
        return git_http::answer(&shared, request, authorization).await;
    };
    let api_path = api_path.to_owned();
    kept_back(shared.look_quietly(|world| world.latency)).await;
    let accept = text_of(&parts.headers, "accept").unwrap_or_default();
    let body = if body.is_empty() {
        Ok(Value::Null)
    } else {
        serde_json::from_slice::<Value>(&body)
    };
    let query: BTreeMap<String, String> = url::form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect();
    let made = shared
        .change(move |world| {
            let caller = caller(world, authorization.as_deref());
            let Ok(body) = body else {
                return Some(Answer::error(400, "Problems parsing JSON"));
            };
            let operation = body
                .get("operationName")
                .and_then(Value::as_str)
                .unwrap_or("?");
            let path = if is_graphql {
                format!("/graphql/{operation}")
            } else {
                api_path
            };
            let call = Call {
                method,
                path,
                query,
                body,
                accept,
                caller,
            };
            made(world, &call, is_graphql)
        })
        .await;
    match made {
        Some(answer) => response(answer, seen_before.as_deref()),
        None => broken(),
    }
}

/// What is neither the API nor git: the issuer of identities, and logs.
fn outside(
    shared: &Arc<Shared>,
    path: &str,
    query: &str,
    authorization: Option<&str>,
) -> Option<Response> {
    if let Some(path) = path.strip_prefix(logs::LOGS_PATH) {
        return Some(log(shared, path, query));
    }
    let path = path.strip_prefix(identity::ISSUER_PATH)?;
    let said = shared.look_quietly(|world| identity::answer(world, path, query, authorization));
    Some((said.0, axum::Json(said.1)).into_response())
}

/// A log at its link: storage, which knows no tokens. Faults name it as `/_logs/**`.
fn log(shared: &Arc<Shared>, path: &str, query: &str) -> Response {
    let (fault, (status, mut bytes)) = shared.look_quietly(|world| {
        let fault = world.fault_of("GET", &format!("{}{path}", logs::LOGS_PATH));
        (fault, world.log_at(path, query))
    });
    let status = match fault {
        Some(Fault::Dropped | Fault::DroppedAfter) => return broken(),
        Some(Fault::Before(status) | Fault::After(status)) => {
            bytes.clear();
            status
        }
        Some(Fault::NotFound) => 404,
        Some(Fault::Partial) => {
            bytes.truncate(bytes.len() / 2);
            status
        }
        _ => status,
    };
    let status = StatusCode::from_u16(status).unwrap_or_default();
    (status, [("content-type", "text/plain")], bytes).into_response()
}

fn text_of(headers: &HeaderMap, name: &str) -> Option<String> {
    headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .map(str::to_owned)
}

async fn kept_back(latency: Duration) {
    if !latency.is_zero() {
        tokio::time::sleep(latency).await;
    }
}

/// Makes a call, faults and log included; `None` where the connection breaks.
fn made(world: &mut World, call: &Call, is_graphql: bool) -> Option<Answer> {
    let fault = world.fault_of(&call.method, &call.path);
    let answer = match &fault {
        Some(Fault::Dropped) => None,
        Some(fault) => match instead(fault, world, is_graphql) {
            Some(answer) => Some(answer),
            None => Some(afterwards_of(world, call, is_graphql, fault)),
        },
        None => Some(true_answer(world, call, is_graphql)),
    };
    let dropped = matches!(fault, Some(Fault::Dropped | Fault::DroppedAfter));
    let answer = answer.map(|answer| with_limits(world, answer));
    world.calls.push(CallRecord {
        method: call.method.clone(),
        path: call.path.clone(),
        status: answer
            .as_ref()
            .filter(|_| !dropped)
            .map_or(0, |answer| answer.status),
        kind: kind(&call.method, &call.path),
    });
    answer.filter(|_| !dropped)
}

fn afterwards_of(world: &mut World, call: &Call, is_graphql: bool, fault: &Fault) -> Answer {
    let before = world.remembered.get(&key(call)).cloned();
    let answer = true_answer(world, call, is_graphql);
    afterwards(fault, answer, before)
}

fn true_answer(world: &mut World, call: &Call, is_graphql: bool) -> Answer {
    let answer = if is_graphql {
        graphql::answer(world, call)
    } else {
        rest::answer(world, call)
    };
    let reads = call.method == "GET" || graphql::READS.contains(&call.path.as_str());
    if reads && answer.status == 200 {
        if world.remembered.len() >= REMEMBERED_LIMIT {
            world.remembered.clear();
        }
        world.remembered.insert(key(call), answer.body.clone());
    }
    answer
}

/// What makes two questions the same: path and query, and what a GraphQL operation asks about.
fn key(call: &Call) -> String {
    let variables = call.body.get("variables").unwrap_or(&Value::Null);
    format!("{}?{}{variables}", call.path, rest::encoded(&call.query))
}

/// The headers about limits, where the answer does not say otherwise.
fn with_limits(world: &mut World, mut answer: Answer) -> Answer {
    world.used_of_limit += 1;
    let now_s = world.clock.now().0.div_euclid(1000);
    let used = world.used_of_limit.min(LIMIT);
    let date = DateTime::from_timestamp_millis(world.clock.now().0).unwrap_or_default();
    let standard = [
        ("x-ratelimit-limit", LIMIT.to_string()),
        ("x-ratelimit-remaining", (LIMIT - used).to_string()),
        ("x-ratelimit-used", used.to_string()),
        ("x-ratelimit-reset", (now_s + 3600).to_string()),
        ("x-ratelimit-resource", "core".to_owned()),
        (
            "x-github-request-id",
            format!("YARD:{:06X}", world.calls.len()),
        ),
        ("date", date.format("%a, %d %b %Y %H:%M:%S GMT").to_string()),
    ];
    for (name, value) in standard {
        if !answer.headers.iter().any(|(known, _)| *known == name) {
            answer.headers.push((name, value));
        }
    }
    answer
}

/// What a call costs an installation: content that people see, git, tokens, reads, or other.
fn kind(method: &str, path: &str) -> &'static str {
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    match (method, parts.as_slice()) {
        ("GET", _)
        | (
            _,
            [
                "graphql",
                "TaskInput" | "ReviewThreads" | "PullState" | "MergeQueue" | "CommitChecks",
            ],
        ) => "reads",
        (_, ["graphql", "MarkPullRequestReadyForReview"]) => "content",
        (_, ["graphql", "UpdateRefs"]) => "git",
        (_, [.., "access_tokens"]) => "tokens",
        (
            _,
            [
                ..,
                "reactions" | "reviews" | "comments" | "replies" | "pulls" | "check-runs",
            ],
        ) => "content",
        ("PATCH", [.., "comments" | "pulls" | "check-runs" | "issues", _]) => "content",
        (_, parts) if parts.contains(&"git") => "git",
        _ => "other",
    }
}

fn response(answer: Answer, seen_before: Option<&str>) -> Response {
    let empty = answer.body.is_null();
    let text = if empty {
        String::new()
    } else {
        answer.body.to_string()
    };
    let tag = format!("W/\"{}\"", Sha256Hex::of(&text));
    let unchanged = answer.status == 200 && seen_before == Some(tag.as_str());
    let status = if unchanged {
        StatusCode::NOT_MODIFIED
    } else {
        StatusCode::from_u16(answer.status).unwrap_or_default()
    };
    let mut built = Response::builder()
        .status(status)
        .header("etag", tag)
        .header("server", "yard");
    if !empty {
        built = built.header("content-type", "application/json; charset=utf-8");
    }
    for (name, value) in answer.headers {
        built = built.header(name, value);
    }
    let body = if unchanged { String::new() } else { text };
    built.body(Body::from(body)).unwrap_or_default()
}

/// A response that breaks off before its first byte.
fn broken() -> Response {
    let gone = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
    Response::new(Body::from_stream(futures::stream::once(async move {
        Err::<Vec<u8>, _>(gone)
    })))
}
