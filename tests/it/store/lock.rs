//! Storage faults (S1, S2) and what SQLite promises: a bounded wait, and nothing lost by reopening.

use std::time::{Duration, Instant};

use castellan::store::{Receipt, Store};
use sqlx::{Executor as _, Row as _};

use super::{Database, NOW, stores};

/// GitHub waits ten seconds for an answer (W1).
const ANSWER: Duration = Duration::from_secs(10);

#[tokio::test]
async fn s2_a_locked_database_is_waited_for_within_bounds_then_an_error() {
    let database = Database::sqlite();
    let store = database.open().await;
    let mut other = database.connect().await;
    other.execute("BEGIN IMMEDIATE").await.unwrap();
    let began = Instant::now();
    let (kept, checked) = tokio::join!(store.keep_delivery("g", "push", b"{}", NOW), store.check());
    assert!(kept.is_err() && checked.is_err());
    assert!(began.elapsed() < ANSWER, "{:?}", began.elapsed());
    assert!(
        store.next_delivery(NOW).await.unwrap().is_none(),
        "readers do not wait"
    );
    other.execute("ROLLBACK").await.unwrap();
    let kept = store.keep_delivery("g", "push", b"{}", NOW).await.unwrap();
    assert_eq!(kept, Receipt::Kept, "nothing was kept before");
}

#[tokio::test]
async fn s2_a_short_lock_is_waited_for() {
    let database = Database::sqlite();
    let store = database.open().await;
    let mut other = database.connect().await;
    other.execute("BEGIN IMMEDIATE").await.unwrap();
    let waiting = tokio::spawn(async move { store.keep_delivery("g", "push", b"{}", NOW).await });
    // The task runs until it waits for the lock.
    tokio::task::yield_now().await;
    other.execute("COMMIT").await.unwrap();
    assert_eq!(waiting.await.unwrap().unwrap(), Receipt::Kept);
}

#[tokio::test]
async fn s1_a_database_that_is_not_there_is_an_error_within_bounds() {
    let began = Instant::now();
    let opened = Store::open("postgres://castellan@127.0.0.1:1/castellan").await;
    assert!(opened.is_err());
    assert!(began.elapsed() < ANSWER, "{:?}", began.elapsed());
    let missing = Store::open("sqlite:/proc/none/castellan.db").await;
    assert!(missing.is_err());
    let unknown = Store::open("mysql://me:secret@127.0.0.1/x").await;
    let said = unknown.unwrap_err().to_string();
    assert!(
        said.contains("mysql://…") && !said.contains("secret"),
        "{said}"
    );
}

#[tokio::test]
async fn sqlite_writes_ahead_and_checks_its_file() {
    let database = Database::sqlite();
    let _store = database.open().await;
    let mut other = database.connect().await;
    let row = other.fetch_one("PRAGMA journal_mode").await.unwrap();
    assert_eq!(row.try_get::<String, _>(0).unwrap(), "wal");
}

#[tokio::test]
async fn opened_again_it_holds_what_it_held() {
    for (database, store) in stores("opened_again_it_holds_what_it_held").await {
        store.keep_delivery("g", "push", b"{}", NOW).await.unwrap();
        store.set_cursor("c", "1").await.unwrap();
        store.close().await;
        let again = database.open().await;
        assert_eq!(again.count_deliveries().await.unwrap().unread, 1);
        assert_eq!(again.cursor("c").await.unwrap().as_deref(), Some("1"));
        let known = again.keep_delivery("g", "push", b"{}", NOW).await.unwrap();
        assert_eq!(known, Receipt::Known);
    }
}
