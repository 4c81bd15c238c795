//! Signing in, the ticket, and the lease that it is traded for.
//!
//! The lease is `Authorization: Bearer <task>.<attempt>.<key>` on every later call, where
//! `key` is the random key that the runner made itself. So the same key gets the same lease
//! again after a lost answer, and another key for a used ticket ends the attempt (X86).

use serde::{Deserialize, Serialize};

use crate::domain::ids::{AttemptNumber, Fence, TaskId};
pub use crate::domain::task::attempt::RunIdentity;
use crate::domain::time::Timestamp;

/// `POST /runner/enter/<task>/<attempt>/<nonce>`: the answer of GitHub's issuer of identities,
/// byte for byte as the job had it.
///
/// Answers, as text: 200 the ticket; 401 a token that proves nothing, or counted before; 403 not
/// the run that was dispatched; 404 no such attempt; 409 another run is in; 410 the attempt is
/// over; 503 try again with a fresh token.
#[derive(Clone, Deserialize)]
pub struct IdToken {
    /// The token.
    pub value: String,
}

/// `POST /runner/exchange`: a ticket for a lease.
///
/// Answers: 200 [`Lease`]; 400 unknown protocol version; 401 not a ticket of ours;
/// 409 used with another key, or by another run; 410 the attempt is over.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exchange {
    /// [`crate::protocol::VERSION`] of the runner.
    pub protocol: u32,
    /// The ticket: `<task>.<attempt>.<secret>`.
    pub ticket: String,
    /// 64 hexadecimal digits that the runner drew at random.
    pub key: String,
    /// The run that asks.
    pub run: RunIdentity,
}

/// What a runner may do from now on, and until when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// The task.
    pub task: TaskId,
    /// The attempt.
    pub attempt: AttemptNumber,
    /// The fence that the result must carry.
    pub fence: Fence,
    /// Seconds within which the next progress is expected.
    pub heartbeat_s: u32,
    /// The attempt is over at this time.
    pub deadline: Timestamp,
}
