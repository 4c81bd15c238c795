//! The store on both databases: SQLite always, PostgreSQL where `CASTELLAN_TEST_POSTGRES_URL`
//! names one (see `tests/postgres.sh`). Each test has a database of its own.

mod deliveries;
mod failures;
mod gate;
mod kept;
mod lock;
mod migrations;
mod outbox;
mod record;

use crate::left_out::left_out;
use std::sync::atomic::{AtomicU32, Ordering};

use castellan::domain::ids::{FullName, InstallationId, RepositoryId, UserId};
use castellan::domain::time::Timestamp;
use castellan::store::Store;
use sqlx::AnyConnection;
use sqlx::{Connection as _, Executor as _};
use tempfile::TempDir;

/// The variable that names a PostgreSQL server on which databases may be made.
const POSTGRES: &str = "CASTELLAN_TEST_POSTGRES_URL";

pub(crate) const NOW: Timestamp = Timestamp(1_790_000_000_000);
pub(crate) const INSTALLATION: InstallationId = InstallationId(60_001);
pub(crate) const REPOSITORY: RepositoryId = RepositoryId(700_001);

/// An empty database.
pub(crate) struct Database {
    pub(crate) url: String,
    is_sqlite: bool,
    _folder: Option<TempDir>,
}

impl Database {
    fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self {
            url: format!("sqlite:{}", folder.path().join("castellan.db").display()),
            is_sqlite: true,
            _folder: Some(folder),
        }
    }

    /// A new database on the server at `url`.
    async fn postgres(url: &str) -> Self {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let made = MADE.fetch_add(1, Ordering::SeqCst);
        let name = format!("castellan_{}_{made}", std::process::id());
        let mut own = url::Url::parse(url).expect("a URL");
        own.set_path(&name);
        run_raw(url, &format!("CREATE DATABASE {name}")).await;
        Self {
            url: own.to_string(),
            is_sqlite: false,
            _folder: None,
        }
    }

    async fn open(&self) -> Store {
        Store::open(&self.url).await.unwrap()
    }

    /// A connection beside the store's own.
    async fn connect(&self) -> AnyConnection {
        sqlx::any::install_default_drivers();
        let url = match self.is_sqlite {
            true => format!("{}?mode=rwc", self.url),
            false => self.url.clone(),
        };
        AnyConnection::connect(&url).await.unwrap()
    }
}

async fn run_raw(url: &str, text: &str) {
    sqlx::any::install_default_drivers();
    let mut connection = AnyConnection::connect(url).await.unwrap();
    connection
        .execute(sqlx::AssertSqlSafe(text.to_owned()))
        .await
        .unwrap();
}

/// A database of each kind that is there, for the test `name`.
pub(crate) async fn databases(name: &str) -> Vec<Database> {
    let mut all = vec![Database::sqlite()];
    match std::env::var_os(POSTGRES) {
        Some(url) => all.push(Database::postgres(&url.into_string().unwrap()).await),
        None => left_out(&format!("{name} on PostgreSQL"), &format!("no {POSTGRES}")),
    }
    all
}

/// A store on each kind of database that is there, with an installation and a repository.
pub(crate) async fn stores(name: &str) -> Vec<(Database, Store)> {
    let mut all = Vec::new();
    for database in databases(name).await {
        let store = database.open().await;
        store
            .put_installation(INSTALLATION, UserId(1))
            .await
            .unwrap();
        let name = FullName {
            owner: "octo".to_owned(),
            name: "sample".to_owned(),
        };
        store
            .enroll_repository(REPOSITORY, INSTALLATION, &name, NOW)
            .await
            .unwrap();
        all.push((database, store));
    }
    all
}
