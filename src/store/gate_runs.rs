//! What the gate published last for each head. For one head and base one worker judges and publishes
//! at a time, under a number that only grows.

use sqlx::Row as _;
use sqlx::any::AnyRow;

use super::{Store, StoreError, failed};
use crate::domain::ids::{Number, Oid, RepositoryId};
use crate::domain::time::Timestamp;

/// Longest time that one evaluation may take, in milliseconds.
const LEASE_MS: i64 = 120_000;

/// One head of one base, by which a check run is published.
#[derive(Clone, Copy, Debug)]
pub struct GateKey<'a> {
    /// The repository of the base.
    pub repository: RepositoryId,
    /// The commit.
    pub head: &'a Oid,
    /// The branch, without `refs/heads/`.
    pub base: &'a str,
}

/// What was published last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishedRun {
    /// The pull request that it was judged for.
    pub number: Number,
    /// The number of the evaluation, which only grows.
    pub eval_seq: i64,
    /// The check run; `None` where none was made yet.
    pub run: Option<i64>,
    /// GitHub's word for its status or conclusion; empty before the first.
    pub conclusion: String,
    /// What decided it; empty before the first.
    pub decision: String,
    /// Hash of the policy; empty where there was none.
    pub policy: String,
    /// Hash of title and text.
    pub said: String,
    /// When.
    pub at: Timestamp,
}

impl Store {
    /// What was published last for a head; `None` where nothing was.
    ///
    /// # Errors
    /// The database did not answer.
    pub async fn published_run(
        &self,
        key: GateKey<'_>,
    ) -> Result<Option<PublishedRun>, StoreError> {
        sqlx::query(
            "SELECT number, eval_seq, run, conclusion, decision, policy, said, published_at
             FROM gate_runs WHERE repository = $1 AND head = $2 AND base = $3",
        )
        .bind(key.repository.0)
        .bind(key.head.as_str())
        .bind(key.base)
        .fetch_optional(&self.pool)
        .await
        .and_then(|row| row.map(|row| published(&row)).transpose())
        .map_err(failed("read a published check"))
    }

    /// Forgets which check run of this head is our newest, where it is not `run`: GitHub is asked
    /// then. Gives whether it was another one.
    ///
    /// # Errors
    /// The database did not answer.
    pub async fn doubt_run(
        &self,
        repository: RepositoryId,
        head: &Oid,
        run: i64,
    ) -> Result<bool, StoreError> {
        sqlx::query(
            "UPDATE gate_runs SET run = 0 WHERE repository = $1 AND head = $2 AND run <> $3",
        )
        .bind(repository.0)
        .bind(head.as_str())
        .bind(run)
        .execute(&self.pool)
        .await
        .map(|done| done.rows_affected() > 0)
        .map_err(failed("doubt a published check"))
    }

    /// When a head was first seen; `None` where it never was.
    ///
    /// # Errors
    /// The database did not answer.
    pub async fn head_since(&self, key: GateKey<'_>) -> Result<Option<Timestamp>, StoreError> {
        sqlx::query("SELECT since FROM gate_runs WHERE repository = $1 AND head = $2 AND base = $3")
            .bind(key.repository.0)
            .bind(key.head.as_str())
            .bind(key.base)
            .fetch_optional(&self.pool)
            .await
            .and_then(|row| row.map(|row| row.try_get(0).map(Timestamp)).transpose())
            .map_err(failed("read since when a head is known"))
    }

    /// Takes the head for one evaluation, for two minutes. Gives the number of the evaluation and
    /// when the head was first seen, or `None` while another worker has it.
    ///
    /// # Errors
    /// The database did not answer.
    pub async fn lease_head(
        &self,
        key: GateKey<'_>,
        number: Number,
        now: Timestamp,
    ) -> Result<Option<(i64, Timestamp)>, StoreError> {
        sqlx::query(
            "INSERT INTO gate_runs (repository, head, base, number, eval_seq, since, leased_until, run,
                 conclusion, decision, policy, said, published_at)
             VALUES ($1, $2, $3, $4, 1, $5, $6, 0, '', '', '', '', 0)
             ON CONFLICT (repository, head, base) DO UPDATE SET
                 eval_seq = gate_runs.eval_seq + 1, leased_until = excluded.leased_until
             WHERE gate_runs.leased_until <= $5
             RETURNING eval_seq, since",
        )
        .bind(key.repository.0)
        .bind(key.head.as_str())
        .bind(key.base)
        .bind(number.0)
        .bind(now.0)
        .bind(now.plus_ms(LEASE_MS).0)
        .fetch_optional(&self.pool)
        .await
        .and_then(|row| row.map(|row| Ok((row.try_get(0)?, Timestamp(row.try_get(1)?)))).transpose())
        .map_err(failed("lease a head"))
    }

    /// Whether a lease of a head is still held at `now`: what was judged under another is not to be
    /// published any more.
    ///
    /// # Errors
    /// The database did not answer.
    pub async fn holds_head(
        &self,
        key: GateKey<'_>,
        eval_seq: i64,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        sqlx::query(
            "SELECT 1 FROM gate_runs WHERE repository = $1 AND head = $2 AND base = $3
                 AND eval_seq = $4 AND leased_until > $5",
        )
        .bind(key.repository.0)
        .bind(key.head.as_str())
        .bind(key.base)
        .bind(eval_seq)
        .bind(now.0)
        .fetch_optional(&self.pool)
        .await
        .map(|row| row.is_some())
        .map_err(failed("look at the lease of a head"))
    }

    /// Ends the lease of a head.
    ///
    /// # Errors
    /// The database did not answer; the lease runs out.
    pub async fn release_head(&self, key: GateKey<'_>, eval_seq: i64) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE gate_runs SET leased_until = 0 WHERE repository = $1 AND head = $2
                 AND base = $3 AND eval_seq = $4",
        )
        .bind(key.repository.0)
        .bind(key.head.as_str())
        .bind(key.base)
        .bind(eval_seq)
        .execute(&self.pool)
        .await
        .map(drop)
        .map_err(failed("release a head"))
    }

    /// Notes what was published under the lease of its number. Gives whether that was still the
    /// newest.
    ///
    /// # Errors
    /// The database did not answer.
    pub async fn note_run(&self, key: GateKey<'_>, run: &PublishedRun) -> Result<bool, StoreError> {
        sqlx::query(
            "UPDATE gate_runs SET number = $5, run = $6, conclusion = $7,
                 decision = $8, policy = $9, said = $10, published_at = $11
             WHERE repository = $1 AND head = $2 AND base = $3 AND eval_seq = $4",
        )
        .bind(key.repository.0)
        .bind(key.head.as_str())
        .bind(key.base)
        .bind(run.eval_seq)
        .bind(run.number.0)
        .bind(run.run.unwrap_or(0))
        .bind(run.conclusion.as_str())
        .bind(run.decision.as_str())
        .bind(run.policy.as_str())
        .bind(run.said.as_str())
        .bind(run.at.0)
        .execute(&self.pool)
        .await
        .map(|done| done.rows_affected() == 1)
        .map_err(failed("note a published check"))
    }
}

fn published(row: &AnyRow) -> Result<PublishedRun, sqlx::Error> {
    let run: i64 = row.try_get(2)?;
    Ok(PublishedRun {
        number: Number(row.try_get(0)?),
        eval_seq: row.try_get(1)?,
        run: (run != 0).then_some(run),
        conclusion: row.try_get(3)?,
        decision: row.try_get(4)?,
        policy: row.try_get(5)?,
        said: row.try_get(6)?,
        at: Timestamp(row.try_get(7)?),
    })
}
