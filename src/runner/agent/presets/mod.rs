//! The agents that we know: which packages they are made of, and how each is set up.
//!
//! A preset is a pure function of the model's address and name. Its settings are laid where an
//! agent looks for those of its administrator, so that neither what a repository brings nor a home
//! that is carried from attempt to attempt wins over them. Each is kept from telemetry, from
//! updates, from tools on its provider's side and from a sandbox of its own, and asks for
//! permission. Where the address leads is not known here.

mod claude;
mod codex;
mod gemini;
mod opencode;

use std::collections::BTreeMap;

use crate::protocol::brief::Preset;

/// Where the installed packages are seen inside. The Claude adapter wants that last name.
pub(super) const PACKAGES_INSIDE: &str = "/opt/agent/node_modules";

/// How packages name this machine's processor.
pub(super) const PROCESSOR: &str = if cfg!(target_arch = "aarch64") {
    "arm64"
} else {
    "x64"
};

/// How an agent is started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Setup {
    /// Program and arguments, as seen inside.
    pub(super) command: Vec<String>,
    /// Environment inside. No secret: there is none.
    pub(super) environment: BTreeMap<String, String>,
    /// Files that are seen inside, read-only, by their absolute path.
    pub(super) files: BTreeMap<String, String>,
}

/// What a preset is made of.
pub(super) struct Recipe {
    /// The version that folders are named after.
    pub(super) version: &'static str,
    /// The package which has that version, below `node_modules`.
    pub(super) package: &'static str,
    /// npm's description of what is to be installed.
    pub(super) manifest: &'static str,
    /// npm's lockfile: every package with its version and hash, and no address.
    pub(super) lockfile: &'static str,
    /// Makes the settings for a model that is reached at an address such as
    /// `http://127.0.0.1:8701/anthropic`, below which the provider's own paths begin
    /// (`/v1/messages`, `/v1/responses`, `/v1beta/models/…`).
    pub(super) configure: fn(base_url: &str, model: &str) -> Setup,
}

/// What `preset` is made of.
pub(super) const fn recipe(preset: Preset) -> &'static Recipe {
    match preset {
        Preset::Opencode => &opencode::RECIPE,
        Preset::Claude => &claude::RECIPE,
        Preset::Codex => &codex::RECIPE,
        Preset::Gemini => &gemini::RECIPE,
    }
}

/// A file of an installed package, as seen inside.
fn inside(path: &str) -> String {
    format!("{PACKAGES_INSIDE}/{path}")
}

/// The pinned Node, as seen inside.
fn node() -> String {
    inside(&format!("node-linux-{PROCESSOR}/bin/node"))
}

/// An environment of these variables.
fn environment(variables: &[(&str, &str)]) -> BTreeMap<String, String> {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    variables.iter().map(owned).collect()
}

/// One file.
fn file(path: &str, content: impl Into<String>) -> BTreeMap<String, String> {
    BTreeMap::from([(path.to_owned(), content.into())])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::HOME;

    #[test]
    fn every_preset_is_pinned_and_says_so_in_its_lockfile() {
        for preset in Preset::ALL {
            let recipe = recipe(preset);
            let lock: serde_json::Value = serde_json::from_str(recipe.lockfile).unwrap();
            let packages = lock["packages"].as_object().unwrap();
            let main = &packages[&format!("node_modules/{}", recipe.package)];
            assert_eq!(main["version"], recipe.version, "{preset:?}");
            for (name, package) in packages.iter().filter(|(name, _)| !name.is_empty()) {
                let integrity = package["integrity"].as_str().unwrap_or_default();
                assert!(integrity.starts_with("sha512-"), "{name}");
                assert!(package.get("resolved").is_none(), "{name} names a registry");
            }
        }
    }

    #[test]
    fn every_preset_knows_one_address_and_a_worthless_key() {
        let (base, model) = ("http://127.0.0.1:8701/wire", "some-model");
        for preset in Preset::ALL {
            let setup = (recipe(preset).configure)(base, model);
            assert!(setup.command[0].starts_with(PACKAGES_INSIDE), "{preset:?}");
            let all = format!("{setup:?}");
            assert!(all.contains(base) && all.contains(model), "{all}");
            assert!(all.contains(crate::runner::model::NO_KEY), "{all}");
            assert_eq!(
                all.matches("http").count(),
                all.matches(base).count(),
                "{all}"
            );
            let laid = |path: &String| path.starts_with("/etc/") || path.starts_with(HOME);
            assert!(setup.files.keys().all(laid), "{all}");
        }
    }
}
