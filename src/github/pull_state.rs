//! A pull request as the gate looks at it: its sides, who opened it, and every review of it.
//!
//! One question for all of it, so that an approval costs few calls. Reviews are read to their end
//! or not at all: a list that was cut would say nothing about what it lacks (A10). Source: GitHub's
//! GraphQL object `PullRequest`.

use serde_json::{Value, json};

use super::answer::{GithubError, transient, unexpected};
use super::app_auth::Scope;
use super::checks::read_test_merge;
use super::client::{Client, Target};
use crate::domain::gate::facts::SeenCheck;
use crate::domain::ids::{Number, Oid, RepositoryId, ReviewId, UserId};
use crate::domain::request::Person;
use crate::domain::time::Timestamp;

const QUERY: &str = include_str!("pull_state.graphql");
/// Pages of a hundred reviews that are read.
const PAGES_MAX: usize = 20;

/// A pull request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PullState {
    /// GitHub's node id.
    pub node_id: String,
    /// Whether it is open.
    pub open: bool,
    /// Whether it was merged.
    pub merged: bool,
    /// Whether it is a draft.
    pub draft: bool,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// The tip of the branch that is to be merged.
    pub head: Oid,
    /// The repository of that branch; `None` where it is gone.
    pub head_repository: Option<RepositoryId>,
    /// The branch that it is to be merged into.
    pub base_branch: String,
    /// Its tip; `None` where the branch is gone.
    pub base: Option<Oid>,
    /// Who opened it; `None` where the account is gone.
    pub author: Option<Account>,
    /// What is reported on the merge that GitHub tries by itself; nothing where it has tried none.
    pub test_merge: Vec<SeenCheck>,
    /// Every review, oldest first.
    pub reviews: Vec<Opinion>,
    /// Threads that nobody has called resolved; those that were not shown count as such.
    pub unresolved_threads: u32,
}

/// An account, a person's or an App's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Number and login; of an App without `[bot]`.
    pub person: Person,
    /// GitHub's kind, as in `User` or `Bot`.
    pub kind: String,
}

impl Account {
    /// Whether it is a person's.
    #[must_use]
    pub fn is_person(&self) -> bool {
        self.kind == "User"
    }
}

/// What a review says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opinion {
    /// Its number.
    pub id: ReviewId,
    /// Who; `None` where the account is gone.
    pub by: Option<Account>,
    /// GitHub's word, as in `APPROVED`.
    pub state: String,
    /// The commit that it is about; `None` where it is gone.
    pub commit: Option<Oid>,
    /// When it was submitted; `None` where it was not.
    pub at: Option<Timestamp>,
}

impl Client {
    /// The pull request as it stands now; `None` where there is none of this number.
    ///
    /// # Errors
    /// GitHub did not answer, not as documented, or there are more reviews than can be read.
    pub async fn pull_state(
        &self,
        target: &Target,
        number: Number,
    ) -> Result<Option<PullState>, GithubError> {
        let operation = "read a pull request and its reviews";
        let mut after = Value::Null;
        let mut opinions = Vec::new();
        for _ in 0..PAGES_MAX {
            let pull = self.pull_page(operation, target, number, &after).await?;
            if pull.is_null() {
                return Ok(None);
            }
            let reviews = &pull["reviews"];
            let nodes = reviews["nodes"].as_array().into_iter().flatten();
            opinions.extend(nodes.map(read_opinion));
            if reviews["pageInfo"]["hasNextPage"].as_bool() == Some(true) {
                after = reviews["pageInfo"]["endCursor"].clone();
                continue;
            }
            let odd = || unexpected(operation, "an odd pull request".to_owned());
            let opinions: Option<Vec<Opinion>> = opinions.into_iter().collect();
            let opinions = opinions.ok_or_else(odd)?;
            if reviews["totalCount"].as_u64() != u64::try_from(opinions.len()).ok() {
                let said = "the reviews do not agree with their count".to_owned();
                return Err(transient(operation, said));
            }
            return read(&pull, opinions).map(Some).ok_or_else(odd);
        }
        Err(unexpected(operation, "too many reviews".to_owned()))
    }

    async fn pull_page(
        &self,
        operation: &'static str,
        target: &Target,
        number: Number,
        after: &Value,
    ) -> Result<Value, GithubError> {
        let name = self.name_of(target).await;
        let document = json!({
            "operationName": "PullState",
            "query": QUERY,
            "variables": {
                "owner": name.owner, "name": name.name, "number": number.0, "after": after,
            },
        });
        let mut answer: Value = self
            .graphql(operation, target, Scope::Reports, &document)
            .await?;
        let repository = &mut answer["repository"];
        if repository["databaseId"].as_i64() != Some(target.repository.0) {
            return Err(unexpected(operation, "another repository".to_owned()));
        }
        Ok(repository["pullRequest"].take())
    }
}

fn read(pull: &Value, reviews: Vec<Opinion>) -> Option<PullState> {
    let threads = &pull["reviewThreads"];
    let nodes = threads["nodes"].as_array().into_iter().flatten();
    let resolved = nodes.filter(|node| node["isResolved"].as_bool() == Some(true));
    let unresolved = threads["totalCount"]
        .as_u64()?
        .saturating_sub(resolved.count() as u64);
    let base = &pull["baseRef"];
    Some(PullState {
        node_id: pull["id"].as_str()?.to_owned(),
        open: pull["state"].as_str()? == "OPEN",
        merged: pull["state"].as_str()? == "MERGED",
        draft: pull["isDraft"].as_bool()?,
        opened_at: Timestamp::from_rfc3339(pull["createdAt"].as_str()?)?,
        head: pull["headRefOid"].as_str()?.parse().ok()?,
        head_repository: pull["headRepository"]["databaseId"]
            .as_i64()
            .map(RepositoryId),
        base_branch: pull["baseRefName"].as_str()?.to_owned(),
        base: match base.is_null() {
            true => None,
            false => Some(base["target"]["oid"].as_str()?.parse().ok()?),
        },
        author: read_account(&pull["author"]),
        test_merge: read_test_merge(&pull["potentialMergeCommit"])?,
        reviews,
        unresolved_threads: u32::try_from(unresolved).unwrap_or(u32::MAX),
    })
}

fn read_opinion(review: &Value) -> Option<Opinion> {
    let id = &review["fullDatabaseId"];
    let id = id.as_i64().or_else(|| id.as_str()?.parse().ok())?;
    let at = &review["submittedAt"];
    Some(Opinion {
        id: ReviewId(id),
        by: read_account(&review["author"]),
        state: review["state"].as_str()?.to_owned(),
        commit: review["commit"]["oid"]
            .as_str()
            .and_then(|oid| oid.parse().ok()),
        at: match at.is_null() {
            true => None,
            false => Some(Timestamp::from_rfc3339(at.as_str()?)?),
        },
    })
}

fn read_account(actor: &Value) -> Option<Account> {
    Some(Account {
        person: Person {
            id: UserId(actor["databaseId"].as_i64()?),
            login: actor["login"].as_str()?.to_owned(),
        },
        kind: actor["__typename"].as_str()?.to_owned(),
    })
}
