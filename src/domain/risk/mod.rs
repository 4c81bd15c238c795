//! How much a change can break: its tier, from the raw difference of two trees and the policy at
//! the base's tip.
//!
//! - [`tier`]: the tiers, and a rule that fired with the file that fired it.
//! - [`class`]: kinds of files that have a tier without any policy.
//! - [`difference`]: what differs between two trees, as plain data.
//! - [`assess()`]: the maximum over all rules. Unknown is T3, and more change never has less.
//!
//! Pure: the difference is read by `git`.

pub mod class;
pub mod difference;
pub mod tier;

mod assess;
mod names;

pub use assess::{assess, assess_paths, edits_policy};
pub use class::Class;
pub use difference::{Contents, Difference, Entry, FileDifference, Lines, Operation, Sizes};
pub use tier::{Assessment, FIRED, Fired, Tier};
