//! Which checks a branch requires: by rulesets and by branch protection, which may both hold.
//!
//! Source: GitHub's "Get rules for a branch" and "Get a branch". Neither needs administration.

use std::collections::BTreeSet;

use http::Method;
use serde_json::Value;
use url::form_urlencoded;

use super::answer::{GithubError, found};
use super::app_auth::Scope;
use super::client::{Client, Target};
use super::pages::Of;
use crate::domain::ci::checks::Required;
use crate::domain::ids::AppId;

/// Required checks that are believed of one branch.
const CHECKS_MAX: usize = 300;

impl Client {
    /// The checks that `branch` requires by rulesets and protection together; `None` where GitHub
    /// knows of neither, as where there is no such branch.
    ///
    /// # Errors
    /// GitHub did not answer.
    pub async fn required_checks(
        &self,
        target: &Target,
        branch: &str,
    ) -> Result<Option<Vec<Required>>, GithubError> {
        let quoted: String = form_urlencoded::byte_serialize(branch.as_bytes()).collect();
        let branch = quoted.replace('+', "%20").replace("%2F", "/");
        let path = format!("/rules/branches/{branch}?");
        let of = Of::Repository(target);
        let rules = found(self.pages("list a branch's rules", of, &path).await)?;
        let path = format!("/branches/{branch}");
        let operation = "read a branch's protection";
        let known: Result<Value, GithubError> = self
            .call(operation, target, Scope::Observe, Method::GET, &path, None)
            .await;
        let known = found(known)?;
        if rules.is_none() && known.is_none() {
            return Ok(None);
        }
        let mut required = BTreeSet::new();
        let rows = rules.map(|rules| rules.rows).unwrap_or_default();
        for rule in rows
            .iter()
            .filter(|rule| rule["type"] == "required_status_checks")
        {
            let checks = &rule["parameters"]["required_status_checks"];
            required.extend(listed(checks, "integration_id"));
        }
        let protection = known.unwrap_or_default();
        let protection = &protection["protection"]["required_status_checks"];
        required.extend(listed(&protection["checks"], "app_id"));
        // Older servers name contexts only.
        if protection["checks"].is_null() {
            let contexts = protection["contexts"].as_array().into_iter().flatten();
            required.extend(contexts.filter_map(Value::as_str).map(|name| Required {
                name: name.to_owned(),
                app: None,
            }));
        }
        Ok(Some(required.into_iter().take(CHECKS_MAX).collect()))
    }
}

/// The checks of a list; of which App is written under `app`, and any is null or -1.
fn listed<'a>(checks: &'a Value, app: &'a str) -> impl Iterator<Item = Required> + 'a {
    let rows = checks.as_array().into_iter().flatten();
    rows.filter_map(move |row| {
        Some(Required {
            name: row["context"].as_str()?.to_owned(),
            app: row[app].as_i64().filter(|app| *app > 0).map(AppId),
        })
    })
}
