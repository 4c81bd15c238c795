//! What follows from an event: the one value that [`super::decide`] gives.

use super::Task;
use super::because::Because;
use crate::domain::effect::Effect;

/// What follows from an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The task afterwards.
    pub task: Task,
    /// What is to be done on GitHub.
    pub effects: Vec<Effect>,
    /// Why.
    pub because: Because,
}
