//! A pull request that is judged, as GitHub showed it at the beginning.

use crate::domain::ids::Number;
use crate::domain::time::Timestamp;
use crate::github::{PullState, Target};

/// A pull request that is looked at.
pub(super) struct Seen<'a> {
    pub(super) target: &'a Target,
    pub(super) number: Number,
    pub(super) state: &'a PullState,
    /// When its head was first seen.
    pub(super) since: Timestamp,
}
