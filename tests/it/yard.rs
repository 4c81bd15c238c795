//! The yard keeps GitHub's rules: asked with plain HTTP and real git, never through our own client.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod api;
mod asked;
mod checks;
mod ci;
mod deliveries;
mod faults;
mod git;
mod jobs;
mod manifest;
mod merging;
mod queue;
mod reruns;
mod reviews;
mod rulesets;
mod scene;
mod scripted_model;
mod story;
