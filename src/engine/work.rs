//! The loops that keep reading, performing and sweeping, until they are told to end.
//!
//! Each loop does one thing at a time and goes on at once while there is something; then it
//! waits for the bell or for its period. Nothing is lost with them: all they do starts from rows.

use std::time::Duration;

use tokio::sync::watch;

use super::{Engine, EngineError};

/// Longest rest of the readers and performers: for what becomes due by time alone.
const REST: Duration = Duration::from_secs(1);
/// Rest between two looks for what has to be swept.
const SWEEP_REST: Duration = Duration::from_secs(20);
/// Rest after the store did not answer.
const TROUBLE_REST: Duration = Duration::from_secs(2);
/// Effects that are performed at once.
const PERFORMERS: usize = 4;

impl Engine {
    /// Runs all loops until `ending` turns true.
    pub async fn work(self, ending: watch::Receiver<bool>) {
        let mut loops = tokio::task::JoinSet::new();
        loops.spawn(
            self.clone()
                .repeat("read", REST, ending.clone(), |engine| async move {
                    engine.read_next().await
                }),
        );
        for _ in 0..PERFORMERS {
            loops.spawn(self.clone().repeat(
                "perform",
                REST,
                ending.clone(),
                |engine| async move { engine.perform_next().await },
            ));
        }
        loops.spawn(
            self.clone()
                .repeat("deadlines", REST, ending.clone(), |engine| async move {
                    engine.pass_deadlines().await
                }),
        );
        loops.spawn(
            self.repeat("sweep", SWEEP_REST, ending, |engine| async move {
                engine.sweep_next().await.map(|_| false)
            }),
        );
        while loops.join_next().await.is_some() {}
    }

    async fn repeat<F, R>(
        self,
        verb: &'static str,
        rest: Duration,
        mut ending: watch::Receiver<bool>,
        once: F,
    ) where
        F: Fn(Self) -> R,
        R: Future<Output = Result<bool, EngineError>>,
    {
        while !*ending.borrow() {
            // Heard before looking, so that nothing that comes in between is slept over.
            let bell = self.bell.notified();
            let rest = match once(self.clone()).await {
                Ok(true) => continue,
                Ok(false) => rest,
                Err(error) => {
                    tracing::error!(verb, error = error.chain(), "will be tried again");
                    rest.max(TROUBLE_REST)
                }
            };
            tokio::select! {
                () = bell => {}
                () = tokio::time::sleep(rest) => {}
                _ = ending.changed() => {}
            }
        }
    }

    /// Reads and performs until nothing is due any more: what the tests call settling.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn settle(&self) -> Result<(), EngineError> {
        loop {
            let read = self.read_next().await?;
            let performed = self.perform_next().await?;
            let passed = self.pass_deadlines().await?;
            if !read && !performed && !passed {
                return Ok(());
            }
        }
    }
}
