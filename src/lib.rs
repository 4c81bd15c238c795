//! # Castellan
//!
//! A team labels an issue `agent` and goes away. Castellan makes a bounded task of it, lets a
//! coding agent work on it in a sandbox, checks what comes back as data, and returns a draft
//! pull request with the facts. It never merges.
//!
//! ## One sentence, six verbs
//!
//! GitHub sends *deliveries*; we **receive** them as rows ([`server`]), **read** them into
//! events, looking at GitHub where a delivery is only a hint ([`engine::read`]), **decide** with
//! a pure function what a task does next ([`domain::task::decide`]), **record** the decision and
//! its effects in one transaction ([`engine::record`]), **perform** the effects
//! ([`engine::perform`]), and **sweep** so that nothing depends on a delivery having arrived
//! ([`mod@engine::sweep`]).
//!
//! ## One issue, walked through
//!
//! 1. alice labels an issue. GitHub POSTs a delivery; it is verified over its raw bytes and
//!    committed before the 202.
//! 2. It is read: the issue carries the label, the timeline says that alice set it, she may
//!    write, and the text is still the one that she labelled. Text and policy make a
//!    [contract](domain::request::contract), frozen by its SHA-256.
//! 3. The [task](domain::task::Task) is opened: *queued*, with three effects in the outbox: a
//!    reaction, the status comment, and a dispatch.
//! 4. The run's first job proves which run it is ([`domain::task::sign_in`]) and gets a ticket; in
//!    the second a [`runner`] trades it for a lease, fetches the code, and starts the agent in the
//!    [`sandbox`]. Nothing in there is worth stealing: even its model is reached through
//!    the [`server`], which adds the key and counts.
//! 5. It returns the changed files as data. The result is kept byte for byte, the task is
//!    *applying*, and every rule of [`domain::change`] is checked before anything is written.
//! 6. Blobs, tree, commit, the branch by its exact old id, a draft pull request: *delivered*.
//!    From here on the task only listens.
//!
//! ## Floors: imports only point down
//!
//! ```text
//! main                             the command line: wiring only
//! server | runner | yard           HTTP in | what runs inside a job | a small GitHub for demo and tests
//! engine                           read, record, perform, sweep
//! store | github | git | sandbox   SQL | octocrab, JWT, HMAC | git | bubblewrap: siblings that do not know each other
//! protocol                         the messages between server and runner
//! domain | digest | clock          pure | what a failed job said | the one place that reads the time
//! ```
//!
//! Invariants, kept by a test that reads the imports:
//! - [`domain`] and [`mod@digest`] do no input or output and read no time; time comes in with
//!   events, a log as a stream.
//! - SQL stands only in [`store`]; octocrab's types never leave [`github`].
//! - [`runner`] knows neither store, github, engine nor server.
//! - The yard imitates GitHub from its public documentation and knows nothing of [`github`]:
//!   two readings of the API that check each other.
//! - Only [`settings`] reads the environment; only [`clock`] reads the wall-clock time.
//! - There is no function that merges or approves.

pub mod clock;
pub mod digest;
pub mod domain;
pub mod engine;
pub mod git;
pub mod github;
pub mod guard;
pub mod protocol;
pub mod runner;
pub mod sandbox;
pub mod server;
pub mod settings;
pub mod store;
#[cfg(feature = "demo")]
pub mod yard;
