//! What the informational run of each head said last, and which head a run of ours is of.

use sqlx::Row as _;
use sqlx::any::AnyRow;

use super::{Store, StoreError, failed, unreadable};
use crate::domain::ids::{Number, Oid, RepositoryId};
use crate::domain::time::Timestamp;

/// A head of a pull request.
#[derive(Clone, Copy, Debug)]
pub struct EvidenceKey<'a> {
    /// The repository.
    pub repository: RepositoryId,
    /// The pull request.
    pub number: Number,
    /// Its head.
    pub head: &'a Oid,
}

/// What the informational run of a head said last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SaidEvidence {
    /// The check run; `None` while it is being made, and may be there already.
    pub run: Option<i64>,
    /// Hash of what the page was made of; empty while not all of it is said.
    pub basis: String,
    /// Hash of title, texts and buttons.
    pub said: String,
    /// Hash of the marks in the difference.
    pub marks: String,
    /// How many of them GitHub has.
    pub marked: usize,
}

impl Store {
    /// What was said last of a head; `None` where nothing was.
    ///
    /// # Errors
    /// The database did not answer.
    pub async fn said_evidence(
        &self,
        key: EvidenceKey<'_>,
    ) -> Result<Option<SaidEvidence>, StoreError> {
        sqlx::query(
            "SELECT run, basis, said, marks, marked FROM evidence_runs
             WHERE repository = $1 AND number = $2 AND head = $3",
        )
        .bind(key.repository.0)
        .bind(key.number.0)
        .bind(key.head.as_str())
        .fetch_optional(&self.pool)
        .await
        .and_then(|row| row.map(|row| said(&row)).transpose())
        .map_err(failed("read what was said of evidence"))
    }

    /// Notes what is said of a head now.
    ///
    /// # Errors
    /// The database did not answer.
    pub async fn note_evidence(
        &self,
        key: EvidenceKey<'_>,
        said: &SaidEvidence,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO evidence_runs (repository, number, head, run, basis, said, marks, marked, published_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
             ON CONFLICT (repository, number, head) DO UPDATE SET
                 run = excluded.run, basis = excluded.basis, said = excluded.said,
                 marks = excluded.marks, marked = excluded.marked, published_at = excluded.published_at",
        )
        .bind(key.repository.0)
        .bind(key.number.0)
        .bind(key.head.as_str())
        .bind(said.run.unwrap_or(0))
        .bind(said.basis.as_str())
        .bind(said.said.as_str())
        .bind(said.marks.as_str())
        .bind(i64::try_from(said.marked).unwrap_or(i64::MAX))
        .bind(now.0)
        .execute(&self.pool)
        .await
        .map(drop)
        .map_err(failed("note what is said of evidence"))
    }

    /// The pull request and the head that a run of ours is of; `None` where it is none that counts.
    ///
    /// # Errors
    /// The database did not answer, or holds what is no commit.
    pub async fn evidence_of_run(
        &self,
        repository: RepositoryId,
        run: i64,
    ) -> Result<Option<(Number, Oid)>, StoreError> {
        let operation = "find the pull request of a check run";
        let row = sqlx::query(
            "SELECT number, head FROM evidence_runs
             WHERE repository = $1 AND run = $2 AND run <> 0",
        )
        .bind(repository.0)
        .bind(run)
        .fetch_optional(&self.pool)
        .await
        .map_err(failed(operation))?;
        let Some(row) = row else { return Ok(None) };
        let number: i64 = row.try_get(0).map_err(failed(operation))?;
        let head: String = row.try_get(1).map_err(failed(operation))?;
        let head = serde_json::from_value(head.into()).map_err(unreadable(operation))?;
        Ok(Some((Number(number), head)))
    }
}

fn said(row: &AnyRow) -> Result<SaidEvidence, sqlx::Error> {
    let run: i64 = row.try_get(0)?;
    let marked: i64 = row.try_get(4)?;
    Ok(SaidEvidence {
        run: (run != 0).then_some(run),
        basis: row.try_get(1)?,
        said: row.try_get(2)?,
        marks: row.try_get(3)?,
        marked: usize::try_from(marked).unwrap_or(0),
    })
}
