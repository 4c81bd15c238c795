//! A no of the gateway's own, in the form that the agent's client understands, with one word for
//! the supervisor: see [`crate::protocol::MODEL_REFUSAL_HEADER`].

use axum::response::{IntoResponse as _, Response};
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde_json::{Value, json};

use crate::domain::model::Wire;
use crate::domain::model::catalogue::NoGrant;
use crate::engine::attempt::{ModelRefusal, RunnerRefusal};
use crate::protocol::MODEL_REFUSAL_HEADER;
use crate::protocol::refused_for::RefusedFor;

/// Why a call is not made, or has no answer.
#[derive(Debug)]
pub(super) struct Refusal {
    why: RefusedFor,
    status: StatusCode,
    /// One sentence, with the remedy.
    said: String,
    /// A provider's own answer, which is passed on instead.
    theirs: Option<Box<Response>>,
}

impl Refusal {
    fn new(why: RefusedFor, status: StatusCode, said: String) -> Self {
        Self {
            why,
            status,
            said,
            theirs: None,
        }
    }

    /// For the log: never what a provider or an agent wrote.
    pub(super) fn cause(&self) -> &str {
        &self.said
    }

    /// Clients do not try again after 403, as they would after 429.
    fn over(said: String) -> Self {
        Self::new(RefusedFor::Over, StatusCode::FORBIDDEN, said)
    }

    pub(super) fn of_lease(refusal: RunnerRefusal) -> Self {
        match refusal {
            RunnerRefusal::Over(_) | RunnerRefusal::Stale => Self::over(refusal.to_string()),
            refusal => Self::new(
                RefusedFor::Over,
                StatusCode::UNAUTHORIZED,
                refusal.to_string(),
            ),
        }
    }

    pub(super) fn no_such_path() -> Self {
        let said = "the gateway passes no such call on";
        Self::new(RefusedFor::Request, StatusCode::NOT_FOUND, said.to_owned())
    }

    pub(super) fn request(said: String) -> Self {
        Self::new(RefusedFor::Request, StatusCode::BAD_REQUEST, said)
    }

    pub(super) fn too_large() -> Self {
        let said = "the request is larger than 16 MiB; leave something out";
        Self::new(
            RefusedFor::Request,
            StatusCode::PAYLOAD_TOO_LARGE,
            said.to_owned(),
        )
    }

    pub(super) fn too_many() -> Self {
        let said = "too many calls of this attempt are open; wait for one to end";
        Self::new(
            RefusedFor::Request,
            StatusCode::TOO_MANY_REQUESTS,
            said.to_owned(),
        )
    }

    pub(super) fn model(said: String) -> Self {
        Self::new(RefusedFor::Model, StatusCode::NOT_FOUND, said)
    }

    pub(super) fn key(said: String) -> Self {
        Self::new(RefusedFor::Key, StatusCode::FORBIDDEN, said)
    }

    pub(super) fn provider(said: String) -> Self {
        Self::new(RefusedFor::Provider, StatusCode::SERVICE_UNAVAILABLE, said)
    }

    /// The provider refuses what was asked; the agent hears that in the provider's words.
    pub(super) fn theirs(status: StatusCode, answer: Response) -> Self {
        let said = format!("the provider answers {status} to the request");
        Self {
            theirs: Some(Box::new(answer)),
            ..Self::new(RefusedFor::Request, status, said)
        }
    }

    pub(super) fn time_is_over() -> Self {
        Self::over("the attempt is over: its time is over".to_owned())
    }

    /// The answer, as the wire has it. Only our own no carries our word.
    pub(super) fn answer(self, wire: Wire) -> Response {
        if let Some(theirs) = self.theirs {
            return *theirs;
        }
        let body = form(wire, self.status, self.why, &self.said).to_string();
        let kind = [(header::CONTENT_TYPE, "application/json")];
        let mut answer = (self.status, kind, body).into_response();
        let name = HeaderName::from_static(MODEL_REFUSAL_HEADER);
        answer
            .headers_mut()
            .insert(name, HeaderValue::from_static(self.why.as_str()));
        answer
    }
}

impl From<NoGrant> for Refusal {
    fn from(none: NoGrant) -> Self {
        Self::model(none.to_string())
    }
}

impl From<ModelRefusal> for Refusal {
    fn from(refusal: ModelRefusal) -> Self {
        match refusal {
            ModelRefusal::Lease(refusal) => Self::of_lease(refusal),
            ModelRefusal::NoGrant(none) => none.into(),
            ModelRefusal::UsedUp(part) => Self::new(
                RefusedFor::Budget,
                StatusCode::FORBIDDEN,
                part.sentence().to_owned(),
            ),
            ModelRefusal::Engine(error) => {
                tracing::error!(error = %error, "a call of a model failed");
                Self::provider("the server could not count the call; try again".to_owned())
            }
        }
    }
}

/// «Errors» of Anthropic's, «Error codes» of OpenAI's, and google.rpc.Status of Gemini's documentation.
fn form(wire: Wire, status: StatusCode, why: RefusedFor, said: &str) -> Value {
    match wire {
        Wire::Anthropic => {
            let kind = match status.as_u16() {
                401 => "authentication_error",
                403 => "permission_error",
                404 => "not_found_error",
                413 => "request_too_large",
                429 => "rate_limit_error",
                500.. => "api_error",
                _ => "invalid_request_error",
            };
            json!({"type": "error", "error": {"type": kind, "message": said}})
        }
        Wire::Openai => {
            let kind = match status.as_u16() {
                500.. => "server_error",
                429 => "rate_limit_error",
                _ => "invalid_request_error",
            };
            let code = format!("castellan_{}", why.as_str());
            json!({"error": {"message": said, "type": kind, "param": null, "code": code}})
        }
        Wire::Gemini => {
            let kind = match status.as_u16() {
                401 => "UNAUTHENTICATED",
                403 => "PERMISSION_DENIED",
                404 => "NOT_FOUND",
                429 => "RESOURCE_EXHAUSTED",
                500.. => "UNAVAILABLE",
                _ => "INVALID_ARGUMENT",
            };
            json!({"error": {"code": status.as_u16(), "message": said, "status": kind}})
        }
    }
}
