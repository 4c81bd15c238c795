//! opencode: <https://opencode.ai/docs/config>. It speaks ACP by itself, and comes as one program.

use serde_json::json;

use super::{Recipe, Setup, environment, file, inside};
use crate::runner::model::NO_KEY;

pub(super) const RECIPE: Recipe = Recipe {
    version: "1.18.33",
    package: "opencode-linux-x64",
    manifest: include_str!("../../../../deploy/agents/opencode/package.json"),
    lockfile: include_str!("../../../../deploy/agents/opencode/package-lock.json"),
    configure,
};

/// The folder of settings that an administrator lays, which win over all others.
const SETTINGS: &str = "/etc/opencode/opencode.json";

fn configure(base_url: &str, model: &str) -> Setup {
    let name = format!("castellan/{model}");
    let settings = json!({
        "autoupdate": false,
        "share": "disabled",
        "model": name,
        // Titles and summaries, too.
        "small_model": name,
        "enabled_providers": ["castellan"],
        "provider": {"castellan": {
            "npm": "@ai-sdk/openai-compatible",
            "name": "Castellan",
            "options": {"baseURL": format!("{base_url}/v1"), "apiKey": NO_KEY},
            "models": {model: {"name": model}},
        }},
        "permission": {
            "edit": "ask",
            "bash": "ask",
            "external_directory": "ask",
            "doom_loop": "ask",
            "webfetch": "deny",
            "websearch": "deny",
        },
        // Otherwise a refused permission ends its turn as if the task were done.
        "experimental": {"continue_loop_on_deny": true},
    });
    Setup {
        command: vec![inside("opencode-linux-x64/bin/opencode"), "acp".to_owned()],
        environment: environment(&[
            // It would fetch a list of all models there are, language servers and plugins.
            ("OPENCODE_DISABLE_MODELS_FETCH", "1"),
            ("OPENCODE_DISABLE_AUTOUPDATE", "1"),
            ("OPENCODE_DISABLE_SHARE", "1"),
            ("OPENCODE_DISABLE_LSP_DOWNLOAD", "1"),
            ("OPENCODE_DISABLE_DEFAULT_PLUGINS", "1"),
        ]),
        files: file(SETTINGS, settings.to_string()),
    }
}
