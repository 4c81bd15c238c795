//! Tasks: a JSON document each, with the columns that are searched for beside it.

use sqlx::Row as _;
use sqlx::any::AnyRow;

use super::{Store, StoreError, count, failed, unreadable};
use crate::domain::ids::{CommentId, Number, RepositoryId, Sha256Hex, TaskId, UserId};
use crate::domain::task::Task;
use crate::domain::time::Timestamp;

/// A task with what the store knows beside it.
#[derive(Clone, Debug)]
pub struct StoredTask {
    /// The task.
    pub task: Task,
    /// Grows with each recording; a recording against an older one is refused.
    pub version: i64,
    /// The status comment, once written.
    pub status_comment: Option<CommentId>,
    /// Hash of what the status comment was last told to say.
    pub status_sha256: Option<Sha256Hex>,
    /// When that was; the beginning of time, where it was not.
    pub status_at: Timestamp,
}

impl StoredTask {
    /// Whether the status comment was last told to say `body`.
    #[must_use]
    pub fn says(&self, body: &str) -> bool {
        self.status_sha256.as_ref() == Some(&Sha256Hex::of(body))
    }
}

const COLUMNS: &str = "SELECT task, version, status_comment, status_sha256, status_at FROM tasks";

impl Store {
    /// The task of this name.
    ///
    /// # Errors
    /// The database did not answer, or the row is not readable.
    pub async fn task(&self, id: &TaskId) -> Result<Option<StoredTask>, StoreError> {
        let row = sqlx::query(sql(&format!("{COLUMNS} WHERE id = $1")))
            .bind(id.as_str())
            .fetch_optional(&self.pool)
            .await
            .map_err(failed("read a task"))?;
        row.map(|row| read(&row)).transpose()
    }

    /// The task of an issue that was opened last: the live one, where there is one.
    ///
    /// # Errors
    /// The database did not answer, or the row is not readable.
    pub async fn task_of_issue(
        &self,
        repository: RepositoryId,
        issue: Number,
    ) -> Result<Option<StoredTask>, StoreError> {
        let row = sqlx::query(sql(&format!(
            "{COLUMNS} WHERE repository_id = $1 AND issue = $2
             ORDER BY CASE WHEN live_key IS NULL THEN 1 ELSE 0 END, opened_at DESC, id LIMIT 1"
        )))
        .bind(repository.0)
        .bind(issue.0)
        .fetch_optional(&self.pool)
        .await
        .map_err(failed("look for the task of an issue"))?;
        row.map(|row| read(&row)).transpose()
    }

    /// The task of a pull request, where it is one of ours.
    ///
    /// # Errors
    /// The database did not answer, or the row is not readable.
    pub async fn task_of_pull(
        &self,
        repository: RepositoryId,
        number: Number,
    ) -> Result<Option<StoredTask>, StoreError> {
        let row = sqlx::query(sql(&format!(
            "{COLUMNS} WHERE id = (SELECT task_id FROM pulls WHERE repository_id = $1 AND number = $2)"
        )))
        .bind(repository.0)
        .bind(number.0)
        .fetch_optional(&self.pool)
        .await
        .map_err(failed("look for the task of a pull request"))?;
        row.map(|row| read(&row)).transpose()
    }

    /// The tasks of a repository that are not closed.
    ///
    /// # Errors
    /// The database did not answer, or a row is not readable.
    pub async fn live_tasks(
        &self,
        repository: RepositoryId,
    ) -> Result<Vec<StoredTask>, StoreError> {
        let rows = sqlx::query(sql(&format!(
            "{COLUMNS} WHERE repository_id = $1 AND live_key IS NOT NULL ORDER BY opened_at, id"
        )))
        .bind(repository.0)
        .fetch_all(&self.pool)
        .await
        .map_err(failed("list the live tasks of a repository"))?;
        Ok(readable(&rows))
    }

    /// The tasks whose deadline has passed at `now`, the oldest deadline first.
    ///
    /// # Errors
    /// The database did not answer, or a row is not readable.
    pub async fn overdue_tasks(
        &self,
        now: Timestamp,
        most: u32,
    ) -> Result<Vec<StoredTask>, StoreError> {
        let rows = sqlx::query(sql(&format!(
            "{COLUMNS} WHERE deadline_at <= $1 ORDER BY deadline_at, id LIMIT $2"
        )))
        .bind(now.0)
        .bind(i64::from(most))
        .fetch_all(&self.pool)
        .await
        .map_err(failed("look for overdue tasks"))?;
        Ok(readable(&rows))
    }

    /// The newest tasks, newest first.
    ///
    /// # Errors
    /// The database did not answer, or a row is not readable.
    pub async fn newest_tasks(&self, most: u32) -> Result<Vec<StoredTask>, StoreError> {
        let rows = sqlx::query(sql(&format!(
            "{COLUMNS} ORDER BY opened_at DESC, id LIMIT $1"
        )))
        .bind(i64::from(most))
        .fetch_all(&self.pool)
        .await
        .map_err(failed("list the newest tasks"))?;
        rows.iter().map(read).collect()
    }

    /// How many tasks of a repository are not closed.
    ///
    /// # Errors
    /// The database did not answer.
    pub async fn count_live_tasks(&self, repository: RepositoryId) -> Result<u64, StoreError> {
        sqlx::query("SELECT count(*) FROM tasks WHERE repository_id = $1 AND live_key IS NOT NULL")
            .bind(repository.0)
            .fetch_one(&self.pool)
            .await
            .and_then(|row| count(&row))
            .map_err(failed("count live tasks"))
    }

    /// How many tasks a person has opened since `since`, over all repositories.
    ///
    /// # Errors
    /// The database did not answer.
    pub async fn count_tasks_of(
        &self,
        requester: UserId,
        since: Timestamp,
    ) -> Result<u64, StoreError> {
        sqlx::query("SELECT count(*) FROM tasks WHERE requester_id = $1 AND opened_at >= $2")
            .bind(requester.0)
            .bind(since.0)
            .fetch_one(&self.pool)
            .await
            .and_then(|row| count(&row))
            .map_err(failed("count the tasks of a person"))
    }

    /// Notes what the status comment of a task was told to say.
    ///
    /// # Errors
    /// The database did not answer.
    pub async fn set_status(
        &self,
        id: &TaskId,
        comment: CommentId,
        sha256: &Sha256Hex,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE tasks SET status_comment = $1, status_sha256 = $2, status_at = $3 WHERE id = $4",
        )
        .bind(comment.0)
        .bind(sha256.as_str())
        .bind(now.0)
        .bind(id.as_str())
        .execute(&self.pool)
        .await
        .map(drop)
        .map_err(failed("note a status comment"))
    }

    /// Notes that the status comment of a task could not be written at `now`, so that it is not
    /// tried with each sign of life.
    ///
    /// # Errors
    /// The database did not answer.
    pub async fn note_status_tried(&self, id: &TaskId, now: Timestamp) -> Result<(), StoreError> {
        sqlx::query("UPDATE tasks SET status_at = $1 WHERE id = $2")
            .bind(now.0)
            .bind(id.as_str())
            .execute(&self.pool)
            .await
            .map(drop)
            .map_err(failed("note a status that cannot be shown"))
    }
}

/// The rows that can be read: one that cannot must not hold up the others.
fn readable(rows: &[AnyRow]) -> Vec<StoredTask> {
    let mut tasks = Vec::with_capacity(rows.len());
    for row in rows {
        match read(row) {
            Ok(stored) => tasks.push(stored),
            Err(error) => tracing::error!(error = %error, "a task cannot be read"),
        }
    }
    tasks
}

/// Our own text with nothing foreign in it, which sqlx otherwise only takes as a literal.
fn sql(text: &str) -> sqlx::AssertSqlSafe<String> {
    sqlx::AssertSqlSafe(text.to_owned())
}

pub(super) fn read(row: &AnyRow) -> Result<StoredTask, StoreError> {
    let operation = "read a task";
    let task: String = row.try_get("task").map_err(failed(operation))?;
    let comment: Option<i64> = row.try_get("status_comment").map_err(failed(operation))?;
    let sha256: Option<String> = row.try_get("status_sha256").map_err(failed(operation))?;
    let at: i64 = row.try_get("status_at").map_err(failed(operation))?;
    Ok(StoredTask {
        task: serde_json::from_str(&task).map_err(unreadable("a task"))?,
        version: row.try_get("version").map_err(failed(operation))?,
        status_comment: comment.map(CommentId),
        status_sha256: sha256.and_then(|text| text.parse().ok()),
        status_at: Timestamp(at),
    })
}
