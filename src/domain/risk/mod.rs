//! How much a change can break: its tier, from the raw difference of two trees and the policy at
//! the base's tip.
//!
//! - [`tier`]: the tiers, and a rule that fired with the file that fired it.
//!
//! Pure: the difference is read by `git`, and what is unknown is T3, never less.

pub mod tier;

pub use tier::{Assessment, FIRED, Fired, Tier};
