//! What is true on GitHub now, fetched; deliveries only say where to look.

use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};
use url::form_urlencoded;

use super::answer::{GithubError, Kind, found, transient, unexpected};
use super::app_auth::{Scope, TokenKey};
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
        Ok(match self.role(target, person).await? {
            Role::None => Permission::None,
            Role::Read => Permission::Read,
            Role::Write | Role::Maintain => Permission::Write,
            Role::Admin => Permission::Admin,
        })
    }

    /// The same, with the role that may manage a repository apart from the one that may push.
    ///
    /// # Errors
    /// GitHub did not answer.
    pub async fn role(&self, target: &Target, person: &Person) -> Result<Role, GithubError> {
        if !is_login(&person.login) {
            return Ok(Role::None);
        }
        let path = format!("/collaborators/{}/permission", person.login);
        let operation = "ask for a person's permission";
        let answer: Result<PermissionAnswer, GithubError> = self
            .call(operation, target, Scope::Observe, Method::GET, &path, None)
            .await;
        let Some(answer) = found(answer)? else {
            return Ok(Role::None);
        };
        if answer.user.map(|user| user.id) != Some(person.id.0) {
            return Ok(Role::None);
        }
        // A role of the organisation's own making counts as what it inherits from.
        Ok(
            match (answer.permission.as_str(), answer.role_name.as_str()) {
                ("admin", _) => Role::Admin,
                ("maintain", _) | ("write", "maintain") => Role::Maintain,
                ("write", _) => Role::Write,
                ("read" | "triage", _) => Role::Read,
                _ => Role::None,
            },
        )
    }

    /// Whether a person is an active member of a team of the repository's owner; `None` where the
    /// App cannot see that.
    ///
    /// # Errors
    /// GitHub did not answer.
    pub async fn is_in_team(
        &self,
        target: &Target,
        team: &str,
        login: &str,
    ) -> Result<Option<bool>, GithubError> {
        let Some((organisation, slug)) = team.split_once('/') else {
            return Ok(None);
        };
        if !is_login(login) || !is_login(organisation) {
            return Ok(None);
        }
        let slug: String = form_urlencoded::byte_serialize(slug.as_bytes()).collect();
        let path = format!("/orgs/{organisation}/teams/{slug}/memberships/{login}");
        let operation = "ask for a team's member";
        let key = TokenKey {
            installation: target.installation,
            repository: None,
            scope: Scope::Teams,
        };
        let answer = self
            .call_with_token(operation, key, Method::GET, &path, None)
            .await;
        let answer: Result<Value, GithubError> = match answer {
            Ok(answer) => answer.read(operation, self.shared.clock.now()),
            Err(error) => Err(error),
        };
        match answer {
            Ok(answer) => Ok(Some(answer["state"].as_str() == Some("active"))),
            Err(error) if error.is_of_permission() || error.kind == Kind::Forbidden => Ok(None),
            // GitHub says the same of a team that the App cannot see and of who is no member.
            Err(error) if error.kind == Kind::NotFound => Ok(Some(false)),
            Err(error) => Err(error),
        }
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

/// What an account may do, as precisely as GitHub says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Nothing, or nobody of that name and number.
    None,
    /// Read, or triage.
    Read,
    /// Push.
    Write,
    /// Manage the repository.
    Maintain,
    /// Everything.
    Admin,
}

#[derive(Deserialize)]
struct PermissionAnswer {
    permission: String,
    #[serde(default)]
    role_name: String,
    user: Option<UserAnswer>,
}

#[derive(Deserialize)]
struct UserAnswer {
    id: i64,
}
