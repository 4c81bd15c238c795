//! Pages for people: what is set, the newest tasks, one task with its history.
//!
//! Read only: there is nothing to press, so there is nothing to forge (X16). Everything is
//! escaped by the templates, and the pages may load nothing but their own style sheet. Where
//! strangers may reach the server, tasks are not listed, and a task's page asks for the key
//! that stands in its link on GitHub: who sees the link may see the page.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::{Html, IntoResponse, Response};
use http::{StatusCode, header};
use serde::Deserialize;
use subtle::ConstantTimeEq as _;

use super::Server;
use crate::domain::ids::TaskId;
use crate::domain::task::Task;
use crate::domain::task::going::{self, UnderWay};
use crate::domain::task::said::{Said, said};
use crate::domain::task::stage::Stage;
use crate::domain::time::Timestamp;
use crate::store::{DeliveryCounts, Flake, HistoryEntry, Incident, ParkedEffect, StoreError};

/// Unsteady checks of its repository on a task's page.
const FLAKES_SHOWN: u32 = 20;
/// Merges past the gate on the first page.
const INCIDENTS_SHOWN: u32 = 10;
/// Tasks on the first page.
const TASKS_SHOWN: u32 = 50;
/// Nothing is loaded from elsewhere, nothing runs, nobody frames it.
const POLICY: &str = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

#[derive(Template)]
#[template(path = "index.html")]
struct Index<'a> {
    missing: &'a [String],
    is_busy: bool,
    tasks: Vec<Row>,
    deliveries: DeliveryCounts,
    parked_effects: u64,
    incidents: Vec<Incident>,
    is_local: bool,
}

struct Row {
    id: String,
    title: String,
    repository: String,
    issue: i64,
    stage: &'static str,
    going: String,
    opened_at: String,
}

#[derive(Template)]
#[template(path = "task.html")]
struct TaskPage<'a> {
    task: &'a Task,
    stage: &'static str,
    is_busy: bool,
    ci: Vec<Said>,
    flakes: Vec<Flake>,
    under_way: Option<UnderWay>,
    spent: Option<String>,
    pull: Option<i64>,
    sha256: String,
    history: Vec<Line>,
    parked: Vec<ParkedEffect>,
    github: String,
    query: String,
}

struct Line {
    at: String,
    sentence: &'static str,
    stage: String,
    detail: String,
}

pub(super) async fn index(State(server): State<Server>) -> Response {
    match show_index(&server).await {
        Ok(page) => page,
        Err(error) => trouble(&error),
    }
}

async fn show_index(server: &Server) -> Result<Response, StoreError> {
    let store = &server.engine.store;
    let is_local = server.engine.rules.pages_are_local;
    // Names of repositories are for whoever runs the server.
    let told = if is_local { INCIDENTS_SHOWN } else { 0 };
    let shown = if is_local { TASKS_SHOWN } else { 0 };
    let tasks = store.newest_tasks(shown).await?;
    let page = Index {
        missing: &server.missing,
        is_busy: tasks.iter().any(|summary| summary.task.stage.is_busy()),
        tasks: tasks
            .iter()
            .map(|summary| row(&summary.task, server.engine.clock.now()))
            .collect(),
        deliveries: store.count_deliveries().await?,
        parked_effects: store.count_effects().await?.parked,
        incidents: store.incidents(told).await?,
        is_local,
    };
    Ok(html(&page))
}

fn row(task: &Task, now: Timestamp) -> Row {
    let under_way = going::under_way(task, now);
    Row {
        id: task.id.to_string(),
        title: task.contract.title.clone(),
        repository: task.name.to_string(),
        issue: task.issue.0,
        stage: task.stage.name(),
        going: under_way.map_or_else(String::new, |one| format!("{} · ", one.phase_and_time())),
        opened_at: task.opened_at.to_string(),
    }
}

/// The key of a task's link.
#[derive(Deserialize)]
pub(super) struct Key {
    pub(super) key: Option<String>,
}

pub(super) async fn task(
    State(server): State<Server>,
    Path(id): Path<String>,
    Query(Key { key }): Query<Key>,
) -> Response {
    let Ok(id) = id.parse::<TaskId>() else {
        return (StatusCode::NOT_FOUND, "no such task").into_response();
    };
    match show_task(&server, &id, key.as_deref()).await {
        Ok(Some(page)) => page,
        Ok(None) => (StatusCode::NOT_FOUND, "no such task").into_response(),
        Err(error) => trouble(&error),
    }
}

async fn show_task(
    server: &Server,
    id: &TaskId,
    key: Option<&str>,
) -> Result<Option<Response>, StoreError> {
    let store = &server.engine.store;
    let Some(stored) = store.task(id).await? else {
        return Ok(None);
    };
    if !opens(server, &stored.task, key) {
        return Ok(None);
    }
    let history = store.history(id).await?;
    let task = &stored.task;
    let pull = match &task.stage {
        Stage::Delivered { pull, .. } => Some(pull.0),
        _ => task.pull.as_ref().map(|pull| pull.number.0),
    };
    let base = server
        .engine
        .rules
        .github_url
        .as_str()
        .trim_end_matches('/');
    let page = TaskPage {
        task,
        stage: task.stage.name(),
        is_busy: task.stage.is_busy() || matches!(task.stage, Stage::Checking { .. }),
        ci: said(task),
        flakes: store.flakes(task.repository, FLAKES_SHOWN).await?,
        under_way: going::under_way(task, server.engine.clock.now()),
        spent: going::spent_words(&store.spent(id).await?),
        pull,
        sha256: task.contract.sha256().to_string(),
        history: history.iter().map(line).collect(),
        parked: store.parked_effects(id).await?,
        github: format!("{base}/{}", task.name),
        query: query_of(server, key),
    };
    Ok(Some(html(&page)))
}

/// Whether this key opens a task's pages; where only this machine reaches them, none is needed.
pub(super) fn opens(server: &Server, task: &Task, key: Option<&str>) -> bool {
    let given = key.unwrap_or_default().as_bytes();
    let right = task.page_key();
    server.engine.rules.pages_are_local
        || right.is_some_and(|right| bool::from(right.as_bytes().ct_eq(given)))
}

/// What links between a task's pages carry on.
pub(super) fn query_of(server: &Server, key: Option<&str>) -> String {
    // A key that opens has nothing in it that an address would have to escape.
    match key {
        Some(key) if !server.engine.rules.pages_are_local => format!("?key={key}"),
        _ => String::new(),
    }
}

fn line(entry: &HistoryEntry) -> Line {
    use crate::domain::event::Fact;
    let detail = match &entry.fact {
        Fact::Reported { phase, .. } => phase.words().to_owned(),
        Fact::DispatchRefused { cause, remedy, .. } => format!("{cause} {remedy}"),
        Fact::ChangeRefused { sentences, .. } => sentences.join(" "),
        Fact::Entered { run, .. } => format!("run {}", run.run_id),
        Fact::Applied { pull, head, .. } => format!("#{pull} at {}", head.short()),
        Fact::StopAsked { by, .. } | Fact::LabelRemoved { by } => by.login.clone(),
        Fact::FixAsked { by, words, .. } => match words {
            Some(words) => format!("{}: {words}", by.login),
            None => by.login.clone(),
        },
        Fact::AccessLost { why } => why.clone(),
        Fact::BranchMoved { by: Some(by), .. } => by.login.clone(),
        _ => String::new(),
    };
    Line {
        at: entry.at.to_string(),
        sentence: entry.because.sentence(),
        stage: entry.stage.clone(),
        detail,
    }
}

pub(super) async fn style() -> Response {
    let headers = [(header::CONTENT_TYPE, "text/css; charset=utf-8")];
    (headers, include_str!("../../templates/style.css")).into_response()
}

pub(super) fn html(page: &impl Template) -> Response {
    match page.render() {
        Ok(text) => {
            let headers = [
                (header::CONTENT_SECURITY_POLICY, POLICY),
                (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
                // A task's address holds its key.
                (header::CACHE_CONTROL, "no-store"),
                (header::REFERRER_POLICY, "no-referrer"),
            ];
            (headers, Html(text)).into_response()
        }
        Err(error) => {
            tracing::error!(error = %error, "a page could not be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

pub(super) fn trouble(error: &StoreError) -> Response {
    tracing::error!(error = %error, "a page could not be shown");
    (
        StatusCode::SERVICE_UNAVAILABLE,
        "the database did not answer",
    )
        .into_response()
}
