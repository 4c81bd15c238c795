//! Small facts of the server itself, by name.

use sqlx::Row as _;

use super::{Store, StoreError, failed};

impl Store {
    /// The value of the cursor `name`, where it was ever set.
    ///
    /// # Errors
    /// The database did not answer.
    pub async fn cursor(&self, name: &str) -> Result<Option<String>, StoreError> {
        sqlx::query("SELECT value FROM cursors WHERE name = $1")
            .bind(name)
            .fetch_optional(&self.pool)
            .await
            .and_then(|row| row.map(|row| row.try_get(0)).transpose())
            .map_err(failed("read a cursor"))
    }

    /// Sets the cursor `name`.
    ///
    /// # Errors
    /// The database did not answer.
    pub async fn set_cursor(&self, name: &str, value: &str) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO cursors (name, value) VALUES ($1, $2)
             ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        )
        .bind(name)
        .bind(value)
        .execute(&self.pool)
        .await
        .map(drop)
        .map_err(failed("set a cursor"))
    }
}
