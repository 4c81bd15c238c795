//! What runners call: see [`crate::protocol`] for the messages and their answers.

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, Request, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode};
use serde::de::DeserializeOwned;

use super::Server;
use crate::domain::ids::{AttemptNumber, TaskId};
use crate::engine::attempt::{Bearer, RunnerRefusal};
use crate::protocol::brief::Brief;
use crate::protocol::enter::{Exchange, IdToken, Lease};
use crate::protocol::failure::{AskedOfCi, SaidByCi};
use crate::protocol::progress::{Directive, Progress};
use crate::protocol::result::{CONTENT_SHA256_HEADER, Receipt};
use crate::protocol::{RESULT_BYTES_MAX, Refused, SESSION_BYTES_MAX};

/// Text in and out: what stands on the other side is a few lines of shell.
pub(super) async fn enter(
    State(server): State<Server>,
    Path((task, attempt, nonce)): Path<(String, u32, String)>,
    body: Bytes,
) -> Result<String, (StatusCode, String)> {
    let entered = async {
        let task: TaskId = task.parse().map_err(|_| RunnerRefusal::Unknown)?;
        let token: IdToken = message(&body)?;
        let engine = &server.engine;
        engine
            .sign_in(&task, AttemptNumber(attempt), &nonce, &token.value)
            .await
    };
    entered.await.map_err(|refusal| {
        let status = match &refusal {
            RunnerRefusal::Unknown => StatusCode::NOT_FOUND,
            other => status_of(other),
        };
        (status, said(refusal))
    })
}

pub(super) async fn exchange(
    State(server): State<Server>,
    body: Bytes,
) -> Result<Json<Lease>, RunnerRefusal> {
    let exchange: Exchange = message(&body)?;
    server.engine.exchange(&exchange).await.map(Json)
}

pub(super) async fn brief(
    State(server): State<Server>,
    headers: HeaderMap,
) -> Result<Json<Brief>, RunnerRefusal> {
    let bearer = bearer(&headers)?;
    server.engine.brief(&bearer).await.map(Json)
}

/// What the agent asks of the failure that its attempt corrects.
pub(super) async fn ci_failure(
    State(server): State<Server>,
    headers: HeaderMap,
    asked: Result<Query<AskedOfCi>, QueryRejection>,
) -> Result<Json<SaidByCi>, RunnerRefusal> {
    let bearer = bearer(&headers)?;
    let Query(asked) = asked.map_err(|error| RunnerRefusal::Message(error.body_text()))?;
    server.engine.ci_failure(&bearer, &asked).await.map(Json)
}

pub(super) async fn progress(
    State(server): State<Server>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Directive>, RunnerRefusal> {
    let bearer = bearer(&headers)?;
    let progress: Progress = message(&body)?;
    server.engine.report(&bearer, &progress).await.map(Json)
}

/// The lease is checked before the body is read: strangers cannot make us hold 64 MiB.
pub(super) async fn result(
    State(server): State<Server>,
    request: Request,
) -> Result<Json<Receipt>, RunnerRefusal> {
    let large = leased_body(&server, request, RESULT_BYTES_MAX).await?;
    let (bearer, sha256, body) = (large.bearer, large.sha256, large.body);
    let engine = &server.engine;
    engine.take_result(&bearer, &sha256, &body).await.map(Json)
}

/// Takes what an agent left of its session, as careful as with a result.
pub(super) async fn keep_session(
    State(server): State<Server>,
    request: Request,
) -> Result<Json<Receipt>, RunnerRefusal> {
    let large = leased_body(&server, request, SESSION_BYTES_MAX).await?;
    let (bearer, sha256, body) = (large.bearer, large.sha256, large.body);
    let engine = &server.engine;
    engine.keep_session(&bearer, &sha256, &body).await.map(Json)
}

/// The session that the brief names.
pub(super) async fn session(
    State(server): State<Server>,
    headers: HeaderMap,
) -> Result<Response, RunnerRefusal> {
    let bearer = bearer(&headers)?;
    let body = server.engine.session(&bearer).await?;
    let kind = [(http::header::CONTENT_TYPE, "application/gzip")];
    Ok((kind, body).into_response())
}

/// A body that may be large, and whose it is.
struct Large {
    bearer: Bearer,
    /// As the header has it.
    sha256: String,
    body: Bytes,
}

/// Reads a body of at most `most` bytes, of whoever has a lease.
async fn leased_body(
    server: &Server,
    request: Request,
    most: usize,
) -> Result<Large, RunnerRefusal> {
    let (parts, body) = request.into_parts();
    let bearer = bearer(&parts.headers)?;
    server.engine.is_leased(&bearer).await?;
    let body = axum::body::to_bytes(body, most).await.map_err(|error| {
        use std::error::Error as _;
        match error.source() {
            Some(cause) if cause.is::<http_body_util::LengthLimitError>() => {
                RunnerRefusal::TooLarge
            }
            _ => RunnerRefusal::Message("the body broke off on its way".to_owned()),
        }
    })?;
    let sha256 = parts
        .headers
        .get(CONTENT_SHA256_HEADER)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
        .to_owned();
    Ok(Large {
        bearer,
        sha256,
        body,
    })
}

fn message<M: DeserializeOwned>(body: &[u8]) -> Result<M, RunnerRefusal> {
    serde_json::from_slice(body).map_err(|error| RunnerRefusal::Message(error.to_string()))
}

pub(super) fn bearer(headers: &HeaderMap) -> Result<Bearer, RunnerRefusal> {
    headers
        .get(http::header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "))
        .and_then(Bearer::parse)
        .ok_or(RunnerRefusal::Unknown)
}

impl IntoResponse for RunnerRefusal {
    fn into_response(self) -> Response {
        let status = status_of(&self);
        (status, Json(Refused { error: said(self) })).into_response()
    }
}

fn status_of(refusal: &RunnerRefusal) -> StatusCode {
    use RunnerRefusal as R;
    match refusal {
        R::Version { .. } => StatusCode::BAD_REQUEST,
        R::Unknown | R::NotProven(_) | R::Clock(_) | R::TokenReplayed => StatusCode::UNAUTHORIZED,
        R::Stranger(_) => StatusCode::FORBIDDEN,
        R::Taken | R::Replayed | R::Stale | R::OtherResult => StatusCode::CONFLICT,
        R::Over(_) | R::Expired => StatusCode::GONE,
        R::NoSession => StatusCode::NOT_FOUND,
        R::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        R::Hash | R::Message(_) => StatusCode::UNPROCESSABLE_ENTITY,
        R::NoIssuer | R::NoKeys(_) => StatusCode::SERVICE_UNAVAILABLE,
        R::Engine(error) => {
            tracing::error!(error = %error, "a runner's call failed");
            StatusCode::SERVICE_UNAVAILABLE
        }
    }
}

fn said(refusal: RunnerRefusal) -> String {
    match refusal {
        RunnerRefusal::Engine(_) => "the server could not answer; try again".to_owned(),
        refusal => refusal.to_string(),
    }
}
