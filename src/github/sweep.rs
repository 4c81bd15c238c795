//! Lists what deliveries may have missed. Every list is paged to its end, within a bound; where
//! it was cut is said.

use http::Method;
use serde::Deserialize;
use serde_json::Value;

use super::answer::{GithubError, Kind, found, unexpected};
use super::app_auth::Scope;
use super::client::{Client, Target};
use super::pages::{Of, Pages};
use super::payload::LABEL;
use crate::domain::ids::{CommentId, FullName, InstallationId, Number, RepositoryId, UserId};
use crate::domain::notice::{Notice, Place, Sender};
use crate::domain::request::Person;
use crate::domain::time::Timestamp;

/// Pages that the list of deliveries is read to in one sweep.
const PAGES_MAX: u32 = 20;

/// A delivery as the App's deliveries API lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedDelivery {
    /// Number by which it can be asked for again.
    pub id: i64,
    /// GitHub's id of the delivery, the same for each redelivery.
    pub guid: String,
    /// When.
    pub at: Timestamp,
    /// Whether we answered it with a 2xx.
    pub taken: bool,
    /// Whether it was asked for, by us or by a person.
    pub again: bool,
}

/// The App's deliveries since a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedDeliveries {
    /// The newest first.
    pub deliveries: Vec<ListedDelivery>,
    /// Whether there are older ones that were not read.
    pub cut: bool,
}

/// An installation as GitHub lists it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListedInstallation {
    /// Its number.
    pub id: InstallationId,
    /// The account that installed the App.
    pub account: UserId,
    /// Whether it is suspended.
    pub suspended: bool,
    /// Since when there is one.
    pub since: Timestamp,
}

/// A repository as an installation's list has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedRepository {
    /// Its number.
    pub id: RepositoryId,
    /// Its name.
    pub name: FullName,
    /// Whether nothing can be written there any more.
    pub archived: bool,
    /// Whether not everybody may read it.
    pub private: bool,
}

impl Client {
    /// The App's deliveries since `since`, newest first.
    ///
    /// # Errors
    /// GitHub did not answer.
    pub async fn deliveries_since(
        &self,
        since: Timestamp,
    ) -> Result<ListedDeliveries, GithubError> {
        #[derive(Deserialize)]
        struct Row {
            id: i64,
            guid: String,
            delivered_at: String,
            status_code: i64,
            #[serde(default)]
            redelivery: bool,
        }
        let mut cut = true;
        let mut listed = Vec::new();
        let mut path = "/app/hook/deliveries?per_page=100".to_owned();
        for _ in 0..PAGES_MAX {
            let (rows, next): (Vec<Row>, _) =
                self.page_of_app("list the App's deliveries", &path).await?;
            let mut older = false;
            for row in rows {
                let Some(at) = Timestamp::from_rfc3339(&row.delivered_at) else {
                    continue;
                };
                older |= at < since;
                listed.push(ListedDelivery {
                    id: row.id,
                    guid: row.guid,
                    at,
                    taken: (200..300).contains(&row.status_code),
                    again: row.redelivery,
                });
            }
            match next {
                Some(next) if !older => path = next,
                _ => {
                    cut = false;
                    break;
                }
            }
        }
        listed.retain(|delivery| delivery.at >= since);
        Ok(ListedDeliveries {
            deliveries: listed,
            cut,
        })
    }

    /// Asks GitHub to deliver once more.
    ///
    /// # Errors
    /// GitHub did not take it.
    pub async fn redeliver(&self, delivery: i64) -> Result<(), GithubError> {
        let path = format!("/app/hook/deliveries/{delivery}/attempts");
        self.call_app::<Value>("ask for a redelivery", Method::POST, &path, None)
            .await
            .map(drop)
    }

    /// All installations of the App.
    ///
    /// # Errors
    /// GitHub did not answer.
    pub async fn installations(&self) -> Result<Vec<ListedInstallation>, GithubError> {
        let listed = self
            .pages(
                "list the App's installations",
                Of::App,
                "/app/installations?",
            )
            .await?;
        Ok(listed.rows.iter().filter_map(read_installation).collect())
    }

    /// An installation as it is now; `None` where it is gone.
    ///
    /// # Errors
    /// GitHub did not answer, or not as documented.
    pub async fn installation(
        &self,
        installation: InstallationId,
    ) -> Result<Option<ListedInstallation>, GithubError> {
        let operation = "look for an installation";
        let path = format!("/app/installations/{installation}");
        let answer = self
            .call_app::<Value>(operation, Method::GET, &path, None)
            .await;
        let Some(answer) = found(answer)? else {
            return Ok(None);
        };
        read_installation(&answer)
            .map(Some)
            .ok_or_else(|| unexpected(operation, "an odd installation".to_owned()))
    }

    /// Whether an installation still reaches a repository that it can work on: there, of the
    /// same owner, not archived.
    ///
    /// # Errors
    /// GitHub did not answer.
    pub async fn is_open(&self, target: &Target, owner: UserId) -> Result<bool, GithubError> {
        let answer = self
            .call::<Value>(
                "look for a repository",
                target,
                Scope::Observe,
                Method::GET,
                "",
                None,
            )
            .await;
        match answer {
            // A suspended installation and a permission that is not granted say nothing about
            // the repository (H17). Without it, a token for it cannot even be had (422).
            Err(error)
                if error.kind == Kind::NotFound
                    || error.is_of_repository()
                    || (error.kind == Kind::Forbidden
                        && !error.is_of_installation()
                        && !error.is_of_permission()) =>
            {
                Ok(false)
            }
            answer => answer.map(|answer| {
                answer["owner"]["id"].as_i64() == Some(owner.0) && answer["archived"] == false
            }),
        }
    }

    /// The repositories of an installation, as far as the list goes: one that it lacks may be
    /// there all the same.
    ///
    /// # Errors
    /// GitHub did not answer.
    pub async fn repositories_of(
        &self,
        installation: InstallationId,
    ) -> Result<Vec<ListedRepository>, GithubError> {
        let operation = "list an installation's repositories";
        let of = Of::Installation(installation);
        let listed = self
            .pages(operation, of, "/installation/repositories?")
            .await?;
        Ok(listed.rows.iter().filter_map(read_repository).collect())
    }

    /// The open issues that carry our label and were updated since `since`.
    ///
    /// # Errors
    /// GitHub did not answer.
    pub async fn labelled_since(
        &self,
        target: &Target,
        since: Timestamp,
    ) -> Result<Since<Number>, GithubError> {
        let path =
            format!("/issues?labels={LABEL}&state=open&since={since}&sort=updated&direction=asc");
        let operation = "list labelled issues";
        let listed = self.pages(operation, Of::Repository(target), &path).await?;
        // This API lists pull requests as issues too.
        let issues = |row: &Value| {
            row["number"]
                .as_i64()
                .filter(|_| row["pull_request"].is_null())
        };
        Since::of(operation, &listed, |row| issues(row).map(Number))
    }

    /// The comments that were written since `since` and never edited, as notices.
    ///
    /// # Errors
    /// GitHub did not answer.
    pub async fn comments_since(
        &self,
        target: &Target,
        place: &Place,
        since: Timestamp,
    ) -> Result<Since<Notice>, GithubError> {
        let path = format!("/issues/comments?since={since}&sort=updated&direction=asc");
        let operation = "list comments";
        let listed = self.pages(operation, Of::Repository(target), &path).await?;
        Since::of(operation, &listed, |row| listed_comment(place, row))
    }
}

/// What was updated since a time, the longest ago first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Since<T> {
    /// What was found.
    pub found: Vec<T>,
    /// Where the list was cut: there is more that was updated at this time or later. `None`:
    /// that is all.
    pub cut_at: Option<Timestamp>,
}

impl<T> Since<T> {
    fn of(
        operation: &'static str,
        listed: &Pages,
        read: impl Fn(&Value) -> Option<T>,
    ) -> Result<Self, GithubError> {
        let last = || {
            let last = listed.rows.last()?["updated_at"].as_str()?;
            Timestamp::from_rfc3339(last)
        };
        let cut_at = match listed.whole {
            true => None,
            false => Some(
                last().ok_or_else(|| unexpected(operation, "no usable updated_at".to_owned()))?,
            ),
        };
        let found = listed.rows.iter().filter_map(read).collect();
        Ok(Self { found, cut_at })
    }
}

fn read_installation(row: &Value) -> Option<ListedInstallation> {
    Some(ListedInstallation {
        id: InstallationId(row["id"].as_i64()?),
        account: UserId(row["account"]["id"].as_i64()?),
        suspended: !row["suspended_at"].is_null(),
        since: Timestamp::from_rfc3339(row["created_at"].as_str()?)?,
    })
}

fn read_repository(row: &Value) -> Option<ListedRepository> {
    Some(ListedRepository {
        id: RepositoryId(row["id"].as_i64()?),
        name: row["full_name"].as_str()?.parse().ok()?,
        archived: row["archived"].as_bool()?,
        private: row["private"].as_bool()?,
    })
}

/// A comment of the API's list as a notice; `None` where it was edited, is a bot's, or is odd:
/// an edited text is not what its author wrote, and edits never start anything (X10).
fn listed_comment(place: &Place, row: &Value) -> Option<Notice> {
    let at = Timestamp::from_rfc3339(row["created_at"].as_str()?)?;
    let unedited = row["updated_at"] == row["created_at"];
    let person = row["user"]["type"].as_str()? == "User";
    if !unedited || !person {
        return None;
    }
    let address = row["html_url"].as_str()?;
    let issue = row["issue_url"].as_str()?;
    Some(Notice::Commented {
        place: place.clone(),
        number: Number(issue.rsplit('/').next()?.parse().ok()?),
        on_pull: address.contains("/pull/"),
        comment: CommentId(row["id"].as_i64()?),
        sender: Sender {
            person: Person {
                id: UserId(row["user"]["id"].as_i64()?),
                login: row["user"]["login"].as_str()?.to_owned(),
            },
            is_bot: false,
        },
        body: row["body"].as_str()?.to_owned(),
        at,
    })
}
