//! What a runner shows: a ticket once, and the lease from then on.

use std::fmt;

use subtle::ConstantTimeEq as _;

use crate::domain::ids::{AttemptNumber, Sha256Hex, TaskId};

/// Characters of a ticket, and of the key that becomes a lease: so many, no more and no fewer.
pub(super) const SECRET_CHARS: usize = 64;

/// The bearer of a runner's call: `<task>.<attempt>.<secret>`.
#[derive(Clone)]
pub struct Bearer {
    /// The task.
    pub task: TaskId,
    /// The attempt.
    pub attempt: AttemptNumber,
    secret: String,
}

impl Bearer {
    /// Reads a ticket or a lease.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('.');
        let (task, attempt, secret) = (parts.next()?, parts.next()?, parts.next()?);
        let hex = secret.len() == SECRET_CHARS && secret.bytes().all(|b| b.is_ascii_hexdigit());
        (parts.next().is_none() && hex).then_some(())?;
        Some(Self {
            task: task.parse().ok()?,
            attempt: AttemptNumber(attempt.parse().ok()?),
            secret: secret.to_owned(),
        })
    }

    /// Compares the secret's hash in constant time.
    pub(super) fn is(&self, sha256: &Sha256Hex) -> bool {
        let own = Sha256Hex::of(&self.secret);
        own.as_str()
            .as_bytes()
            .ct_eq(sha256.as_str().as_bytes())
            .into()
    }
}

/// The secret never prints.
impl fmt::Debug for Bearer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.…", self.task, self.attempt)
    }
}
