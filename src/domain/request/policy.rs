//! The repository's own `.github/castellan.yml`, read from the base.

/// stand-in until the branch `text` is merged
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, Default)]
pub struct Policy {}
