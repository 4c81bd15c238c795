//! Lists that come in pages: read to their end or to a bound, and which of the two it was.

use std::collections::BTreeSet;

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
    /// What CI reports on a repository's commits; the path is what follows its name.
    Reports(&'a Target),
}

/// A list as far as it was read.
#[derive(Clone)]
pub(super) struct Pages {
    pub(super) rows: Vec<Value>,
    /// Whether its end was reached. A list that was cut says nothing about what it lacks (A10).
    pub(super) whole: bool,
    /// What stands around the rows of each page, where they stand in an object.
    pub(super) around: Vec<Value>,
}

impl Pages {
    /// A list that was not asked for.
    pub(super) const fn empty() -> Self {
        Self {
            rows: Vec::new(),
            whole: true,
            around: Vec::new(),
        }
    }

    /// Whether the end was reached, and every page counts as many rows as were read: GitHub
    /// shows a count of 0 beside rows, or a part of them, while it writes (D13, G18).
    pub(super) fn agrees(&self) -> bool {
        let ids: BTreeSet<i64> = self
            .rows
            .iter()
            .filter_map(|row| row["id"].as_i64())
            .collect();
        let counted = |page: &Value| page["total_count"].as_u64() == u64::try_from(ids.len()).ok();
        self.whole && !self.around.is_empty() && self.around.iter().all(counted)
    }
}

impl Client {
    /// The list at `path`, with its query if it has one. Its rows stand alone, or in the one
    /// list of an object.
    pub(super) async fn pages(
        &self,
        operation: &'static str,
        of: Of<'_>,
        path: &str,
    ) -> Result<Pages, GithubError> {
        let mut rows = Vec::new();
        let mut around = Vec::new();
        let joint = if path.contains('?') { '&' } else { '?' };
        for page in 1..=PAGES_MAX {
            let path = format!("{path}{joint}per_page={ROWS}&page={page}");
            let answer = self.page(operation, of, &path).await?;
            let linked = answer.has_next();
            let read = answer.read(operation, self.shared.clock.now());
            let read = read.map_err(|error| self.diagnosed(error));
            let (listed, rest) =
                rows_of(read?).ok_or_else(|| unexpected(operation, "not a list".to_owned()))?;
            // Who stands between may drop the link, and GitHub may fill a page only partly.
            let more = linked || listed.len() >= ROWS;
            rows.extend(listed);
            around.extend(rest);
            if !more {
                return Ok(Pages {
                    rows,
                    whole: true,
                    around,
                });
            }
        }
        Ok(Pages {
            rows,
            whole: false,
            around,
        })
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
            Of::Reports(target) => {
                self.answer(operation, target, Scope::Reports, Method::GET, path, None)
                    .await
            }
        }
    }
}

/// The rows, and what stands around them.
fn rows_of(answer: Value) -> Option<(Vec<Value>, Option<Value>)> {
    match answer {
        Value::Array(rows) => Some((rows, None)),
        Value::Object(mut fields) => {
            let list = fields.values_mut().find(|value| value.is_array())?;
            match list.take() {
                Value::Array(rows) => Some((rows, Some(Value::Object(fields)))),
                _ => None,
            }
        }
        _ => None,
    }
}
