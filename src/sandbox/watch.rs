//! Beside each running sandbox: what its processes use together, and the end of all where that is
//! too much. No cgroup can be assumed, so it is looked at again and again.

use std::io;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use tokio_util::task::AbortOnDropHandle;

use super::disk::Disk;
use super::limits::Limit;
use super::memory::Memory;
use super::spec::Spec;

/// Between two looks: a program fills some hundred MiB in it, and a look costs a few milliseconds.
const EVERY: Duration = Duration::from_millis(200);

/// Looks after one sandbox until dropped.
#[derive(Debug)]
pub(super) struct Watch {
    ended: Arc<OnceLock<Limit>>,
    _looking: AbortOnDropHandle<()>,
}

impl Watch {
    /// Begins to look after the sandbox whose outermost process is `id`.
    ///
    /// To be called before that process can have been waited for, so that the number is its own.
    pub(super) fn begin(id: Option<u32>, spec: &Spec, disk: Disk) -> io::Result<Self> {
        let first = id
            .and_then(|id| Pid::from_raw(i32::try_from(id).ok()?))
            .ok_or(io::ErrorKind::NotFound)?;
        // It stands for the process, whoever gets its number later.
        let held = pidfd_open(first, PidfdFlags::empty())?;
        let ended = Arc::new(OnceLock::new());
        let told = ended.clone();
        let mut looks = (Memory::new(first, &spec.limits), disk);
        let looking = tokio::spawn(async move {
            loop {
                tokio::time::sleep(EVERY).await;
                let look = tokio::task::spawn_blocking(move || {
                    let processes = looks.0.processes();
                    let beyond = looks
                        .0
                        .beyond(&processes)
                        .or_else(|| looks.1.beyond(&processes));
                    (looks, beyond)
                });
                let Ok((next, beyond)) = look.await else {
                    return;
                };
                looks = next;
                if let Some(limit) = beyond {
                    let _ = told.set(limit);
                    // With it the kernel ends all others; where it is gone already, they are, too.
                    let _ = pidfd_send_signal(&held, Signal::KILL);
                    return;
                }
            }
        });
        Ok(Self {
            ended,
            _looking: AbortOnDropHandle::new(looking),
        })
    }

    /// The limit that was passed.
    pub(super) fn ended_by(&self) -> Option<Limit> {
        self.ended.get().copied()
    }
}
