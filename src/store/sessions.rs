//! What agents left of their sessions: the newest of each open task, for its next attempt (X45).

use sqlx::AnyConnection;
use sqlx::Row as _;
use sqlx::any::AnyRow;

use super::{Store, StoreError, failed};
use crate::domain::ids::{AttemptNumber, Sha256Hex, TaskId};
use crate::domain::time::Timestamp;

/// A session to keep.
#[derive(Clone, Copy, Debug)]
pub struct NewSession<'a> {
    /// Of which attempt.
    pub attempt: AttemptNumber,
    /// Of which agent.
    pub agent: &'a str,
    /// Hash of the bytes.
    pub sha256: &'a Sha256Hex,
    /// The bytes.
    pub body: &'a [u8],
}

/// A session that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Of which attempt.
    pub attempt: AttemptNumber,
    /// Of which agent.
    pub agent: String,
    /// Hash of the bytes.
    pub sha256: Sha256Hex,
}

impl Store {
    /// Keeps a session in place of the one of an earlier attempt. Gives whether it is kept: not
    /// where the task is closed or gone, or a later attempt left one already.
    ///
    /// # Errors
    /// The database did not answer.
    pub async fn keep_session(
        &self,
        task: &TaskId,
        session: NewSession<'_>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        sqlx::query(
            "INSERT INTO sessions (task_id, attempt, agent, sha256, received_at, body)
             SELECT $1, $2, $3, $4, $5, $6 FROM tasks WHERE id = $1 AND live_key IS NOT NULL
             ON CONFLICT (task_id) DO UPDATE SET attempt = excluded.attempt,
                 agent = excluded.agent, sha256 = excluded.sha256,
                 received_at = excluded.received_at, body = excluded.body
             WHERE sessions.attempt <= excluded.attempt",
        )
        .bind(task.as_str())
        .bind(i64::from(session.attempt.0))
        .bind(session.agent)
        .bind(session.sha256.as_str())
        .bind(now.0)
        .bind(session.body)
        .execute(&self.pool)
        .await
        .map(|done| done.rows_affected() == 1)
        .map_err(failed("keep a session"))
    }

    /// The session that is kept for a task.
    ///
    /// # Errors
    /// The database did not answer.
    pub async fn session(&self, task: &TaskId) -> Result<Option<Session>, StoreError> {
        let row = sqlx::query("SELECT attempt, agent, sha256 FROM sessions WHERE task_id = $1")
            .bind(task.as_str())
            .fetch_optional(&self.pool)
            .await
            .map_err(failed("look for a session"))?;
        row.map_or(Ok(None), |row| {
            read(&row).map_err(failed("look for a session"))
        })
    }

    /// The bytes of a task's session, where it is the one of this hash.
    ///
    /// # Errors
    /// The database did not answer.
    pub async fn session_body(
        &self,
        task: &TaskId,
        sha256: &Sha256Hex,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        sqlx::query("SELECT body FROM sessions WHERE task_id = $1 AND sha256 = $2")
            .bind(task.as_str())
            .bind(sha256.as_str())
            .fetch_optional(&self.pool)
            .await
            .and_then(|row| row.map(|row| row.try_get(0)).transpose())
            .map_err(failed("read a session"))
    }
}

/// A row whose hash is none is no session.
fn read(row: &AnyRow) -> Result<Option<Session>, sqlx::Error> {
    let attempt: i64 = row.try_get("attempt")?;
    let sha256: String = row.try_get("sha256")?;
    let agent = row.try_get("agent")?;
    let sha256 = sha256.parse().ok();
    Ok(sha256.map(|sha256| Session {
        attempt: AttemptNumber(u32::try_from(attempt).unwrap_or(0)),
        agent,
        sha256,
    }))
}

/// Forgets the session of a task, within a recording.
pub(super) async fn forget(
    connection: &mut AnyConnection,
    task: &TaskId,
) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM sessions WHERE task_id = $1")
        .bind(task.as_str())
        .execute(connection)
        .await
        .map(drop)
        .map_err(failed("forget a session"))
}
