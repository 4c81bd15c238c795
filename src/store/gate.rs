//! Pull requests that the gate judges, each in its turn. A mark only says that one is to be judged;
//! marks that come meanwhile are kept.

use sqlx::Row as _;
use sqlx::any::AnyRow;

use super::{GateKey, Store, StoreError, count, failed};
use crate::domain::ids::{Number, Oid, RepositoryId};
use crate::domain::time::Timestamp;

/// Longest time that one judgement may take, in milliseconds.
const LEASE_MS: i64 = 120_000;
/// Pull requests of one head that are looked at: one that is stricter than the others suffices.
const SHARING_MAX: i64 = 100;

/// A pull request whose turn it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DuePull {
    /// The repository of its base.
    pub repository: RepositoryId,
    /// Its number.
    pub number: Number,
    /// How often it was tried since it was judged last, this time included.
    pub tries: i64,
    /// Since when it cannot be judged; `None` where it can.
    pub unread_since: Option<Timestamp>,
    /// Its head when it was judged last; `None` where it never was.
    pub head: Option<Oid>,
    /// The branch that it was judged for last.
    pub base: String,
    /// GitHub's word for its own verdict then; empty before the first.
    pub conclusion: String,
    marks: i64,
    lease: i64,
}

/// The verdict of one pull request, for those that share its head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JudgedPull {
    /// Its number.
    pub number: Number,
    /// The head that was judged.
    pub head: Oid,
    /// The branch that it was judged for.
    pub base: String,
    /// GitHub's word for the status or conclusion.
    pub conclusion: String,
    /// What decided it.
    pub decision: String,
    /// In one line.
    pub title: String,
}

/// Those for which our newest run lets them be merged come before the others.
pub(super) const OPEN_FIRST: &str = "CASE WHEN EXISTS (
    SELECT 1 FROM gate_runs WHERE gate_runs.repository = gate_pulls.repository
        AND gate_runs.number = gate_pulls.number
        AND gate_runs.conclusion = 'success') THEN 0 ELSE 1 END";

impl Store {
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
                 ORDER BY {OPEN_FIRST},
                     gate_pulls.due_at, gate_pulls.number
                 LIMIT 1{})
             RETURNING repository, number, tries, marks, leases, unread_since, head, base, conclusion",
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

    /// Leases this pull request at `now`, whether it is due or not; `None` while another worker has it.
    ///
    /// # Errors
    /// The database did not answer.
    pub async fn lease_this_pull(
        &self,
        repository: RepositoryId,
        number: Number,
        now: Timestamp,
    ) -> Result<Option<DuePull>, StoreError> {
        sqlx::query(
            "UPDATE gate_pulls SET leased_until = $2, tries = tries + 1, leases = leases + 1
             WHERE repository = $3 AND number = $4 AND leased_until <= $1
             RETURNING repository, number, tries, marks, leases, unread_since, head, base, conclusion",
        )
        .bind(now.0)
        .bind(now.plus_ms(LEASE_MS).0)
        .bind(repository.0)
        .bind(number.0)
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
    pub async fn settle_pull(
        &self,
        pull: &DuePull,
        judged: &JudgedPull,
        next: Timestamp,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE gate_pulls SET leased_until = 0, unread_since = 0, head = $6, base = $7,
                 conclusion = $8, decision = $9, title = $10,
                 tries = CASE WHEN marks = $4 THEN 0 ELSE tries END,
                 due_at = CASE WHEN marks = $4 THEN $5 ELSE due_at END
             WHERE repository = $1 AND number = $2 AND leases = $3",
        )
        .bind(pull.repository.0)
        .bind(pull.number.0)
        .bind(pull.lease)
        .bind(pull.marks)
        .bind(next.0)
        .bind(judged.head.as_str())
        .bind(judged.base.as_str())
        .bind(judged.conclusion.as_str())
        .bind(judged.decision.as_str())
        .bind(judged.title.as_str())
        .execute(&self.pool)
        .await
        .map(drop)
        .map_err(failed("settle a pull request"))
    }

    /// Says that a leased pull request was not judged, and when it is tried again; `unread`, where
    /// it could not be read, is when that was found.
    ///
    /// # Errors
    /// The database did not answer; the lease runs out and it is judged again.
    pub async fn delay_pull(
        &self,
        pull: &DuePull,
        unread: Option<Timestamp>,
        until: Timestamp,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE gate_pulls SET leased_until = 0, due_at = $4,
                 unread_since = CASE WHEN unread_since = 0 THEN $5 ELSE unread_since END
             WHERE repository = $1 AND number = $2 AND leases = $3",
        )
        .bind(pull.repository.0)
        .bind(pull.number.0)
        .bind(pull.lease)
        .bind(until.0)
        .bind(unread.map_or(0, |at| at.0))
        .execute(&self.pool)
        .await
        .map(drop)
        .map_err(failed("delay a pull request"))
    }

    /// How many pull requests wait to be judged at `now`.
    ///
    /// # Errors
    /// The database did not answer.
    pub async fn count_due_pulls(&self, now: Timestamp) -> Result<u64, StoreError> {
        sqlx::query("SELECT count(*) FROM gate_pulls WHERE due_at <= $1")
            .bind(now.0)
            .fetch_one(&self.pool)
            .await
            .and_then(|row| count(&row))
            .map_err(failed("count pull requests to judge"))
    }

    /// The branches that open pull requests go to, at most a hundred.
    ///
    /// # Errors
    /// The database did not answer.
    pub async fn judged_bases(&self, repository: RepositoryId) -> Result<Vec<String>, StoreError> {
        let rows = sqlx::query(
            "SELECT DISTINCT base FROM gate_pulls WHERE repository = $1 AND base <> ''
             ORDER BY base LIMIT 100",
        )
        .bind(repository.0)
        .fetch_all(&self.pool)
        .await
        .map_err(failed("list the bases of a repository"))?;
        let bases: Result<_, _> = rows.iter().map(|row| row.try_get(0)).collect();
        bases.map_err(failed("list the bases of a repository"))
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

    /// The verdicts of the other pull requests of this head into this base.
    ///
    /// # Errors
    /// The database did not answer, or a row is not readable.
    pub async fn sharing(
        &self,
        key: GateKey<'_>,
        number: Number,
    ) -> Result<Vec<JudgedPull>, StoreError> {
        let rows = sqlx::query(
            "SELECT number, conclusion, decision, title FROM gate_pulls
             WHERE repository = $1 AND head = $2 AND base = $3 AND number <> $4
             ORDER BY number LIMIT $5",
        )
        .bind(key.repository.0)
        .bind(key.head.as_str())
        .bind(key.base)
        .bind(number.0)
        .bind(SHARING_MAX)
        .fetch_all(&self.pool)
        .await
        .map_err(failed("list the pull requests of a head"))?;
        let judged = |row: &AnyRow| -> Result<JudgedPull, sqlx::Error> {
            Ok(JudgedPull {
                number: Number(row.try_get(0)?),
                head: key.head.clone(),
                base: key.base.to_owned(),
                conclusion: row.try_get(1)?,
                decision: row.try_get(2)?,
                title: row.try_get(3)?,
            })
        };
        let judged: Result<_, _> = rows.iter().map(judged).collect();
        judged.map_err(failed("list the pull requests of a head"))
    }
}

fn due(row: &AnyRow) -> Result<DuePull, sqlx::Error> {
    let (unread, head): (i64, String) = (row.try_get(5)?, row.try_get(6)?);
    Ok(DuePull {
        repository: RepositoryId(row.try_get(0)?),
        number: Number(row.try_get(1)?),
        tries: row.try_get(2)?,
        marks: row.try_get(3)?,
        lease: row.try_get(4)?,
        unread_since: (unread != 0).then_some(Timestamp(unread)),
        head: head.parse().ok(),
        base: row.try_get(7)?,
        conclusion: row.try_get(8)?,
    })
}
