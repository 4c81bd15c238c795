//! Writes what people see, and starts and cancels runs. Each function is one call, or a
//! look and a call where the call may have worked before.

use http::Method;
use serde_json::{Value, json};

use super::answer::{GithubError, Kind, unexpected};
use super::app_auth::Scope;
use super::client::{Client, Target};
use super::pages::Of;
use crate::domain::effect::ReactionTarget;
use crate::domain::ids::{CommentId, Number, RunId};
use crate::domain::time::Timestamp;

/// The workflow that a repository installs, by the name of its file.
pub const WORKFLOW_FILE: &str = "castellan.yml";

/// How far ahead of GitHub's our clock may be (U10).
pub(super) const CLOCKS_DIFFER_S: i64 = 900;

impl Client {
    /// Puts a 👀 on an issue or a comment; a second time changes nothing.
    ///
    /// # Errors
    /// GitHub did not take it.
    pub async fn react(&self, target: &Target, on: ReactionTarget) -> Result<(), GithubError> {
        let path = match on {
            ReactionTarget::Issue { number } => format!("/issues/{number}/reactions"),
            ReactionTarget::Comment { id } => format!("/issues/comments/{id}/reactions"),
        };
        let body = json!({ "content": "eyes" });
        self.call::<Value>(
            "acknowledge a request",
            target,
            Scope::Talk,
            Method::POST,
            &path,
            Some(&body),
        )
        .await
        .map(drop)
    }

    /// Writes a new comment.
    ///
    /// # Errors
    /// GitHub did not take it.
    pub async fn comment(
        &self,
        target: &Target,
        number: Number,
        body: &str,
    ) -> Result<CommentId, GithubError> {
        let operation = "write a comment";
        let path = format!("/issues/{number}/comments");
        let body = json!({ "body": body });
        let answer: Value = self
            .call(
                operation,
                target,
                Scope::Talk,
                Method::POST,
                &path,
                Some(&body),
            )
            .await?;
        answer["id"]
            .as_i64()
            .map(CommentId)
            .ok_or_else(|| unexpected(operation, "no id".to_owned()))
    }

    /// Replaces the text of a comment of ours.
    ///
    /// # Errors
    /// GitHub did not take it; [`Kind::NotFound`] where somebody deleted it.
    pub async fn edit_comment(
        &self,
        target: &Target,
        comment: CommentId,
        body: &str,
    ) -> Result<(), GithubError> {
        let path = format!("/issues/comments/{comment}");
        let body = json!({ "body": body });
        self.call::<Value>(
            "edit a comment",
            target,
            Scope::Talk,
            Method::PATCH,
            &path,
            Some(&body),
        )
        .await
        .map(drop)
    }

    /// Our own comment that holds `marker`, where there is one since `since`, when nothing of
    /// what it says was decided yet: the author has to be this App, a marker in somebody else's
    /// comment is theirs (K16). GitHub lists the oldest first and sorts them in no other way,
    /// so that without a beginning ours would be behind the end of a long conversation.
    ///
    /// # Errors
    /// GitHub did not answer.
    pub async fn find_comment(
        &self,
        target: &Target,
        number: Number,
        marker: &str,
        since: Timestamp,
    ) -> Result<Option<CommentId>, GithubError> {
        let since = since.plus_s(-CLOCKS_DIFFER_S);
        let path = format!("/issues/{number}/comments?since={since}");
        let of = Of::Repository(target);
        let listed = self.pages("look for our comment", of, &path).await?;
        let ours = listed.rows.iter().find(|comment| {
            comment["performed_via_github_app"]["id"].as_i64() == Some(self.app_id())
                && comment["body"]
                    .as_str()
                    .is_some_and(|body| body.contains(marker))
        });
        Ok(ours
            .and_then(|comment| comment["id"].as_i64())
            .map(CommentId))
    }

    /// Starts a run of our workflow on `branch`. Gives the run where the server says which.
    ///
    /// # Errors
    /// GitHub did not take it; [`Kind::NotFound`] where the workflow is not there.
    pub async fn dispatch(
        &self,
        target: &Target,
        branch: &str,
        inputs: &Value,
    ) -> Result<Option<RunId>, GithubError> {
        let operation = "start a run";
        let path = format!("/actions/workflows/{WORKFLOW_FILE}/dispatches");
        let mut body = json!({ "ref": branch, "inputs": inputs, "return_run_details": true });
        let first = self
            .call::<Value>(
                operation,
                target,
                Scope::Run,
                Method::POST,
                &path,
                Some(&body),
            )
            .await;
        let answer = match first {
            // Enterprise servers that do not know `return_run_details` refuse it as a whole.
            Err(error) if matches!(error.status, Some(400 | 422)) => {
                if let Some(fields) = body.as_object_mut() {
                    fields.remove("return_run_details");
                }
                self.call(
                    operation,
                    target,
                    Scope::Run,
                    Method::POST,
                    &path,
                    Some(&body),
                )
                .await?
            }
            answer => answer?,
        };
        Ok(answer["workflow_run_id"].as_i64().map(RunId))
    }

    /// Cancels a run; one that is over, or gone, needs no cancelling.
    ///
    /// # Errors
    /// GitHub did not take it.
    pub async fn cancel_run(&self, target: &Target, run: RunId) -> Result<(), GithubError> {
        let path = format!("/actions/runs/{run}/cancel");
        let answer = self
            .call::<Value>(
                "cancel a run",
                target,
                Scope::Run,
                Method::POST,
                &path,
                None,
            )
            .await;
        match answer {
            Err(error) if matches!(error.kind, Kind::Conflict | Kind::NotFound) => Ok(()),
            answer => answer.map(drop),
        }
    }
}
