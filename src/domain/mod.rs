//! What Castellan decides, as pure functions over plain values.
//!
//! Nothing here performs input or output, reads the environment or the time, or knows
//! tokio, sqlx, octocrab or axum. Time comes in with each event.

pub mod base64_bytes;
pub mod change;
pub mod ids;
pub mod request;
pub mod text;
pub mod time;
