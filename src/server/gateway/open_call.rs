//! A call that is counted and not settled yet. However it ends, it is settled once.

use super::endpoint::Dialect;
use super::usage::Tap;
use crate::domain::model::budget::Usage;
use crate::engine::Engine;
use crate::engine::attempt::Admitted;

/// How far a call has come.
enum Reached {
    /// The provider has nothing to charge for: it was not asked, or it refused.
    Nothing,
    /// It was asked; what it says is read for what it costs.
    Sent(Tap),
    /// Counted for good.
    Settled,
}

/// A call that is under way.
pub(super) struct OpenCall {
    engine: Engine,
    admitted: Admitted,
    dialect: Dialect,
    reached: Reached,
}

impl OpenCall {
    pub(super) fn new(engine: Engine, admitted: Admitted, dialect: Dialect) -> Self {
        Self {
            engine,
            admitted,
            dialect,
            reached: Reached::Nothing,
        }
    }

    /// From here on the provider may charge for it.
    pub(super) fn is_sent(&mut self) {
        self.reached = Reached::Sent(Tap::new(self.dialect));
    }

    /// The provider did nothing.
    pub(super) fn is_refused(&mut self) {
        self.reached = Reached::Nothing;
    }

    /// The answer begins; `is_events`: it comes as server-sent events.
    pub(super) fn begins(&mut self, is_events: bool) {
        if let Reached::Sent(tap) = &mut self.reached {
            tap.begins(is_events);
        }
    }

    pub(super) fn passes(&mut self, bytes: &[u8]) {
        if let Reached::Sent(tap) = &mut self.reached {
            tap.passes(bytes);
        }
    }

    /// The answer came to its own end.
    pub(super) fn ends(&mut self) {
        if let Reached::Sent(tap) = &mut self.reached {
            tap.ends();
        }
    }

    /// Counts what is known; once. Dropped in between, it stays counted by what it may have used.
    pub(super) async fn settle(&mut self) {
        let usage = self.usage();
        if let Some(usage) = usage {
            self.engine
                .settle_call(&self.admitted, usage.as_ref())
                .await;
        }
    }

    /// `None`: settled before; `Some(None)`: nothing was used.
    fn usage(&mut self) -> Option<Option<Usage>> {
        match std::mem::replace(&mut self.reached, Reached::Settled) {
            Reached::Settled => None,
            Reached::Nothing => Some(None),
            Reached::Sent(tap) => Some(Some(tap.usage())),
        }
    }
}

/// The agent went away in the middle.
impl Drop for OpenCall {
    fn drop(&mut self) {
        let Some(usage) = self.usage() else { return };
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        let (engine, admitted) = (self.engine.clone(), self.admitted.clone());
        runtime.spawn(async move { engine.settle_call(&admitted, usage.as_ref()).await });
    }
}
