//! The few calls that only a person who administers a repository may make, by that person's own token:
//! its rulesets, and what only admins see. The token is in memory alone, and never in an error.
//!
//! Source: GitHub's "REST API endpoints for rules". Decides nothing.

use http::Method;
use serde_json::Value;

use super::answer::{Answer, GithubError, Kind, found, transient, unexpected};
use super::client::Client;
use crate::domain::ids::FullName;

/// Pages of rulesets that are read: a repository has 75 at most.
const PAGES_MAX: u32 = 5;
/// Rows of a page, the most that GitHub gives.
const ROWS: usize = 100;

/// A person who administers a repository, as their token has it.
pub struct Admin {
    client: Client,
    token: String,
    name: FullName,
}

impl Client {
    /// Calls about `name` by the token of a person. Whether it suffices GitHub says by its answers.
    #[must_use]
    pub fn as_admin(&self, name: &FullName, token: &str) -> Admin {
        Admin {
            client: self.clone(),
            token: token.to_owned(),
            name: name.clone(),
        }
    }
}

impl Admin {
    /// A call; `path` is what follows the repository's name.
    async fn answer(
        &self,
        operation: &'static str,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Answer, GithubError> {
        let shared = &self.client.shared;
        let FullName { owner, name } = &self.name;
        let full = format!("{}/repos/{owner}/{name}{path}", shared.rest_prefix);
        self.client
            .send(operation, method, &full, &self.token, body)
            .await
    }

    pub(super) async fn call(
        &self,
        operation: &'static str,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, GithubError> {
        let answer = self.answer(operation, method, path, body).await?;
        let now = self.client.shared.clock.now();
        answer.read(operation, now).map_err(explained)
    }

    /// Whether the token's owner administers the repository.
    ///
    /// # Errors
    /// GitHub did not answer, or does not take the token.
    pub async fn administers(&self) -> Result<bool, GithubError> {
        let operation = "read the repository by the admin's token";
        let known = self.call(operation, Method::GET, "", None).await?;
        Ok(known["permissions"]["admin"] == true)
    }

    /// The ruleset of this name that is the repository's own, whole; `None` where there is none.
    ///
    /// # Errors
    /// GitHub did not answer, or the token does not suffice.
    pub async fn ruleset(&self, name: &str) -> Result<Option<(i64, Value)>, GithubError> {
        let operation = "list the repository's rulesets";
        for page in 1..=PAGES_MAX {
            let path = format!("/rulesets?includes_parents=false&per_page={ROWS}&page={page}");
            let rows = self.call(operation, Method::GET, &path, None).await?;
            let rows = rows.as_array().cloned();
            let rows = rows.ok_or_else(|| unexpected(operation, "not a list".to_owned()))?;
            if let Some(row) = rows.iter().find(|row| row["name"] == name) {
                let id = row["id"].as_i64();
                let id = id.ok_or_else(|| unexpected(operation, "no id".to_owned()))?;
                let whole = self.ruleset_of(id).await?;
                return Ok(whole.map(|whole| (id, whole)));
            }
            if rows.len() < ROWS {
                return Ok(None);
            }
        }
        Err(transient(
            operation,
            "there are more than can be read".to_owned(),
        ))
    }

    /// One ruleset with who may pass by; also one of the organisation that holds here.
    pub(super) async fn ruleset_of(&self, id: i64) -> Result<Option<Value>, GithubError> {
        let path = format!("/rulesets/{id}");
        let operation = "read a ruleset";
        found(self.call(operation, Method::GET, &path, None).await)
    }

    /// Writes a ruleset, a new one where there is no `id`; gives it as GitHub has it then.
    ///
    /// # Errors
    /// GitHub did not take it.
    pub async fn write_ruleset(&self, id: Option<i64>, body: &Value) -> Result<Value, GithubError> {
        let (method, path) = match id {
            Some(id) => (Method::PUT, format!("/rulesets/{id}")),
            None => (Method::POST, "/rulesets".to_owned()),
        };
        self.call("write the ruleset", method, &path, Some(body))
            .await
    }

    /// Takes a ruleset away; one that is gone already is no error.
    ///
    /// # Errors
    /// GitHub did not do it.
    pub async fn remove_ruleset(&self, id: i64) -> Result<(), GithubError> {
        let path = format!("/rulesets/{id}");
        let done = self
            .call("take the ruleset away", Method::DELETE, &path, None)
            .await;
        found(done).map(drop)
    }
}

/// What GitHub's refusals of a person's token mean, and what to do.
fn explained(mut error: GithubError) -> GithubError {
    let means = match (error.status, error.kind) {
        (Some(401), _) => {
            "GitHub does not take the admin's token (wrong, ended, or of another server); make a new one"
        }
        (Some(403), _) if error.reason.contains("Upgrade to ") => {
            "private repositories of the free plan have no rulesets; upgrade the plan, or make the repository public"
        }
        (_, Kind::Forbidden | Kind::NotFound) => {
            "the token's owner has to administer the repository, and the token to be for it (fine-grained: Administration, read and write; classic: repo; with single sign-on: authorised)"
        }
        _ => return error,
    };
    if error.status == Some(401) {
        // An installation's token may have ended early; a person's does not come back.
        error.kind = Kind::Forbidden;
    }
    error.reason = format!("{}; {means}", error.reason);
    error
}
