//! The runner of a story: it takes a dispatched run and speaks the protocol over real HTTP.

use std::process::{Command, Stdio};

use castellan::domain::change::{Change, FileChange, Operation};
use castellan::domain::ids::{Oid, Sha256Hex};
use castellan::protocol::brief::Brief;
use castellan::protocol::enter::{Exchange, Lease, RunIdentity};
use castellan::protocol::progress::{Directive, Phase, Progress};
use castellan::protocol::result::{
    Answer, CONTENT_SHA256_HEADER, CommandReport, Outcome, Question, Returned, RunEvidence,
};
use castellan::protocol::{
    BRIEF_PATH, ENTER_PATH, EXCHANGE_PATH, PROGRESS_PATH, RESULT_PATH, SESSION_PATH, VERSION,
};
use castellan::yard::HeldRun;
use serde_json::{Value, json};

use super::world::{AUDIENCE, World};

/// Longest wait for a run that a story says is there.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(10);

/// A runner that has its lease.
pub(crate) struct Run<'a> {
    world: &'a World,
    pub(crate) held: HeldRun,
    pub(crate) lease: Lease,
    pub(crate) brief: Brief,
    pub(crate) bearer: String,
}

/// A key as a runner draws it.
pub(crate) fn key(seed: u8) -> String {
    hex::encode([seed; 32])
}

impl World {
    /// The dispatched run that waits for its runner.
    pub(crate) async fn held(&self) -> HeldRun {
        let taken = tokio::time::timeout(PATIENCE, self.yard.take_run()).await;
        taken.expect("a dispatched run")
    }

    /// A runner takes the dispatched run, trades its ticket and reads its brief.
    pub(crate) async fn runner(&self) -> Run<'_> {
        let held = self.held().await;
        held.begins().await.unwrap();
        self.runner_of(held, 1).await
    }

    /// The first of several dispatched runs that gets the lease; the others end.
    pub(crate) async fn lucky_runner(&self) -> Run<'_> {
        loop {
            let held = self.held().await;
            held.begins().await.unwrap();
            let (status, _) = self.exchanges(&held, &key(1), held.run_id.0).await;
            if status == 200 {
                return self.runner_of(held, 1).await;
            }
            held.ends("failure").await.unwrap();
            self.settles().await;
        }
    }

    /// The same, for a run that was taken already.
    pub(crate) async fn runner_of(&self, held: HeldRun, seed: u8) -> Run<'_> {
        let (status, answer) = self.exchanges(&held, &key(seed), held.run_id.0).await;
        assert_eq!(status, 200, "{answer}");
        let lease: Lease = serde_json::from_value(answer).unwrap();
        let bearer = format!("{}.{}.{}", lease.task, lease.attempt, key(seed));
        let brief = self.http.get(format!("{}{BRIEF_PATH}", self.address));
        let brief = brief.bearer_auth(&bearer).send().await.unwrap();
        let brief = brief.json().await.unwrap();
        self.settles().await;
        Run {
            world: self,
            held,
            lease,
            brief,
            bearer,
        }
    }

    /// What the job `enter` does: the ticket of a run, or the status and words of the refusal.
    pub(crate) async fn signs_in(&self, held: &HeldRun) -> Result<String, (u16, String)> {
        let known = self.tickets.lock().unwrap().get(&held.run_id.0).cloned();
        if let Some(ticket) = known {
            return Ok(ticket);
        }
        let token = held.identity(AUDIENCE, &Value::Null).unwrap();
        let ticket = self.presents(held, &token).await?;
        let mut tickets = self.tickets.lock().unwrap();
        tickets.insert(held.run_id.0, ticket.clone());
        Ok(ticket)
    }

    /// Presents a token for a run's ticket.
    pub(crate) async fn presents(
        &self,
        held: &HeldRun,
        token: &str,
    ) -> Result<String, (u16, String)> {
        let [task, attempt, nonce] = ["task", "attempt", "nonce"].map(|name| &held.inputs[name]);
        let path = format!("{ENTER_PATH}/{task}/{attempt}/{nonce}");
        let request = self.http.post(format!("{}{path}", self.address));
        let answer = request.json(&json!({"value": token})).send().await.unwrap();
        let status = answer.status().as_u16();
        let text = answer.text().await.unwrap();
        if status == 200 {
            Ok(text)
        } else {
            Err((status, text))
        }
    }

    /// Presents a run's ticket: the status and the answer.
    pub(crate) async fn exchanges(&self, held: &HeldRun, key: &str, run: i64) -> (u16, Value) {
        let ticket = match self.signs_in(held).await {
            Ok(ticket) => ticket,
            Err((status, said)) => return (status, Value::String(said)),
        };
        let exchange = Exchange {
            protocol: VERSION,
            ticket,
            key: key.to_owned(),
            run: RunIdentity {
                run_id: castellan::domain::ids::RunId(run),
                run_attempt: 1,
            },
        };
        let request = self.http.post(format!("{}{EXCHANGE_PATH}", self.address));
        answer(request.json(&exchange)).await
    }
}

async fn answer(request: reqwest::RequestBuilder) -> (u16, Value) {
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    (status, response.json().await.unwrap_or_default())
}

impl Run<'_> {
    /// Says what its agent has asked so far; people are told.
    pub(crate) async fn asks(&self, questions: &[Question]) {
        self.says(questions).await;
        self.world.settles().await;
    }

    /// Says what its agent has asked so far.
    pub(crate) async fn says(&self, questions: &[Question]) {
        let told = self.tells(Phase::Agent, None, questions).await;
        assert_eq!(told, Directive::Continue);
    }

    /// Says what it does.
    pub(crate) async fn reports(&self, phase: Phase) -> Directive {
        self.tells(phase, None, &[]).await
    }

    /// Says what it does, and with which tool.
    pub(crate) async fn notes(&self, phase: Phase, note: Option<&str>) -> Directive {
        self.tells(phase, note, &[]).await
    }

    async fn tells(&self, phase: Phase, note: Option<&str>, questions: &[Question]) -> Directive {
        let progress = Progress {
            fence: self.lease.fence,
            phase,
            note: note.map(str::to_owned),
            questions: questions.to_vec(),
        };
        let url = format!("{}{PROGRESS_PATH}", self.world.address);
        let request = self.world.http.post(url).bearer_auth(&self.bearer);
        let (status, answer) = answer(request.json(&progress)).await;
        assert_eq!(status, 200, "{answer}");
        serde_json::from_value(answer).unwrap()
    }

    /// Leaves a session, under the hash that it is said to have: the status and the answer.
    pub(crate) async fn leaves(&self, archive: &[u8], sha256: &str) -> (u16, Value) {
        let url = format!("{}{SESSION_PATH}", self.world.address);
        let request = self.world.http.post(url).bearer_auth(&self.bearer);
        let request = request.header(CONTENT_SHA256_HEADER, sha256);
        answer(request.body(archive.to_owned())).await
    }

    /// Asks for the session of an earlier attempt: the status and the bytes.
    pub(crate) async fn session(&self) -> (u16, Vec<u8>) {
        let url = format!("{}{SESSION_PATH}", self.world.address);
        let request = self.world.http.get(url).bearer_auth(&self.bearer);
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        (status, response.bytes().await.unwrap().to_vec())
    }

    /// Posts bytes as the result, under the hash that they are said to have.
    pub(crate) async fn posts(&self, body: Vec<u8>, sha256: &str) -> (u16, Value) {
        let url = format!("{}{RESULT_PATH}", self.world.address);
        let request = self.world.http.post(url).bearer_auth(&self.bearer);
        answer(request.header(CONTENT_SHA256_HEADER, sha256).body(body)).await
    }

    /// Posts a result: the status and the answer.
    pub(crate) async fn returns_raw(&self, returned: &Returned) -> (u16, Value) {
        let body = serde_json::to_vec(returned).unwrap();
        let sha256 = Sha256Hex::of(&body);
        self.posts(body, sha256.as_str()).await
    }

    /// The result that holds these files; `None` takes one away.
    pub(crate) async fn result(&self, files: &[(&str, Option<&str>)]) -> Returned {
        let repo = self.world.repo.full_name();
        let start = &self.brief.checkout.start;
        let before = self.world.yard.files_at(&repo, start).await.unwrap();
        let change = |(path, content): &(&str, Option<&str>)| {
            let old = before.get(*path);
            FileChange {
                path: (*path).to_owned(),
                operation: match (old, content) {
                    (_, None) => Operation::Delete,
                    (Some(_), Some(_)) => Operation::Modify,
                    (None, Some(_)) => Operation::Add,
                },
                mode: old.map_or("100644", |(mode, _)| mode).to_owned(),
                content: content.unwrap_or_default().as_bytes().to_vec(),
                base_blob: old.map(|(_, content)| blob(content)),
            }
        };
        let mut files: Vec<FileChange> = files.iter().map(change).collect();
        files.sort_by(|one, other| one.path.cmp(&other.path));
        self.returned(Outcome::Changed {
            change: Change { files },
        })
    }

    /// A result with this outcome.
    pub(crate) fn returned(&self, outcome: Outcome) -> Returned {
        Returned {
            fence: self.lease.fence,
            start: self.brief.checkout.start.clone(),
            outcome,
            partial: None,
            evidence: RunEvidence {
                agent: Some("Played agent 1".to_owned()),
                stop_reason: Some("end_turn".to_owned()),
                turns: 1,
                acceptance: vec![CommandReport {
                    command: "sh test.sh".to_owned(),
                    exit_code: Some(0),
                    output_tail: String::new(),
                    took_ms: 12,
                }],
                words: "It subtracted; now it adds.".to_owned(),
                ..RunEvidence::default()
            },
            transcript: String::new(),
        }
    }

    /// Returns these files; all that follows is done.
    pub(crate) async fn returns_change(self, files: &[(&str, &str)]) {
        let files: Vec<_> = files.iter().map(|(p, c)| (*p, Some(*c))).collect();
        let returned = self.result(&files).await;
        self.returns(&returned).await;
    }

    /// The same, with answers to review threads.
    pub(crate) async fn returns_answers(self, files: &[(&str, &str)], answers: Vec<Answer>) {
        let files: Vec<_> = files.iter().map(|(p, c)| (*p, Some(*c))).collect();
        let mut returned = match files.is_empty() {
            true => self.returned(Outcome::Unchanged),
            false => self.result(&files).await,
        };
        returned.evidence.answers = answers;
        self.returns(&returned).await;
    }

    /// The agent changed nothing.
    pub(crate) async fn returns_nothing(self) {
        let returned = self.returned(Outcome::Unchanged);
        self.returns(&returned).await;
    }

    /// It could not be done.
    pub(crate) async fn fails(self, phase: Phase, cause: &str, remedy: &str) {
        let returned = self.returned(Outcome::Failed {
            phase,
            cause: cause.to_owned(),
            remedy: remedy.to_owned(),
        });
        self.returns(&returned).await;
    }

    /// Returns this result; all that follows is done.
    pub(crate) async fn returns(self, returned: &Returned) {
        let (status, answer) = self.returns_raw(returned).await;
        assert_eq!(status, 200, "{answer}");
        self.held.ends("success").await.unwrap();
        self.world.settles().await;
    }
}

/// Git's name of a content.
pub(crate) fn blob(content: &[u8]) -> Oid {
    use std::io::Write as _;
    let mut git = Command::new("git")
        .args(["hash-object", "--stdin"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    git.stdin.take().unwrap().write_all(content).unwrap();
    let named = git.wait_with_output().unwrap().stdout;
    String::from_utf8(named).unwrap().trim().parse().unwrap()
}
