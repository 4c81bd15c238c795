//! Whether a pull request may be merged now: [`judge()`] over [`facts::Facts`] and the policy.
//!
//! Level-triggered and total: from the facts of one moment to a verdict with its reasons, without
//! stages and without memory. It is never wrong towards open: whatever is unknown keeps it shut.
//! It serves pull requests of people, bots and forks, and groups of a merge queue, too.
//!
//! - [`facts`]: what was observed; [`read`] takes them from JSON, with limits.
//! - [`codeowners`]: CODEOWNERS as GitHub reads it.
//! - [`verdict`]: the conclusion, what decided it, and the table of requirements.
//! - [`work`]: what a task says of its pull request; [`again`]: when it is judged anew.
//! - [`ruleset`]: the rule by which a base requires our check; [`audit`]: whether what stands around
//!   the gate holds.
//! - [`show`]: the verdict for people; [`ready`]: when a draft is theirs to look at; [`forged`]: what
//!   somebody else reports by our name.
//! - [`evidence_page`]: what is known of an agent's work, for people; [`button`]: what they click there.
//!
//! Pure: GitHub is observed by `github`, the difference is read by `git`.

pub mod again;
pub mod audit;
pub mod bounded;
pub mod button;
pub mod codeowners;
pub mod evidence_page;
pub mod facts;
pub mod forged;
pub mod read;
pub mod ready;
pub mod ruleset;
pub mod scan;
pub mod show;
pub mod verdict;
pub mod work;

mod ci;
mod decisions;
mod evidence;
mod judge;
mod kind;
mod outcome;
mod overriding;
mod people;
mod queue;
mod requirements;
mod weighed;

pub use evidence::asked as asked_sections;
pub use judge::judge;
pub use kind::Kind;
pub use verdict::{Conclusion, Decision, Requirement, State, Verdict};

/// The name of the required check for a base: constant over the tiers.
#[must_use]
pub fn check_name(base: &str) -> String {
    format!("agent-gate / {base}")
}
