//! Installations of the App: whether we may act for them, and when again.

use sqlx::Row as _;

use super::{Store, StoreError, failed};
use crate::domain::ids::{InstallationId, UserId};
use crate::domain::time::Timestamp;

/// An installation as it is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Installation {
    /// GitHub's number.
    pub id: InstallationId,
    /// The account that installed the App.
    pub account: UserId,
    /// Whether GitHub suspended it.
    pub suspended: bool,
    /// Nothing is sent before this time.
    pub paused_until: Timestamp,
}

impl Store {
    /// Notes an installation, or its account.
    ///
    /// # Errors
    /// The database did not answer.
    pub async fn put_installation(
        &self,
        id: InstallationId,
        account: UserId,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO installations (id, account_id, suspended, paused_until)
             VALUES ($1, $2, 0, 0) ON CONFLICT (id) DO UPDATE SET account_id = excluded.account_id",
        )
        .bind(id.0)
        .bind(account.0)
        .execute(&self.pool)
        .await
        .map(drop)
        .map_err(failed("note an installation"))
    }

    /// The installation, where we know it.
    ///
    /// # Errors
    /// The database did not answer.
    pub async fn installation(
        &self,
        id: InstallationId,
    ) -> Result<Option<Installation>, StoreError> {
        let operation = "read an installation";
        let row = sqlx::query(
            "SELECT account_id, suspended, paused_until FROM installations WHERE id = $1",
        )
        .bind(id.0)
        .fetch_optional(&self.pool)
        .await
        .map_err(failed(operation))?;
        let Some(row) = row else { return Ok(None) };
        let suspended: i64 = row.try_get("suspended").map_err(failed(operation))?;
        Ok(Some(Installation {
            id,
            account: UserId(row.try_get("account_id").map_err(failed(operation))?),
            suspended: suspended != 0,
            paused_until: Timestamp(row.try_get("paused_until").map_err(failed(operation))?),
        }))
    }

    /// All installations that we know.
    ///
    /// # Errors
    /// The database did not answer.
    pub async fn installations(&self) -> Result<Vec<InstallationId>, StoreError> {
        sqlx::query("SELECT id FROM installations ORDER BY id")
            .fetch_all(&self.pool)
            .await
            .and_then(|rows| {
                rows.iter()
                    .map(|row| row.try_get("id").map(InstallationId))
                    .collect()
            })
            .map_err(failed("list installations"))
    }

    /// Notes whether GitHub suspended the installation.
    ///
    /// # Errors
    /// The database did not answer.
    pub async fn suspend_installation(
        &self,
        id: InstallationId,
        suspended: bool,
    ) -> Result<(), StoreError> {
        sqlx::query("UPDATE installations SET suspended = $1 WHERE id = $2")
            .bind(i64::from(suspended))
            .bind(id.0)
            .execute(&self.pool)
            .await
            .map(drop)
            .map_err(failed("suspend an installation"))
    }

    /// Sends nothing for the installation before `until`. A pause is never made shorter (A3).
    ///
    /// # Errors
    /// The database did not answer.
    pub async fn pause_installation(
        &self,
        id: InstallationId,
        until: Timestamp,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE installations SET paused_until = $1 WHERE id = $2 AND paused_until < $1",
        )
        .bind(until.0)
        .bind(id.0)
        .execute(&self.pool)
        .await
        .map(drop)
        .map_err(failed("pause an installation"))
    }

    /// Forgets an installation that is gone.
    ///
    /// # Errors
    /// The database did not answer.
    pub async fn remove_installation(&self, id: InstallationId) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM installations WHERE id = $1")
            .bind(id.0)
            .execute(&self.pool)
            .await
            .map(drop)
            .map_err(failed("forget an installation"))
    }
}
