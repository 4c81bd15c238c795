//! Calls as the App itself.

use http::Method;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::answer::{Answer, GithubError, unexpected};
use super::app_auth::TokenKey;
use super::client::Client;
use super::pull_state::Account;

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
        let page = answer.read(operation, self.shared.clock.now());
        Ok((page.map_err(|error| self.diagnosed(error))?, next))
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
            .map_err(|error| self.diagnosed(error))
    }

    /// A JWT that GitHub refuses is, as a rule, one of a wrong clock (A7, U10).
    pub(super) fn diagnosed(&self, mut error: GithubError) -> GithubError {
        if let (Some(401), Some(skew)) = (error.status, self.clock_skew()) {
            error.reason = format!("{}; {skew}", error.reason);
        }
        error
    }

    pub(super) async fn send_as_app(
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

    /// The login under which the App writes, as in `castellan[bot]`; asked for once.
    pub(super) async fn own_login(&self) -> Result<&str, GithubError> {
        let operation = "read the App's own name";
        let login = self.shared.login.get_or_try_init(|| async move {
            let app: Value = self.call_app(operation, Method::GET, "/app", None).await?;
            let slug = app["slug"].as_str();
            slug.map(|slug| format!("{slug}[bot]"))
                .ok_or_else(|| unexpected(operation, "no slug".to_owned()))
        });
        login.await.map(String::as_str)
    }

    /// Whether an account is the App's own.
    ///
    /// # Errors
    /// GitHub did not answer.
    pub async fn is_own_account(&self, account: &Account) -> Result<bool, GithubError> {
        if account.kind != "Bot" {
            return Ok(false);
        }
        let own = self.own_login().await?;
        Ok(own.strip_suffix("[bot]") == Some(account.person.login.as_str()))
    }

    /// Which of the permissions of a token its installation has not granted, in words; all of
    /// them where GitHub does not say.
    pub(super) async fn lacking(&self, key: TokenKey) -> String {
        let path = format!("/app/installations/{}", key.installation);
        let known: Value = self
            .call_app(
                "read an installation's permissions",
                Method::GET,
                &path,
                None,
            )
            .await
            .unwrap_or_default();
        let asked = key.scope.permissions();
        let granted = |name: &str, level: &str| {
            let has = known["permissions"][name].as_str().unwrap_or_default();
            has == level || has == "write" || has == "admin"
        };
        let words = |only_lacking: bool| -> Vec<String> {
            asked
                .iter()
                .filter(|(name, level)| !(only_lacking && granted(name, level)))
                .map(|(name, level)| format!("{name}: {level}"))
                .collect()
        };
        let lacking = words(true);
        let named = if lacking.is_empty() {
            words(false)
        } else {
            lacking
        };
        named.join(", ")
    }
}
