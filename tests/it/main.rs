//! The integration tests: one binary, so that the crate is linked once.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a test fails by panicking, and says aloud what it leaves out"
)]

mod change;
mod cli;
mod command;
mod contract;
mod left_out;
mod policy;
mod readme;
mod runner;
mod sandbox;
mod secret;
mod stories;
mod text;
mod yard;
