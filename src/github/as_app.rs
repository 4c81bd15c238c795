//! Calls as the App itself, and about an installation as a whole.

use http::Method;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::answer::{Answer, GithubError, unexpected};
use super::app_auth::{Scope, TokenKey};
use super::client::Client;
use crate::domain::ids::InstallationId;

impl Client {
    /// A page of a list as the App itself, and the path of the next one, from the `Link`
    /// header: cursors are GitHub's own and never made up.
    pub(super) async fn page_of_app<R: DeserializeOwned>(
        &self,
        operation: &'static str,
        path: &str,
    ) -> Result<(R, Option<String>), GithubError> {
        let answer = self.send_as_app(operation, Method::GET, path, None).await?;
        let next = answer.next_page(&self.shared.rest_prefix);
        let page = answer.read(operation, self.shared.clock.now())?;
        Ok((page, next))
    }

    /// A call as the App itself.
    pub(super) async fn call_app<R: DeserializeOwned>(
        &self,
        operation: &'static str,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<R, GithubError> {
        self.send_as_app(operation, method, path, body)
            .await?
            .read(operation, self.shared.clock.now())
    }

    async fn send_as_app(
        &self,
        operation: &'static str,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Answer, GithubError> {
        let jwt = self
            .shared
            .app
            .jwt(self.shared.clock.now())
            .map_err(|error| unexpected(operation, error.to_string()))?;
        let full = format!("{}{path}", self.shared.rest_prefix);
        self.send(operation, method, &full, &jwt, body).await
    }

    /// A call about an installation as a whole.
    pub(super) async fn call_installation<R: DeserializeOwned>(
        &self,
        operation: &'static str,
        installation: InstallationId,
        path: &str,
    ) -> Result<R, GithubError> {
        let key = TokenKey {
            installation,
            repository: None,
            scope: Scope::Observe,
        };
        self.call_with_token(operation, key, Method::GET, path, None)
            .await?
            .read(operation, self.shared.clock.now())
    }
}
