//! What the network refused, each place and reason once and counted: evidence, in a bounded number of lines.

use std::sync::{Arc, Mutex, PoisonError};

use crate::protocol::progress::Phase;
use crate::protocol::result::NetworkRefusal;
use crate::runner::heartbeat::Voice;
use crate::sandbox::clean_line;

/// Places of one phase that are kept; what comes later is counted together.
const PLACES_MAX: usize = 50;
/// Characters of a place: a host's name has 253 at most.
const PLACE_CHARS: usize = 260;
/// Characters of a reason, which may name a host.
const BECAUSE_CHARS: usize = 400;

/// The refusals of one attempt.
#[derive(Clone)]
pub(in crate::runner) struct Refusals {
    list: Arc<Mutex<Vec<NetworkRefusal>>>,
    voice: Voice,
}

impl Refusals {
    /// An empty list; each new place is told to `voice`.
    pub(in crate::runner) fn new(voice: Voice) -> Self {
        Self {
            list: Arc::default(),
            voice,
        }
    }

    pub(super) fn add(&self, phase: Phase, place: &str, because: &str) {
        let place = clean_line(place, PLACE_CHARS);
        let because = clean_line(because, BECAUSE_CHARS);
        let mut list = self.list.lock().unwrap_or_else(PoisonError::into_inner);
        let is_full = list.iter().filter(|known| known.phase == phase).count() >= PLACES_MAX;
        let known = list
            .iter_mut()
            .find(|known| (known.phase, &known.place, &known.because) == (phase, &place, &because));
        match known {
            Some(known) => known.count = known.count.saturating_add(1),
            None if is_full => {
                let last = list.iter_mut().rfind(|known| known.phase == phase);
                if let Some(last) = last {
                    "further places".clone_into(&mut last.place);
                    "as the others".clone_into(&mut last.because);
                    last.count = last.count.saturating_add(1);
                }
            }
            None => {
                self.voice
                    .note(&format!("the network refused {place}: {because}"));
                list.push(NetworkRefusal {
                    phase,
                    place,
                    because,
                    count: 1,
                });
            }
        }
    }

    /// All of them so far.
    pub(in crate::runner) fn list(&self) -> Vec<NetworkRefusal> {
        self.list
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}
