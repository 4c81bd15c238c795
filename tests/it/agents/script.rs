//! What the model answers, in each agent's own tools.

use castellan::protocol::brief::Preset;
use castellan::yard::scripted_model::{Fault, Turn};
use serde_json::json;

const COMMAND: &str = "./test.sh && echo tested > docs/tested.md";

/// As codex edits: its own patches, by a command that it takes for itself.
const PATCH: &str = "apply_patch <<'EOF'\n*** Begin Patch\n*** Update File: src/add.sh\n@@\n\
    -echo $(($1 - $2))\n+echo $(($1 + $2))\n*** End Patch\nEOF";

/// Reads and mends `src/add.sh`, tests it by a command that writes a file, and says so.
pub(super) fn fixes(preset: Preset) -> Vec<Turn> {
    let path = "/workspace/src/add.sh";
    let mut turns = match preset {
        Preset::Opencode => vec![
            Turn::call("read", json!({"filePath": path})),
            Turn::call(
                "edit",
                json!({"filePath": path, "oldString": "-", "newString": "+"}),
            ),
            Turn::call("bash", json!({"command": COMMAND, "description": "Test"})),
        ],
        Preset::Claude => vec![
            Turn::call("Read", json!({"file_path": path})),
            Turn::call(
                "Edit",
                json!({"file_path": path, "old_string": "-", "new_string": "+"}),
            ),
            Turn::call("Bash", json!({"command": COMMAND, "description": "Test"})),
        ],
        Preset::Codex => vec![
            Turn::call("exec_command", json!({"cmd": PATCH})),
            Turn::call("exec_command", json!({"cmd": COMMAND})),
        ],
        Preset::Gemini => vec![
            Turn::call("read_file", json!({"file_path": path})),
            Turn::call(
                "replace",
                json!({
                    "file_path": path, "instruction": "Add", "old_string": "-", "new_string": "+",
                }),
            ),
            Turn::call("run_shell_command", json!({"command": COMMAND})),
        ],
    };
    turns.push(Turn::say("It adds."));
    turns
}

/// Calls what would look at the web.
pub(super) fn browses(preset: Preset) -> Vec<Turn> {
    let url = "https://example.com/";
    let mut turns = match preset {
        Preset::Opencode => vec![
            Turn::call("webfetch", json!({"url": url, "format": "text"})),
            Turn::call("websearch", json!({"query": "x"})),
        ],
        Preset::Claude => vec![
            Turn::call("WebFetch", json!({"url": url, "prompt": "x"})),
            Turn::call("WebSearch", json!({"query": "x"})),
        ],
        Preset::Codex => vec![Turn::call("web_search", json!({"query": "x"}))],
        Preset::Gemini => vec![
            Turn::call("web_fetch", json!({"prompt": format!("get {url}")})),
            Turn::call("google_web_search", json!({"query": "x"})),
        ],
    };
    turns.push(Turn::say("There is no web."));
    turns
}

/// Never answers.
pub(super) fn hangs() -> Vec<Turn> {
    vec![Turn::fault(Fault::Hang)]
}
