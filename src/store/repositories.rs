//! Repositories that the App is installed on, and how far the sweep has seen them.

use sqlx::Row as _;
use sqlx::any::AnyRow;

use super::{Store, StoreError, failed};
use crate::domain::ids::{FullName, InstallationId, RepositoryId};
use crate::domain::time::Timestamp;

/// A repository as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repository {
    /// GitHub's number.
    pub id: RepositoryId,
    /// The installation that includes it.
    pub installation: InstallationId,
    /// Owner and name when we last heard.
    pub name: FullName,
    /// Since when the App may work on it.
    pub enrolled_at: Timestamp,
    /// Labels and comments that were updated before this time have been seen.
    pub swept_until: Timestamp,
}

impl Store {
    /// Notes that the App may work on a repository since `since`, under this name. A repository
    /// that is new is swept soon, from then on.
    ///
    /// # Errors
    /// The database did not answer.
    pub async fn enroll_repository(
        &self,
        id: RepositoryId,
        installation: InstallationId,
        name: &FullName,
        since: Timestamp,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO repositories (id, installation_id, owner, name, enrolled, enrolled_at,
                 swept_until, next_sweep_at)
             VALUES ($1, $2, $3, $4, 1, $5, $5, $5)
             ON CONFLICT (id) DO UPDATE SET installation_id = excluded.installation_id,
                 owner = excluded.owner, name = excluded.name, enrolled = 1,
                 enrolled_at = CASE WHEN repositories.enrolled = 0 THEN excluded.enrolled_at
                     ELSE repositories.enrolled_at END,
                 swept_until = CASE WHEN repositories.enrolled = 0 THEN excluded.swept_until
                     ELSE repositories.swept_until END",
        )
        .bind(id.0)
        .bind(installation.0)
        .bind(name.owner.as_str())
        .bind(name.name.as_str())
        .bind(since.0)
        .execute(&self.pool)
        .await
        .map(drop)
        .map_err(failed("enroll a repository"))
    }

    /// Notes that the App may no longer work on a repository.
    ///
    /// # Errors
    /// The database did not answer.
    pub async fn withdraw_repository(&self, id: RepositoryId) -> Result<(), StoreError> {
        sqlx::query("UPDATE repositories SET enrolled = 0 WHERE id = $1")
            .bind(id.0)
            .execute(&self.pool)
            .await
            .map(drop)
            .map_err(failed("withdraw a repository"))
    }

    /// The repository, where it is enrolled.
    ///
    /// # Errors
    /// The database did not answer.
    pub async fn repository(&self, id: RepositoryId) -> Result<Option<Repository>, StoreError> {
        sqlx::query(
            "SELECT id, installation_id, owner, name, enrolled_at, swept_until FROM repositories
             WHERE id = $1 AND enrolled = 1",
        )
        .bind(id.0)
        .fetch_optional(&self.pool)
        .await
        .and_then(|row| row.map(|row| read(&row)).transpose())
        .map_err(failed("read a repository"))
    }

    /// The enrolled repositories of an installation.
    ///
    /// # Errors
    /// The database did not answer.
    pub async fn repositories_of(
        &self,
        installation: InstallationId,
    ) -> Result<Vec<Repository>, StoreError> {
        sqlx::query(
            "SELECT id, installation_id, owner, name, enrolled_at, swept_until FROM repositories
             WHERE installation_id = $1 AND enrolled = 1 ORDER BY id",
        )
        .bind(installation.0)
        .fetch_all(&self.pool)
        .await
        .and_then(|rows| rows.iter().map(read).collect())
        .map_err(failed("list the repositories of an installation"))
    }

    /// The enrolled repositories whose sweep is due at `now`, the longest waiting first.
    ///
    /// # Errors
    /// The database did not answer.
    pub async fn repositories_to_sweep(
        &self,
        now: Timestamp,
        most: u32,
    ) -> Result<Vec<Repository>, StoreError> {
        sqlx::query(
            "SELECT id, installation_id, owner, name, enrolled_at, swept_until FROM repositories
             WHERE enrolled = 1 AND next_sweep_at <= $1 ORDER BY next_sweep_at, id LIMIT $2",
        )
        .bind(now.0)
        .bind(i64::from(most))
        .fetch_all(&self.pool)
        .await
        .and_then(|rows| rows.iter().map(read).collect())
        .map_err(failed("look for repositories to sweep"))
    }

    /// Notes that a repository was swept, how far, and when again.
    ///
    /// # Errors
    /// The database did not answer.
    pub async fn set_swept(
        &self,
        id: RepositoryId,
        until: Timestamp,
        next: Timestamp,
    ) -> Result<(), StoreError> {
        sqlx::query("UPDATE repositories SET swept_until = $1, next_sweep_at = $2 WHERE id = $3")
            .bind(until.0)
            .bind(next.0)
            .bind(id.0)
            .execute(&self.pool)
            .await
            .map(drop)
            .map_err(failed("note a sweep"))
    }
}

fn read(row: &AnyRow) -> Result<Repository, sqlx::Error> {
    Ok(Repository {
        id: RepositoryId(row.try_get("id")?),
        installation: InstallationId(row.try_get("installation_id")?),
        name: FullName {
            owner: row.try_get("owner")?,
            name: row.try_get("name")?,
        },
        enrolled_at: Timestamp(row.try_get("enrolled_at")?),
        swept_until: Timestamp(row.try_get("swept_until")?),
    })
}
