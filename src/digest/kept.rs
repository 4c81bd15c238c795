//! What a pass over a log keeps: lines, causes, steps.

use super::found::Class;

/// A line that may be shown.
pub(super) struct Kept {
    pub(super) text: Box<str>,
    /// How much it tells, from 0 to 100.
    pub(super) value: f32,
    /// The cause to which it belongs, or [`NONE`].
    pub(super) cause: u32,
    /// Whether the passing log does not hold it; of no meaning without one.
    pub(super) new: bool,
}

/// Of no cause: kept for where it stands.
pub(super) const NONE: u32 = u32::MAX;

/// One thing that went wrong, as a rule saw it.
pub(super) struct Cause {
    pub(super) rule: &'static str,
    pub(super) weight: u8,
    pub(super) aside: bool,
    /// Its next line is its first one.
    pub(super) lead: bool,
    pub(super) class: Option<Class>,
    /// The number of its first line.
    pub(super) line: u64,
    /// The text of that line.
    pub(super) text: Box<str>,
    pub(super) step: usize,
    /// How often it was said.
    pub(super) times: u32,
}

/// A step of the job.
#[derive(Default)]
pub(super) struct Step {
    pub(super) name: String,
    pub(super) command: Option<String>,
    pub(super) code: Option<i32>,
    pub(super) failed: bool,
    /// The job went on with its next command.
    pub(super) goes_on: bool,
    /// The number of the line that says so.
    pub(super) end: u64,
}
