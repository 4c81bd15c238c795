//! Calls of models, by which budgets are counted: one row each, before it is made.
//!
//! Whether one is made is decided by who asks, between what was counted and the row that counts
//! it; calls of one task wait for each other there. Knows no budget and no price.

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Connection as _, Row as _};

use super::{Store, StoreError, failed};
use crate::domain::ids::{AttemptNumber, TaskId};
use crate::domain::model::budget::Reservation;
use crate::domain::model::{Spent, Tokens};
use crate::domain::time::Timestamp;

/// A call that is to be counted.
#[derive(Clone, Copy, Debug)]
pub struct NewCall<'a> {
    /// Its name, which nobody else has.
    pub id: &'a str,
    /// The task.
    pub task: &'a TaskId,
    /// The attempt.
    pub attempt: AttemptNumber,
    /// The provider's name.
    pub provider: &'a str,
    /// The model.
    pub model: &'a str,
    /// When it begins.
    pub at: Timestamp,
}

/// Sums have no type that both databases share, so they are given one.
const SPENT: &str = "SELECT count(*) AS calls,
    CAST(coalesce(sum(input), 0) AS BIGINT) AS input,
    CAST(coalesce(sum(cache_read), 0) AS BIGINT) AS cache_read,
    CAST(coalesce(sum(cache_write), 0) AS BIGINT) AS cache_write,
    CAST(coalesce(sum(output), 0) AS BIGINT) AS output,
    CAST(coalesce(sum(micros), 0) AS BIGINT) AS micros
    FROM model_calls WHERE task_id = $1";

impl Store {
    /// Counts a call by what it may use at most, where `decide` lets it through after what the
    /// task has spent. No other call of the task is decided upon meanwhile.
    ///
    /// # Errors
    /// The database did not answer; nothing was counted. What `decide` says is the inner result.
    pub async fn admit_call<No: Send>(
        &self,
        call: NewCall<'_>,
        decide: impl FnOnce(&Spent) -> Result<Reservation, No> + Send,
    ) -> Result<Result<Reservation, No>, StoreError> {
        let operation = "count a call of a model";
        let mut connection = self.pool.acquire().await.map_err(failed(operation))?;
        let mut transaction = connection
            .begin_with(self.dialect.begin())
            .await
            .map_err(failed(operation))?;
        // SQLite's transaction has the only right to write; PostgreSQL's takes the task's row.
        let lock = format!(
            "SELECT 1 FROM tasks WHERE id = $1{}",
            self.dialect.for_update()
        );
        sqlx::query(sqlx::AssertSqlSafe(lock))
            .bind(call.task.as_str())
            .fetch_optional(&mut *transaction)
            .await
            .map_err(failed(operation))?;
        let row = sqlx::query(SPENT)
            .bind(call.task.as_str())
            .fetch_one(&mut *transaction)
            .await
            .map_err(failed(operation))?;
        let reserved = match decide(&read(&row)?) {
            Ok(reserved) => reserved,
            Err(no) => return Ok(Err(no)),
        };
        put(&mut transaction, call, &reserved).await?;
        transaction.commit().await.map_err(failed(operation))?;
        Ok(Ok(reserved))
    }

    /// Counts a call by what it did use; once.
    ///
    /// # Errors
    /// The database did not answer; the call stays counted by what it may have used.
    pub async fn settle_call(
        &self,
        id: &str,
        tokens: &Tokens,
        micros: u64,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE model_calls SET state = 'settled', ended_at = $1, input = $2, cache_read = $3,
                 cache_write = $4, output = $5, micros = $6 WHERE id = $7 AND state = 'open'",
        )
        .bind(now.0)
        .bind(number(tokens.input))
        .bind(number(tokens.cache_read))
        .bind(number(tokens.cache_write))
        .bind(number(tokens.output))
        .bind(number(micros))
        .bind(id)
        .execute(&self.pool)
        .await
        .map(drop)
        .map_err(failed("settle a call of a model"))
    }

    /// What all attempts of a task have spent, open calls by what they may use at most.
    ///
    /// # Errors
    /// The database did not answer.
    pub async fn spent(&self, task: &TaskId) -> Result<Spent, StoreError> {
        let row = sqlx::query(SPENT)
            .bind(task.as_str())
            .fetch_one(&self.pool)
            .await
            .map_err(failed("add up what a task has spent"))?;
        read(&row)
    }

    /// What one attempt has spent, open calls by what they may use at most.
    ///
    /// # Errors
    /// The database did not answer.
    pub async fn spent_in(
        &self,
        task: &TaskId,
        attempt: AttemptNumber,
    ) -> Result<Spent, StoreError> {
        let query = format!("{SPENT} AND attempt = $2");
        let row = sqlx::query(sqlx::AssertSqlSafe(query))
            .bind(task.as_str())
            .bind(i64::from(attempt.0))
            .fetch_one(&self.pool)
            .await
            .map_err(failed("add up what an attempt has spent"))?;
        read(&row)
    }
}

async fn put(
    connection: &mut AnyConnection,
    call: NewCall<'_>,
    reserved: &Reservation,
) -> Result<(), StoreError> {
    let tokens = &reserved.tokens;
    sqlx::query(
        "INSERT INTO model_calls (id, task_id, attempt, provider, model, state, began_at,
             input, cache_read, cache_write, output, micros)
         VALUES ($1, $2, $3, $4, $5, 'open', $6, $7, $8, $9, $10, $11)",
    )
    .bind(call.id)
    .bind(call.task.as_str())
    .bind(i64::from(call.attempt.0))
    .bind(call.provider)
    .bind(call.model)
    .bind(call.at.0)
    .bind(number(tokens.input))
    .bind(number(tokens.cache_read))
    .bind(number(tokens.cache_write))
    .bind(number(tokens.output))
    .bind(number(reserved.micros))
    .execute(connection)
    .await
    .map(drop)
    .map_err(failed("count a call of a model"))
}

/// Far below what a column holds, so that sums of absurd numbers still fit: they are far above any budget.
const NUMBER_MAX: u64 = 1 << 52;

fn number(of: u64) -> i64 {
    i64::try_from(of.min(NUMBER_MAX)).unwrap_or(i64::MAX)
}

fn read(row: &AnyRow) -> Result<Spent, StoreError> {
    let number = |column: &str| {
        let number: i64 = row
            .try_get(column)
            .map_err(failed("read what a task has spent"))?;
        Ok::<u64, StoreError>(u64::try_from(number).unwrap_or(0))
    };
    Ok(Spent {
        calls: u32::try_from(number("calls")?).unwrap_or(u32::MAX),
        tokens: Tokens {
            input: number("input")?,
            cache_read: number("cache_read")?,
            cache_write: number("cache_write")?,
            output: number("output")?,
        },
        micros: number("micros")?,
    })
}
