//! The integration tests: one binary, so that the crate is linked once.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

mod agents;
mod change;
mod ci;
mod cli;
mod command;
mod contract;
mod covered;
mod digest;
mod door;
mod enforce;
mod gate;
mod gateway;
mod glob;
mod guards;
mod left_out;
mod policy;
mod proposal;
mod readme;
mod redteam;
mod refusal;
mod risk;
mod runner;
mod sandbox;
mod secret;
mod store;
mod stories;
mod storm;
mod text;
mod tidy;
mod transitions;
mod weakened;
mod workflow;
mod yard;
