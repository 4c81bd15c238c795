//! The merge queue of a branch: which groups are built now.
//!
//! Source: GitHub's GraphQL objects `MergeQueue` and `MergeQueueEntry`.

use serde_json::{Value, json};

use super::answer::{GithubError, Kind, unexpected};
use super::app_auth::Scope;
use super::client::{Client, Target};
use crate::domain::ids::Number;
use crate::domain::notice::BuiltGroup;

const QUERY: &str = include_str!("merge_queue.graphql");

impl Client {
    /// The groups that the merge queue of `branch` builds now, in their order, at most a hundred; none
    /// where it has no queue, or the App may not read it.
    ///
    /// # Errors
    /// GitHub did not answer, or not as documented.
    pub async fn merge_groups(
        &self,
        target: &Target,
        branch: &str,
    ) -> Result<Vec<BuiltGroup>, GithubError> {
        let operation = "read a merge queue";
        let name = self.name_of(target).await;
        let document = json!({
            "operationName": "MergeQueue",
            "query": QUERY,
            "variables": {"owner": name.owner, "name": name.name, "branch": branch},
        });
        let answer: Result<Value, GithubError> = self
            .graphql(operation, target, Scope::Queues, &document)
            .await;
        let answer = match answer {
            Err(error) if error.kind == Kind::Forbidden && !error.is_of_installation() => {
                return Ok(Vec::new());
            }
            answer => answer?,
        };
        let repository = &answer["repository"];
        if repository["databaseId"].as_i64() != Some(target.repository.0) {
            return Err(unexpected(operation, "another repository".to_owned()));
        }
        let nodes = repository["mergeQueue"]["entries"]["nodes"].as_array();
        let nodes = nodes.into_iter().flatten();
        Ok(nodes.filter_map(|node| read(node, branch)).collect())
    }
}

/// An entry whose group is built.
fn read(node: &Value, branch: &str) -> Option<BuiltGroup> {
    let oid = |side: &str| node[side]["oid"].as_str()?.parse().ok();
    Some(BuiltGroup {
        head: oid("headCommit")?,
        base: branch.to_owned(),
        built_on: oid("baseCommit")?,
        number: Number(node["pullRequest"]["number"].as_i64()?),
    })
}
