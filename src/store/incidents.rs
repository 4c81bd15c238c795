//! Pull requests that were merged without our success: kept for whoever answers for the server.

use sqlx::Row as _;
use sqlx::any::AnyRow;

use super::{Store, StoreError, failed};
use crate::domain::ids::{Number, RepositoryId};
use crate::domain::time::Timestamp;

/// A merge that the gate had not allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incident {
    /// The repository.
    pub repository: RepositoryId,
    /// The pull request.
    pub number: Number,
    /// The head that was merged.
    pub head: String,
    /// The branch that it went to.
    pub base: String,
    /// What our newest check said of that head; empty where there was none.
    pub said: String,
    /// When it was noticed.
    pub at: Timestamp,
}

impl Store {
    /// Keeps an incident. Gives whether it was not known yet.
    ///
    /// # Errors
    /// The database did not answer.
    pub async fn add_incident(&self, incident: &Incident) -> Result<bool, StoreError> {
        sqlx::query(
            "INSERT INTO gate_incidents (repository, number, head, base, said, at)
             VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
        )
        .bind(incident.repository.0)
        .bind(incident.number.0)
        .bind(incident.head.as_str())
        .bind(incident.base.as_str())
        .bind(incident.said.as_str())
        .bind(incident.at.0)
        .execute(&self.pool)
        .await
        .map(|done| done.rows_affected() == 1)
        .map_err(failed("keep an incident"))
    }

    /// The newest incidents, at most `most`.
    ///
    /// # Errors
    /// The database did not answer.
    pub async fn incidents(&self, most: u32) -> Result<Vec<Incident>, StoreError> {
        let rows = sqlx::query(
            "SELECT repository, number, head, base, said, at FROM gate_incidents
             ORDER BY at DESC, repository, number LIMIT $1",
        )
        .bind(i64::from(most))
        .fetch_all(&self.pool)
        .await
        .map_err(failed("list incidents"))?;
        let incidents: Result<_, _> = rows.iter().map(incident).collect();
        incidents.map_err(failed("list incidents"))
    }
}

fn incident(row: &AnyRow) -> Result<Incident, sqlx::Error> {
    Ok(Incident {
        repository: RepositoryId(row.try_get(0)?),
        number: Number(row.try_get(1)?),
        head: row.try_get(2)?,
        base: row.try_get(3)?,
        said: row.try_get(4)?,
        at: Timestamp(row.try_get(5)?),
    })
}
