//! A small GitHub for the demo and the tests, with three faces: the API and git over HTTP, signed
//! deliveries, and people (`alice.opens_issue(…)`).
//!
//! It imitates GitHub from its public documentation and imports nothing of `crate::github`, so that
//! two readings of the API check each other. `FIDELITY.md` says what is modelled, and what is not.

mod act;
mod actions;
mod approvals;
mod asks;
mod beside;
mod branches;
mod buttons;
mod ci;
mod codeowners;
mod comments;
mod end;
mod faults;
mod forks;
mod git;
mod git_http;
mod graphql;
mod graphql_checks;
mod graphql_gate;
mod graphql_parts;
mod graphql_pulls;
mod hooks;
mod identity;
mod jobs;
mod logs;
mod merging;
mod mishaps;
mod model;
mod opinions;
mod others;
mod owners;
mod people;
mod permissions;
mod playing;
mod plays;
mod queue;
mod queueing;
mod refs;
mod report_shapes;
mod reports;
mod repositories;
mod reruns;
mod rest;
mod review_shapes;
mod reviewers;
mod reviews;
mod rulesets;
mod running;
mod runs;
mod sandboxed;
pub mod scripted_model;
mod shapes;
mod shared;
mod staging;
mod tasks;
mod teams;
mod templates;
mod threads;
mod tokens;
mod transcript;
mod web;
mod world;
#[expect(clippy::module_inception, reason = "the noun of this room is the yard")]
mod yard;

pub use buttons::ShownCheck;
pub use ci::{Ci, CiFolder, CiRunner, Step, StepEnd};
pub use faults::Fault;
pub use git::GitError;
pub use hooks::{Order, signature};
pub use jobs::{Act, HeldRun, Program, Runner};
pub use model::{CallRecord, Permission, Violation};
pub use people::{Actor, Repo};
pub use permissions::{BadManifest, Grants, Level, Manifest};
pub use plays::{Outcome, Play, PlayedCheck, PlayedJob, PlayedStatus, PlayedWorkflow};
pub use plays::{Queueing, Requirement, Reviewing};
pub use repositories::File;
pub use reviewers::Opinion;
pub use sandboxed::Sandboxed;
pub use shared::YardError;
pub use staging::SeenJob;
pub use tokens::NoKey;
pub use yard::{AppCredentials, Options, Yard};
