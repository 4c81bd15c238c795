//! Migrations go forward only: each is applied to a database with rows, on both databases, and
//! says why it is there; its columns are what both databases understand.

use std::path::{Path, PathBuf};

use sqlx::Executor as _;
use sqlx::migrate::Migrator;

use super::{Database, NOW, databases};

/// Types of columns that mean the same on both databases.
const TYPES: [&str; 3] = ["TEXT", "BIGINT", "BYTEA"];
/// Words that begin a line of a table that is no column.
const CLAUSES: [&str; 5] = ["PRIMARY", "UNIQUE", "CHECK", "CONSTRAINT", "FOREIGN"];

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// The steps, in order.
fn steps() -> Vec<PathBuf> {
    let listed = std::fs::read_dir(folder("migrations")).unwrap();
    let mut steps: Vec<PathBuf> = listed.map(|entry| entry.unwrap().path()).collect();
    steps.sort();
    assert!(!steps.is_empty());
    steps
}

/// Sample rows of a step; bytes stand as `X'…'`, which PostgreSQL writes otherwise.
fn samples(step: &Path, database: &Database) -> String {
    let path = folder("fixtures/migrations").join(step.file_name().unwrap());
    let text = std::fs::read_to_string(&path)
        .unwrap_or_else(|_| panic!("{} is missing: sample rows of that step", path.display()));
    match database.is_sqlite {
        true => text,
        false => text.replace("X'", "'\\x"),
    }
}

#[tokio::test]
async fn each_step_is_taken_with_rows_there_and_today_s_store_reads_them() {
    for database in databases("each_step_is_taken_with_rows_there").await {
        let taken = tempfile::tempdir().unwrap();
        for step in steps() {
            std::fs::copy(&step, taken.path().join(step.file_name().unwrap())).unwrap();
            let mut connection = database.connect().await;
            let migrator = Migrator::new(taken.path()).await.unwrap();
            migrator.run(&mut connection).await.unwrap();
            let rows = samples(&step, &database);
            connection
                .execute(sqlx::AssertSqlSafe(rows))
                .await
                .unwrap_or_else(|error| panic!("{}: {error}", step.display()));
        }
        assert_rows_are_readable(&database).await;
    }
}

async fn assert_rows_are_readable(database: &Database) {
    let store = database.open().await;
    let tasks = store.newest_tasks(9).await.unwrap();
    assert!(!tasks.is_empty());
    for summary in &tasks {
        assert!(!store.history(&summary.task.id).await.unwrap().is_empty());
    }
    let later = NOW.plus_s(365 * 24 * 3600);
    assert!(store.next_delivery(later).await.unwrap().is_some());
    assert!(store.lease_effect(later).await.unwrap().is_some());
    assert!(
        !store
            .repositories_to_sweep(later, 9)
            .await
            .unwrap()
            .is_empty()
    );
    let spent = store.spent(&tasks[0].task.id).await.unwrap();
    assert_eq!(
        (spent.calls, spent.tokens.total(), spent.micros),
        (2, 4744, 65_000)
    );
    assert!(store.cursor("sweep:deliveries").await.unwrap().is_some());
    store.check().await.unwrap();
}

#[tokio::test]
async fn k20_a_database_from_the_future_is_refused() {
    for database in databases("k20_a_database_from_the_future_is_refused").await {
        database.open().await.close().await;
        let mut connection = database.connect().await;
        let query = "UPDATE _sqlx_migrations SET version = 999999 WHERE version = 1";
        connection.execute(query).await.unwrap();
        let opened = castellan::store::Store::open(&database.url).await;
        assert!(opened.is_err(), "an older program must not write there");
    }
}

/// What is wrong with the text of a step.
fn faults(text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let first = text.lines().next().unwrap_or_default();
    if !first.starts_with("-- ") || !first.contains(' ') || first.len() < 20 {
        faults.push("it does not begin with a sentence that says why it is there".to_owned());
    }
    let mut in_table = false;
    for line in text.lines() {
        let code = line.split("--").next().unwrap_or_default().trim();
        let upper = code.to_uppercase();
        if upper.starts_with("DROP ") || upper.contains(" DROP ") {
            faults.push(format!("it takes away: {code}"));
        }
        let column = match upper.split_once("ADD COLUMN ") {
            Some((_, column)) => Some(column.to_owned()),
            None if in_table && !upper.starts_with(')') => Some(upper.clone()),
            None => None,
        };
        in_table = (in_table || upper.starts_with("CREATE TABLE")) && !code.contains(';');
        let Some(column) = column else { continue };
        let words: Vec<&str> = column
            .split([' ', ',', '('])
            .filter(|word| !word.is_empty())
            .collect();
        let Some(name) = words.first() else { continue };
        if CLAUSES.contains(name) {
            continue;
        }
        if !words.get(1).is_some_and(|kind| TYPES.contains(kind)) {
            faults.push(format!("no portable type: {code}"));
        }
    }
    faults
}

#[test]
fn every_step_says_why_and_uses_portable_types() {
    for step in steps() {
        let text = std::fs::read_to_string(&step).unwrap();
        assert_eq!(faults(&text), Vec::<String>::new(), "{}", step.display());
    }
}

#[test]
fn a_bad_step_is_seen() {
    let why = "-- A sentence that says why this is there.\n";
    assert_eq!(
        faults(&format!(
            "{why}CREATE TABLE a (\n  b TEXT NOT NULL,\n  UNIQUE (b)\n);"
        ))
        .len(),
        0
    );
    for bad in [
        "CREATE TABLE a (\n  b TEXT\n);".to_owned(),
        format!("{why}CREATE TABLE a (\n  b BOOLEAN\n);"),
        format!("{why}CREATE TABLE a (\n  b TIMESTAMPTZ, -- TEXT\n  c TEXT\n);"),
        format!("{why}ALTER TABLE a ADD COLUMN b SERIAL;"),
        format!("{why}DROP TABLE a;"),
    ] {
        assert_eq!(faults(&bad).len(), 1, "{bad}");
    }
}
