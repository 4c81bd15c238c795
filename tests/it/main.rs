//! One binary of tests, so that it links once.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod change;
mod command;
mod contract;
mod policy;
mod secret;
mod text;
