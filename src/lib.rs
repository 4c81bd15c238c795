//! Castellan.
pub mod clock;
pub mod domain;
pub mod engine;
pub mod git;
pub mod github;
pub mod protocol;
pub mod runner;
pub mod sandbox;
pub mod server;
pub mod settings;
pub mod store;
#[cfg(feature = "demo")]
pub mod yard;
