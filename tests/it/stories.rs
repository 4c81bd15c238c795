//! Stories: what people, runners and a bad day do, and what a person sees of it in the end.
//!
//! Each is a dialogue with a [`world::World`]: a yard, an engine over SQLite, the real routes
//! on a loopback port, and deliveries that are really signed. Keys (`h2_`, `x12_`, …) are those
//! of the faults and attacks that a story answers.

mod approval;
mod asking;
mod base;
mod calls;
mod changes;
pub(crate) mod ci;
mod ci_failure;
mod clocks;
mod crashes;
mod deliveries;
mod edits;
mod ends;
mod enforce;
mod evidence;
mod faults;
mod gate;
mod http;
mod keys;
mod label;
mod leases;
mod limits;
mod machines;
mod mirror;
mod missed;
mod ours;
mod pages;
mod permissions;
mod progress;
mod pull_fix;
mod pushes;
mod raid;
mod real;
mod reports;
mod repository;
mod requests;
mod reviews;
mod runner;
mod runners;
mod sessions;
mod sign_in;
mod sweeps;
mod weakened;
pub(crate) mod world;
