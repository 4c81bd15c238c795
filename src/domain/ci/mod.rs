//! What CI says of a commit: read, classified, and compared with what it said before.
//!
//! - [`checks`]: what was observed of a head, as plain data.
//! - [`reading`]: what that comes to: green, red, waiting, or unknown.
//! - [`failure`]: one failed check with all that was found out about it.
//! - [`classify`]: whose failure it is. Only one that is the change's own wakes an agent.
//! - [`stuck`]: whether the corrections lead anywhere.
//! - [`watch`]: when to look again, and when to stop waiting.
//! - [`weakened`]: what a branch takes away from tests and checks.
//!
//! Pure: GitHub is observed by `github`, logs are read by `digest`, and `engine` brings them here.

pub mod checks;
pub mod classify;
pub mod failure;
pub mod reading;
pub mod stuck;
pub mod watch;
pub mod weakened;
