//! Which checks a branch requires: by rulesets and by branch protection, which may both hold.
//!
//! Source: GitHub's "Get rules for a branch" and "Get a branch". Neither needs administration.

use std::collections::BTreeSet;

use http::Method;
use serde_json::Value;
use url::form_urlencoded;

use super::answer::{GithubError, Kind, found, transient};
use super::app_auth::Scope;
use super::checks::NAME_CHARS;
use super::client::{Client, Target};
use super::pages::{Of, Pages};
use crate::domain::ci::checks::{Demanded, Required};
use crate::domain::gate::check_name;
use crate::domain::ids::AppId;
use crate::domain::text::line;

/// Required checks of one branch that can be taken in.
const CHECKS_MAX: usize = 300;
/// How GitHub begins its refusal where the repository's plan has no rules at all (A20).
const NOT_ON_PLAN: &str = "403: Upgrade to ";

impl Client {
    /// What `branch` requires of CI by rulesets and protection together; `None` where GitHub
    /// knows of neither, as where there is no such branch, or where the plan has no rules.
    ///
    /// # Errors
    /// GitHub did not answer, or requires more than can be taken in: a part of it would let a
    /// head count as green that is not (A10).
    pub async fn required_checks(
        &self,
        target: &Target,
        branch: &str,
    ) -> Result<Option<Demanded>, GithubError> {
        let quoted = quoted(branch);
        let listing = "list a branch's rules";
        let path = format!("/rules/branches/{quoted}?");
        let rules = self.pages(listing, Of::Repository(target), &path).await;
        let rules = on_plan(rules)?;
        let path = format!("/branches/{quoted}");
        let operation = "read a branch's protection";
        let known: Result<Value, GithubError> = self
            .call(operation, target, Scope::Observe, Method::GET, &path, None)
            .await;
        let known = on_plan(known)?;
        if rules.is_none() && known.is_none() {
            return Ok(None);
        }
        let rules = rules.unwrap_or_else(Pages::empty);
        let mut required = BTreeSet::new();
        let of = |kind: &'static str| rules.rows.iter().filter(move |rule| rule["type"] == kind);
        for rule in of("required_status_checks") {
            let checks = &rule["parameters"]["required_status_checks"];
            required.extend(listed(checks, "integration_id"));
        }
        required.extend(protected(&known.unwrap_or_default()));
        if !rules.whole || required.len() > CHECKS_MAX {
            let reason = format!("there are more than can be taken in ({CHECKS_MAX} checks)");
            return Err(transient(listing, reason));
        }
        let own = check_name(branch);
        let is_ours = |check: &Required| {
            check.name == own || check.app.is_some_and(|app| app.0 == self.app_id())
        };
        Ok(Some(Demanded {
            ours: required.iter().any(is_ours),
            checks: required
                .into_iter()
                .filter(|check| !is_ours(check))
                .collect(),
            workflows: of("workflows").next().is_some(),
            queue_s: of("merge_queue").find_map(|rule| {
                let minutes = &rule["parameters"]["check_response_timeout_minutes"];
                Some(minutes.as_i64()?.saturating_mul(60))
            }),
        }))
    }
}

/// What was answered, or `None` where there is no such branch or the plan has nothing of the kind.
pub(super) fn on_plan<R>(answer: Result<R, GithubError>) -> Result<Option<R>, GithubError> {
    match answer {
        Err(error) if error.kind == Kind::Forbidden && error.reason.starts_with(NOT_ON_PLAN) => {
            Ok(None)
        }
        answer => found(answer),
    }
}

/// The checks that the protection of a branch requires, of `branch` as GitHub shows it.
pub(super) fn protected(branch: &Value) -> Vec<Required> {
    let protection = &branch["protection"]["required_status_checks"];
    let mut required: Vec<Required> = listed(&protection["checks"], "app_id").collect();
    // Older servers name contexts only.
    if protection["checks"].is_null() {
        let contexts = protection["contexts"].as_array().into_iter().flatten();
        let names = contexts.filter_map(Value::as_str);
        required.extend(names.map(|name| Required {
            name: line(name, NAME_CHARS),
            app: None,
        }));
    }
    required
}

/// A branch's name in a path.
pub(super) fn quoted(branch: &str) -> String {
    let quoted: String = form_urlencoded::byte_serialize(branch.as_bytes()).collect();
    quoted.replace('+', "%20").replace("%2F", "/")
}

/// The checks of a list; of which App is written under `app`, and any is null or -1.
pub(super) fn listed<'a>(checks: &'a Value, app: &'a str) -> impl Iterator<Item = Required> + 'a {
    let rows = checks.as_array().into_iter().flatten();
    rows.filter_map(move |row| {
        Some(Required {
            name: line(row["context"].as_str()?, NAME_CHARS),
            app: row[app].as_i64().filter(|app| *app > 0).map(AppId),
        })
    })
}
