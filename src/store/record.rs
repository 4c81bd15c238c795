//! The one transaction that moves a task: the task itself, its history, its effects, its
//! pull request, what it returned, and what caused all that.

use sqlx::AnyConnection;
use sqlx::Connection as _;

use super::outbox::{self, DueEffect, EffectEnd, NewEffect};
use super::results::{self, Kept};
use super::{Store, StoreError, failed, failures, pulls, sessions, unreadable};
use crate::domain::effect::Effect;
use crate::domain::event::Event;
use crate::domain::task::Task;
use crate::domain::task::because::Because;
use crate::domain::task::stage::Stage;

/// A decision to be recorded.
#[derive(Clone, Copy, Debug)]
pub struct Recording<'a> {
    /// The version that was decided upon; `None` for a task that is opened.
    pub version: Option<i64>,
    /// The task afterwards.
    pub task: &'a Task,
    /// What happened.
    pub event: &'a Event,
    /// Why.
    pub because: Because,
    /// What is to be done.
    pub effects: &'a [Effect],
    /// What brought it about.
    pub cause: Cause<'a>,
}

/// What brought a decision about, settled in the same transaction.
#[derive(Clone, Copy, Debug)]
pub enum Cause<'a> {
    /// Nothing that is stored.
    None,
    /// An effect that was performed, or that cannot be.
    Effect(&'a DueEffect, &'a EffectEnd),
    /// A result that a runner returned.
    Result(Kept<'a>),
}

/// Whether a decision was recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recorded {
    /// It is committed.
    Done,
    /// The task moved meanwhile: decide again on what it is now.
    Moved,
    /// There is such a task, or a live one of that issue, already.
    Exists,
}

impl Store {
    /// Records a decision, all or nothing.
    ///
    /// # Errors
    /// The database did not answer; nothing was recorded.
    pub async fn record(&self, recording: Recording<'_>) -> Result<Recorded, StoreError> {
        let mut connection = self
            .pool
            .acquire()
            .await
            .map_err(failed("reach the database"))?;
        let mut transaction = connection
            .begin_with(self.dialect.begin())
            .await
            .map_err(failed("begin a recording"))?;
        let recorded = write(&mut transaction, recording).await?;
        if recorded == Recorded::Done {
            transaction
                .commit()
                .await
                .map_err(failed("commit a recording"))?;
        }
        Ok(recorded)
    }
}

async fn write(
    connection: &mut AnyConnection,
    recording: Recording<'_>,
) -> Result<Recorded, StoreError> {
    let written = match recording.version {
        None => insert(connection, recording.task).await?,
        Some(version) => update(connection, recording.task, version).await?,
    };
    if written != Recorded::Done {
        return Ok(written);
    }
    if is_worth_telling(recording.because) {
        tell(connection, recording).await?;
    }
    if let Some(pull) = &recording.task.pull {
        pulls::put(
            connection,
            recording.task.repository,
            &recording.task.id,
            pull,
        )
        .await?;
    }
    let now = recording.event.at;
    for effect in recording.effects {
        let key = effect.key(Some(&recording.task.id));
        let row = NewEffect {
            key: &key,
            task: Some(&recording.task.id),
            installation: recording.task.installation,
            repository: recording.task.repository,
            effect,
        };
        outbox::put(connection, row, now).await?;
    }
    if !matches!(recording.task.stage, Stage::Working { .. }) && !recording.effects.is_empty() {
        outbox::drop_progress(connection, &recording.task.id).await?;
    }
    if recording.task.stage.is_closed() {
        sessions::forget(connection, &recording.task.id).await?;
        failures::forget_logs(connection, &recording.task.id).await?;
    }
    match recording.cause {
        Cause::None => {}
        Cause::Effect(due, end) => outbox::settle(connection, due, end).await?,
        Cause::Result(kept) => {
            results::put(connection, &recording.task.id, kept, now, false).await?;
        }
    }
    Ok(Recorded::Done)
}

/// Signs of life and facts that changed nothing would only bury the rest.
fn is_worth_telling(because: Because) -> bool {
    !matches!(because, Because::RunnerAlive | Because::Outdated)
}

async fn insert(connection: &mut AnyConnection, task: &Task) -> Result<Recorded, StoreError> {
    let document = serde_json::to_string(task).map_err(unreadable("a task"))?;
    let done = sqlx::query(
        "INSERT INTO tasks (id, repository_id, installation_id, issue, request_key, requester_id,
             live_key, stage, deadline_at, opened_at, version, task)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 1, $11) ON CONFLICT DO NOTHING",
    )
    .bind(task.id.as_str())
    .bind(task.repository.0)
    .bind(task.installation.0)
    .bind(task.issue.0)
    .bind(task.request.key())
    .bind(task.request.by.id.0)
    .bind(live_key(task))
    .bind(task.stage.name())
    .bind(task.stage.deadline().map(|at| at.0))
    .bind(task.opened_at.0)
    .bind(document)
    .execute(connection)
    .await
    .map_err(failed("open a task"))?;
    Ok(if done.rows_affected() == 1 {
        Recorded::Done
    } else {
        Recorded::Exists
    })
}

async fn update(
    connection: &mut AnyConnection,
    task: &Task,
    version: i64,
) -> Result<Recorded, StoreError> {
    let document = serde_json::to_string(task).map_err(unreadable("a task"))?;
    let done = sqlx::query(
        "UPDATE tasks SET live_key = $1, stage = $2, deadline_at = $3, version = version + 1, task = $4
         WHERE id = $5 AND version = $6",
    )
    .bind(live_key(task))
    .bind(task.stage.name())
    .bind(task.stage.deadline().map(|at| at.0))
    .bind(document)
    .bind(task.id.as_str())
    .bind(version)
    .execute(connection)
    .await
    .map_err(failed("move a task"))?;
    Ok(if done.rows_affected() == 1 {
        Recorded::Done
    } else {
        Recorded::Moved
    })
}

fn live_key(task: &Task) -> Option<i64> {
    (!task.stage.is_closed()).then_some(task.issue.0)
}

async fn tell(connection: &mut AnyConnection, recording: Recording<'_>) -> Result<(), StoreError> {
    let fact = serde_json::to_string(&recording.event.fact).map_err(unreadable("a fact"))?;
    let because = serde_json::to_string(&recording.because).map_err(unreadable("a reason"))?;
    sqlx::query(
        "INSERT INTO history (task_id, seq, at, fact, because, stage) VALUES ($1,
             (SELECT coalesce(max(seq), 0) + 1 FROM history WHERE task_id = $1), $2, $3, $4, $5)",
    )
    .bind(recording.task.id.as_str())
    .bind(recording.event.at.0)
    .bind(fact)
    .bind(because)
    .bind(recording.task.stage.name())
    .execute(connection)
    .await
    .map(drop)
    .map_err(failed("write a history"))
}
