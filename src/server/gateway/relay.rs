//! The answer on its way to the agent: as it comes, with its end bounded and its cost counted.

use std::io;
use std::pin::Pin;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use futures::{Stream, StreamExt as _};
use http::{HeaderMap, header};
use tokio::time::Instant;
use tokio_util::task::task_tracker::TaskTrackerToken;

use super::Gateway;
use super::open_call::OpenCall;
use super::place::Place;

/// What an agent is told of a provider's headers; others may name the owner's account.
const HEADERS: [&str; 6] = [
    "content-type",
    "cache-control",
    "request-id",
    "x-request-id",
    "retry-after",
    "x-should-retry",
];

pub(super) fn headers(theirs: &HeaderMap) -> HeaderMap {
    let mut ours = HeaderMap::new();
    for (name, value) in theirs {
        if HEADERS.contains(&name.as_str()) {
            ours.insert(name.clone(), value.clone());
        }
    }
    ours
}

/// An answer that passes.
struct Passing {
    answer: Pin<Box<dyn Stream<Item = reqwest::Result<Bytes>> + Send>>,
    open: OpenCall,
    deadline: Instant,
    ended: bool,
    _place: Place,
    _under_way: TaskTrackerToken,
}

/// Passes a provider's answer on.
pub(super) fn pass(
    answer: reqwest::Response,
    mut open: OpenCall,
    place: Place,
    gateway: &Gateway,
    deadline: Instant,
) -> Response {
    let kind = answer.headers().get(header::CONTENT_TYPE);
    let is_events = kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"));
    open.begins(is_events);
    let (status, headers) = (answer.status(), headers(answer.headers()));
    let passing = Passing {
        answer: Box::pin(answer.bytes_stream()),
        open,
        deadline,
        ended: false,
        _place: place,
        _under_way: gateway.shared.under_way.token(),
    };
    let body = futures::stream::unfold(passing, |mut passing| async move {
        let next = passing.next().await?;
        Some((next, passing))
    });
    let mut response = Response::new(Body::from_stream(body));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

impl Passing {
    async fn next(&mut self) -> Option<io::Result<Bytes>> {
        if self.ended {
            return None;
        }
        let next = tokio::time::timeout_at(self.deadline, self.answer.next()).await;
        match next {
            Ok(Some(Ok(bytes))) => {
                self.open.passes(&bytes);
                return Some(Ok(bytes));
            }
            Ok(None) => self.open.ends(),
            Ok(Some(Err(_))) | Err(_) => {}
        }
        self.ended = true;
        // Before the agent sees the end: its next call is counted after this one.
        self.open.settle().await;
        match next {
            Ok(None) => None,
            // An answer that broke off must not look whole.
            _ => Some(Err(io::Error::other("the answer broke off"))),
        }
    }
}
