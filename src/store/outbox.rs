//! Effects that are decided and not yet done, and the keys of those that are.
//!
//! A worker leases the most urgent due effect; what it did not settle before the lease ran
//! out is leased to the next one, so each effect has to bear being tried twice.

use sqlx::AnyConnection;
use sqlx::Row as _;
use sqlx::any::AnyRow;

use super::{Store, StoreError, count, failed, unreadable};
use crate::domain::effect::Effect;
use crate::domain::ids::{InstallationId, RepositoryId, TaskId};
use crate::domain::time::Timestamp;

/// An effect that was leased to be performed.
#[derive(Clone, Debug)]
pub struct DueEffect {
    /// Its key.
    pub key: String,
    /// The task that asked for it, where one did.
    pub task: Option<TaskId>,
    /// By which installation.
    pub installation: InstallationId,
    /// Where.
    pub repository: RepositoryId,
    /// What is to be done.
    pub effect: Effect,
    /// Which revision of a desired state.
    pub revision: i64,
    /// How often it was tried, this time included: from the second on, look before you create.
    pub tries: i64,
    /// When it was decided: nothing of it is older.
    pub decided_at: Timestamp,
    /// Which lease this is: only its holder may renew or settle it.
    pub(super) lease: i64,
}

/// How the performing of an effect ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EffectEnd {
    /// It is done.
    Sent,
    /// It was not tried at all: its turn comes at that time, and the try does not count.
    NotYet(Timestamp),
    /// It is tried again at that time.
    Later(Timestamp, String),
    /// It cannot be done; a person has to look.
    Parked(String),
}

/// An effect that cannot be done.
#[derive(Clone, Debug)]
pub struct ParkedEffect {
    /// Its key.
    pub key: String,
    /// Why not.
    pub error: String,
}

/// How many effects there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct OutboxCounts {
    /// Those that wait.
    pub waiting: u64,
    /// Those that cannot be done.
    pub parked: u64,
}

/// Longest time that one effect may take before another worker tries it, in milliseconds.
const LEASE_MS: i64 = 120_000;

impl Store {
    /// Leases the most urgent effect that is due at `now`, of an installation that may act.
    /// A row that cannot be read is parked: nobody could do it, and it must not hold up the
    /// others (K22). Status and progress of a task are the same comment, so that the older of two
    /// texts must not arrive last: one of them is leased at a time.
    ///
    /// # Errors
    /// The database did not answer.
    pub async fn lease_effect(&self, now: Timestamp) -> Result<Option<DueEffect>, StoreError> {
        while let Some(row) = self.lease_row(now).await? {
            match read(&row) {
                Err(error @ StoreError::Row { .. }) => self.park_unreadable(&row, &error).await?,
                read => return read.map(Some),
            }
        }
        Ok(None)
    }

    async fn park_unreadable(&self, row: &AnyRow, error: &StoreError) -> Result<(), StoreError> {
        let operation = "park an effect";
        let key: String = row.try_get("key").map_err(failed(operation))?;
        let source = std::error::Error::source(error).map(ToString::to_string);
        let said = format!("{error}: {}", source.unwrap_or_default());
        tracing::error!(effect.key = key, error = said, "an effect is parked");
        sqlx::query("UPDATE outbox SET state = 'parked', last_error = $1 WHERE key = $2")
            .bind(said)
            .bind(key)
            .execute(&self.pool)
            .await
            .map(drop)
            .map_err(failed(operation))
    }

    async fn lease_row(&self, now: Timestamp) -> Result<Option<AnyRow>, StoreError> {
        let text = format!(
            "UPDATE outbox SET leased_until = $2, tries = tries + 1, leases = leases + 1 WHERE key = (
                 SELECT key FROM outbox WHERE state = 'waiting' AND not_before <= $1
                     AND leased_until <= $1 AND EXISTS (
                         SELECT 1 FROM installations WHERE id = outbox.installation_id
                             AND suspended = 0 AND paused_until <= $1)
                     AND NOT EXISTS (
                         SELECT 1 FROM outbox AS other WHERE other.key = CASE outbox.key
                                 WHEN 'status:' || outbox.task_id THEN 'progress:' || outbox.task_id
                                 WHEN 'progress:' || outbox.task_id THEN 'status:' || outbox.task_id
                                 END
                             AND other.leased_until > $1)
                 ORDER BY priority, decided_at, key LIMIT 1{})
             RETURNING key, task_id, installation_id, repository_id, effect, revision, tries,
                 leases, decided_at",
            self.dialect.skip_locked()
        );
        sqlx::query(sqlx::AssertSqlSafe(text))
            .bind(now.0)
            .bind(now.plus_ms(LEASE_MS).0)
            .fetch_optional(&self.pool)
            .await
            .map_err(failed("lease an effect"))
    }

    /// Whether the status comment of a task is to be written anew.
    ///
    /// # Errors
    /// The database did not answer.
    pub async fn is_status_wanted(&self, task: &TaskId) -> Result<bool, StoreError> {
        sqlx::query("SELECT 1 FROM outbox WHERE key = $1 AND state = 'waiting'")
            .bind(Effect::Status.key(Some(task)))
            .fetch_optional(&self.pool)
            .await
            .map(|row| row.is_some())
            .map_err(failed("look for a status to be written"))
    }

    /// Holds on to a leased effect whose performing takes its time. Gives whether it is still ours.
    ///
    /// # Errors
    /// The database did not answer.
    pub async fn renew_effect(&self, due: &DueEffect, now: Timestamp) -> Result<bool, StoreError> {
        sqlx::query("UPDATE outbox SET leased_until = $1 WHERE key = $2 AND leases = $3")
            .bind(now.plus_ms(LEASE_MS).0)
            .bind(due.key.as_str())
            .bind(due.lease)
            .execute(&self.pool)
            .await
            .map(|done| done.rows_affected() == 1)
            .map_err(failed("renew a lease"))
    }

    /// Says how the performing of a leased effect ended. A desired state that was replaced
    /// meanwhile stays waiting; what another worker leased meanwhile is theirs to settle.
    ///
    /// # Errors
    /// The database did not answer; the lease runs out and it is tried again.
    pub async fn settle_effect(&self, due: &DueEffect, end: &EffectEnd) -> Result<(), StoreError> {
        let mut connection = self
            .pool
            .acquire()
            .await
            .map_err(failed("settle an effect"))?;
        settle(&mut connection, due, end).await
    }

    /// Adds effects that no task asks for, such as a refusal.
    ///
    /// # Errors
    /// The database did not answer.
    pub async fn add_effect(
        &self,
        effect: &Effect,
        key: &str,
        installation: InstallationId,
        repository: RepositoryId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut connection = self.pool.acquire().await.map_err(failed("add an effect"))?;
        let row = NewEffect {
            key,
            task: None,
            installation,
            repository,
            effect,
        };
        put(&mut connection, row, now).await
    }

    /// Drops what waits or is parked for a repository that was taken away (H16). Gives how many there were.
    ///
    /// # Errors
    /// The database did not answer.
    pub async fn drop_effects_of(&self, repository: RepositoryId) -> Result<u64, StoreError> {
        sqlx::query("DELETE FROM outbox WHERE repository_id = $1 AND state <> 'sent'")
            .bind(repository.0)
            .execute(&self.pool)
            .await
            .map(|done| done.rows_affected())
            .map_err(failed("drop effects"))
    }

    /// Drops what waits or is parked for an installation that is gone (H16). Gives how many there were.
    ///
    /// # Errors
    /// The database did not answer.
    pub async fn drop_effects(&self, installation: InstallationId) -> Result<u64, StoreError> {
        sqlx::query("DELETE FROM outbox WHERE installation_id = $1 AND state <> 'sent'")
            .bind(installation.0)
            .execute(&self.pool)
            .await
            .map(|done| done.rows_affected())
            .map_err(failed("drop effects"))
    }

    /// How many effects wait or are parked.
    ///
    /// # Errors
    /// The database did not answer.
    pub async fn count_effects(&self) -> Result<OutboxCounts, StoreError> {
        let rows =
            sqlx::query("SELECT count(*), state FROM outbox WHERE state <> 'sent' GROUP BY state")
                .fetch_all(&self.pool)
                .await
                .map_err(failed("count effects"))?;
        let mut counts = OutboxCounts::default();
        for row in &rows {
            let number = count(row).map_err(failed("count effects"))?;
            let state: String = row.try_get(1).map_err(failed("count effects"))?;
            match state.as_str() {
                "waiting" => counts.waiting = number,
                _ => counts.parked = number,
            }
        }
        Ok(counts)
    }

    /// The parked effects of a task.
    ///
    /// # Errors
    /// The database did not answer.
    pub async fn parked_effects(&self, task: &TaskId) -> Result<Vec<ParkedEffect>, StoreError> {
        sqlx::query(
            "SELECT key, last_error FROM outbox WHERE task_id = $1 AND state = 'parked' ORDER BY key",
        )
        .bind(task.as_str())
        .fetch_all(&self.pool)
        .await
        .and_then(|rows| {
            rows.iter()
                .map(|row| {
                    Ok(ParkedEffect {
                        key: row.try_get(0)?,
                        error: row.try_get(1)?,
                    })
                })
                .collect()
        })
        .map_err(failed("list parked effects"))
    }

    /// Makes parked effects waiting again: all, or the one of this key. Gives their number.
    ///
    /// # Errors
    /// The database did not answer.
    pub async fn replay_effects(&self, key: Option<&str>) -> Result<u64, StoreError> {
        sqlx::query(
            "UPDATE outbox SET state = 'waiting', tries = 1, not_before = 0, leased_until = 0
             WHERE state = 'parked' AND ($1 IS NULL OR key = $1)",
        )
        .bind(key)
        .execute(&self.pool)
        .await
        .map(|done| done.rows_affected())
        .map_err(failed("replay effects"))
    }
}

/// A row to be added.
pub(super) struct NewEffect<'a> {
    pub(super) key: &'a str,
    pub(super) task: Option<&'a TaskId>,
    pub(super) installation: InstallationId,
    pub(super) repository: RepositoryId,
    pub(super) effect: &'a Effect,
}

/// Adds an effect, within a recording: a desired state replaces what is there, a one-shot
/// effect whose key is known is the same effect.
pub(super) async fn put(
    connection: &mut AnyConnection,
    row: NewEffect<'_>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let conflict = if *row.effect == Effect::Progress {
        // Its turn does not come sooner, however many signs of life there are.
        "DO UPDATE SET state = 'waiting',
             not_before = CASE WHEN outbox.state = 'waiting' THEN outbox.not_before ELSE 0 END,
             tries = CASE WHEN outbox.state = 'sent' THEN 0 ELSE outbox.tries END,
             revision = CASE WHEN outbox.leased_until = 0 THEN outbox.revision ELSE outbox.revision + 1 END,
             decided_at = excluded.decided_at"
    } else if row.effect.is_desired_state() {
        // What was being tried may have worked: the next try looks first (K16).
        "DO UPDATE SET effect = excluded.effect, state = 'waiting', not_before = 0,
             tries = CASE WHEN outbox.state = 'sent' THEN 0 ELSE outbox.tries END,
             revision = outbox.revision + 1, decided_at = excluded.decided_at"
    } else {
        "DO NOTHING"
    };
    let text = format!(
        "INSERT INTO outbox (key, task_id, installation_id, repository_id, priority, effect, state,
             revision, not_before, leased_until, tries, last_error, decided_at)
         VALUES ($1, $2, $3, $4, $5, $6, 'waiting', 1, 0, 0, 0, '', $7) ON CONFLICT (key) {conflict}"
    );
    let effect = serde_json::to_string(row.effect).map_err(unreadable("an effect"))?;
    sqlx::query(sqlx::AssertSqlSafe(text))
        .bind(row.key)
        .bind(row.task.map(TaskId::as_str))
        .bind(row.installation.0)
        .bind(row.repository.0)
        .bind(row.effect.priority() as i64)
        .bind(effect)
        .bind(now.0)
        .execute(connection)
        .await
        .map(drop)
        .map_err(failed("add an effect"))
}

/// Drops the wish to show how a task goes that is not under way any more, within a recording.
pub(super) async fn drop_progress(
    connection: &mut AnyConnection,
    task: &TaskId,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE outbox SET state = 'sent' WHERE key = $1 AND state <> 'sent'")
        .bind(Effect::Progress.key(Some(task)))
        .execute(connection)
        .await
        .map(drop)
        .map_err(failed("drop a progress"))
}

/// Settles a leased effect, within a recording or alone.
pub(super) async fn settle(
    connection: &mut AnyConnection,
    due: &DueEffect,
    end: &EffectEnd,
) -> Result<(), StoreError> {
    let (state, not_before, error) = match end {
        EffectEnd::Sent => ("sent", 0, ""),
        EffectEnd::NotYet(at) => ("waiting", at.0, "waits for its turn"),
        EffectEnd::Later(at, error) => ("waiting", at.0, error.as_str()),
        EffectEnd::Parked(error) => ("parked", 0, error.as_str()),
    };
    sqlx::query(
        "UPDATE outbox SET state = CASE WHEN revision = $1 THEN $2 ELSE 'waiting' END,
             not_before = CASE WHEN revision = $1 THEN $3 ELSE 0 END,
             tries = CASE WHEN $6 = 1 THEN tries - 1 ELSE tries END,
             leased_until = 0, last_error = $4 WHERE key = $5 AND leases = $7",
    )
    .bind(due.revision)
    .bind(state)
    .bind(not_before)
    .bind(error)
    .bind(due.key.as_str())
    .bind(i64::from(matches!(end, EffectEnd::NotYet(_))))
    .bind(due.lease)
    .execute(connection)
    .await
    .map(drop)
    .map_err(failed("settle an effect"))
}

fn read(row: &AnyRow) -> Result<DueEffect, StoreError> {
    let operation = "read an effect";
    let effect: String = row.try_get("effect").map_err(failed(operation))?;
    let task: Option<String> = row.try_get("task_id").map_err(failed(operation))?;
    Ok(DueEffect {
        key: row.try_get("key").map_err(failed(operation))?,
        task: task.and_then(|id| id.parse().ok()),
        installation: InstallationId(row.try_get("installation_id").map_err(failed(operation))?),
        repository: RepositoryId(row.try_get("repository_id").map_err(failed(operation))?),
        effect: serde_json::from_str(&effect).map_err(unreadable("an effect"))?,
        revision: row.try_get("revision").map_err(failed(operation))?,
        tries: row.try_get("tries").map_err(failed(operation))?,
        decided_at: Timestamp(row.try_get("decided_at").map_err(failed(operation))?),
        lease: row.try_get("leases").map_err(failed(operation))?,
    })
}
