//! The loops that keep reading, performing and sweeping, until they are told to end.
//!
//! Each loop does one thing at a time and goes on at once while there is something; then it
//! waits for the bell or for its period. Nothing is lost with them: all they do starts from rows.

use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;

use super::{Engine, EngineError};

/// Longest rest of the readers and performers: for what becomes due by time alone.
const REST: Pace = Pace {
    rest: Duration::from_secs(1),
    hears: true,
};
/// Rest between two looks at what is due by time, and at CI. The bell does not end it: CI reports
/// in bursts of a second or two, and one look at it is to do for all of a burst.
const DEADLINES_REST: Pace = Pace {
    rest: Duration::from_secs(2),
    hears: false,
};
/// Rest between two looks for what has to be swept.
const SWEEP_REST: Pace = Pace {
    rest: Duration::from_secs(20),
    hears: true,
};
/// Rest after the store did not answer.
const TROUBLE_REST: Duration = Duration::from_secs(2);
/// Pull requests that are judged at once.
const JUDGES: usize = 2;
/// Effects that are performed at once.
const PERFORMERS: usize = 4;

/// How a loop rests.
#[derive(Clone, Copy)]
struct Pace {
    /// For how long at most.
    rest: Duration,
    /// Whether the bell ends it.
    hears: bool,
}

impl Engine {
    /// Runs all loops until `ending` turns true.
    ///
    /// # Errors
    /// A loop ended by itself: with one of them missing nobody should be told that all is well.
    pub async fn work(self, ending: watch::Receiver<bool>) -> Result<(), EngineError> {
        let mut loops = JoinSet::new();
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
        loops.spawn(self.clone().repeat(
            "deadlines",
            DEADLINES_REST,
            ending.clone(),
            |engine| async move { engine.pass_deadlines().await },
        ));
        for _ in 0..JUDGES {
            loops.spawn(
                self.clone()
                    .repeat("judge", REST, ending.clone(), |engine| async move {
                        engine.judge_next().await
                    }),
            );
        }
        loops.spawn(
            self.repeat("sweep", SWEEP_REST, ending, |engine| async move {
                engine.sweep_next().await.map(|_| false)
            }),
        );
        all_end(loops).await
    }

    async fn repeat<F, R>(
        self,
        verb: &'static str,
        pace: Pace,
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
                Ok(false) => pace.rest,
                Err(error) => {
                    tracing::error!(verb, error = error.chain(), "will be tried again");
                    pace.rest.max(TROUBLE_REST)
                }
            };
            tokio::select! {
                () = bell, if pace.hears => {}
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
            let judged = self.judge_next().await?;
            if !read && !performed && !passed && !judged {
                return Ok(());
            }
        }
    }
}

/// Waits for all loops. The first that broke off ends the others, wherever they are: they
/// start from rows, as after a crash.
async fn all_end(mut loops: JoinSet<()>) -> Result<(), EngineError> {
    while let Some(ended) = loops.join_next().await {
        if let Err(error) = ended {
            tracing::error!(%error, "a loop broke off; this process ends its work");
            return Err(EngineError::Defect(format!("a loop broke off: {error}")));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_loop_that_panics_ends_the_work_with_an_error() {
        let mut loops = JoinSet::new();
        loops.spawn(std::future::pending());
        loops.spawn(async { panic!("a defect") });
        let ended = all_end(loops).await;
        assert!(ended.unwrap_err().to_string().contains("a defect"));
    }

    #[tokio::test]
    async fn loops_that_end_as_they_are_told_are_no_error() {
        let mut loops = JoinSet::new();
        loops.spawn(async {});
        assert!(all_end(loops).await.is_ok());
    }
}
