//! Check runs of our own: made, amended, and found again. What they say is decided elsewhere.
//!
//! A completed run is final: GitHub answers 200 to what would take it back and keeps it as it was,
//! so that callers hold the answer against what they asked for. Source: GitHub's "REST API
//! endpoints for check runs".

use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};
use url::form_urlencoded;

use super::answer::{GithubError, transient, unexpected};
use super::app_auth::Scope;
use super::client::{Client, Target};
use super::pages::Of;
use crate::domain::ids::Oid;

/// Status of a run that is not over.
pub const IN_PROGRESS: &str = "in_progress";
/// Characters of a title.
const TITLE_CHARS: usize = 255;
/// Bytes of one text of a run: GitHub takes 65,535 characters.
const TEXT_BYTES: usize = 65_535;

/// What a run is to say.
#[derive(Clone, Copy, Debug)]
pub struct Saying<'a> {
    /// What counts for a branch's rules.
    pub name: &'a str,
    /// The commit.
    pub head: &'a Oid,
    /// Our own mark on it.
    pub external_id: &'a str,
    /// [`IN_PROGRESS`], or GitHub's word for a conclusion.
    pub standing: &'a str,
    /// One line.
    pub title: &'a str,
    /// Markdown.
    pub summary: &'a str,
}

/// A run of our own, as GitHub has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnRun {
    /// Its number, which grows.
    pub id: i64,
    /// [`IN_PROGRESS`], or GitHub's word for its conclusion.
    pub standing: String,
}

/// A run of our own in GitHub's words.
#[derive(Deserialize)]
pub(super) struct RunRow {
    pub(super) id: i64,
    head_sha: String,
    name: String,
    status: String,
    conclusion: Option<String>,
    #[serde(default)]
    pub(super) external_id: Option<String>,
    app: Option<AppRow>,
}

#[derive(Deserialize)]
struct AppRow {
    id: i64,
}

impl RunRow {
    fn read(self) -> OwnRun {
        let standing = match self.conclusion {
            Some(conclusion) if self.status == "completed" => conclusion,
            _ => IN_PROGRESS.to_owned(),
        };
        OwnRun {
            id: self.id,
            standing,
        }
    }
}

impl Client {
    /// Our newest run of this name on `head`: that one counts. `None` where there is none.
    ///
    /// # Errors
    /// GitHub did not answer, or there are more than can be read.
    pub async fn own_run(
        &self,
        target: &Target,
        head: &Oid,
        name: &str,
    ) -> Result<Option<OwnRun>, GithubError> {
        let listed = self.own_runs("find our own check", target, head, name);
        let newest = listed.await?.into_iter().max_by_key(|row| row.id);
        Ok(newest.map(RunRow::read))
    }

    /// Makes a new run.
    ///
    /// # Errors
    /// GitHub did not take it, or answered with another one.
    pub async fn publish_run(
        &self,
        target: &Target,
        saying: &Saying<'_>,
    ) -> Result<OwnRun, GithubError> {
        let operation = "publish a check";
        let mut body = body(saying);
        body["name"] = saying.name.into();
        body["head_sha"] = saying.head.as_str().into();
        let call = (Method::POST, "/check-runs");
        let row = self.say_run(operation, target, call, (saying.head, saying.name), &body);
        row.await.map(RunRow::read)
    }

    /// Has a run say this from now on. Which conclusion it has afterwards is in the answer.
    ///
    /// # Errors
    /// GitHub did not take it, or answered with another one.
    pub async fn amend_run(
        &self,
        target: &Target,
        run: i64,
        saying: &Saying<'_>,
    ) -> Result<OwnRun, GithubError> {
        let operation = "amend a check";
        let path = format!("/check-runs/{run}");
        let (call, of) = ((Method::PATCH, path.as_str()), (saying.head, saying.name));
        let body = body(saying);
        let row = self.say_run(operation, target, call, of, &body);
        row.await.map(RunRow::read)
    }

    /// All our runs of this name on `head`.
    pub(super) async fn own_runs(
        &self,
        operation: &'static str,
        target: &Target,
        head: &Oid,
        name: &str,
    ) -> Result<Vec<RunRow>, GithubError> {
        let quoted: String = form_urlencoded::byte_serialize(name.as_bytes()).collect();
        let app = self.app_id();
        let path =
            format!("/commits/{head}/check-runs?check_name={quoted}&app_id={app}&filter=all");
        let listed = self.pages(operation, Of::Reports(target), &path).await?;
        if !listed.whole {
            return Err(transient(operation, "the list was cut".to_owned()));
        }
        let mut own = Vec::new();
        for row in listed.rows {
            let row: RunRow = serde_json::from_value(row)
                .map_err(|error| unexpected(operation, error.to_string()))?;
            if row.app.as_ref().is_some_and(|own| own.id == app) && row.name == name {
                own.push(row);
            }
        }
        Ok(own)
    }

    /// Makes or amends a run of this name on `head`, and takes no other for it.
    pub(super) async fn say_run(
        &self,
        operation: &'static str,
        target: &Target,
        (method, path): (Method, &str),
        (head, name): (&Oid, &str),
        body: &Value,
    ) -> Result<RunRow, GithubError> {
        let row: RunRow = self
            .call(operation, target, Scope::Publish, method, path, Some(body))
            .await?;
        match row.head_sha == head.as_str() && row.name == name {
            true => Ok(row),
            false => Err(unexpected(operation, "another check".to_owned())),
        }
    }
}

fn body(saying: &Saying<'_>) -> Value {
    let mut body = json!({
        "external_id": saying.external_id,
        "output": {
            "title": saying.title.chars().take(TITLE_CHARS).collect::<String>(),
            "summary": within(saying.summary),
        },
    });
    match saying.standing {
        IN_PROGRESS => body["status"] = IN_PROGRESS.into(),
        conclusion => {
            body["status"] = "completed".into();
            body["conclusion"] = conclusion.into();
        }
    }
    body
}

/// As much of a text as GitHub takes.
pub(super) fn within(text: &str) -> &str {
    &text[..text.floor_char_boundary(TEXT_BYTES)]
}
