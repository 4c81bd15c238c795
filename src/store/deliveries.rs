//! Webhook deliveries as they came: kept before they are answered, read once, never lost.

use sqlx::Row as _;
use sqlx::any::AnyRow;

use super::{Store, StoreError, count, failed};
use crate::domain::time::Timestamp;
use crate::guard::{self, Guard};

/// A delivery that waits to be read.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// GitHub's id of the delivery.
    pub guid: String,
    /// The event's name, as in `issues`.
    pub event: String,
    /// When it came.
    pub received_at: Timestamp,
    /// The bytes as signed.
    pub body: Vec<u8>,
    /// How often reading it was tried.
    pub tries: i64,
}

/// Whether a delivery is new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Receipt {
    /// It is kept now.
    Kept,
    /// It was kept before (D1).
    Known,
}

/// How the reading of a delivery ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeliveryEnd {
    /// Something came of it; the note says what.
    Read(String),
    /// It does not concern us; the note says why.
    Ignored(String),
    /// It is signed, but not what we know; the note says where it differs (D9).
    Unparsed(String),
    /// It could not be dealt with; the note holds the error.
    Parked(String),
    /// It is tried again at that time; the note holds the error.
    Later(Timestamp, String),
}

/// How many deliveries there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct DeliveryCounts {
    /// All that were kept.
    pub stored: u64,
    /// Those not yet read.
    pub unread: u64,
    /// Those that could not be dealt with.
    pub parked: u64,
    /// Those that are signed but not what we know.
    pub unparsed: u64,
}

impl Store {
    /// Keeps a delivery; it is committed when this returns.
    ///
    /// # Errors
    /// It could not be committed: the sender must not be told that it was taken.
    pub async fn keep_delivery(
        &self,
        guid: &str,
        event: &str,
        body: &[u8],
        now: Timestamp,
    ) -> Result<Receipt, StoreError> {
        let text = if guard::holds(Guard::Dedupe) {
            "INSERT INTO deliveries (guid, event, received_at, body, state, note, tries, not_before)
             VALUES ($1, $2, $3, $4, 'unread', '', 0, 0) ON CONFLICT (guid) DO NOTHING"
        } else {
            "INSERT INTO deliveries (guid, event, received_at, body, state, note, tries, not_before)
             VALUES ($1, $2, $3, $4, 'unread', '', 0, 0)
             ON CONFLICT (guid) DO UPDATE SET state = 'unread', body = excluded.body"
        };
        let done = sqlx::query(text)
            .bind(guid)
            .bind(event)
            .bind(now.0)
            .bind(body)
            .execute(&self.pool)
            .await
            .map_err(failed("keep a delivery"))?;
        Ok(if done.rows_affected() == 1 {
            Receipt::Kept
        } else {
            Receipt::Known
        })
    }

    /// The oldest unread delivery that is due at `now`. It stays unread until it is settled;
    /// reading one twice is harmless.
    ///
    /// # Errors
    /// The database did not answer.
    pub async fn next_delivery(&self, now: Timestamp) -> Result<Option<Delivery>, StoreError> {
        sqlx::query(
            "SELECT guid, event, received_at, body, tries FROM deliveries
             WHERE state = 'unread' AND not_before <= $1
             ORDER BY received_at, guid LIMIT 1",
        )
        .bind(now.0)
        .fetch_optional(&self.pool)
        .await
        .and_then(|row| row.map(|row| read(&row)).transpose())
        .map_err(failed("look for an unread delivery"))
    }

    /// Says how the reading of a delivery ended.
    ///
    /// # Errors
    /// The database did not answer; the delivery stays unread.
    pub async fn settle_delivery(&self, guid: &str, end: &DeliveryEnd) -> Result<(), StoreError> {
        let (state, note, not_before) = match end {
            DeliveryEnd::Read(note) => ("read", note, 0),
            DeliveryEnd::Ignored(note) => ("ignored", note, 0),
            DeliveryEnd::Unparsed(note) => ("unparsed", note, 0),
            DeliveryEnd::Parked(note) => ("parked", note, 0),
            DeliveryEnd::Later(at, note) => ("unread", note, at.0),
        };
        sqlx::query(
            "UPDATE deliveries SET state = $1, note = $2, not_before = $3, tries = tries + 1
             WHERE guid = $4",
        )
        .bind(state)
        .bind(note.as_str())
        .bind(not_before)
        .bind(guid)
        .execute(&self.pool)
        .await
        .map(drop)
        .map_err(failed("settle a delivery"))
    }

    /// Makes parked deliveries unread again: all, or the one of this id. Gives their number.
    ///
    /// # Errors
    /// The database did not answer.
    pub async fn replay_deliveries(&self, guid: Option<&str>) -> Result<u64, StoreError> {
        sqlx::query(
            "UPDATE deliveries SET state = 'unread', tries = 0, not_before = 0
             WHERE state IN ('parked', 'unparsed') AND ($1 IS NULL OR guid = $1)",
        )
        .bind(guid)
        .execute(&self.pool)
        .await
        .map(|done| done.rows_affected())
        .map_err(failed("replay deliveries"))
    }

    /// How many deliveries there are, by what became of them.
    ///
    /// # Errors
    /// The database did not answer.
    pub async fn count_deliveries(&self) -> Result<DeliveryCounts, StoreError> {
        let rows = sqlx::query("SELECT count(*), state FROM deliveries GROUP BY state")
            .fetch_all(&self.pool)
            .await
            .map_err(failed("count deliveries"))?;
        let mut counts = DeliveryCounts::default();
        for row in &rows {
            let number = count(row).map_err(failed("count deliveries"))?;
            let state: String = row.try_get(1).map_err(failed("count deliveries"))?;
            counts.stored += number;
            match state.as_str() {
                "unread" => counts.unread = number,
                "parked" => counts.parked = number,
                "unparsed" => counts.unparsed = number,
                _ => {}
            }
        }
        Ok(counts)
    }
}

fn read(row: &AnyRow) -> Result<Delivery, sqlx::Error> {
    Ok(Delivery {
        guid: row.try_get("guid")?,
        event: row.try_get("event")?,
        received_at: Timestamp(row.try_get("received_at")?),
        body: row.try_get("body")?,
        tries: row.try_get("tries")?,
    })
}
