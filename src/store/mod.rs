//! SQL, and only here: one portable text for SQLite and PostgreSQL through sqlx's `Any`.
//!
//! One file a table. Everything that moves a task goes through [`Store::record`], which
//! writes the task, its history, its effects and what caused them in one transaction. Knows
//! nothing of GitHub and decides nothing.

mod cursors;
mod deliveries;
mod evidence_runs;
mod failures;
mod gate;
mod gate_marks;
mod gate_runs;
mod groups;
mod history;
mod identities;
mod incidents;
mod installations;
mod model_calls;
mod outbox;
mod overrides;
mod pulls;
mod record;
mod repositories;
mod requests;
mod results;
mod sessions;
mod tasks;

use std::time::Duration;

use sqlx::any::{AnyConnectOptions, AnyPoolOptions, AnyRow};
use sqlx::{AnyPool, ConnectOptions as _, Executor as _, Row as _};
use url::Url;

pub use deliveries::{Delivery, DeliveryCounts, DeliveryEnd, Receipt};
pub use evidence_runs::{EvidenceKey, SaidEvidence};
pub use failures::{DIGEST_BYTES_MAX, Flake, FlakeKey, KeptFailure, NewFailure, Sought};
pub use gate::{DuePull, JudgedPull};
pub use gate_runs::{GateKey, PublishedRun};
pub use groups::DueGroup;
pub use history::HistoryEntry;
pub use incidents::Incident;
pub use installations::Installation;
pub use model_calls::NewCall;
pub use outbox::{DueEffect, EffectEnd, OutboxCounts, ParkedEffect};
pub use overrides::KeptOverride;
pub use record::{Cause, Recorded, Recording};
pub use repositories::Repository;
pub use results::Kept;
pub use sessions::{NewSession, Session};
pub use tasks::StoredTask;

/// Connections to the database. SQLite has one writer at a time whatever this says.
const CONNECTIONS_MAX: u32 = 8;
/// Longest wait for a connection or a lock: below GitHub's ten seconds for an answer (W1).
const WAIT_MAX: Duration = Duration::from_secs(5);

/// The database.
#[derive(Clone, Debug)]
pub struct Store {
    pool: AnyPool,
    dialect: Dialect,
}

/// Where the two databases differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dialect {
    Sqlite,
    Postgres,
}

impl Dialect {
    /// How a transaction that will write begins.
    const fn begin(self) -> &'static str {
        match self {
            Self::Sqlite => "BEGIN IMMEDIATE",
            Self::Postgres => "BEGIN",
        }
    }

    /// Appended to a select of a row that no other transaction may pass meanwhile.
    const fn for_update(self) -> &'static str {
        match self {
            Self::Sqlite => "",
            Self::Postgres => " FOR UPDATE",
        }
    }

    /// Appended to the inner select of a lease: rows that another worker holds are left to it.
    const fn skip_locked(self) -> &'static str {
        match self {
            Self::Sqlite => "",
            Self::Postgres => " FOR UPDATE SKIP LOCKED",
        }
    }

    /// The same where the select joins other tables, whose rows are not leased.
    const fn skip_locked_pulls(self) -> &'static str {
        match self {
            Self::Sqlite => "",
            Self::Postgres => " FOR UPDATE OF gate_pulls SKIP LOCKED",
        }
    }

    const fn skip_locked_groups(self) -> &'static str {
        match self {
            Self::Sqlite => "",
            Self::Postgres => " FOR UPDATE OF gate_groups SKIP LOCKED",
        }
    }
}

/// What went wrong with the database, by the operation that failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The address is of no known form.
    #[error("the database URL {0} is none of ours; use sqlite:PATH or postgres://…")]
    Address(String),
    /// The database said no, or is not there.
    #[error("could not {operation}")]
    Database {
        /// What was being done.
        operation: &'static str,
        /// What the database said.
        #[source]
        source: sqlx::Error,
    },
    /// The schema could not be brought up to date.
    #[error("could not migrate the database")]
    Migrate(#[source] sqlx::migrate::MigrateError),
    /// A row does not hold what it should.
    #[error("could not read {what} in the database")]
    Row {
        /// Which part of the row.
        what: &'static str,
        /// Why not.
        #[source]
        source: serde_json::Error,
    },
}

/// Names the operation in the error.
fn failed(operation: &'static str) -> impl FnOnce(sqlx::Error) -> StoreError {
    move |source| StoreError::Database { operation, source }
}

/// Names the unreadable part in the error.
fn unreadable(what: &'static str) -> impl FnOnce(serde_json::Error) -> StoreError {
    move |source| StoreError::Row { what, source }
}

impl Store {
    /// Opens the database at `url` (`sqlite:PATH`, `sqlite::memory:`, or `postgres://…`),
    /// makes it where it is SQLite and missing, and brings its schema up to date.
    ///
    /// # Errors
    /// The address is of no known form, the database cannot be reached, or a migration failed.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        sqlx::any::install_default_drivers();
        let (dialect, address) = read_address(url)?;
        let parsed = Url::parse(&address).map_err(|_| StoreError::Address(masked(url)))?;
        let options = AnyConnectOptions::from_url(&parsed)
            .map_err(failed("read the database URL"))?
            .log_statements(log::LevelFilter::Trace);
        // Each connection to a database in memory would open another one.
        let connections = if url.contains(":memory:") {
            1
        } else {
            CONNECTIONS_MAX
        };
        let pool = AnyPoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(WAIT_MAX)
            .after_connect(move |connection, _| {
                Box::pin(async move {
                    if dialect == Dialect::Sqlite {
                        connection.execute(SQLITE_SETTINGS).await?;
                    }
                    Ok(())
                })
            })
            .connect_with(options)
            .await
            .map_err(failed("open the database"))?;
        sqlx::migrate!("./migrations")
            .run(&pool)
            .await
            .map_err(StoreError::Migrate)?;
        Ok(Self { pool, dialect })
    }

    /// Whether the database answers and can be written to.
    ///
    /// # Errors
    /// It cannot.
    pub async fn check(&self) -> Result<(), StoreError> {
        let transaction = self
            .pool
            .begin_with(self.dialect.begin())
            .await
            .map_err(failed("begin a transaction"))?;
        transaction
            .rollback()
            .await
            .map_err(failed("end a transaction"))
    }

    /// Closes all connections.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

/// Readers never wait for the writer; a commit is on disk before it is answered.
const SQLITE_SETTINGS: &str = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
     PRAGMA busy_timeout = 5000; PRAGMA foreign_keys = ON;";

fn read_address(url: &str) -> Result<(Dialect, String), StoreError> {
    if let Some(path) = url.strip_prefix("sqlite:") {
        let separator = if path.contains('?') { '&' } else { '?' };
        let options = if path.contains(":memory:") {
            ""
        } else {
            "mode=rwc"
        };
        let address = match options {
            "" => url.to_owned(),
            _ => format!("sqlite:{path}{separator}{options}"),
        };
        Ok((Dialect::Sqlite, address))
    } else if url.starts_with("postgres://") || url.starts_with("postgresql://") {
        Ok((Dialect::Postgres, url.to_owned()))
    } else {
        Err(StoreError::Address(masked(url)))
    }
}

/// The address without what may be a password.
fn masked(url: &str) -> String {
    match url.split_once("://") {
        Some((scheme, _)) => format!("{scheme}://…"),
        None => url.chars().take(40).collect(),
    }
}

/// A number that must fit, as counts of rows do.
fn count(row: &AnyRow) -> Result<u64, sqlx::Error> {
    let number: i64 = row.try_get(0)?;
    Ok(u64::try_from(number).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `synchronous` belongs to a connection, so only from here can it be seen.
    #[tokio::test]
    async fn every_connection_to_sqlite_commits_to_the_disk() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("castellan.db").display());
        let store = Store::open(&url).await.unwrap();
        let mut held = Vec::new();
        for _ in 0..CONNECTIONS_MAX {
            let mut connection = store.pool.acquire().await.unwrap();
            for (pragma, expected) in [
                ("synchronous", 2),
                ("busy_timeout", 5000),
                ("foreign_keys", 1),
            ] {
                let text = sqlx::AssertSqlSafe(format!("PRAGMA {pragma}"));
                let row = connection.fetch_one(text).await.unwrap();
                assert_eq!(row.try_get::<i64, _>(0).unwrap(), expected, "{pragma}");
            }
            held.push(connection);
        }
    }
}
