//! What `castellan doctor` and `castellan protect` look at: a repository by its name, the rules of a
//! branch, its workflow files, what else has our name. Each part may fail alone; why is kept.
//!
//! Decides nothing: that is [`crate::domain::gate::audit`].

mod files;

use http::Method;
use serde_json::Value;
use url::form_urlencoded;

use super::admin::Admin;
use super::answer::{GithubError, found, unexpected};
use super::app_auth::{Scope, TokenKey};
use super::client::{Client, Target};
use super::pages::{Of, Pages};
use super::rules::{listed, on_plan, protected, quoted};
use crate::domain::ci::checks::Required;
use crate::domain::gate::audit::{ADMINS_ONLY, Passer, Rules, Seen, Sight, Source};
use crate::domain::gate::check_name;
use crate::domain::ids::{AppId, FullName, InstallationId, Number, Oid, RepositoryId};
use crate::domain::text::line;

/// Open heads of which statuses and checks are looked at.
const HEADS_MAX: usize = 20;
/// Protected branches that are looked at.
const BRANCHES_MAX: usize = 30;
/// Characters of a name that is shown.
const NAME_CHARS: usize = 100;

/// A repository that the App is installed on.
#[derive(Clone, Debug)]
pub struct Home {
    /// Where calls go.
    pub target: Target,
    /// Its default branch.
    pub default_branch: String,
}

/// An open pull request, as lists have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenPull {
    /// Its number.
    pub number: Number,
    /// Its head.
    pub head: Oid,
}

impl Client {
    /// The repository of this name; `None` where the App is not installed on it.
    ///
    /// # Errors
    /// GitHub did not answer.
    pub async fn find_home(&self, name: &FullName) -> Result<Option<Home>, GithubError> {
        let path = format!("/repos/{}/{}", name.owner, name.name);
        let operation = "find the repository's installation";
        let installed = format!("{path}/installation");
        let answer = self
            .call_app::<Value>(operation, Method::GET, &installed, None)
            .await;
        let Some(installed) = found(answer)? else {
            return Ok(None);
        };
        let id = installed["id"].as_i64();
        let installation =
            InstallationId(id.ok_or_else(|| unexpected(operation, "no id".to_owned()))?);
        let key = TokenKey {
            installation,
            repository: None,
            scope: Scope::Observe,
        };
        let operation = "read the repository";
        let known = self
            .call_with_token(operation, key, Method::GET, &path, None)
            .await?;
        let known: Value = known.read(operation, self.shared.clock.now())?;
        let read = || {
            Some(Home {
                target: Target {
                    installation,
                    repository: RepositoryId(known["id"].as_i64()?),
                    name: known["full_name"].as_str()?.parse().ok()?,
                },
                default_branch: known["default_branch"].as_str()?.to_owned(),
            })
        };
        let odd = || unexpected(operation, "not as documented".to_owned());
        read().map(Some).ok_or_else(odd)
    }

    /// The open pull requests into a branch, all of them.
    ///
    /// # Errors
    /// GitHub did not answer, or there are more than are read.
    pub async fn open_pulls_into(
        &self,
        target: &Target,
        base: &str,
    ) -> Result<Vec<OpenPull>, GithubError> {
        let operation = "list the open pull requests of the branch";
        let quoted: String = form_urlencoded::byte_serialize(base.as_bytes()).collect();
        let path = format!("/pulls?state=open&base={quoted}");
        let listed = self.pages(operation, Of::Repository(target), &path).await?;
        let read = |row: &Value| {
            Some(OpenPull {
                number: Number(row["number"].as_i64()?),
                head: row["head"]["sha"].as_str()?.parse().ok()?,
            })
        };
        let pulls: Option<Vec<OpenPull>> = listed.rows.iter().map(read).collect();
        let pulls = pulls.filter(|_| listed.whole);
        pulls.ok_or_else(|| unexpected(operation, "the list was cut, or is an odd one".to_owned()))
    }

    /// All that the audit asks of a repository and one of its branches; `None` where there is no such
    /// branch. An admin sees more.
    ///
    /// # Errors
    /// GitHub does not say whether there is such a branch.
    pub async fn audit(
        &self,
        home: &Home,
        base: &str,
        admin: Option<&Admin>,
    ) -> Result<Option<Sight>, GithubError> {
        let target = &home.target;
        let path = format!("/branches/{}", quoted(base));
        let operation = "read the branch";
        let branch =
            self.call::<Value>(operation, target, Scope::Observe, Method::GET, &path, None);
        let Some(branch) = found(branch.await)? else {
            return Ok(None);
        };
        let tip = branch["commit"]["sha"]
            .as_str()
            .and_then(|sha| sha.parse().ok());
        let tip: Oid = tip.ok_or_else(|| unexpected(operation, "no commit".to_owned()))?;
        let rules = self.rules_of(target, base, &branch, admin).await;
        let (policy, workflows) = self.files_of(target, &tip).await;
        Ok(Some(Sight {
            repository: target.name.to_string(),
            base: base.to_owned(),
            app: AppId(self.app_id()),
            rules,
            policy,
            workflows,
            same_name: self.same_name(target, base, &tip).await,
            actions_approve: actions_approve(admin).await,
            ungated: self.ungated(target, base).await,
        }))
    }

    async fn branch_rules(&self, target: &Target, base: &str) -> Seen<Vec<Value>> {
        let path = format!("/rules/branches/{}?", quoted(base));
        let listing = "list a branch's rules";
        let listed = self.pages(listing, Of::Repository(target), &path).await;
        // A plan without rules has none (A20).
        let rules = on_plan(listed).map_err(|error| why(&error))?;
        match rules.unwrap_or_else(Pages::empty) {
            rules if rules.whole => Ok(rules.rows),
            _ => Err("there are more rules than are read".to_owned()),
        }
    }

    async fn rules_of(
        &self,
        target: &Target,
        base: &str,
        branch: &Value,
        admin: Option<&Admin>,
    ) -> Seen<Rules> {
        let rows = self.branch_rules(target, base).await?;
        let mut rules = Rules::default();
        let own = check_name(base);
        let is_ours =
            |one: &Required| one.name == own && one.app.is_some_and(|app| app.0 == self.app_id());
        for row in &rows {
            let parameters = &row["parameters"];
            match row["type"].as_str().unwrap_or_default() {
                "required_status_checks" => {
                    let checks = &parameters["required_status_checks"];
                    let named: Vec<Required> = listed(checks, "integration_id").collect();
                    if named.iter().any(is_ours)
                        && let Some(id) = row["ruleset_id"].as_i64()
                    {
                        rules.sources.push(Source {
                            what: format!("the ruleset {id}"),
                            passers: passers(admin, id).await,
                        });
                    }
                    rules.required.extend(named);
                }
                "pull_request" => {
                    rules.stale_dismissed |= parameters["dismiss_stale_reviews_on_push"] == true;
                }
                "merge_queue" => {
                    let minutes = parameters["check_response_timeout_minutes"].as_u64();
                    rules.queue_minutes = minutes.and_then(|minutes| u32::try_from(minutes).ok());
                }
                _ => {}
            }
        }
        let named = protected(branch);
        if named.iter().any(is_ours) {
            rules.sources.push(Source {
                what: "the branch protection".to_owned(),
                passers: protection_passers(admin, base).await,
            });
        }
        rules.required.extend(named);
        Ok(rules)
    }

    /// Statuses and other Apps' checks of our name, on the tip and on open heads.
    async fn same_name(&self, target: &Target, base: &str, tip: &Oid) -> Seen<Vec<String>> {
        let pulls = self.open_pulls_into(target, base).await;
        let pulls = pulls.map_err(|error| why(&error))?;
        let cut = pulls.len() > HEADS_MAX;
        let heads = pulls.into_iter().take(HEADS_MAX).map(|pull| pull.head);
        let own = check_name(base);
        let mut same = Vec::new();
        for head in heads.chain([tip.clone()]) {
            let path = format!("/commits/{head}/status");
            let listing = "read a commit's statuses";
            let statuses = self.pages(listing, Of::Reports(target), &path).await;
            let statuses = statuses.map_err(|error| why(&error))?;
            if statuses
                .rows
                .iter()
                .any(|row| row["context"] == own.as_str())
            {
                same.push(format!("a status `{own}` on {}", head.short()));
            }
            let quoted: String = form_urlencoded::byte_serialize(own.as_bytes()).collect();
            let path = format!("/commits/{head}/check-runs?check_name={quoted}");
            let runs = self
                .pages("list checks of our name", Of::Reports(target), &path)
                .await;
            let runs = runs.map_err(|error| why(&error))?;
            let theirs = |row: &&Value| row["app"]["id"].as_i64() != Some(self.app_id());
            if let Some(row) = runs.rows.iter().find(theirs) {
                let by = line(
                    row["app"]["slug"].as_str().unwrap_or("another App"),
                    NAME_CHARS,
                );
                same.push(format!("a check `{own}` by {by} on {}", head.short()));
            }
        }
        match cut && same.is_empty() {
            true => Err(format!(
                "only the newest {HEADS_MAX} open heads were looked at: none there"
            )),
            false => Ok(same),
        }
    }

    /// Protected branches but this one that do not require their own check.
    async fn ungated(&self, target: &Target, base: &str) -> Seen<Vec<String>> {
        let listing = "list protected branches";
        let of = Of::Repository(target);
        let listed = self.pages(listing, of, "/branches?protected=true").await;
        let listed = listed.map_err(|error| why(&error))?;
        let names = listed.rows.iter().filter_map(|row| row["name"].as_str());
        let names: Vec<&str> = names.filter(|name| *name != base).collect();
        let mut ungated = Vec::new();
        for name in names.iter().take(BRANCHES_MAX) {
            let required = self.required_checks(target, name).await;
            let required = required.map_err(|error| why(&error))?;
            if !required.is_some_and(|required| required.ours) {
                ungated.push(line(name, NAME_CHARS));
            }
        }
        let cut = !listed.whole || names.len() > BRANCHES_MAX;
        match cut && ungated.is_empty() {
            true => Err(format!(
                "only {BRANCHES_MAX} protected branches were looked at: none there"
            )),
            false => Ok(ungated),
        }
    }
}

/// Why something could not be seen, in one line.
fn why(error: &GithubError) -> String {
    line(
        &format!("could not {}: {}", error.operation, error.reason),
        300,
    )
}

async fn passers(admin: Option<&Admin>, ruleset: i64) -> Seen<Vec<Passer>> {
    let Some(admin) = admin else {
        return Err(ADMINS_ONLY.to_owned());
    };
    let found = admin
        .ruleset_of(ruleset)
        .await
        .map_err(|error| why(&error))?;
    let found = found.unwrap_or_default();
    // For whom may not write the ruleset the list is null, or is left out.
    let rows = found["bypass_actors"].as_array();
    let rows = rows.ok_or_else(|| "the token may not see who passes by".to_owned())?;
    let read = |row: &Value| Passer {
        kind: line(row["actor_type"].as_str().unwrap_or("somebody"), NAME_CHARS),
        id: row["actor_id"].as_i64(),
    };
    Ok(rows.iter().map(read).collect())
}

async fn protection_passers(admin: Option<&Admin>, base: &str) -> Seen<Vec<Passer>> {
    let Some(admin) = admin else {
        return Err(ADMINS_ONLY.to_owned());
    };
    let path = format!("/branches/{}/protection", quoted(base));
    let read = admin.call("read the branch's protection", Method::GET, &path, None);
    let read = read.await.map_err(|error| why(&error))?;
    match read["enforce_admins"]["enabled"].as_bool() {
        Some(true) => Ok(Vec::new()),
        Some(false) => Ok(vec![Passer {
            kind: "administrators".to_owned(),
            id: None,
        }]),
        None => Err("the protection does not say whether it is for admins, too".to_owned()),
    }
}

async fn actions_approve(admin: Option<&Admin>) -> Seen<bool> {
    let Some(admin) = admin else {
        return Err(ADMINS_ONLY.to_owned());
    };
    let operation = "read what workflows may do";
    let path = "/actions/permissions/workflow";
    let read = admin.call(operation, Method::GET, path, None).await;
    let read = read.map_err(|error| why(&error))?;
    let may = read["can_approve_pull_request_reviews"].as_bool();
    may.ok_or_else(|| "GitHub does not say".to_owned())
}
