//! What Castellan decides, as pure functions over plain values.
//!
//! Nothing here performs input or output, reads the environment or the time, or knows
//! tokio, sqlx, octocrab or axum. Time comes in with each event.
//!
//! - [`request`]: who asked, in which words; the contract that comes of it; the policy.
//! - [`task`]: stages, attempts, and [`task::decide::decide`], which moves them.
//! - [`ci`]: what the checks of a head say, and whose failure it is.
//! - [`change`]: the returned files as data, and the rules that refuse them.
//! - [`risk`]: which tier a change has; [`gate`]: whether its pull request may be merged.
//! - [`text`]: foreign text made harmless on its way in, our text on its way out.
//! - [`model`]: how models are spoken with, and what that costs.
//! - [`notice`], [`event`], [`effect`]: what GitHub says, what a task hears, what it asks for.
//! - [`refusal`]: polite noes to a person.
//! - [`ids`], [`time`]: names and moments.

pub mod base64_bytes;
pub mod change;
pub mod ci;
pub mod effect;
pub mod event;
pub mod gate;
pub mod ids;
pub mod model;
pub mod notice;
pub mod refusal;
pub mod request;
pub mod risk;
pub mod task;
pub mod text;
pub mod time;
