//! Claude Code by its ACP adapter: <https://code.claude.com/docs/en/settings>. The adapter is
//! written for Node 22, which is installed with it; Claude Code itself is one program.

use serde_json::json;

use super::{PROCESSOR, Recipe, Setup, environment, file, inside, node};
use crate::runner::model::NO_KEY;

pub(super) const RECIPE: Recipe = Recipe {
    version: "0.101.0",
    package: "@agentclientprotocol/claude-agent-acp",
    manifest: include_str!("../../../../deploy/agents/claude/package.json"),
    lockfile: include_str!("../../../../deploy/agents/claude/package-lock.json"),
    configure,
};

/// Settings that an administrator lays, which win over all others.
const SETTINGS: &str = "/etc/claude-code/managed-settings.json";

fn configure(base_url: &str, model: &str) -> Setup {
    let settings = json!({
        // A repository's own list of what needs no question does not count.
        "allowManagedPermissionRulesOnly": true,
        "permissions": {
            "defaultMode": "default",
            "disableBypassPermissionsMode": "disable",
            "ask": ["Bash", "Edit", "Write", "NotebookEdit"],
            "deny": ["WebFetch", "WebSearch"],
        },
        "includeCoAuthoredBy": false,
        "sandbox": {"enabled": false},
    });
    let executable = format!("@anthropic-ai/claude-agent-sdk-linux-{PROCESSOR}/claude");
    let mut variables = environment(&[
        ("ANTHROPIC_API_KEY", NO_KEY),
        ("ANTHROPIC_BASE_URL", base_url),
        ("CLAUDE_CODE_EXECUTABLE", &inside(&executable)),
        // Updates, error reports, surveys, news.
        ("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1"),
        ("CLAUDE_CODE_DISABLE_OFFICIAL_MARKETPLACE_AUTOINSTALL", "1"),
        ("DISABLE_AUTOUPDATER", "1"),
        ("DISABLE_ERROR_REPORTING", "1"),
        ("DISABLE_TELEMETRY", "1"),
    ]);
    // It names models by purpose; here all of them are one.
    for purpose in [
        "ANTHROPIC_MODEL",
        "ANTHROPIC_SMALL_FAST_MODEL",
        "ANTHROPIC_DEFAULT_HAIKU_MODEL",
        "ANTHROPIC_DEFAULT_SONNET_MODEL",
        "ANTHROPIC_DEFAULT_OPUS_MODEL",
        "CLAUDE_CODE_SUBAGENT_MODEL",
    ] {
        variables.insert(purpose.to_owned(), model.to_owned());
    }
    let adapter = inside("@agentclientprotocol/claude-agent-acp/dist/index.js");
    Setup {
        command: vec![node(), adapter],
        environment: variables,
        files: file(SETTINGS, settings.to_string()),
    }
}
