//! How many calls one attempt may have open, and how much of their requests is held at a time: a
//! hijacked agent must not hold the whole server.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::REQUEST_BYTES_MAX;
use super::refusal::Refusal;
use crate::domain::ids::{AttemptNumber, TaskId};
use crate::engine::attempt::ModelLease;

/// Calls of one attempt at a time: an agent with its subordinates has a few.
const OPEN_MAX: usize = 8;
/// Calls of one attempt that are open or wait for their turn.
const WAITING_MAX: usize = 32;
/// KiB of requests of one attempt that are held until the provider has them: two of the largest.
const ATTEMPT_KIB_MAX: usize = 2 * REQUEST_BYTES_MAX / 1024;
/// KiB of requests of all attempts that are held.
const ALL_KIB_MAX: usize = 16 * REQUEST_BYTES_MAX / 1024;
/// Requests that are read at a time: read, a hostile one takes many times its bytes.
const READING_MAX: usize = 2;

/// The places of all attempts that call.
pub(super) struct Places {
    of: Mutex<HashMap<(TaskId, AttemptNumber), Weak<Attempt>>>,
    held: Arc<Semaphore>,
    reading: Arc<Semaphore>,
}

impl Default for Places {
    fn default() -> Self {
        Self {
            of: Mutex::default(),
            held: Arc::new(Semaphore::new(ALL_KIB_MAX)),
            reading: Arc::new(Semaphore::new(READING_MAX)),
        }
    }
}

struct Attempt {
    waiting: Arc<Semaphore>,
    open: Arc<Semaphore>,
    held: Arc<Semaphore>,
}

/// A place, given back when dropped.
pub(super) struct Place {
    _open: OwnedSemaphorePermit,
    _waiting: OwnedSemaphorePermit,
    held: Vec<OwnedSemaphorePermit>,
    attempt: Arc<Attempt>,
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
            held: Vec::new(),
            attempt,
        })
    }

    /// Waits until a request of so many bytes may be held.
    pub(super) async fn hold(&self, place: &mut Place, bytes: usize) -> Result<(), Refusal> {
        let kib = u32::try_from(bytes.div_ceil(1024)).map_err(|_| Refusal::too_large())?;
        for among in [&place.attempt.held, &self.held] {
            let held = among.clone().acquire_many_owned(kib).await;
            place.held.push(held.map_err(|_| Refusal::too_many())?);
        }
        Ok(())
    }

    /// Waits until a request may be read.
    pub(super) async fn read(&self) -> Result<OwnedSemaphorePermit, Refusal> {
        let reading = self.reading.clone().acquire_owned().await;
        reading.map_err(|_| Refusal::too_many())
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
            held: Arc::new(Semaphore::new(ATTEMPT_KIB_MAX)),
        });
        all.insert(key, Arc::downgrade(&attempt));
        attempt
    }
}

impl Place {
    /// The provider has the request: it is held no more.
    pub(super) fn is_sent(&mut self) {
        self.held.clear();
    }
}
