//! The informational run beside the gate's check: made, amended, and found again.
//!
//! It is completed and `neutral` from the first, since GitHub shows buttons on completed runs alone.
//! GitHub takes fifty annotations a call and only ever adds to them, three buttons, and texts of
//! 65,535 characters. Source: GitHub's "REST API endpoints for check runs".

use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};
use url::form_urlencoded;

use super::answer::{GithubError, transient, unexpected};
use super::app_auth::Scope;
use super::client::{Client, Target};
use super::pages::Of;
use crate::domain::gate::button::{BUTTONS, Shown};
use crate::domain::gate::evidence_page::{Annotation, NAME};
use crate::domain::ids::Oid;

/// Most annotations of one call.
pub const ANNOTATIONS_A_CALL: usize = 50;
/// Longest text of one field, in bytes: GitHub takes 65,535 characters.
const TEXT_BYTES: usize = 65_535;

/// What the informational run is to say.
#[derive(Clone, Copy, Debug)]
pub struct EvidenceRun<'a> {
    /// The commit.
    pub head: &'a Oid,
    /// Our own mark on it.
    pub external_id: &'a str,
    /// One line.
    pub title: &'a str,
    /// The facts, as Markdown.
    pub summary: &'a str,
    /// The agent's words, as Markdown.
    pub words: &'a str,
    /// What is marked in the difference by this call, at most [`ANNOTATIONS_A_CALL`].
    pub annotations: &'a [Annotation],
    /// The buttons.
    pub buttons: &'a [Shown],
}

#[derive(Deserialize)]
struct RunRow {
    id: i64,
    head_sha: String,
    name: String,
    #[serde(default)]
    external_id: Option<String>,
    app: Option<AppRow>,
}

#[derive(Deserialize)]
struct AppRow {
    id: i64,
}

impl Client {
    /// Makes a new run; its number.
    ///
    /// # Errors
    /// GitHub did not take it, or answered with another one.
    pub async fn publish_evidence(
        &self,
        target: &Target,
        run: &EvidenceRun<'_>,
    ) -> Result<i64, GithubError> {
        let operation = "publish evidence";
        let mut body = body(run);
        body["name"] = NAME.into();
        body["head_sha"] = run.head.as_str().into();
        self.say_evidence(operation, target, (Method::POST, "/check-runs"), run, &body)
            .await
    }

    /// Has a run say this from now on; its marks are added to those that it has.
    ///
    /// # Errors
    /// GitHub did not take it, or answered with another one.
    pub async fn amend_evidence(
        &self,
        target: &Target,
        id: i64,
        run: &EvidenceRun<'_>,
    ) -> Result<i64, GithubError> {
        let operation = "amend evidence";
        let path = format!("/check-runs/{id}");
        self.say_evidence(operation, target, (Method::PATCH, &path), run, &body(run))
            .await
    }

    async fn say_evidence(
        &self,
        operation: &'static str,
        target: &Target,
        (method, path): (Method, &str),
        run: &EvidenceRun<'_>,
        body: &Value,
    ) -> Result<i64, GithubError> {
        let row: RunRow = self
            .call(operation, target, Scope::Publish, method, path, Some(body))
            .await?;
        match row.head_sha == run.head.as_str() && row.name == NAME {
            true => Ok(row.id),
            false => Err(unexpected(operation, "another check".to_owned())),
        }
    }

    /// Our newest informational run on `head` with this mark, where there is one: a call whose answer
    /// was lost may have made it.
    ///
    /// # Errors
    /// GitHub did not answer, or there are more than can be read.
    pub async fn find_evidence(
        &self,
        target: &Target,
        head: &Oid,
        external_id: &str,
    ) -> Result<Option<i64>, GithubError> {
        let operation = "find our own evidence";
        let name: String = form_urlencoded::byte_serialize(NAME.as_bytes()).collect();
        let app = self.app_id();
        let path = format!("/commits/{head}/check-runs?check_name={name}&app_id={app}&filter=all");
        let listed = self.pages(operation, Of::Reports(target), &path).await?;
        if !listed.whole {
            return Err(transient(operation, "the list was cut".to_owned()));
        }
        let mut newest = None;
        for row in listed.rows {
            let row: RunRow = serde_json::from_value(row)
                .map_err(|error| unexpected(operation, error.to_string()))?;
            let is_own = row.app.as_ref().is_some_and(|own| own.id == app) && row.name == NAME;
            if is_own && row.external_id.as_deref() == Some(external_id) {
                newest = newest.max(Some(row.id));
            }
        }
        Ok(newest)
    }
}

fn body(run: &EvidenceRun<'_>) -> Value {
    let buttons = run.buttons.iter().take(BUTTONS).map(|one| {
        json!({
            "label": one.label,
            "description": one.description,
            "identifier": one.identifier,
        })
    });
    let mut output = json!({
        "title": run.title,
        "summary": within(run.summary),
        "text": within(run.words),
    });
    let marks = run.annotations.iter().take(ANNOTATIONS_A_CALL);
    let marks: Vec<Value> = marks.map(mark).collect();
    if !marks.is_empty() {
        output["annotations"] = marks.into();
    }
    json!({
        "external_id": run.external_id,
        "status": "completed",
        "conclusion": "neutral",
        "output": output,
        "actions": buttons.collect::<Vec<Value>>(),
    })
}

fn mark(one: &Annotation) -> Value {
    json!({
        "path": one.path,
        "start_line": one.line,
        "end_line": one.line,
        "annotation_level": one.level.word(),
        "title": one.title,
        "message": one.message,
    })
}

/// As much of a text as GitHub takes.
fn within(text: &str) -> &str {
    &text[..text.floor_char_boundary(TEXT_BYTES)]
}
