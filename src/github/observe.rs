//! What is true on GitHub now, fetched; deliveries only say where to look.

use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};
use url::form_urlencoded;

use super::answer::{GithubError, Kind, found, transient, unexpected};
use super::app_auth::Scope;
use super::client::{Client, Target};
use super::perform::{CLOCKS_DIFFER_S, WORKFLOW_FILE};
use super::task_input::{self, TaskInput};
use crate::domain::ids::{Number, Oid, RunId, is_login};
use crate::domain::request::Person;
use crate::domain::time::Timestamp;
use crate::guard::{self, Guard};

/// What a person may do with a repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Permission {
    /// Nothing, or nobody of that name and number.
    None,
    /// Read, or triage.
    Read,
    /// Write, or maintain.
    Write,
    /// Administer.
    Admin,
}

impl Permission {
    /// Whether it suffices to ask for work: write or better.
    #[must_use]
    pub fn may_write(self) -> bool {
        self >= Self::Write || !guard::holds(Guard::Permission)
    }
}

impl Client {
    /// What `login` may do in the repository. The answer must be about the account `id`: a
    /// login that changed hands may nothing (X5).
    ///
    /// # Errors
    /// GitHub did not answer.
    pub async fn permission(
        &self,
        target: &Target,
        person: &Person,
    ) -> Result<Permission, GithubError> {
        if !is_login(&person.login) {
            return Ok(Permission::None);
        }
        let path = format!("/collaborators/{}/permission", person.login);
        let operation = "ask for a person's permission";
        let answer: Result<PermissionAnswer, GithubError> = self
            .call(operation, target, Scope::Observe, Method::GET, &path, None)
            .await;
        let Some(answer) = found(answer)? else {
            return Ok(Permission::None);
        };
        if answer.user.map(|user| user.id) != Some(person.id.0) {
            return Ok(Permission::None);
        }
        Ok(match answer.permission.as_str() {
            "admin" => Permission::Admin,
            "write" | "maintain" => Permission::Write,
            "read" | "triage" => Permission::Read,
            _ => Permission::None,
        })
    }

    /// All that opening a task on issue or pull request `number` needs.
    ///
    /// # Errors
    /// GitHub did not answer, or not as documented.
    pub async fn task_input(
        &self,
        target: &Target,
        number: Number,
    ) -> Result<TaskInput, GithubError> {
        let operation = "read the issue, the base and the policy";
        let name = self.name_of(target).await;
        let document = json!({
            "operationName": "TaskInput",
            "query": task_input::QUERY,
            "variables": { "owner": name.owner, "name": name.name, "number": number.0 },
        });
        let answer: Value = self
            .graphql(operation, target, Scope::Observe, &document)
            .await?;
        let repository = &answer["repository"];
        if repository["databaseId"].as_i64() != Some(target.repository.0) {
            return Err(GithubError {
                operation,
                kind: Kind::NotFound,
                status: None,
                reason: "another repository has this name now".to_owned(),
            });
        }
        // Odd, and not the same as gone: only GitHub's own null is that (A10). It may pass.
        task_input::read(repository).ok_or_else(|| transient(operation, "an odd answer".to_owned()))
    }

    /// The tip of a branch; `None` where it does not exist.
    ///
    /// # Errors
    /// GitHub did not answer.
    pub async fn branch_tip(
        &self,
        target: &Target,
        branch: &str,
    ) -> Result<Option<Oid>, GithubError> {
        self.ref_tip(target, &format!("heads/{branch}")).await
    }

    /// Where the ref `name`, without `refs/`, points to; `None` where it does not exist.
    ///
    /// # Errors
    /// GitHub did not answer.
    pub async fn ref_tip(&self, target: &Target, name: &str) -> Result<Option<Oid>, GithubError> {
        let path = format!("/git/ref/{name}");
        let operation = "read a ref";
        let answer: Result<Value, GithubError> = self
            .call(operation, target, Scope::Observe, Method::GET, &path, None)
            .await;
        let Some(answer) = found(answer)? else {
            return Ok(None);
        };
        answer["object"]["sha"]
            .as_str()
            .and_then(|sha| sha.parse().ok())
            .map(Some)
            .ok_or_else(|| unexpected(operation, "no usable object.sha".to_owned()))
    }

    /// The first run of our workflow that was dispatched on `branch` with `nonce`, at `since` or
    /// later: its name
    /// holds it in parentheses (`run-name` of the workflow's file).
    ///
    /// # Errors
    /// GitHub did not answer.
    pub async fn find_run(
        &self,
        target: &Target,
        branch: &str,
        nonce: &str,
        since: Timestamp,
    ) -> Result<Option<RunId>, GithubError> {
        let operation = "look for a workflow run";
        let branch: String = form_urlencoded::byte_serialize(branch.as_bytes()).collect();
        let created: String = form_urlencoded::byte_serialize(
            format!(">={}", since.plus_s(-CLOCKS_DIFFER_S)).as_bytes(),
        )
        .collect();
        let path = format!(
            "/actions/workflows/{WORKFLOW_FILE}/runs?event=workflow_dispatch&per_page=100&branch={branch}&created={created}"
        );
        let answer: Value = self
            .call(operation, target, Scope::Observe, Method::GET, &path, None)
            .await?;
        let runs = answer["workflow_runs"]
            .as_array()
            .ok_or_else(|| unexpected(operation, "no workflow_runs".to_owned()))?;
        let named = format!("({nonce})");
        let ours = |run: &&Value| {
            let title = run["display_title"].as_str();
            title.is_some_and(|title| title.contains(&named)) && run["run_attempt"] == 1
        };
        Ok(runs
            .iter()
            .rev()
            .find(ours)
            .and_then(|run| run["id"].as_i64())
            .map(RunId))
    }

    /// The conclusion of a run; `None` while it is not over.
    ///
    /// # Errors
    /// GitHub did not answer.
    pub async fn run_conclusion(
        &self,
        target: &Target,
        run: RunId,
    ) -> Result<Option<String>, GithubError> {
        let path = format!("/actions/runs/{run}");
        let operation = "read a workflow run";
        let answer: Value = self
            .call(operation, target, Scope::Observe, Method::GET, &path, None)
            .await?;
        Ok(answer["conclusion"].as_str().map(str::to_owned))
    }

    /// Whether a pull request is closed, and whether by a merge; `None` while it is open.
    ///
    /// # Errors
    /// GitHub did not answer.
    pub async fn pull_end(
        &self,
        target: &Target,
        number: Number,
    ) -> Result<Option<bool>, GithubError> {
        let path = format!("/pulls/{number}");
        let operation = "read a pull request";
        let answer: Value = self
            .call(operation, target, Scope::Observe, Method::GET, &path, None)
            .await?;
        let merged = answer["merged"].as_bool().unwrap_or(false);
        Ok((answer["state"].as_str() == Some("closed")).then_some(merged))
    }
}

#[derive(Deserialize)]
struct PermissionAnswer {
    permission: String,
    user: Option<UserAnswer>,
}

#[derive(Deserialize)]
struct UserAnswer {
    id: i64,
}
