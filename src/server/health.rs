//! `GET /health`: JSON for monitors; 200 while the server takes deliveries, else 503.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::Serialize;

use super::Server;
use crate::store::{DeliveryCounts, OutboxCounts};

/// What a monitor is told.
#[derive(Debug, Serialize)]
pub(super) struct Health {
    /// Whether deliveries are taken and dealt with.
    pub ready: bool,
    /// What is not set yet.
    pub missing: Vec<String>,
    /// How wrong the clock is, where it is: then nobody can sign in, here or at GitHub.
    pub clock: Option<String>,
    /// Deliveries, by what became of them.
    pub deliveries: DeliveryCounts,
    /// Effects that are not done.
    pub effects: OutboxCounts,
    /// Labels and comments that the sweep found, could not read again and again, and gave up.
    pub given_up: u64,
}

pub(super) async fn health(State(server): State<Server>) -> (StatusCode, Json<Health>) {
    let store = &server.engine.store;
    let deliveries = store.count_deliveries().await;
    let effects = store.count_effects().await;
    let given_up = server.engine.given_up().await;
    let writable = store.check().await.is_ok();
    let clock = server.engine.clock_skew().map(|skew| skew.to_string());
    let ready = writable
        && clock.is_none()
        && deliveries.is_ok()
        && effects.is_ok()
        && server.missing.is_empty();
    let status = if ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let health = Health {
        ready,
        missing: server.missing.to_vec(),
        clock,
        deliveries: deliveries.unwrap_or_default(),
        effects: effects.unwrap_or_default(),
        given_up: given_up.unwrap_or_default(),
    };
    (status, Json(health))
}
