//! Pull requests of ours: which task's, and which commits on their branch are ours.

use sqlx::AnyConnection;

use super::{StoreError, failed, unreadable};
use crate::domain::ids::{RepositoryId, TaskId};
use crate::domain::task::Pull;

/// Notes the pull request of a task, within a recording.
pub(super) async fn put(
    connection: &mut AnyConnection,
    repository: RepositoryId,
    task: &TaskId,
    pull: &Pull,
) -> Result<(), StoreError> {
    let commits = serde_json::to_string(&pull.commits).map_err(unreadable("commits"))?;
    sqlx::query(
        "INSERT INTO pulls (repository_id, number, task_id, head, commits) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (repository_id, number) DO UPDATE SET head = excluded.head, commits = excluded.commits",
    )
    .bind(repository.0)
    .bind(pull.number.0)
    .bind(task.as_str())
    .bind(pull.head.as_str())
    .bind(commits)
    .execute(connection)
    .await
    .map(drop)
    .map_err(failed("note a pull request"))
}
