//! `GET /tasks/{id}/attempts/{n}`: what the agent of an attempt said and did, for people.
//!
//! Under the same key as the task's own page, and as foreign as a page can be.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;

use super::Server;
use super::pages::{Key, html, opens, query_of, trouble};
use crate::domain::change::{FileChange, Operation};
use crate::domain::ids::{AttemptNumber, TaskId};
use crate::domain::task::timeline::{Entry, timeline};
use crate::domain::text;
use crate::protocol::result::Returned;
use crate::store::StoreError;

/// Largest result that is opened for a page, in bytes; with its change it may be far larger.
const RESULT_SHOWN_MAX: usize = 16 * 1024 * 1024;

/// Files of a failed agent that are listed; the rest is counted.
const LEFT_SHOWN: usize = 200;
/// Characters of a path that are shown.
const PATH_CHARS: usize = 300;

#[derive(Template)]
#[template(path = "attempt.html")]
struct AttemptPage {
    number: u32,
    title: String,
    back: String,
    entries: Vec<Entry>,
    nothing: &'static str,
    left: Vec<Left>,
    more_left: usize,
}

/// A file that a failed agent had changed.
struct Left {
    what: &'static str,
    path: String,
    bytes: usize,
}

impl Left {
    fn of(file: &FileChange) -> Self {
        Self {
            what: match file.operation {
                Operation::Add => "added",
                Operation::Modify => "modified",
                Operation::Delete => "deleted",
            },
            path: text::line(&file.path, PATH_CHARS),
            bytes: file.content.len(),
        }
    }
}

pub(super) async fn attempt(
    State(server): State<Server>,
    Path((id, number)): Path<(String, u32)>,
    Query(Key { key }): Query<Key>,
) -> Response {
    let shown = match id.parse::<TaskId>() {
        Ok(id) => show(&server, &id, AttemptNumber(number), key.as_deref()).await,
        Err(_) => Ok(None),
    };
    match shown {
        Ok(Some(page)) => page,
        Ok(None) => (StatusCode::NOT_FOUND, "no such attempt").into_response(),
        Err(error) => trouble(&error),
    }
}

async fn show(
    server: &Server,
    id: &TaskId,
    number: AttemptNumber,
    key: Option<&str>,
) -> Result<Option<Response>, StoreError> {
    let store = &server.engine.store;
    let Some(stored) = store.task(id).await? else {
        return Ok(None);
    };
    let task = &stored.task;
    if !opens(server, task, key) {
        return Ok(None);
    }
    let Some(attempt) = task.attempt(number) else {
        return Ok(None);
    };
    let body = match &attempt.result {
        Some(sha256) => store.result(id, number, sha256).await?,
        None => None,
    };
    let mut files = Vec::new();
    let (entries, nothing) = match body {
        Some(body) if body.len() > RESULT_SHOWN_MAX => (
            Vec::new(),
            "The result is too large to be opened for a page.",
        ),
        Some(body) => {
            let returned = serde_json::from_slice::<Returned>(&body);
            let (transcript, partial) = returned
                .map(|returned| (returned.transcript, returned.partial))
                .unwrap_or_default();
            files = partial.unwrap_or_default().files;
            let entries = timeline(&transcript);
            (entries, "The runner returned no transcript.")
        }
        None => (Vec::new(), "Nothing has come back yet."),
    };
    let page = AttemptPage {
        number: number.0,
        title: task.contract.title.clone(),
        back: format!("/tasks/{id}{}", query_of(server, key)),
        entries,
        nothing,
        left: files.iter().take(LEFT_SHOWN).map(Left::of).collect(),
        more_left: files.len().saturating_sub(LEFT_SHOWN),
    };
    Ok(Some(html(&page)))
}
