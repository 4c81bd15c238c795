//! A stand-in for the server: it gives a lease and a brief, hears progress, takes a result, and
//! serves one repository over git's smart HTTP. Faults on request.

use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use castellan::domain::ids::{AttemptNumber, Fence, Sha256Hex, TaskId};
use castellan::domain::time::Timestamp;
use castellan::protocol::brief::Brief;
use castellan::protocol::enter::{Exchange, Lease};
use castellan::protocol::failure::SaidByCi;
use castellan::protocol::progress::{Directive, Progress};
use castellan::protocol::result::{CONTENT_SHA256_HEADER, Receipt, Returned};
use castellan::protocol::{
    BRIEF_PATH, CI_FAILURE_PATH, EXCHANGE_PATH, MODEL_PATH, MODEL_REFUSAL_HEADER, PROGRESS_PATH,
    RESULT_PATH, Refused, SESSION_PATH,
};
use tokio::io::AsyncWriteExt;
use tokio::sync::Notify;

/// What was seen, and what is to be answered.
#[derive(Default)]
pub(crate) struct Book {
    pub(crate) brief: Option<Brief>,
    pub(crate) exchanges: Vec<Exchange>,
    pub(crate) progress: Vec<Progress>,
    pub(crate) results: Vec<Bytes>,
    /// Sessions that agents left, and the one that is given out.
    pub(crate) sessions: Vec<Bytes>,
    pub(crate) session: Option<Bytes>,
    pub(crate) leases: Vec<String>,
    pub(crate) git_authorization: Vec<Option<String>>,
    /// Answers to come before the proper ones, by path.
    pub(crate) instead: Vec<(&'static str, StatusCode)>,
    /// Bytes of a result that a proxy before the server passes.
    pub(crate) proxy_passes: Option<usize>,
    /// Tells the runner to stop at its next word.
    pub(crate) stop_now: bool,
    /// Calls of the model.
    pub(crate) model: Vec<ModelCall>,
    /// A server that plays the model, where the answers are to be a model's.
    pub(crate) model_at: Option<String>,
    /// How the next calls of the model are refused: status, and the gateway's word for it.
    pub(crate) model_refuses: Vec<(StatusCode, &'static str)>,
    /// Tells the runner to stop as soon as it notes this.
    pub(crate) stop_at: Option<&'static str>,
    /// What CI said, and what was asked of it.
    pub(crate) ci: Option<SaidByCi>,
    pub(crate) ci_asked: Vec<String>,
    /// The lease's deadline.
    pub(crate) deadline: Timestamp,
}

/// One call of the model, as it arrived.
pub(crate) struct ModelCall {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

pub(crate) struct Stand {
    pub(crate) book: Arc<Mutex<Book>>,
    pub(crate) address: String,
}

#[derive(Clone)]
struct Shared {
    book: Arc<Mutex<Book>>,
    released: Arc<Notify>,
    repository: PathBuf,
}

impl Stand {
    /// Serves `repository` (a folder with `.git`) from now on.
    pub(crate) async fn open(repository: PathBuf) -> Self {
        let book = Arc::new(Mutex::new(Book::default()));
        let shared = Shared {
            book: book.clone(),
            released: Arc::default(),
            repository,
        };
        let app = Router::new()
            .route(EXCHANGE_PATH, post(exchange))
            .route(BRIEF_PATH, get(brief))
            .route(PROGRESS_PATH, post(progress))
            .route(RESULT_PATH, post(result))
            .route(&format!("{MODEL_PATH}/{{*path}}"), any(model))
            .route(CI_FAILURE_PATH, get(ci_failure))
            .route(SESSION_PATH, get(session).post(keep_session))
            .route("/git/{*path}", get(advertise).post(upload_pack))
            .layer(axum::extract::DefaultBodyLimit::disable())
            .with_state(shared);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { book, address }
    }
}

pub(crate) fn task() -> TaskId {
    "t000000000001".parse().unwrap()
}

/// Without an answer of the test's it is an older server, which has no such path.
async fn ci_failure(State(shared): State<Shared>, RawQuery(query): RawQuery) -> Response {
    let mut book = shared.book.lock().unwrap();
    book.ci_asked.push(query.unwrap_or_default());
    match &book.ci {
        Some(said) => axum::Json(said.clone()).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn instead(book: &mut Book, path: &str) -> Option<Response> {
    let at = book.instead.iter().position(|(of, _)| *of == path)?;
    let (_, status) = book.instead.remove(at);
    let error = format!("the stand says {status}");
    Some((status, axum::Json(Refused { error })).into_response())
}

async fn exchange(State(shared): State<Shared>, body: Bytes) -> Response {
    let mut book = shared.book.lock().unwrap();
    book.exchanges.push(serde_json::from_slice(&body).unwrap());
    if let Some(answer) = instead(&mut book, EXCHANGE_PATH) {
        return answer;
    }
    axum::Json(Lease {
        task: task(),
        attempt: AttemptNumber(1),
        fence: Fence(7),
        heartbeat_s: 1,
        deadline: book.deadline,
    })
    .into_response()
}

async fn brief(State(shared): State<Shared>, headers: HeaderMap) -> Response {
    let mut book = shared.book.lock().unwrap();
    let lease = headers["authorization"].to_str().unwrap().to_owned();
    book.leases.push(lease);
    if let Some(answer) = instead(&mut book, BRIEF_PATH) {
        return answer;
    }
    axum::Json(book.brief.clone().unwrap()).into_response()
}

async fn progress(State(shared): State<Shared>, body: Bytes) -> Response {
    let mut book = shared.book.lock().unwrap();
    let progress: Progress = serde_json::from_slice(&body).unwrap();
    let stop = book.stop_now
        || book
            .stop_at
            .zip(progress.note.as_deref())
            .is_some_and(|(at, note)| note.contains(at));
    book.progress.push(progress);
    if let Some(answer) = instead(&mut book, PROGRESS_PATH) {
        return answer;
    }
    axum::Json(if stop {
        Directive::Stop {
            because: "a person said so".to_owned(),
        }
    } else {
        Directive::Continue
    })
    .into_response()
}

/// A model that answers anything; its answer to a path with `stream` pauses until one with
/// `release` is asked for.
async fn model(
    State(shared): State<Shared>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let path = uri.to_string();
    let pauses = path.contains("/stream");
    if path.contains("/release") {
        shared.released.notify_one();
    }
    let at = {
        let mut book = shared.book.lock().unwrap();
        book.model.push(ModelCall {
            path: path.clone(),
            headers,
            body: body.clone(),
        });
        if let Some(answer) = instead(&mut book, MODEL_PATH) {
            return answer;
        }
        if !book.model_refuses.is_empty() {
            let (status, why) = book.model_refuses.remove(0);
            return (status, [(MODEL_REFUSAL_HEADER, why)], "no").into_response();
        }
        book.model_at.clone()
    };
    if let Some(at) = at {
        return passed(format!("{at}{path}"), body).await;
    }
    let words = futures::stream::unfold(0, move |at| {
        let released = shared.released.clone();
        async move {
            if at == 1 && pauses {
                released.notified().await;
            }
            let word = ["data: one\n\n", "data: two\n\n"].get(at)?;
            Some((Ok::<_, std::convert::Infallible>(*word), at + 1))
        }
    });
    let kind = [("content-type", "text/event-stream"), ("set-cookie", "a=b")];
    (kind, Body::from_stream(words)).into_response()
}

async fn session(State(shared): State<Shared>) -> Response {
    match shared.book.lock().unwrap().session.clone() {
        Some(archive) => archive.into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn keep_session(State(shared): State<Shared>, headers: HeaderMap, body: Bytes) -> Response {
    let sha256 = Sha256Hex::of(&body);
    assert_eq!(headers[CONTENT_SHA256_HEADER], sha256.as_str());
    shared.book.lock().unwrap().sessions.push(body);
    axum::Json(Receipt { sha256 }).into_response()
}

/// What the model at `url` answers, as it comes.
async fn passed(url: String, body: Bytes) -> Response {
    let call = reqwest::Client::new().post(url).body(body);
    let call = call.header("content-type", "application/json");
    let answer = call.send().await.unwrap();
    let (status, kind) = (answer.status(), answer.headers()["content-type"].clone());
    let stream = Body::from_stream(answer.bytes_stream());
    (status, [("content-type", kind)], stream).into_response()
}

async fn result(State(shared): State<Shared>, headers: HeaderMap, body: Bytes) -> Response {
    let mut book = shared.book.lock().unwrap();
    if book.proxy_passes.is_some_and(|most| body.len() > most) {
        let page = "<html><h1>413 Request Entity Too Large</h1></html>";
        return (StatusCode::PAYLOAD_TOO_LARGE, page).into_response();
    }
    let sha256 = Sha256Hex::of(&body);
    assert_eq!(headers[CONTENT_SHA256_HEADER], sha256.as_str());
    serde_json::from_slice::<Returned>(&body).unwrap();
    book.results.push(body);
    if let Some(answer) = instead(&mut book, RESULT_PATH) {
        return answer;
    }
    axum::Json(Receipt { sha256 }).into_response()
}

async fn advertise(
    State(shared): State<Shared>,
    Path(path): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    assert!(path.ends_with("/info/refs"), "{path}");
    assert_eq!(query.as_deref(), Some("service=git-upload-pack"));
    let authorization = headers
        .get("authorization")
        .map(|v| v.to_str().unwrap().to_owned());
    shared
        .book
        .lock()
        .unwrap()
        .git_authorization
        .push(authorization);
    let refs = git_serves(&shared, &headers, &["--advertise-refs"], Bytes::new()).await;
    let mut body = b"001e# service=git-upload-pack\n0000".to_vec();
    body.extend(refs);
    let kind = "application/x-git-upload-pack-advertisement";
    ([("content-type", kind)], body).into_response()
}

async fn upload_pack(State(shared): State<Shared>, headers: HeaderMap, body: Bytes) -> Response {
    assert!(headers.get("content-encoding").is_none());
    let pack = git_serves(&shared, &headers, &[], body).await;
    (
        [("content-type", "application/x-git-upload-pack-result")],
        pack,
    )
        .into_response()
}

async fn git_serves(shared: &Shared, headers: &HeaderMap, more: &[&str], body: Bytes) -> Vec<u8> {
    let version = headers
        .get("git-protocol")
        .map_or("", |v| v.to_str().unwrap());
    let mut git = tokio::process::Command::new("git")
        .args([
            "-c",
            "uploadpack.allowAnySHA1InWant=true",
            "-c",
            "safe.directory=*",
        ])
        .args(["upload-pack", "--stateless-rpc"])
        .args(more)
        .arg(&shared.repository)
        .env("GIT_PROTOCOL", version)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = git.stdin.take().unwrap();
    stdin.write_all(&body).await.unwrap();
    drop(stdin);
    git.wait_with_output().await.unwrap().stdout
}
