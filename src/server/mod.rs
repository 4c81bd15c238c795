//! HTTP in: deliveries, runners, health, and pages for people.
//!
//! One function a route, a few lines each; what they mean is in [`crate::engine`].

mod builds;
mod gateway;
mod health;
mod listen;
mod pages;
mod receive;
mod runner_api;
mod timeline;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{any, get, post};
use http::StatusCode;
use tower_http::timeout::TimeoutLayer;

pub use self::builds::{Builds, digest_of};
pub use self::gateway::{Gateway, Pace, Provider, REQUEST_BYTES_MAX};
pub use self::listen::{Drain, Patience, listen, listen_and_drain};
pub use self::receive::Unverified;
use crate::engine::Engine;
use crate::github::signature::Secrets;
use crate::protocol;

/// Largest delivery that GitHub sends (W7), in bytes.
pub const DELIVERY_BYTES_MAX: usize = 25 * 1024 * 1024;
/// Longest that a request may take with all its body: below GitHub's ten seconds for a
/// delivery (W1), so that it is GitHub that hears of it (D12).
const REQUEST_MAX: Duration = Duration::from_secs(9);
/// Longest that a result may take: 64 MiB over a slow line.
const RESULT_MAX: Duration = Duration::from_secs(300);

/// What the routes need.
#[derive(Clone)]
pub struct Server {
    /// The verbs.
    pub engine: Engine,
    /// What deliveries are signed with.
    pub secrets: Secrets,
    /// What is on its way and not verified yet.
    pub unverified: Unverified,
    /// Builds of the runner.
    pub builds: Builds,
    /// The way to models.
    pub gateway: Gateway,
    /// What is not set yet, and how to get it: one sentence each.
    pub missing: Arc<Vec<String>>,
}

/// All routes of the server.
pub fn router(server: Server) -> Router {
    let quick = Router::new()
        .route("/webhook", post(receive::receive))
        .route("/health", get(health::health))
        .route("/", get(pages::index))
        .route("/tasks/{id}", get(pages::task))
        .route("/tasks/{id}/attempts/{number}", get(timeline::attempt))
        .route("/style.css", get(pages::style))
        .route(
            &format!("{}/{{task}}/{{attempt}}/{{nonce}}", protocol::ENTER_PATH),
            post(runner_api::enter),
        )
        .route(protocol::EXCHANGE_PATH, post(runner_api::exchange))
        .route(protocol::BRIEF_PATH, get(runner_api::brief))
        .route(protocol::CI_FAILURE_PATH, get(runner_api::ci_failure))
        .route(protocol::PROGRESS_PATH, post(runner_api::progress))
        .layer(DefaultBodyLimit::max(protocol::MESSAGE_BYTES_MAX))
        .layer(timeout(REQUEST_MAX));
    let slow = Router::new()
        .route(protocol::RESULT_PATH, post(runner_api::result))
        .route(
            protocol::SESSION_PATH,
            get(runner_api::session).post(runner_api::keep_session),
        )
        .route(
            &format!("{}/{{sha256}}", protocol::BUILD_PATH),
            get(builds::build),
        )
        .layer(timeout(RESULT_MAX));
    // Answers of models take as long as they take, within the attempt's time.
    let models = Router::new().route(
        &format!("{}/{{wire}}/{{*path}}", protocol::MODEL_PATH),
        any(gateway::call),
    );
    quick.merge(slow).merge(models).with_state(server)
}

fn timeout(longest: Duration) -> TimeoutLayer {
    TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, longest)
}
