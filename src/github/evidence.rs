//! The informational run beside the gate's check: made, amended, and found again.
//!
//! It is completed and `neutral` from the first, since GitHub shows buttons on completed runs alone.
//! GitHub takes fifty annotations a call and only ever adds to them, three buttons, and texts of
//! 65,535 characters. Source: GitHub's "REST API endpoints for check runs".

use http::Method;
use serde_json::{Value, json};

use super::answer::GithubError;
use super::client::{Client, Target};
use super::publish::within;
use crate::domain::gate::button::{BUTTONS, Shown};
use crate::domain::gate::evidence_page::{Annotation, NAME};
use crate::domain::ids::Oid;

/// Most annotations of one call.
pub const ANNOTATIONS_A_CALL: usize = 50;

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
        let call = (Method::POST, "/check-runs");
        let row = self.say_run(operation, target, call, (run.head, NAME), &body);
        row.await.map(|row| row.id)
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
        let (call, of) = ((Method::PATCH, path.as_str()), (run.head, NAME));
        let body = body(run);
        let row = self.say_run(operation, target, call, of, &body);
        row.await.map(|row| row.id)
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
        let listed = self.own_runs("find our own evidence", target, head, NAME);
        let listed = listed.await?.into_iter();
        let marked = listed.filter(|row| row.external_id.as_deref() == Some(external_id));
        Ok(marked.map(|row| row.id).max())
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
