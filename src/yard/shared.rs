//! The world as the faces and tasks of the yard share it, and what can go wrong there.
//!
//! Whoever waits for something waits for news here; nobody sleeps.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

use super::git::GitError;
use super::permissions::BadManifest;
use super::tokens::NoKey;
use super::world::World;

/// What went wrong in the yard.
#[derive(Debug, thiserror::Error)]
pub enum YardError {
    /// The test or the caller names something that is not there.
    #[error("there is no such {0}")]
    NoSuch(&'static str),
    /// A person may not do that.
    #[error("{0} may not do that")]
    NotAllowed(String),
    /// GitHub says no, in these words.
    #[error("{0}")]
    Refused(String),
    /// git.
    #[error(transparent)]
    Git(#[from] GitError),
    /// A checkout for CI.
    #[error("checking out: {0}")]
    Checkout(String),
    /// A file or a socket.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// The manifest.
    #[error(transparent)]
    Manifest(#[from] BadManifest),
    /// The key.
    #[error(transparent)]
    Key(#[from] NoKey),
    /// The client for deliveries.
    #[error(transparent)]
    Client(#[from] reqwest::Error),
}

/// The world and its news, shared by all faces.
pub(super) struct Shared {
    world: Mutex<World>,
    /// Told after each change.
    pub(super) news: Notify,
    /// One push at a time, so that each is known to be whose it is.
    pub(super) pushes: tokio::sync::Mutex<()>,
}

impl Shared {
    /// A world to be shared.
    pub(super) fn new(world: World) -> Self {
        Self {
            world: Mutex::new(world),
            news: Notify::new(),
            pushes: tokio::sync::Mutex::new(()),
        }
    }

    /// Looks without making news, for those who wait for news themselves.
    pub(super) fn look_quietly<T>(&self, with: impl FnOnce(&mut World) -> T) -> T {
        with(&mut self.world.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Looks at the world, or changes it where that takes no time.
    pub(super) fn look<T>(&self, with: impl FnOnce(&mut World) -> T) -> T {
        let result = self.look_quietly(with);
        self.news.notify_waiters();
        result
    }

    /// Changes the world on a thread that may wait for git.
    pub(super) async fn change<T: Send + 'static>(
        self: &Arc<Self>,
        with: impl FnOnce(&mut World) -> T + Send + 'static,
    ) -> T {
        let shared = Arc::clone(self);
        match tokio::task::spawn_blocking(move || shared.look(with)).await {
            Ok(result) => result,
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            // The runtime is going down, and nobody waits any more.
            Err(_) => std::future::pending().await,
        }
    }

    /// Waits until `ready` says so.
    pub(super) async fn until(&self, ready: impl Fn(&World) -> bool) {
        loop {
            let news = self.news.notified();
            if self.look_quietly(|world| ready(world)) {
                return;
            }
            news.await;
        }
    }
}
