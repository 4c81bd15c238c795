//! Foreign text made harmless on its way in ([`clean`]), and our text on its way out
//! ([`neutral`], [`line()`], [`commit_text`], [`code_block`]).
//!
//! In: only what a person sees on the page reaches the agent (X31, X32). Out: nothing that we
//! write mentions, commands, closes, links or shows what we did not mean to (X8, X39 to X42).
//! Both are allow-lists. It knows nothing of tasks, contracts or GitHub's addresses.

mod clean;
mod fence;
mod html;
mod inline;
mod line;
mod markdown;
mod neutral;
pub(in crate::domain) mod pattern;
mod raw;
mod removed;
mod visible;

pub use clean::{Cleaned, Removed, clean, clean_title, sentence};
pub use fence::Fence;
pub use inline::inline_code;
pub use line::{code_block, commit_text, line};
pub use neutral::{LinkHosts, neutral, neutral_with};
pub use removed::RemovedKind;
pub use visible::{Class, class, is_pictograph, is_visible, plain};

/// Appended where a text was cut.
pub const SHORTENED: &str = "… (shortened)";
