//! Who waived the gate for one head of a pull request, and why: kept once a comment.

use sqlx::Row as _;
use sqlx::any::AnyRow;

use super::{Store, StoreError, failed, unreadable};
use crate::domain::ids::{CommentId, Number, Oid, RepositoryId, UserId};
use crate::domain::request::Person;
use crate::domain::time::Timestamp;

/// Overrides of one pull request that are read, the newest.
const OVERRIDES_MAX: i64 = 100;

/// Who waived the gate for one head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptOverride {
    /// The comment that says so.
    pub comment: CommentId,
    /// The head that it is for.
    pub head: Oid,
    /// Who.
    pub by: Person,
    /// Why; foreign.
    pub reason: String,
    /// When.
    pub at: Timestamp,
}

impl Store {
    /// Keeps that somebody waived the gate for one head; once a comment.
    ///
    /// # Errors
    /// The database did not answer.
    pub async fn put_override(
        &self,
        repository: RepositoryId,
        number: Number,
        said: &KeptOverride,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO gate_overrides (repository, number, comment, head, person, login, reason, at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
             ON CONFLICT (repository, number, comment) DO NOTHING",
        )
        .bind(repository.0)
        .bind(number.0)
        .bind(said.comment.0)
        .bind(said.head.as_str())
        .bind(said.by.id.0)
        .bind(said.by.login.as_str())
        .bind(said.reason.as_str())
        .bind(said.at.0)
        .execute(&self.pool)
        .await
        .map(drop)
        .map_err(failed("keep an override"))
    }

    /// The newest overrides of a pull request, oldest first.
    ///
    /// # Errors
    /// The database did not answer, or a row cannot be read.
    pub async fn overrides(
        &self,
        repository: RepositoryId,
        number: Number,
    ) -> Result<Vec<KeptOverride>, StoreError> {
        let rows = sqlx::query(
            "SELECT comment, head, person, login, reason, at FROM gate_overrides
             WHERE repository = $1 AND number = $2 ORDER BY at DESC, comment DESC LIMIT $3",
        )
        .bind(repository.0)
        .bind(number.0)
        .bind(OVERRIDES_MAX)
        .fetch_all(&self.pool)
        .await
        .map_err(failed("read overrides"))?;
        rows.iter().rev().map(kept_override).collect()
    }
}

fn kept_override(row: &AnyRow) -> Result<KeptOverride, StoreError> {
    let operation = "read an override";
    let head: String = row.try_get(1).map_err(failed(operation))?;
    let read = || -> Result<_, sqlx::Error> {
        Ok((
            row.try_get(0)?,
            row.try_get(2)?,
            row.try_get(3)?,
            row.try_get(4)?,
            row.try_get(5)?,
        ))
    };
    let (comment, person, login, reason, at) = read().map_err(failed(operation))?;
    Ok(KeptOverride {
        comment: CommentId(comment),
        head: serde_json::from_value(head.into()).map_err(unreadable("the head of an override"))?,
        by: Person {
            id: UserId(person),
            login,
        },
        reason,
        at: Timestamp(at),
    })
}
