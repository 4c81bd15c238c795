//! What a repository says about reviews that request changes. Read by [`super::parse`].

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a review does that requests changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reviews {
    /// Nothing, until somebody comments `/agent fix`.
    #[default]
    Wait,
    /// It starts an attempt that is told its threads, where the reviewer has write access.
    Fix,
}
