//! Which pull request is which task's. Its head and our commits stand in the task's document.

use sqlx::AnyConnection;

use super::{StoreError, failed};
use crate::domain::ids::{Number, RepositoryId, TaskId};

/// Notes the pull request of a task, within a recording. The columns of its head and commits
/// are of the first step, and nobody reads them: they stay empty, since no step takes away.
pub(super) async fn put(
    connection: &mut AnyConnection,
    repository: RepositoryId,
    task: &TaskId,
    number: Number,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO pulls (repository_id, number, task_id, head, commits)
         VALUES ($1, $2, $3, '', '[]') ON CONFLICT (repository_id, number) DO NOTHING",
    )
    .bind(repository.0)
    .bind(number.0)
    .bind(task.as_str())
    .execute(connection)
    .await
    .map(drop)
    .map_err(failed("note a pull request"))
}
