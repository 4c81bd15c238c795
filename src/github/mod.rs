//! GitHub's API: octocrab, App authentication and webhook signatures, and only here.
//!
//! - [`signature`]: whether a delivery is GitHub's.
//! - [`payload`]: what a delivery says.
//! - [`client`]: one call, with a narrow token; `answer`: its errors, sorted into kinds;
//!   `pages`: a list, and whether its end was reached.
//! - [`observe`] reads; [`checks`] reads what CI reports of a commit, [`logs`] what a job said,
//!   from GitHub's `storage`; [`perform`] writes what people see and starts runs; [`apply`] writes
//!   commits and pull requests; `pull_state`, `merge_queue`,
//!   [`publish`] and [`evidence`] serve the gate; [`sweep`] lists what deliveries may have missed.
//!
//! octocrab's types never leave this room. There is no function here that merges or
//! approves anything. Knows nothing of the store or of git.

pub mod admin;
mod answer;
pub mod app_auth;
pub mod apply;
mod as_app;
pub mod audit;
pub mod checks;
pub mod client;
pub mod evidence;
pub mod identity;
pub mod logs;
mod merge_queue;
pub mod observe;
mod pages;
pub mod payload;
pub mod perform;
pub mod publish;
pub mod pull_commits;
mod pull_state;
pub mod pulls;
pub mod reviews;
pub mod rules;
pub mod signature;
mod skew;
mod storage;
pub mod sweep;
pub mod task_input;

pub use answer::{GithubError, Kind};
pub use client::{Client, Target};
pub use pull_state::{Account, Opinion, PullState};
pub use skew::ClockSkew;
