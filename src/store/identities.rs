//! Numbers of tokens by which runs proved who they are: each counts once.

use super::{Store, StoreError, failed};
use crate::domain::time::Timestamp;

impl Store {
    /// Notes a token's number; whether it is seen for the first time. It is forgotten after
    /// `expires_at`.
    ///
    /// # Errors
    /// The database did not answer.
    pub async fn see_identity(
        &self,
        token: &str,
        expires_at: Timestamp,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        sqlx::query("DELETE FROM identities WHERE expires_at < $1")
            .bind(now.0)
            .execute(&self.pool)
            .await
            .map_err(failed("forget expired identities"))?;
        let noted = sqlx::query(
            "INSERT INTO identities (token, expires_at) VALUES ($1, $2) ON CONFLICT (token) DO NOTHING",
        )
        .bind(token)
        .bind(expires_at.0)
        .execute(&self.pool)
        .await
        .map_err(failed("note an identity"))?;
        Ok(noted.rows_affected() == 1)
    }
}
