//! Which pull request is which task's, and which commits are ours.

use std::collections::HashSet;

use sqlx::{AnyConnection, Row as _};

use super::{Store, StoreError, failed};
use crate::domain::ids::{Oid, RepositoryId, TaskId};
use crate::domain::task::Pull;

/// Commits that are asked for at once: SQLite takes no more than some hundred values.
const AT_ONCE: usize = 200;

/// Notes the pull request of a task and its commits, within a recording. The columns of its head and commits
/// are of the first step, and nobody reads them: they stay empty, since no step takes away.
pub(super) async fn put(
    connection: &mut AnyConnection,
    repository: RepositoryId,
    task: &TaskId,
    pull: &Pull,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO pulls (repository_id, number, task_id, head, commits)
         VALUES ($1, $2, $3, '', '[]') ON CONFLICT (repository_id, number) DO NOTHING",
    )
    .bind(repository.0)
    .bind(pull.number.0)
    .bind(task.as_str())
    .execute(&mut *connection)
    .await
    .map(drop)
    .map_err(failed("note a pull request"))?;
    for commit in &pull.commits {
        sqlx::query(
            "INSERT INTO applied_commits (repository, oid, task_id) VALUES ($1, $2, $3)
             ON CONFLICT (repository, oid) DO NOTHING",
        )
        .bind(repository.0)
        .bind(commit.as_str())
        .bind(task.as_str())
        .execute(&mut *connection)
        .await
        .map_err(failed("note a commit"))?;
    }
    Ok(())
}

impl Store {
    /// Which of these commits Castellan wrote for a task of this repository.
    ///
    /// # Errors
    /// The database did not answer.
    pub async fn ours(
        &self,
        repository: RepositoryId,
        commits: &[Oid],
    ) -> Result<HashSet<Oid>, StoreError> {
        let operation = "look for our own commits";
        let mut ours = HashSet::new();
        for some in commits.chunks(AT_ONCE) {
            let places: Vec<String> = (2..some.len() + 2).map(|at| format!("${at}")).collect();
            let text = format!(
                "SELECT oid FROM applied_commits WHERE repository = $1 AND oid IN ({})",
                places.join(", ")
            );
            let query = sqlx::query(sqlx::AssertSqlSafe(text)).bind(repository.0);
            let bound = some
                .iter()
                .fold(query, |query, oid| query.bind(oid.as_str()));
            let rows = bound
                .fetch_all(&self.pool)
                .await
                .map_err(failed(operation))?;
            for row in &rows {
                let oid: String = row.try_get(0).map_err(failed(operation))?;
                ours.extend(oid.parse::<Oid>().ok());
            }
        }
        Ok(ours)
    }
}
