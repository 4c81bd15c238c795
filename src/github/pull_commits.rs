//! Which pull requests are open, and whose their commits are, by their accounts. Git's own names say
//! nothing: anybody can write them. Source: GitHub's "List pull requests" and "List commits on a pull
//! request".

use std::collections::HashMap;

use serde_json::Value;

use super::answer::GithubError;
use super::client::{Client, Target};
use super::pages::Of;
use crate::domain::ids::{Number, Oid, UserId};

/// The accounts that GitHub knows for a commit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hands {
    /// Who wrote it.
    pub author: Option<UserId>,
    /// Who committed it.
    pub committer: Option<UserId>,
}

impl Client {
    /// The numbers of the open pull requests of a repository; where there are more than are read,
    /// the newest.
    ///
    /// # Errors
    /// GitHub did not answer.
    pub async fn open_pulls(&self, target: &Target) -> Result<Vec<Number>, GithubError> {
        let operation = "list open pull requests";
        let of = Of::Repository(target);
        let listed = self.pages(operation, of, "/pulls?state=open").await?;
        let numbers = listed.rows.iter();
        Ok(numbers
            .filter_map(|row| row["number"].as_i64().map(Number))
            .collect())
    }

    /// The accounts of a pull request's commits. GitHub lists 250 at most: a commit that is not
    /// among them is unknown.
    ///
    /// # Errors
    /// GitHub did not answer.
    pub async fn pull_commits(
        &self,
        target: &Target,
        pull: Number,
    ) -> Result<HashMap<Oid, Hands>, GithubError> {
        let operation = "list a pull request's commits";
        let path = format!("/pulls/{pull}/commits");
        let listed = self.pages(operation, Of::Repository(target), &path).await?;
        Ok(listed.rows.iter().filter_map(read).collect())
    }
}

fn read(row: &Value) -> Option<(Oid, Hands)> {
    let id = |of: &str| row[of]["id"].as_i64().map(UserId);
    let hands = Hands {
        author: id("author"),
        committer: id("committer"),
    };
    Some((row["sha"].as_str()?.parse().ok()?, hands))
}
