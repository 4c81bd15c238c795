//! The policy and the workflow files at a commit, by GitHub's git database: no mirror is needed.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::Method;
use serde_json::Value;

use super::super::answer::{GithubError, unexpected};
use super::super::app_auth::Scope;
use super::super::client::{Client, Target};
use super::why;
use crate::domain::gate::audit::{Seen, WORKFLOW_BYTES, Workflow, parse_workflow};
use crate::domain::ids::Oid;
use crate::domain::request::policy::{POLICY_BYTES, Policy, parse};
use crate::domain::text::line;

/// Workflow files that are read; more are told of.
const FILES_MAX: usize = 60;

/// The workflow files by path, each read or why not.
type Workflows = Seen<Vec<(String, Seen<Workflow>)>>;

impl Client {
    /// The policy at a commit, or why it cannot be had; `None` where there is none.
    ///
    /// # Errors
    /// It is not good, or GitHub did not answer: the sentence says which.
    pub async fn policy_at(&self, target: &Target, commit: &Oid) -> Seen<Option<Policy>> {
        let folder = self.github_folder(target, commit).await;
        let folder = folder.map_err(|error| why(&error))?;
        self.policy_in(target, &folder).await
    }

    async fn github_folder(
        &self,
        target: &Target,
        commit: &Oid,
    ) -> Result<Vec<Value>, GithubError> {
        let root = self.rows(target, commit.as_str()).await?;
        match named(&root, ".github") {
            Some((folder, _)) => self.rows(target, &folder).await,
            None => Ok(Vec::new()),
        }
    }

    /// The policy and the workflow files at a commit.
    pub(super) async fn files_of(
        &self,
        target: &Target,
        commit: &Oid,
    ) -> (Seen<Option<Policy>>, Workflows) {
        let folder = self.github_folder(target, commit).await;
        let folder = match folder {
            Ok(folder) => folder,
            Err(error) => return (Err(why(&error)), Err(why(&error))),
        };
        let policy = self.policy_in(target, &folder).await;
        (policy, self.workflows_in(target, &folder).await)
    }

    async fn policy_in(&self, target: &Target, folder: &[Value]) -> Seen<Option<Policy>> {
        let Some((blob, size)) = named(folder, "castellan.yml") else {
            return Ok(None);
        };
        if size > POLICY_BYTES as u64 {
            return Err("the policy is too large".to_owned());
        }
        let bytes = self.blob(target, &blob).await?;
        let read = parse(&bytes).map_err(|error| line(&error.to_string(), 300));
        read.map(Some)
    }

    async fn workflows_in(&self, target: &Target, folder: &[Value]) -> Workflows {
        let Some((below, _)) = named(folder, "workflows") else {
            return Ok(Vec::new());
        };
        let rows = self
            .rows(target, &below)
            .await
            .map_err(|error| why(&error))?;
        let is_file = |row: &&Value| {
            let path = row["path"].as_str().unwrap_or_default();
            row["type"] == "blob" && (path.ends_with(".yml") || path.ends_with(".yaml"))
        };
        let files: Vec<&Value> = rows.iter().filter(is_file).collect();
        if files.len() > FILES_MAX {
            return Err(format!("there are more than {FILES_MAX} workflow files"));
        }
        let mut read = Vec::new();
        for row in files {
            let path = row["path"].as_str().unwrap_or_default();
            let path = format!(".github/workflows/{}", line(path, 200));
            read.push((path, self.workflow(target, row).await));
        }
        Ok(read)
    }

    async fn workflow(&self, target: &Target, row: &Value) -> Seen<Workflow> {
        if row["size"]
            .as_u64()
            .is_none_or(|size| size > WORKFLOW_BYTES as u64)
        {
            return Err("it is too large".to_owned());
        }
        let bytes = self
            .blob(target, row["sha"].as_str().unwrap_or_default())
            .await?;
        let text = String::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned())?;
        parse_workflow(&text)
    }

    /// The rows of a tree, all of them: what a cut list lacks may be there.
    async fn rows(&self, target: &Target, tree: &str) -> Result<Vec<Value>, GithubError> {
        let path = format!("/git/trees/{tree}");
        let operation = "list a folder";
        let read = self.call::<Value>(operation, target, Scope::Observe, Method::GET, &path, None);
        let mut read = read.await?;
        match read["tree"].take() {
            Value::Array(rows) if read["truncated"] != true => Ok(rows),
            _ => Err(unexpected(operation, "it was cut, or is none".to_owned())),
        }
    }

    async fn blob(&self, target: &Target, oid: &str) -> Seen<Vec<u8>> {
        let path = format!("/git/blobs/{oid}");
        let operation = "read a file";
        let read = self.call::<Value>(operation, target, Scope::Observe, Method::GET, &path, None);
        let read = read.await.map_err(|error| why(&error))?;
        let packed: String = read["content"]
            .as_str()
            .unwrap_or_default()
            .split_whitespace()
            .collect();
        BASE64_STANDARD
            .decode(packed)
            .map_err(|_| "it came garbled".to_owned())
    }
}

fn named(rows: &[Value], name: &str) -> Option<(String, u64)> {
    let row = rows.iter().find(|row| row["path"] == name)?;
    Some((
        row["sha"].as_str()?.to_owned(),
        row["size"].as_u64().unwrap_or(0),
    ))
}
