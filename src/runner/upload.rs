//! Returns the one result, again and again with the same bytes until the server has it.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue};

use super::client::{CallError, Client, patiently};
use super::failure::Failure;
use super::{Ended, WorkError};
use crate::domain::ids::Sha256Hex;
use crate::protocol::progress::Phase;
use crate::protocol::result::{CONTENT_SHA256_HEADER, Outcome, Receipt, Returned};
use crate::protocol::{RESULT_BYTES_MAX, RESULT_PATH};

/// Uploads `returned`; where it is too large, a failure that says so.
pub(super) async fn upload(client: &Client, returned: Returned) -> Result<Ended, WorkError> {
    let body = bytes_of(&returned)?;
    let outcome = name(&returned.outcome);
    let answer = if body.len() > RESULT_BYTES_MAX {
        Err(CallError::Refused {
            status: 413,
            error: format!("a result may have {RESULT_BYTES_MAX} bytes"),
        })
    } else {
        send(client, body).await
    };
    match answer {
        Err(CallError::Refused { status: 413, error }) => {
            let cause = format!("the result is larger than the server accepts ({error})");
            let remedy = "ask for a smaller change, or split the task";
            let small = bytes_of(&without_change(returned, cause, remedy))?;
            ended(send(client, small).await, "failed")
        }
        Err(CallError::Blocked(said)) => {
            let cause = format!("a proxy before the server refused the result ({said})");
            let remedy = "have the proxy pass bodies of 64 MiB to /runner/result";
            let small = bytes_of(&without_change(returned, cause, remedy))?;
            ended(send(client, small).await, "failed")
        }
        answer => ended(answer, outcome),
    }
}

fn ended(answer: Result<Receipt, CallError>, outcome: &'static str) -> Result<Ended, WorkError> {
    match answer {
        Ok(Receipt { sha256 }) => Ok(Ended::Returned { outcome, sha256 }),
        Err(error) => match error.says_over() {
            Some(because) => Ok(Ended::Stopped {
                because: because.to_owned(),
            }),
            None => Err(WorkError::Upload(error)),
        },
    }
}

async fn send(client: &Client, body: Bytes) -> Result<Receipt, CallError> {
    let sha256 = Sha256Hex::of(&body);
    let mut headers = HeaderMap::new();
    let value = HeaderValue::from_str(sha256.as_str())
        .map_err(|error| CallError::Unsayable(error.to_string()))?;
    headers.insert(CONTENT_SHA256_HEADER, value);
    patiently(client.pace, || {
        client.post(RESULT_PATH, headers.clone(), body.clone())
    })
    .await
}

fn bytes_of(returned: &Returned) -> Result<Bytes, WorkError> {
    serde_json::to_vec(returned)
        .map(Bytes::from)
        .map_err(|error| WorkError::Upload(CallError::Unsayable(error.to_string())))
}

fn without_change(mut returned: Returned, cause: String, remedy: &str) -> Returned {
    returned.outcome = Failure::new(Phase::Upload, cause, remedy).into();
    returned.transcript.clear();
    returned.partial = None;
    returned
}

fn name(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Changed { .. } => "changed",
        Outcome::Unchanged => "unchanged",
        Outcome::Failed { .. } => "failed",
    }
}
