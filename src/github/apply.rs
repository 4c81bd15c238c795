//! Writes a validated change: blobs, tree, commit, ref by its exact old id, pull request.
//!
//! The commit names no author, committer or date, so that GitHub makes it the App's and
//! signs it. A ref moves only from exactly the commit that we saw: plain fast-forward
//! checks would bring back what a person dropped (H2).

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::Method;
use serde_json::{Value, json};

use super::answer::{GithubError, Kind, found, unexpected};
use super::app_auth::Scope;
use super::client::{Client, Target};
use crate::domain::change::FileChange;
use crate::domain::ids::{Number, Oid};
use crate::guard::{self, Guard};

/// How the moving of a ref ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RefMove {
    /// It points to our commit.
    Moved,
    /// It is not where it was expected, or a rule forbids it; GitHub's words.
    Refused(String),
}

/// One ref that moves, together with others or not at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefUpdate<'a> {
    /// Its name, with `refs/`.
    pub name: String,
    /// Where it has to be; `None`: it must not exist.
    pub before: Option<&'a Oid>,
    /// Where it is afterwards; `None`: nowhere.
    pub after: Option<&'a Oid>,
    /// Whether `after` may leave out what `before` holds.
    pub force: bool,
}

/// What a path of a new tree holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry<'a> {
    /// Nothing any more.
    Gone,
    /// A blob that was written before.
    Blob(Oid),
    /// This text, of which GitHub makes the blob itself.
    Text(&'a str),
}

/// A pull request to be opened.
#[derive(Clone, Copy, Debug)]
pub struct Proposal<'a> {
    /// Title.
    pub title: &'a str,
    /// Body, Markdown.
    pub body: &'a str,
    /// Our branch.
    pub head: &'a str,
    /// The branch that it goes to.
    pub base: &'a str,
}

/// What stands for "no such ref" in `updateRefs`.
const NO_OID: &str = "0000000000000000000000000000000000000000";

impl Client {
    /// Writes a blob.
    ///
    /// # Errors
    /// GitHub did not take it; push rules may refuse one (A9).
    pub async fn write_blob(&self, target: &Target, content: &[u8]) -> Result<Oid, GithubError> {
        let body = json!({ "content": BASE64_STANDARD.encode(content), "encoding": "base64" });
        self.write_object("write a blob", target, "/git/blobs", &body)
            .await
    }

    /// Writes the tree that comes of laying `files` over the tree of commit `start`.
    ///
    /// # Errors
    /// GitHub did not take it.
    pub async fn write_tree(
        &self,
        target: &Target,
        start: &Oid,
        files: &[(&FileChange, Entry<'_>)],
    ) -> Result<Oid, GithubError> {
        let entries: Vec<Value> = files
            .iter()
            .map(|(file, entry)| {
                let (key, value) = match entry {
                    Entry::Gone => ("sha", Value::Null),
                    Entry::Blob(blob) => ("sha", json!(blob)),
                    Entry::Text(text) => ("content", json!(text)),
                };
                json!({ "path": file.path, "mode": file.mode, "type": "blob", key: value })
            })
            .collect();
        let body = json!({ "base_tree": start, "tree": entries });
        self.write_object("write a tree", target, "/git/trees", &body)
            .await
    }

    /// Writes a commit of `tree` on top of `parents`, the branch's own first.
    ///
    /// # Errors
    /// GitHub did not take it.
    pub async fn write_commit(
        &self,
        target: &Target,
        message: &str,
        tree: &Oid,
        parents: &[Oid],
    ) -> Result<Oid, GithubError> {
        let body = json!({ "message": message, "tree": tree, "parents": parents });
        self.write_object("write a commit", target, "/git/commits", &body)
            .await
    }

    /// Tree and message of a commit, where it exists.
    ///
    /// # Errors
    /// GitHub did not answer.
    pub async fn commit(
        &self,
        target: &Target,
        commit: &Oid,
    ) -> Result<Option<(Oid, String)>, GithubError> {
        let operation = "read a commit";
        let path = format!("/git/commits/{commit}");
        let answer: Result<Value, GithubError> = self
            .call(operation, target, Scope::Observe, Method::GET, &path, None)
            .await;
        let Some(answer) = found(answer)? else {
            return Ok(None);
        };
        let tree = answer["tree"]["sha"]
            .as_str()
            .and_then(|sha| sha.parse().ok())
            .ok_or_else(|| unexpected(operation, "no usable tree.sha".to_owned()))?;
        let message = answer["message"].as_str().unwrap_or_default().to_owned();
        Ok(Some((tree, message)))
    }

    /// Moves `branch` from exactly `before` (`None`: it must not exist) to `after`.
    ///
    /// # Errors
    /// GitHub did not answer; a refusal is a [`RefMove`].
    pub async fn move_branch(
        &self,
        target: &Target,
        node: &str,
        branch: &str,
        before: Option<&Oid>,
        after: &Oid,
    ) -> Result<RefMove, GithubError> {
        let update = RefUpdate {
            name: format!("refs/heads/{branch}"),
            before,
            after: Some(after),
            force: false,
        };
        self.move_refs(target, node, &[update]).await
    }

    /// Moves refs, each from exactly where it has to be: all of them or none.
    ///
    /// # Errors
    /// GitHub did not answer; a refusal is a [`RefMove`].
    pub async fn move_refs(
        &self,
        target: &Target,
        node: &str,
        updates: &[RefUpdate<'_>],
    ) -> Result<RefMove, GithubError> {
        let update = |update: &RefUpdate<'_>| {
            let expected = update.before.map_or(NO_OID, Oid::as_str);
            // Without it GitHub only looks whether it is a fast-forward (H2).
            let expected = guard::holds(Guard::ExactOldId).then_some(expected);
            json!({
                "name": update.name,
                "beforeOid": expected,
                "afterOid": update.after.map_or(NO_OID, Oid::as_str),
                "force": update.force,
            })
        };
        let updates: Vec<Value> = updates.iter().map(update).collect();
        let document = json!({
            "operationName": "UpdateRefs",
            "query": "mutation UpdateRefs($repositoryId: ID!, $refUpdates: [RefUpdate!]!) { \
                      updateRefs(input: {repositoryId: $repositoryId, refUpdates: $refUpdates}) { \
                      clientMutationId } }",
            "variables": {
                "repositoryId": node,
                "refUpdates": updates,
            },
        });
        let answer: Result<Value, GithubError> = self
            .graphql("move refs", target, Scope::Push, &document)
            .await;
        match answer {
            Ok(_) => Ok(RefMove::Moved),
            Err(error) if matches!(error.kind, Kind::Conflict | Kind::Forbidden) => {
                Ok(RefMove::Refused(error.reason))
            }
            Err(error) => Err(error),
        }
    }

    /// Opens a draft pull request; where the plan knows no drafts, a ready one that says so (A20).
    ///
    /// # Errors
    /// GitHub did not take it.
    pub async fn open_pull(
        &self,
        target: &Target,
        proposal: Proposal<'_>,
    ) -> Result<Number, GithubError> {
        let operation = "open a pull request";
        let mut body = json!({
            "title": proposal.title,
            "body": proposal.body,
            "head": proposal.head,
            "base": proposal.base,
            "draft": true,
        });
        let first = self
            .call::<Value>(
                operation,
                target,
                Scope::Propose,
                Method::POST,
                "/pulls",
                Some(&body),
            )
            .await;
        let answer = match first {
            // The list may not show it yet (A12): the next try looks for it.
            Err(error) if error.reason.contains("already exists") => {
                let kind = Kind::Transient;
                return Err(GithubError { kind, ..error });
            }
            Err(error)
                if error.status == Some(422) && error.reason.to_lowercase().contains("draft") =>
            {
                body["draft"] = json!(false);
                body["title"] = json!(format!("[draft] {}", proposal.title));
                self.call(
                    operation,
                    target,
                    Scope::Propose,
                    Method::POST,
                    "/pulls",
                    Some(&body),
                )
                .await?
            }
            answer => answer?,
        };
        answer["number"]
            .as_i64()
            .map(Number)
            .ok_or_else(|| unexpected(operation, "no number".to_owned()))
    }

    /// Replaces the body of a pull request of ours.
    ///
    /// # Errors
    /// GitHub did not take it.
    pub async fn edit_pull(
        &self,
        target: &Target,
        number: Number,
        body: &str,
    ) -> Result<(), GithubError> {
        let path = format!("/pulls/{number}");
        let body = json!({ "body": body });
        self.call::<Value>(
            "edit a pull request",
            target,
            Scope::Propose,
            Method::PATCH,
            &path,
            Some(&body),
        )
        .await
        .map(drop)
    }

    /// Our open pull request from `branch` into `base`, where there is one (K14). One that a
    /// person or another App opened from our branch is theirs.
    ///
    /// # Errors
    /// GitHub did not answer.
    pub async fn find_pull(
        &self,
        target: &Target,
        branch: &str,
        base: &str,
    ) -> Result<Option<Number>, GithubError> {
        let owner = self.name_of(target).await.owner;
        let path = format!("/pulls?state=open&head={owner}:{branch}&per_page=100");
        let operation = "look for our pull request";
        let answer: Vec<Value> = self
            .call(operation, target, Scope::Observe, Method::GET, &path, None)
            .await?;
        if answer.is_empty() {
            return Ok(None);
        }
        // A pull request does not name the App that opened it, only its bot.
        let us = self.own_login().await?;
        let ours = |pull: &&Value| {
            pull["head"]["ref"] == branch
                && pull["base"]["ref"] == base
                && pull["user"]["type"] == "Bot"
                && pull["user"]["login"] == us
        };
        Ok(answer
            .iter()
            .find(ours)
            .and_then(|pull| pull["number"].as_i64())
            .map(Number))
    }

    async fn write_object(
        &self,
        operation: &'static str,
        target: &Target,
        path: &str,
        body: &Value,
    ) -> Result<Oid, GithubError> {
        let answer: Value = self
            .call(
                operation,
                target,
                Scope::Push,
                Method::POST,
                path,
                Some(body),
            )
            .await?;
        answer["sha"]
            .as_str()
            .and_then(|sha| sha.parse().ok())
            .ok_or_else(|| unexpected(operation, "no usable sha".to_owned()))
    }
}
