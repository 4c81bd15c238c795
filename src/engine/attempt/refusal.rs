//! Why a runner is refused, in words for the log of its job.

use crate::domain::task::sign_in::Stranger;
use crate::engine::EngineError;
use crate::github::ClockSkew;
use crate::github::identity::NotProven;
use crate::protocol::{OLDEST, VERSION};

/// Why a runner's call is refused. Each has its HTTP status in [`crate::server`].
#[derive(Debug, thiserror::Error)]
pub enum RunnerRefusal {
    /// The runner speaks another version of the protocol.
    #[error(
        "this server speaks protocol {OLDEST} to {VERSION}, the runner {theirs}; print the workflow \
         file again with `castellan workflow` and commit it, so that it names a runner of this server's"
    )]
    Version {
        /// The runner's.
        theirs: u32,
    },
    /// Not a ticket or lease of ours.
    #[error("not a ticket or lease of this server's")]
    Unknown,
    /// The server knows no issuer of identities.
    #[error("this server is not configured yet, so nobody can sign in")]
    NoIssuer,
    /// The token proves nothing.
    #[error(transparent)]
    NotProven(NotProven),
    /// The token's time is not now, because our clock is wrong (U10).
    #[error("the token's time is not now, for {0}")]
    Clock(ClockSkew),
    /// The token counted before (X20).
    #[error("this token was used before; ask for another")]
    TokenReplayed,
    /// GitHub's keys could not be had.
    #[error(transparent)]
    NoKeys(NotProven),
    /// Another than the run that was dispatched.
    #[error("{}", .0.sentence())]
    Stranger(Stranger),
    /// The ticket's time is over: set-up took too long.
    #[error("the set-up steps took longer than an hour; the ticket is no longer good")]
    Expired,
    /// Another run has the lease.
    #[error("another run has taken this attempt")]
    Taken,
    /// The ticket came twice with different keys (X86).
    #[error("the ticket was used with another key; the attempt was ended")]
    Replayed,
    /// The fence is an older one's.
    #[error("the fence is stale: this attempt has been given up")]
    Stale,
    /// Another result was stored.
    #[error("another result of this attempt is stored already")]
    OtherResult,
    /// The attempt is over.
    #[error("the attempt is over: {0}")]
    Over(String),
    /// The body is not what its hash says.
    #[error("the body's SHA-256 is not the one in the header; send it again")]
    Hash,
    /// There is no session to resume.
    #[error("no session is kept for this attempt")]
    NoSession,
    /// The body is larger than a result may be, or broke off.
    #[error("the body is larger than a result may be, or broke off")]
    TooLarge,
    /// The body is not such a message.
    #[error("not a message of this protocol: {0}")]
    Message(String),
    /// Ours.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

impl From<crate::store::StoreError> for RunnerRefusal {
    fn from(error: crate::store::StoreError) -> Self {
        Self::Engine(error.into())
    }
}
