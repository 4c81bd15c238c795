//! Gemini CLI: <https://geminicli.com/docs/reference/configuration>. It speaks ACP by itself, and
//! runs on the Node that is installed with it.

use serde_json::json;

use super::{Recipe, Setup, WORTHLESS_KEY, environment, file, inside, node};

pub(super) const RECIPE: Recipe = Recipe {
    version: "0.61.0",
    package: "@google/gemini-cli",
    manifest: include_str!("../../../../deploy/agents/gemini/package.json"),
    lockfile: include_str!("../../../../deploy/agents/gemini/package-lock.json"),
    configure,
};

/// Settings that an administrator lays, which win over all others.
const SETTINGS: &str = "/etc/gemini-cli/settings.json";

fn configure(base_url: &str, model: &str) -> Setup {
    let settings = json!({
        "general": {"enableAutoUpdate": false, "enableAutoUpdateNotification": false},
        "model": {"name": model},
        "privacy": {"usageStatisticsEnabled": false},
        "telemetry": {"enabled": false},
        "tools": {"sandbox": false, "exclude": ["google_web_search", "web_fetch"]},
        "security": {
            "auth": {"selectedType": "gemini-api-key"},
            "disableYoloMode": true,
            // Otherwise it would read no instruction file of the workspace.
            "folderTrust": {"enabled": false},
        },
    });
    Setup {
        command: vec![
            node(),
            inside("@google/gemini-cli/bundle/gemini.js"),
            "--acp".to_owned(),
        ],
        environment: environment(&[
            ("GEMINI_API_KEY", WORTHLESS_KEY),
            ("GEMINI_MODEL", model),
            ("GOOGLE_GEMINI_BASE_URL", base_url),
            // It would start itself once more with a larger heap.
            ("GEMINI_CLI_NO_RELAUNCH", "true"),
        ]),
        files: file(SETTINGS, settings.to_string()),
    }
}
