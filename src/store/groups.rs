//! Groups of merge queues that the gate judges, each in its turn, until they are gone.

use sqlx::Row as _;
use sqlx::any::AnyRow;

use super::{Store, StoreError, failed};
use crate::domain::ids::{Number, Oid, RepositoryId};
use crate::domain::notice::BuiltGroup;
use crate::domain::time::Timestamp;

/// Longest time that one judgement may take, in milliseconds.
const LEASE_MS: i64 = 120_000;

/// A group whose turn it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueGroup {
    /// The repository.
    pub repository: RepositoryId,
    /// What was built.
    pub group: BuiltGroup,
    /// When it was heard of.
    pub since: Timestamp,
    marks: i64,
    lease: i64,
}

impl Store {
    /// Has a group judged at `at`, which may be known already.
    ///
    /// # Errors
    /// The database did not answer.
    pub async fn put_group(
        &self,
        repository: RepositoryId,
        group: &BuiltGroup,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO gate_groups (repository, head, base, built_on, number, since, due_at, marks,
                 tries, leases, leased_until)
             VALUES ($1, $2, $3, $4, $5, $6, $6, 1, 0, 0, 0) ON CONFLICT DO NOTHING",
        )
        .bind(repository.0)
        .bind(group.head.as_str())
        .bind(group.base.as_str())
        .bind(group.built_on.as_str())
        .bind(group.number.0)
        .bind(at.0)
        .execute(&self.pool)
        .await
        .map(drop)
        .map_err(failed("keep a group"))
    }

    /// The group of this head; `None` where none is known.
    ///
    /// # Errors
    /// The database did not answer, or the row is not readable.
    pub async fn group(
        &self,
        repository: RepositoryId,
        head: &Oid,
    ) -> Result<Option<BuiltGroup>, StoreError> {
        sqlx::query(
            "SELECT repository, head, base, built_on, number, since, marks, leases FROM gate_groups
             WHERE repository = $1 AND head = $2",
        )
        .bind(repository.0)
        .bind(head.as_str())
        .fetch_optional(&self.pool)
        .await
        .and_then(|row| row.map(|row| due(&row)).transpose())
        .map(|due| due.map(|due| due.group))
        .map_err(failed("read a group"))
    }

    /// Has every group of a base judged at `at`: a member may be what it was no more. Gives how many
    /// there are.
    ///
    /// # Errors
    /// The database did not answer.
    pub async fn mark_groups(
        &self,
        repository: RepositoryId,
        base: &str,
        at: Timestamp,
    ) -> Result<u64, StoreError> {
        self.mark_groups_where("base", repository, base, at).await
    }

    /// Has the group of a head judged at `at`, where there is one. Gives how many there are.
    ///
    /// # Errors
    /// The database did not answer.
    pub async fn mark_group(
        &self,
        repository: RepositoryId,
        head: &Oid,
        at: Timestamp,
    ) -> Result<u64, StoreError> {
        self.mark_groups_where("head", repository, head.as_str(), at)
            .await
    }

    async fn mark_groups_where(
        &self,
        column: &'static str,
        repository: RepositoryId,
        value: &str,
        at: Timestamp,
    ) -> Result<u64, StoreError> {
        let text = format!(
            "UPDATE gate_groups SET marks = marks + 1,
                 due_at = CASE WHEN due_at < $3 THEN due_at ELSE $3 END
             WHERE repository = $1 AND {column} = $2"
        );
        sqlx::query(sqlx::AssertSqlSafe(text))
            .bind(repository.0)
            .bind(value)
            .bind(at.0)
            .execute(&self.pool)
            .await
            .map(|done| done.rows_affected())
            .map_err(failed("mark groups"))
    }

    /// Leases the group that has waited longest at `now`, of an installation that may act.
    ///
    /// # Errors
    /// The database did not answer, or the row is not readable.
    pub async fn lease_group(&self, now: Timestamp) -> Result<Option<DueGroup>, StoreError> {
        let text = format!(
            "UPDATE gate_groups SET leased_until = $2, tries = tries + 1, leases = leases + 1
             WHERE (repository, head) IN (
                 SELECT gate_groups.repository, gate_groups.head FROM gate_groups
                     JOIN repositories ON repositories.id = gate_groups.repository
                     JOIN installations ON installations.id = repositories.installation_id
                 WHERE gate_groups.due_at <= $1 AND gate_groups.leased_until <= $1
                     AND repositories.enrolled = 1
                     AND installations.suspended = 0 AND installations.paused_until <= $1
                 ORDER BY gate_groups.due_at, gate_groups.head LIMIT 1{})
             RETURNING repository, head, base, built_on, number, since, marks, leases",
            self.dialect.skip_locked_groups(),
        );
        sqlx::query(sqlx::AssertSqlSafe(text))
            .bind(now.0)
            .bind(now.plus_ms(LEASE_MS).0)
            .fetch_optional(&self.pool)
            .await
            .and_then(|row| row.map(|row| due(&row)).transpose())
            .map_err(failed("lease a group"))
    }

    /// Says when a leased group is judged again. What was marked meanwhile stays due.
    ///
    /// # Errors
    /// The database did not answer; the lease runs out and it is judged again.
    pub async fn settle_group(&self, due: &DueGroup, next: Timestamp) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE gate_groups SET leased_until = 0,
                 due_at = CASE WHEN marks = $4 THEN $5 ELSE due_at END
             WHERE repository = $1 AND head = $2 AND leases = $3",
        )
        .bind(due.repository.0)
        .bind(due.group.head.as_str())
        .bind(due.lease)
        .bind(due.marks)
        .bind(next.0)
        .execute(&self.pool)
        .await
        .map(drop)
        .map_err(failed("settle a group"))
    }

    /// Forgets a group that is gone.
    ///
    /// # Errors
    /// The database did not answer.
    pub async fn forget_group(
        &self,
        repository: RepositoryId,
        head: &Oid,
    ) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM gate_groups WHERE repository = $1 AND head = $2")
            .bind(repository.0)
            .bind(head.as_str())
            .execute(&self.pool)
            .await
            .map(drop)
            .map_err(failed("forget a group"))
    }
}

fn due(row: &AnyRow) -> Result<DueGroup, sqlx::Error> {
    let oid = |at: usize| -> Result<Oid, sqlx::Error> {
        let text: String = row.try_get(at)?;
        text.parse()
            .map_err(|_| sqlx::Error::Decode("no name of a commit".into()))
    };
    Ok(DueGroup {
        repository: RepositoryId(row.try_get(0)?),
        group: BuiltGroup {
            head: oid(1)?,
            base: row.try_get(2)?,
            built_on: oid(3)?,
            number: Number(row.try_get(4)?),
        },
        since: Timestamp(row.try_get(5)?),
        marks: row.try_get(6)?,
        lease: row.try_get(7)?,
    })
}
