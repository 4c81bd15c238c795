//! Codex by its ACP adapter, which holds all of it in one program:
//! <https://developers.openai.com/codex/config-reference>.

use serde_json::json;

use super::{PROCESSOR, Recipe, Setup, environment, file, inside};
use crate::runner::model::NO_KEY;

pub(super) const RECIPE: Recipe = Recipe {
    version: "0.16.0",
    package: "@zed-industries/codex-acp-linux-x64",
    manifest: include_str!("../../../../deploy/agents/codex/package.json"),
    lockfile: include_str!("../../../../deploy/agents/codex/package-lock.json"),
    configure,
};

/// Settings that an administrator lays, which win over all others.
const SETTINGS: &str = "/etc/codex/managed_config.toml";
/// Where it looks for its key.
const KEY: &str = "CASTELLAN_MODEL_KEY";

fn configure(base_url: &str, model: &str) -> Setup {
    let settings = json!({
        "model": model,
        "review_model": model,
        "model_provider": "castellan",
        "model_providers": {"castellan": {
            "name": "Castellan",
            "base_url": format!("{base_url}/v1"),
            "wire_api": "responses",
            "env_key": KEY,
        }},
        // Inside of our sandbox its own cannot start. It asks all the same.
        "sandbox_mode": "danger-full-access",
        "approval_policy": "untrusted",
        "web_search": "disabled",
        "check_for_update_on_startup": false,
        "analytics": {"enabled": false},
        "feedback": {"enabled": false},
    });
    let program = format!("@zed-industries/codex-acp-linux-{PROCESSOR}/bin/codex-acp");
    Setup {
        command: vec![inside(&program)],
        environment: environment(&[(KEY, NO_KEY)]),
        // Every value here has a form in TOML.
        files: file(SETTINGS, toml::to_string(&settings).unwrap_or_default()),
    }
}
