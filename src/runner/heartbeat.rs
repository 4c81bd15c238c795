//! Proof of life: says what is being done, at once when it changes and otherwise as often as
//! the lease wants, and listens for the word to stop.

use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use tokio::sync::{oneshot, watch};
use tokio_util::task::AbortOnDropHandle;

use super::client::{CallError, Client};
use crate::domain::ids::Fence;
use crate::protocol::PROGRESS_PATH;
use crate::protocol::enter::Lease;
use crate::protocol::progress::{Directive, Phase, Progress};
use crate::protocol::result::Question;
use crate::sandbox::clean_line;

/// Characters of a note that count.
const NOTE_CHARS: usize = 200;
/// Least time between two progresses, however fast an agent's tools follow each other.
const LEAST: Duration = Duration::from_millis(250);

/// What a runner is doing, for the heartbeat to say.
#[derive(Clone)]
pub(super) struct Voice(watch::Sender<Said>);

/// What there is to say.
#[derive(Clone)]
struct Said {
    phase: Phase,
    note: Option<String>,
    /// All that the agent has asked so far.
    questions: Vec<Question>,
}

impl Voice {
    /// A new phase begins.
    pub(super) fn phase(&self, phase: Phase) {
        self.0.send_modify(|said| {
            said.phase = phase;
            said.note = None;
        });
    }

    /// Something of the present phase, foreign text.
    pub(super) fn note(&self, text: &str) {
        let note = clean_line(text, NOTE_CHARS);
        self.0.send_modify(|said| said.note = Some(note));
    }

    /// The agent asks people something: said until the server has heard it.
    pub(super) fn ask(&self, question: Question) {
        self.0.send_modify(|said| said.questions.push(question));
    }
}

/// The heartbeat's task; it ends when dropped.
pub(super) struct Heart {
    stop: oneshot::Receiver<String>,
    _beating: AbortOnDropHandle<()>,
}

impl Heart {
    /// Waits for the server's word to stop, and says why; for ever where it does not come.
    pub(super) async fn stopped(&mut self) -> String {
        match (&mut self.stop).await {
            Ok(because) => because,
            Err(_) => std::future::pending().await,
        }
    }
}

/// Starts to beat.
pub(super) fn start(client: Client, lease: &Lease) -> (Voice, Heart) {
    let (voice, hearing) = watch::channel(Said {
        phase: Phase::Sandbox,
        note: None,
        questions: Vec::new(),
    });
    let (tell, stop) = oneshot::channel();
    let every = Duration::from_secs(u64::from(lease.heartbeat_s)).max(LEAST);
    let beating = tokio::spawn(beat(client, lease.fence, every, hearing, tell));
    let heart = Heart {
        stop,
        _beating: AbortOnDropHandle::new(beating),
    };
    (Voice(voice), heart)
}

async fn beat(
    client: Client,
    fence: Fence,
    every: Duration,
    mut hearing: watch::Receiver<Said>,
    tell: oneshot::Sender<String>,
) {
    let mut heard = 0;
    loop {
        let said = hearing.borrow_and_update().clone();
        let asked = said.questions.len();
        let mut progress = Progress {
            fence,
            phase: said.phase,
            note: said.note,
            questions: Vec::new(),
        };
        if asked > heard {
            progress.questions = said.questions;
        }
        match say(&client, &progress).await {
            Ok(Directive::Continue) => heard = asked,
            Ok(Directive::Stop { because }) => {
                let _ = tell.send(clean_line(&because, 300));
                return;
            }
            Err(error) => {
                if let Some(because) = error.says_over() {
                    let _ = tell.send(because.to_owned());
                    return;
                }
                // The next beat says more; the lease ends the attempt if none gets through.
                tracing::warn!(error = %error, "a progress did not reach the server");
            }
        }
        tokio::time::sleep(LEAST).await;
        if let Ok(Err(_)) =
            tokio::time::timeout(every.saturating_sub(LEAST), hearing.changed()).await
        {
            return;
        }
    }
}

async fn say(client: &Client, progress: &Progress) -> Result<Directive, CallError> {
    let body =
        serde_json::to_vec(progress).map_err(|error| CallError::Unsayable(error.to_string()))?;
    client
        .post(PROGRESS_PATH, HeaderMap::new(), Bytes::from(body))
        .await
}
