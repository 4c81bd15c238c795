//! Lists that come in pages: read to their end or to a bound, and which of the two it was.

use http::Method;
use serde_json::Value;

use super::answer::{Answer, GithubError, unexpected};
use super::app_auth::{Scope, TokenKey};
use super::client::{Client, Target};
use crate::domain::ids::InstallationId;

/// Pages that one list is read to at once.
const PAGES_MAX: u32 = 20;
/// Rows of a page, the most that GitHub gives.
const ROWS: usize = 100;

/// Whose list it is, and so by which token it is asked for.
#[derive(Clone, Copy)]
pub(super) enum Of<'a> {
    /// The App's.
    App,
    /// An installation's.
    Installation(InstallationId),
    /// A repository's; the path is what follows its name.
    Repository(&'a Target),
}

/// A list as far as it was read.
pub(super) struct Pages {
    pub(super) rows: Vec<Value>,
    /// Whether its end was reached. A list that was cut says nothing about what it lacks (A10).
    pub(super) whole: bool,
}

impl Client {
    /// The list at `path`, which has its query already. Its rows stand alone, or in the one
    /// list of an object.
    pub(super) async fn pages(
        &self,
        operation: &'static str,
        of: Of<'_>,
        path: &str,
    ) -> Result<Pages, GithubError> {
        let mut rows = Vec::new();
        for page in 1..=PAGES_MAX {
            let path = format!("{path}&per_page={ROWS}&page={page}");
            let answer = self.page(operation, of, &path).await?;
            let linked = answer.has_next();
            let read = answer.read(operation, self.shared.clock.now());
            let read = read.map_err(|error| self.diagnosed(error));
            let listed =
                rows_of(read?).ok_or_else(|| unexpected(operation, "not a list".to_owned()))?;
            // Who stands between may drop the link, and GitHub may fill a page only partly.
            let more = linked || listed.len() >= ROWS;
            rows.extend(listed);
            if !more {
                return Ok(Pages { rows, whole: true });
            }
        }
        Ok(Pages { rows, whole: false })
    }

    async fn page(
        &self,
        operation: &'static str,
        of: Of<'_>,
        path: &str,
    ) -> Result<Answer, GithubError> {
        match of {
            Of::App => self.send_as_app(operation, Method::GET, path, None).await,
            Of::Installation(installation) => {
                let key = TokenKey {
                    installation,
                    repository: None,
                    scope: Scope::Observe,
                };
                self.call_with_token(operation, key, Method::GET, path, None)
                    .await
            }
            Of::Repository(target) => {
                self.answer(operation, target, Scope::Observe, Method::GET, path, None)
                    .await
            }
        }
    }
}

fn rows_of(answer: Value) -> Option<Vec<Value>> {
    match answer {
        Value::Array(rows) => Some(rows),
        Value::Object(fields) => fields.into_iter().find_map(|(_, value)| match value {
            Value::Array(rows) => Some(rows),
            _ => None,
        }),
        _ => None,
    }
}
