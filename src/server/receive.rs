//! `POST /webhook`: verified over the raw bytes before anything is parsed, kept before it is
//! answered.
//!
//! 202: committed, now or before (known GUIDs are nothing more). 400: no GUID or event, two of
//! a header, or half a body. 401: no signature of ours. 413: beyond GitHub's own limit. 503: it
//! could not be committed, or too much is on its way already, so that GitHub counts it as failed
//! and the sweep asks for it again.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use futures::StreamExt as _;
use http::{HeaderMap, StatusCode};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{DELIVERY_BYTES_MAX, Server};
use crate::store::Receipt;

/// Longest GUID and name of an event that are taken.
const HEADER_CHARS_MAX: usize = 100;

pub(super) async fn receive(
    State(server): State<Server>,
    headers: HeaderMap,
    body: Body,
) -> (StatusCode, &'static str) {
    if server.secrets.is_empty() {
        return (
            StatusCode::SERVICE_UNAVAILABLE,
            "no webhook secret is set, so nothing can be verified",
        );
    }
    let signature = match only(&headers, "x-hub-signature-256") {
        Only::One(value) => value,
        Only::Missing => return (StatusCode::UNAUTHORIZED, "no signature"),
        Only::Several => return (StatusCode::BAD_REQUEST, "two signatures"),
    };
    let (body, _weight) = match server.unverified.whole(body).await {
        Ok(body) => body,
        Err(unread) => return unread,
    };
    if !server.secrets.verify(signature, &body) {
        return (StatusCode::UNAUTHORIZED, "not a signature of ours");
    }
    let Some(guid) = word(&headers, "x-github-delivery") else {
        return (StatusCode::BAD_REQUEST, "no single X-GitHub-Delivery");
    };
    let Some(event) = word(&headers, "x-github-event") else {
        return (StatusCode::BAD_REQUEST, "no single X-GitHub-Event");
    };
    let engine = &server.engine;
    let now = engine.clock.now();
    match engine.store.keep_delivery(guid, event, &body, now).await {
        Ok(Receipt::Kept) => {
            engine.bell.notify_waiters();
            (StatusCode::ACCEPTED, "kept")
        }
        Ok(Receipt::Known) => (StatusCode::ACCEPTED, "known"),
        Err(error) => {
            tracing::error!(delivery.guid = guid, error = %error, "a delivery could not be kept");
            (StatusCode::SERVICE_UNAVAILABLE, "it could not be kept")
        }
    }
}

/// The bodies that are not verified yet: anybody may send them, so that together they weigh no
/// more than is stated.
#[derive(Clone, Debug)]
pub struct Unverified {
    /// One permit a byte.
    room: Arc<Semaphore>,
}

impl Unverified {
    /// At most so many bytes at a time.
    pub fn weighing(bytes_max: usize) -> Self {
        Self {
            room: Arc::new(Semaphore::new(bytes_max)),
        }
    }

    /// A whole body, and its weight to be held as long as it is.
    async fn whole(
        &self,
        body: Body,
    ) -> Result<(Vec<u8>, Option<OwnedSemaphorePermit>), (StatusCode, &'static str)> {
        let mut pieces = body.into_data_stream();
        let (mut whole, mut weight) = (Vec::new(), None::<OwnedSemaphorePermit>);
        while let Some(piece) = pieces.next().await {
            let piece = piece.map_err(|_| (StatusCode::BAD_REQUEST, "half a body"))?;
            if whole.len() + piece.len() > DELIVERY_BYTES_MAX {
                return Err((StatusCode::PAYLOAD_TOO_LARGE, "beyond GitHub's own limit"));
            }
            let bytes = u32::try_from(piece.len()).unwrap_or(u32::MAX);
            let Ok(more) = self.room.clone().try_acquire_many_owned(bytes) else {
                let said = "too much is on its way already; try again";
                return Err((StatusCode::SERVICE_UNAVAILABLE, said));
            };
            match &mut weight {
                Some(weight) => weight.merge(more),
                None => weight = Some(more),
            }
            whole.extend_from_slice(&piece);
        }
        Ok((whole, weight))
    }
}

impl Default for Unverified {
    /// Ten of the largest deliveries.
    fn default() -> Self {
        Self::weighing(10 * DELIVERY_BYTES_MAX)
    }
}

enum Only<'a> {
    One(&'a [u8]),
    Missing,
    Several,
}

/// The value of a header that must come once (X2).
fn only<'a>(headers: &'a HeaderMap, name: &str) -> Only<'a> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Only::Missing,
        (Some(value), None) => Only::One(value.as_bytes()),
        (Some(_), Some(_)) => Only::Several,
    }
}

/// The value of a header that must come once and be a plain word.
fn word<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let Only::One(value) = only(headers, name) else {
        return None;
    };
    let plain = |b: &u8| b.is_ascii_alphanumeric() || *b == b'-' || *b == b'_';
    let fits = (1..=HEADER_CHARS_MAX).contains(&value.len()) && value.iter().all(plain);
    fits.then(|| std::str::from_utf8(value).ok())?
}
