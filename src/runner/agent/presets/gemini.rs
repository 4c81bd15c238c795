//! Gemini CLI: <https://geminicli.com/docs/reference/configuration>. It speaks ACP by itself, and
//! runs on the Node that is installed with it.

use serde_json::json;

use super::{Recipe, Setup, environment, file, inside, node};
use crate::runner::model::NO_KEY;
use crate::sandbox::HOME;

pub(super) const RECIPE: Recipe = Recipe {
    version: "0.61.0",
    package: "@google/gemini-cli",
    manifest: include_str!("../../../../deploy/agents/gemini/package.json"),
    lockfile: include_str!("../../../../deploy/agents/gemini/package-lock.json"),
    configure,
};

/// A person's own settings. It takes those of an administrator only where they belong to root,
/// who is nobody inside: so what must hold stands in the policy and in the environment.
const SETTINGS: &str = ".gemini/settings.json";
/// Its policy of permissions, which wins over that of a repository.
const POLICY: &str = "/etc/gemini-cli/castellan.toml";

/// Its models for purposes of its own: all of them stand on the first, or on none.
const PURPOSES: [&str; 9] = [
    "base",
    "chat-compression-3-pro",
    "chat-compression-3-flash",
    "chat-compression-3.1-flash-lite",
    "chat-compression-2.5-pro",
    "chat-compression-2.5-flash",
    "chat-compression-2.5-flash-lite",
    "chat-compression-default",
    "agent-history-provider-summarizer",
];

/// What is on the provider's side is off, and what changes anything is asked for.
const RULES: &str = r#"[[rule]]
toolName = ["google_web_search", "web_fetch"]
decision = "deny"
priority = 900

[[rule]]
toolName = ["replace", "write_file", "run_shell_command"]
decision = "ask_user"
priority = 800
"#;

fn configure(base_url: &str, model: &str) -> Setup {
    let overrides = PURPOSES
        .map(|purpose| json!({"match": {"model": purpose}, "modelConfig": {"model": model}}));
    let settings = json!({
        "general": {"enableAutoUpdate": false, "enableAutoUpdateNotification": false},
        "model": {"name": model},
        "modelConfigs": {"customOverrides": overrides},
        "privacy": {"usageStatisticsEnabled": false},
        "telemetry": {"enabled": false},
        "security": {
            "auth": {"selectedType": "gemini-api-key"},
            "disableYoloMode": true,
            // Otherwise it would read no instruction file of the workspace.
            "folderTrust": {"enabled": false},
        },
    });
    let mut files = file(&format!("{HOME}/{SETTINGS}"), settings.to_string());
    files.extend(file(POLICY, RULES));
    Setup {
        command: vec![
            node(),
            inside("@google/gemini-cli/bundle/gemini.js"),
            "--acp".to_owned(),
            format!("--admin-policy={POLICY}"),
        ],
        environment: environment(&[
            ("GEMINI_API_KEY", NO_KEY),
            ("GEMINI_MODEL", model),
            ("GEMINI_SANDBOX", "false"),
            ("GEMINI_TELEMETRY_ENABLED", "false"),
            ("GOOGLE_GEMINI_BASE_URL", base_url),
            // It would start itself once more with a larger heap.
            ("GEMINI_CLI_NO_RELAUNCH", "true"),
        ]),
        files,
    }
}
