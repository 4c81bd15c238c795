//! What the model answers, in each agent's own tools.

use castellan::protocol::brief::Preset;
use castellan::yard::scripted_model::{Fault, Turn};
use serde_json::json;

const COMMAND: &str = "./test.sh && echo tested > docs/tested.md";

/// Replaces `old` by `new` in line `line` of `path`, which is all of that line's text that counts.
pub(crate) fn edits(preset: Preset, path: &str, (line, old, new): (&str, &str, &str)) -> Vec<Turn> {
    let inside = format!("/workspace/{path}");
    match preset {
        Preset::Opencode => vec![
            Turn::call("read", json!({"filePath": inside})),
            Turn::call(
                "edit",
                json!({"filePath": inside, "oldString": old, "newString": new}),
            ),
        ],
        Preset::Claude => vec![
            Turn::call("Read", json!({"file_path": inside})),
            Turn::call(
                "Edit",
                json!({"file_path": inside, "old_string": old, "new_string": new}),
            ),
        ],
        // Its own patches, by a command that it takes for itself.
        Preset::Codex => {
            let changed = line.replace(old, new);
            let patch = format!(
                "apply_patch <<'EOF'\n*** Begin Patch\n*** Update File: {path}\n@@\n\
                 -{line}\n+{changed}\n*** End Patch\nEOF"
            );
            vec![Turn::call("exec_command", json!({"cmd": patch}))]
        }
        Preset::Gemini => vec![
            Turn::call("read_file", json!({"file_path": inside})),
            Turn::call(
                "replace",
                json!({
                    "file_path": inside, "instruction": "Mend it", "old_string": old,
                    "new_string": new,
                }),
            ),
        ],
    }
}

/// Reads and mends `src/add.sh`, tests it by a command that writes a file, and says so.
pub(super) fn fixes(preset: Preset) -> Vec<Turn> {
    let mut turns = edits(preset, "src/add.sh", ("echo $(($1 - $2))", "-", "+"));
    turns.push(match preset {
        Preset::Opencode => Turn::call("bash", json!({"command": COMMAND, "description": "Test"})),
        Preset::Claude => Turn::call("Bash", json!({"command": COMMAND, "description": "Test"})),
        Preset::Codex => Turn::call("exec_command", json!({"cmd": COMMAND})),
        Preset::Gemini => Turn::call("run_shell_command", json!({"command": COMMAND})),
    });
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
