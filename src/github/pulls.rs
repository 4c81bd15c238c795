//! A pull request as it stands, and the mark that it is ready.

use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::{GithubError, Kind, found, unexpected};
use super::app_auth::Scope;
use super::client::{Client, Target};
use crate::domain::ids::{Number, Oid, RepositoryId};
use crate::domain::text::line;

/// GraphQL's mutation; REST has none.
const MARK_READY: &str = "mutation MarkPullRequestReadyForReview($pullRequestId: ID!) {
  markPullRequestReadyForReview(input: {pullRequestId: $pullRequestId}) {
    pullRequest { isDraft }
  }
}";
/// Characters of a title that are read.
const TITLE_CHARS: usize = 300;

/// A pull request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pull {
    /// Whether it is open.
    pub open: bool,
    /// Whether it is a draft.
    pub draft: bool,
    /// GitHub's node id, which GraphQL's mutations ask for.
    pub node_id: String,
    /// The branch that it is to be merged into.
    pub base_branch: String,
    /// The branch that is to be merged.
    pub head_branch: String,
    /// Its tip.
    pub head: Oid,
    /// The repository of that branch; `None` where it is gone.
    pub head_repository: Option<RepositoryId>,
    /// The account that opened it, by name; `None` where it is gone.
    pub author: Option<String>,
    /// Its title; foreign, one line.
    pub title: String,
}

#[derive(Deserialize)]
struct PullRow {
    state: String,
    #[serde(default)]
    draft: bool,
    node_id: String,
    title: String,
    base: BaseRow,
    head: SideRow,
    user: Option<UserRow>,
}

#[derive(Deserialize)]
struct BaseRow {
    r#ref: String,
}

#[derive(Deserialize)]
struct SideRow {
    r#ref: String,
    sha: String,
    repo: Option<RepoRow>,
}

#[derive(Deserialize)]
struct RepoRow {
    id: i64,
}

#[derive(Deserialize)]
struct UserRow {
    login: String,
}

impl PullRow {
    fn read(self) -> Option<Pull> {
        Some(Pull {
            open: self.state == "open",
            draft: self.draft,
            node_id: self.node_id,
            base_branch: self.base.r#ref,
            head: self.head.sha.parse().ok()?,
            head_branch: self.head.r#ref,
            head_repository: self.head.repo.map(|repo| RepositoryId(repo.id)),
            author: self.user.map(|user| user.login),
            title: line(&self.title, TITLE_CHARS),
        })
    }
}

impl Client {
    /// A pull request as it stands now; `None` where there is none of this number.
    ///
    /// # Errors
    /// GitHub did not answer, or not as documented.
    pub async fn pull(&self, target: &Target, number: Number) -> Result<Option<Pull>, GithubError> {
        let operation = "read a pull request";
        let path = format!("/pulls/{number}");
        let answer: Result<PullRow, GithubError> = self
            .call(operation, target, Scope::Observe, Method::GET, &path, None)
            .await;
        match found(answer)? {
            None => Ok(None),
            Some(row) => row
                .read()
                .map(Some)
                .ok_or_else(|| unexpected(operation, "an odd commit".to_owned())),
        }
    }

    /// Marks a draft as ready for review; one that is, stays so.
    ///
    /// # Errors
    /// GitHub did not take it.
    pub async fn mark_ready(&self, target: &Target, node_id: &str) -> Result<(), GithubError> {
        let document = json!({
            "operationName": "MarkPullRequestReadyForReview",
            "query": MARK_READY,
            "variables": { "pullRequestId": node_id },
        });
        let answer = self
            .graphql::<Value>(
                "mark a pull request as ready",
                target,
                Scope::Propose,
                &document,
            )
            .await;
        match answer {
            // It is ready already, be it by a person or by a try whose answer was lost.
            Err(error) if error.kind == Kind::Conflict => Ok(()),
            answer => answer.map(drop),
        }
    }
}
