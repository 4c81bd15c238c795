//! Pull requests that the gate judges, and what it published last for each head.
//!
//! A mark only says that a pull request is to be judged; marks that come meanwhile are kept. For
//! one head and base one worker publishes at a time, under a number that only grows.

use sqlx::Row as _;
use sqlx::any::AnyRow;

use super::{Store, StoreError, failed};
use crate::domain::ids::{Number, Oid, RepositoryId};
use crate::domain::time::Timestamp;

/// Longest time that one judgement or one publication may take, in milliseconds.
const LEASE_MS: i64 = 120_000;

/// A pull request whose turn it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DuePull {
    /// The repository of its base.
    pub repository: RepositoryId,
    /// Its number.
    pub number: Number,
    /// How often it was tried since it was judged last, this time included.
    pub tries: i64,
    marks: i64,
    lease: i64,
}

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
        sqlx::query(
            "INSERT INTO gate_pulls (repository, number, due_at, marks, tries, leases, leased_until)
             VALUES ($1, $2, $3, 1, 0, 0, 0)
             ON CONFLICT (repository, number) DO UPDATE SET marks = gate_pulls.marks + 1,
                 due_at = CASE WHEN gate_pulls.due_at < excluded.due_at THEN gate_pulls.due_at
                     ELSE excluded.due_at END",
        )
        .bind(repository.0)
        .bind(number.0)
        .bind(at.0)
        .execute(&self.pool)
        .await
        .map(drop)
        .map_err(failed("mark a pull request"))
    }

    /// Has every pull request of a repository that is known judged at `at`: its policy, its rules
    /// or its people may have changed. Gives how many there are.
    ///
    /// # Errors
    /// The database did not answer.
    pub async fn mark_pulls(
        &self,
        repository: RepositoryId,
        at: Timestamp,
    ) -> Result<u64, StoreError> {
        sqlx::query(
            "UPDATE gate_pulls SET marks = marks + 1,
                 due_at = CASE WHEN due_at < $2 THEN due_at ELSE $2 END WHERE repository = $1",
        )
        .bind(repository.0)
        .bind(at.0)
        .execute(&self.pool)
        .await
        .map(|done| done.rows_affected())
        .map_err(failed("mark pull requests"))
    }

    /// Leases the pull request that has waited longest at `now`, of an installation that may act.
    /// What is open to be merged goes first: it must not stay so for longer than it may.
    ///
    /// # Errors
    /// The database did not answer.
    pub async fn lease_pull(&self, now: Timestamp) -> Result<Option<DuePull>, StoreError> {
        let text = format!(
            "UPDATE gate_pulls SET leased_until = $2, tries = tries + 1, leases = leases + 1
             WHERE (repository, number) IN (
                 SELECT gate_pulls.repository, gate_pulls.number FROM gate_pulls
                     JOIN repositories ON repositories.id = gate_pulls.repository
                     JOIN installations ON installations.id = repositories.installation_id
                 WHERE gate_pulls.due_at <= $1 AND gate_pulls.leased_until <= $1
                     AND repositories.enrolled = 1
                     AND installations.suspended = 0 AND installations.paused_until <= $1
                 ORDER BY CASE WHEN EXISTS (
                         SELECT 1 FROM gate_runs WHERE gate_runs.repository = gate_pulls.repository
                             AND gate_runs.number = gate_pulls.number
                             AND gate_runs.conclusion = 'success') THEN 0 ELSE 1 END,
                     gate_pulls.due_at, gate_pulls.number
                 LIMIT 1{})
             RETURNING repository, number, tries, marks, leases",
            self.dialect.skip_locked_pulls(),
        );
        sqlx::query(sqlx::AssertSqlSafe(text))
            .bind(now.0)
            .bind(now.plus_ms(LEASE_MS).0)
            .fetch_optional(&self.pool)
            .await
            .and_then(|row| row.map(|row| due(&row)).transpose())
            .map_err(failed("lease a pull request"))
    }

    /// Says that a leased pull request was judged, and when that is due again. What was marked
    /// meanwhile stays due; what another worker leased meanwhile is theirs to settle.
    ///
    /// # Errors
    /// The database did not answer; the lease runs out and it is judged again.
    pub async fn settle_pull(&self, pull: &DuePull, next: Timestamp) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE gate_pulls SET leased_until = 0,
                 tries = CASE WHEN marks = $4 THEN 0 ELSE tries END,
                 due_at = CASE WHEN marks = $4 THEN $5 ELSE due_at END
             WHERE repository = $1 AND number = $2 AND leases = $3",
        )
        .bind(pull.repository.0)
        .bind(pull.number.0)
        .bind(pull.lease)
        .bind(pull.marks)
        .bind(next.0)
        .execute(&self.pool)
        .await
        .map(drop)
        .map_err(failed("settle a pull request"))
    }

    /// Says that a leased pull request could not be judged, and when it is tried again.
    ///
    /// # Errors
    /// The database did not answer; the lease runs out and it is judged again.
    pub async fn delay_pull(&self, pull: &DuePull, until: Timestamp) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE gate_pulls SET leased_until = 0, due_at = $4
             WHERE repository = $1 AND number = $2 AND leases = $3",
        )
        .bind(pull.repository.0)
        .bind(pull.number.0)
        .bind(pull.lease)
        .bind(until.0)
        .execute(&self.pool)
        .await
        .map(drop)
        .map_err(failed("delay a pull request"))
    }

    /// Forgets a pull request that is not open any more.
    ///
    /// # Errors
    /// The database did not answer.
    pub async fn forget_pull(
        &self,
        repository: RepositoryId,
        number: Number,
    ) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM gate_pulls WHERE repository = $1 AND number = $2")
            .bind(repository.0)
            .bind(number.0)
            .execute(&self.pool)
            .await
            .map(drop)
            .map_err(failed("forget a pull request"))
    }

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

    /// Takes the head for one publication, for two minutes. Gives the number of the evaluation, or
    /// `None` while another worker has the head.
    ///
    /// # Errors
    /// The database did not answer.
    pub async fn lease_head(
        &self,
        key: GateKey<'_>,
        number: Number,
        now: Timestamp,
    ) -> Result<Option<i64>, StoreError> {
        sqlx::query(
            "INSERT INTO gate_runs (repository, head, base, number, eval_seq, leased_until, run,
                 conclusion, decision, policy, said, published_at)
             VALUES ($1, $2, $3, $4, 1, $6, 0, '', '', '', '', 0)
             ON CONFLICT (repository, head, base) DO UPDATE SET
                 eval_seq = gate_runs.eval_seq + 1, leased_until = excluded.leased_until
             WHERE gate_runs.leased_until <= $5
             RETURNING eval_seq",
        )
        .bind(key.repository.0)
        .bind(key.head.as_str())
        .bind(key.base)
        .bind(number.0)
        .bind(now.0)
        .bind(now.plus_ms(LEASE_MS).0)
        .fetch_optional(&self.pool)
        .await
        .and_then(|row| row.map(|row| row.try_get(0)).transpose())
        .map_err(failed("lease a head"))
    }

    /// Notes what was published under a lease, and ends it; with `None` nothing was. Gives whether
    /// the lease was still ours.
    ///
    /// # Errors
    /// The database did not answer.
    pub async fn release_head(
        &self,
        key: GateKey<'_>,
        eval_seq: i64,
        run: Option<&PublishedRun>,
    ) -> Result<bool, StoreError> {
        let Some(run) = run else {
            return sqlx::query(
                "UPDATE gate_runs SET leased_until = 0 WHERE repository = $1 AND head = $2
                     AND base = $3 AND eval_seq = $4",
            )
            .bind(key.repository.0)
            .bind(key.head.as_str())
            .bind(key.base)
            .bind(eval_seq)
            .execute(&self.pool)
            .await
            .map(|done| done.rows_affected() == 1)
            .map_err(failed("release a head"));
        };
        sqlx::query(
            "UPDATE gate_runs SET leased_until = 0, number = $5, run = $6, conclusion = $7,
                 decision = $8, policy = $9, said = $10, published_at = $11
             WHERE repository = $1 AND head = $2 AND base = $3 AND eval_seq = $4",
        )
        .bind(key.repository.0)
        .bind(key.head.as_str())
        .bind(key.base)
        .bind(eval_seq)
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

fn due(row: &AnyRow) -> Result<DuePull, sqlx::Error> {
    Ok(DuePull {
        repository: RepositoryId(row.try_get(0)?),
        number: Number(row.try_get(1)?),
        tries: row.try_get(2)?,
        marks: row.try_get(3)?,
        lease: row.try_get(4)?,
    })
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
