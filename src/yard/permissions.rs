//! What the App may do: its manifest, and the narrower grants of a token.
//!
//! Knows nothing of routes: each route says itself what it needs.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// How much of a permission.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// May look.
    Read,
    /// May change.
    Write,
}

/// Permissions by GitHub's name.
pub type Grants = BTreeMap<String, Level>;

/// Events that every App hears, asked for or not.
const ALWAYS_SENT: [&str; 3] = ["installation", "installation_repositories", "ping"];

/// The part of `app-manifest.yml` that the yard enforces.
#[derive(Clone, Debug, Deserialize)]
pub struct Manifest {
    /// Name of the App.
    pub name: String,
    /// What an installation grants.
    pub default_permissions: Grants,
    /// What is sent.
    #[serde(default)]
    pub default_events: BTreeSet<String>,
}

/// A manifest that is not one.
#[derive(Debug, thiserror::Error)]
#[error("the App's manifest: {0}")]
pub struct BadManifest(String);

impl Manifest {
    /// Reads a manifest.
    ///
    /// # Errors
    /// The text is not YAML, or not a manifest.
    pub fn parse(text: &str) -> Result<Self, BadManifest> {
        serde_saphyr::from_str(text).map_err(|error| BadManifest(error.to_string()))
    }

    /// Whether the App hears of `event`.
    pub(super) fn hears(&self, event: &str) -> bool {
        ALWAYS_SENT.contains(&event) || self.default_events.contains(event)
    }
}

/// Whether `grants` hold `level` of `permission`. Metadata may always be read.
pub(super) fn allows(grants: &Grants, permission: &str, level: Level) -> bool {
    (permission == "metadata" && level == Level::Read)
        || grants
            .get(permission)
            .is_some_and(|granted| *granted >= level)
}

/// The part of `granted` that was asked for; the name of the first that goes beyond it.
pub(super) fn narrow(granted: &Grants, asked: &Grants) -> Result<Grants, String> {
    for (permission, level) in asked {
        if !allows(granted, permission, *level) {
            return Err(permission.clone());
        }
    }
    let mut narrowed = asked.clone();
    narrowed.entry("metadata".to_owned()).or_insert(Level::Read);
    Ok(narrowed)
}
