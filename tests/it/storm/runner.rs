//! A runner that returns a small change over the real routes, and tries again from the start
//! whenever the server is gone: with the same key, so that it gets the same lease (K8, U3).

use castellan::domain::change::{Change, FileChange, Operation};
use castellan::domain::ids::{AttemptNumber, Sha256Hex};
use castellan::protocol::brief::Brief;
use castellan::protocol::enter::{Exchange, Lease, RunIdentity};
use castellan::protocol::progress::{Phase, Progress};
use castellan::protocol::result::{CONTENT_SHA256_HEADER, Outcome, Returned, RunEvidence};
use castellan::protocol::{
    BRIEF_PATH, ENTER_PATH, EXCHANGE_PATH, PROGRESS_PATH, RESULT_PATH, VERSION,
};
use castellan::yard::HeldRun;
use serde::de::DeserializeOwned;

use super::world::AUDIENCE;

/// What the first attempt puts into `code.txt`.
pub(super) const FIXED: &str = "fixed\n";
/// What it holds before, and its blob.
pub(super) const BROKEN: &str = "broken\n";
const BROKEN_BLOB: &str = "57f89ed173cae22442fad153c14536788d557663";

/// How an answer differs from what was asked for.
#[derive(Debug)]
pub(super) enum Away {
    /// The server is gone, or has trouble: try again.
    Gone,
    /// It said no: the run ends.
    Refused,
}

/// A dispatched run with what its runner remembers.
pub(super) struct Job {
    pub(super) held: HeldRun,
    key: String,
    ticket: std::sync::Mutex<Option<String>>,
    http: reqwest::Client,
}

impl Job {
    pub(super) fn new(held: HeldRun, http: reqwest::Client) -> Self {
        let key = String::from(Sha256Hex::of(format!("key of run {}", held.run_id)));
        Self {
            held,
            key,
            ticket: std::sync::Mutex::default(),
            http,
        }
    }

    /// The whole job; `twice`: the result is sent two times (U3).
    pub(super) async fn runs(&self, server: &str, twice: bool) -> Result<(), Away> {
        self.held.begins().await.unwrap();
        let ended = self.works(server, twice).await;
        match ended {
            Ok(()) => self.held.ends("success").await.unwrap(),
            Err(Away::Refused) => self.held.ends("failure").await.unwrap(),
            Err(Away::Gone) => return ended,
        }
        Ok(())
    }

    async fn works(&self, server: &str, twice: bool) -> Result<(), Away> {
        let lease = self.enters(server).await?;
        let bearer = format!("{}.{}.{}", lease.task, lease.attempt, self.key);
        let get = self.http.get(format!("{server}{BRIEF_PATH}"));
        let brief: Brief = said(get.bearer_auth(&bearer)).await?;
        for phase in [Phase::Agent, Phase::Acceptance] {
            let progress = Progress {
                fence: lease.fence,
                phase,
                note: None,
                questions: Vec::new(),
            };
            let post = self.http.post(format!("{server}{PROGRESS_PATH}"));
            let _: serde_json::Value = said(post.bearer_auth(&bearer).json(&progress)).await?;
        }
        let returned = Returned {
            fence: lease.fence,
            start: brief.checkout.start,
            outcome: Outcome::Changed {
                change: change(lease.attempt),
            },
            partial: None,
            evidence: RunEvidence::default(),
            transcript: String::new(),
        };
        let body = serde_json::to_vec(&returned).unwrap();
        for _ in 0..=usize::from(twice) {
            let post = self.http.post(format!("{server}{RESULT_PATH}"));
            let post = post
                .bearer_auth(&bearer)
                .header(CONTENT_SHA256_HEADER, Sha256Hex::of(&body).as_str())
                .body(body.clone());
            let _: serde_json::Value = said(post).await?;
        }
        Ok(())
    }

    async fn enters(&self, server: &str) -> Result<Lease, Away> {
        let known = self.ticket.lock().unwrap().clone();
        let ticket = match known {
            Some(ticket) => ticket,
            None => self.signs_in(server).await?,
        };
        *self.ticket.lock().unwrap() = Some(ticket.clone());
        let exchange = Exchange {
            protocol: VERSION,
            ticket,
            key: self.key.clone(),
            run: RunIdentity {
                run_id: self.held.run_id,
                run_attempt: 1,
            },
        };
        said(
            self.http
                .post(format!("{server}{EXCHANGE_PATH}"))
                .json(&exchange),
        )
        .await
    }
}

impl Job {
    /// What the workflow's job `enter` does, with a fresh token each time.
    async fn signs_in(&self, server: &str) -> Result<String, Away> {
        let [task, attempt, nonce] =
            ["task", "attempt", "nonce"].map(|name| &self.held.inputs[name]);
        let token = self.held.identity(AUDIENCE, &serde_json::Value::Null);
        let url = format!("{server}{ENTER_PATH}/{task}/{attempt}/{nonce}");
        let request = self
            .http
            .post(url)
            .json(&serde_json::json!({"value": token}));
        answered(request)
            .await?
            .text()
            .await
            .map_err(|_| Away::Gone)
    }
}

async fn said<T: DeserializeOwned>(request: reqwest::RequestBuilder) -> Result<T, Away> {
    answered(request)
        .await?
        .json()
        .await
        .map_err(|_| Away::Gone)
}

/// An answer that is a yes.
async fn answered(request: reqwest::RequestBuilder) -> Result<reqwest::Response, Away> {
    let answer = request.send().await.map_err(|_| Away::Gone)?;
    match answer.status() {
        status if status.is_success() => Ok(answer),
        status if status.is_server_error() => Err(Away::Gone),
        _ => Err(Away::Refused),
    }
}

/// The first attempt mends the file; each further one adds another.
fn change(attempt: AttemptNumber) -> Change {
    let first = attempt == AttemptNumber(1);
    let file = FileChange {
        path: match first {
            true => "code.txt".to_owned(),
            false => format!("more-{attempt}.txt"),
        },
        operation: match first {
            true => Operation::Modify,
            false => Operation::Add,
        },
        mode: "100644".to_owned(),
        content: FIXED.as_bytes().to_vec(),
        base_blob: first.then(|| BROKEN_BLOB.parse().unwrap()),
    };
    Change { files: vec![file] }
}
