//! How many calls one attempt may have open: a hijacked agent must not hold the whole server.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::refusal::Refusal;
use crate::domain::ids::{AttemptNumber, TaskId};
use crate::engine::attempt::ModelLease;

/// Calls of one attempt at a time: an agent with its subordinates has a few.
const OPEN_MAX: usize = 8;
/// Calls of one attempt that are open or wait for their turn.
const WAITING_MAX: usize = 32;

/// The places of all attempts that call.
#[derive(Default)]
pub(super) struct Places {
    of: Mutex<HashMap<(TaskId, AttemptNumber), Weak<Attempt>>>,
}

struct Attempt {
    waiting: Arc<Semaphore>,
    open: Arc<Semaphore>,
}

/// A place, given back when dropped.
pub(super) struct Place {
    _open: OwnedSemaphorePermit,
    _waiting: OwnedSemaphorePermit,
    _attempt: Arc<Attempt>,
}

impl Places {
    /// Waits for a place of the attempt.
    pub(super) async fn take(&self, lease: &ModelLease) -> Result<Place, Refusal> {
        let attempt = self.attempt(lease);
        let waiting = attempt.waiting.clone().try_acquire_owned();
        let waiting = waiting.map_err(|_| Refusal::too_many())?;
        let open = attempt.open.clone().acquire_owned().await;
        Ok(Place {
            _open: open.map_err(|_| Refusal::too_many())?,
            _waiting: waiting,
            _attempt: attempt,
        })
    }

    fn attempt(&self, lease: &ModelLease) -> Arc<Attempt> {
        let mut all = self.of.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, attempt| attempt.strong_count() > 0);
        let key = (lease.task.clone(), lease.attempt);
        if let Some(known) = all.get(&key).and_then(Weak::upgrade) {
            return known;
        }
        let attempt = Arc::new(Attempt {
            waiting: Arc::new(Semaphore::new(WAITING_MAX)),
            open: Arc::new(Semaphore::new(OPEN_MAX)),
        });
        all.insert(key, Arc::downgrade(&attempt));
        attempt
    }
}
