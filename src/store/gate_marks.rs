//! Marks on pull requests: that one is to be judged, and when. A mark that comes while it is judged is
//! kept.

use super::gate::OPEN_FIRST;
use super::{Store, StoreError, failed};
use crate::domain::ids::{Number, Oid, RepositoryId};
use crate::domain::time::Timestamp;

impl Store {
    /// Has a pull request judged at `at`, or earlier where that was asked for already.
    ///
    /// # Errors
    /// The database did not answer.
    pub async fn mark_pull(
        &self,
        repository: RepositoryId,
        number: Number,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let again = "DO UPDATE SET marks = gate_pulls.marks + 1,
             due_at = CASE WHEN gate_pulls.due_at < excluded.due_at THEN gate_pulls.due_at
                 ELSE excluded.due_at END";
        self.put_pull(repository, number, at, again).await
    }

    /// Has a pull request judged at `at` that is not known yet.
    ///
    /// # Errors
    /// The database did not answer.
    pub async fn add_pull(
        &self,
        repository: RepositoryId,
        number: Number,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        self.put_pull(repository, number, at, "DO NOTHING").await
    }

    async fn put_pull(
        &self,
        repository: RepositoryId,
        number: Number,
        at: Timestamp,
        known: &'static str,
    ) -> Result<(), StoreError> {
        let text = format!(
            "INSERT INTO gate_pulls (repository, number, due_at, marks, tries, leases, leased_until,
                 unread_since, head, base, conclusion, decision, title)
             VALUES ($1, $2, $3, 1, 0, 0, 0, 0, '', '', '', '', '')
             ON CONFLICT (repository, number) {known}"
        );
        sqlx::query(sqlx::AssertSqlSafe(text))
            .bind(repository.0)
            .bind(number.0)
            .bind(at.0)
            .execute(&self.pool)
            .await
            .map(drop)
            .map_err(failed("mark a pull request"))
    }

    /// Has every pull request that was judged for this base judged: its policy, its owners or its
    /// workflows may have changed. The first `burst` at `at`, one every `every_ms` after them, those
    /// that are open to be merged first; never later than asked for before. Gives how many there are.
    ///
    /// # Errors
    /// The database did not answer.
    pub async fn mark_base(
        &self,
        repository: RepositoryId,
        base: &str,
        at: Timestamp,
        (burst, every_ms): (i64, i64),
    ) -> Result<u64, StoreError> {
        let text = format!(
            "UPDATE gate_pulls SET marks = marks + 1,
                 due_at = CASE WHEN due_at < turns.at THEN due_at ELSE turns.at END
             FROM (SELECT number AS nth, $3 + $5 * CASE WHEN place > $4 THEN place - $4 ELSE 0 END AS at
                 FROM (SELECT number, ROW_NUMBER() OVER (ORDER BY {OPEN_FIRST}, number) AS place
                     FROM gate_pulls WHERE repository = $1 AND base = $2) AS places) AS turns
             WHERE repository = $1 AND number = turns.nth"
        );
        sqlx::query(sqlx::AssertSqlSafe(text))
            .bind(repository.0)
            .bind(base)
            .bind(at.0)
            .bind(burst)
            .bind(every_ms)
            .execute(&self.pool)
            .await
            .map(|done| done.rows_affected())
            .map_err(failed("mark pull requests"))
    }

    /// Has the pull requests of this head judged at `at`. Gives how many there are.
    ///
    /// # Errors
    /// The database did not answer.
    pub async fn mark_head(
        &self,
        repository: RepositoryId,
        head: &Oid,
        at: Timestamp,
    ) -> Result<u64, StoreError> {
        sqlx::query(
            "UPDATE gate_pulls SET marks = marks + 1,
                 due_at = CASE WHEN due_at < $3 THEN due_at ELSE $3 END
             WHERE repository = $1 AND head = $2",
        )
        .bind(repository.0)
        .bind(head.as_str())
        .bind(at.0)
        .execute(&self.pool)
        .await
        .map(|done| done.rows_affected())
        .map_err(failed("mark pull requests"))
    }

    /// The same, but for one of them.
    ///
    /// # Errors
    /// The database did not answer.
    pub async fn mark_head_but(
        &self,
        repository: RepositoryId,
        head: &Oid,
        but: Number,
        at: Timestamp,
    ) -> Result<u64, StoreError> {
        sqlx::query(
            "UPDATE gate_pulls SET marks = marks + 1,
                 due_at = CASE WHEN due_at < $4 THEN due_at ELSE $4 END
             WHERE repository = $1 AND head = $2 AND number <> $3",
        )
        .bind(repository.0)
        .bind(head.as_str())
        .bind(but.0)
        .bind(at.0)
        .execute(&self.pool)
        .await
        .map(|done| done.rows_affected())
        .map_err(failed("mark pull requests"))
    }
}
