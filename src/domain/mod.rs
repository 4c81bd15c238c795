//! What Castellan decides, as pure functions over plain values.
//!
//! Nothing here performs input or output, reads the environment or the time, or knows
//! tokio, sqlx, octocrab or axum. Time comes in with each event.

pub mod base64_bytes;
pub mod change;
pub mod effect;
pub mod event;
pub mod ids;
pub mod notice;
pub mod refusal;
pub mod request;
pub mod task;
pub mod text;
pub mod time;
