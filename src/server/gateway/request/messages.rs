//! Requests of Anthropic's Messages API.

use serde_json::{Map, Value, json};

use super::{
    Checked, Pictures, keep, keep_tools, kind, not_allowed, objects, refuse, unknown_content,
    user_message,
};

/// What is passed on. Not among them: what chooses a dearer service, and the provider's containers.
const FIELDS: [&str; 16] = [
    "model",
    "messages",
    "system",
    "max_tokens",
    "metadata",
    "stop_sequences",
    "stream",
    "temperature",
    "top_p",
    "top_k",
    "tools",
    "tool_choice",
    "thinking",
    "output_config",
    "output_format",
    "context_management",
];
/// What counting tokens knows of these.
const COUNT_FIELDS: [&str; 7] = [
    "model",
    "messages",
    "system",
    "tools",
    "tool_choice",
    "thinking",
    "context_management",
];
/// Beginnings of the types of tools that the client executes.
const TOOLS: [&str; 3] = ["bash_", "text_editor_", "memory_"];
/// Beginnings of the edits of a context that only leave something out.
const EDITS: [&str; 2] = ["clear_tool_uses_", "clear_thinking_"];
/// Fewest tokens that the provider lets a model think.
const THINKING_MIN: u64 = 1_024;

pub(super) fn check(
    body: &mut Map<String, Value>,
    writes: bool,
    pictures: &mut Pictures,
) -> Checked {
    refuse(body, &["container", "mcp_servers"])?;
    keep(body, if writes { &FIELDS } else { &COUNT_FIELDS });
    keep_tools(body, |tool| {
        let kind = kind(tool);
        let own = tool["type"].is_null() || kind == "custom";
        own || TOOLS.iter().any(|known| kind.starts_with(known))
    });
    if let Some(Value::Array(edits)) = body
        .get_mut("context_management")
        .and_then(|all| all.get_mut("edits"))
    {
        edits.retain(|edit| EDITS.iter().any(|known| kind(edit).starts_with(known)));
    }
    if let Some(system) = body.get("system") {
        blocks(system, pictures)?;
    }
    let Some(messages) = body.get_mut("messages") else {
        return not_allowed("`messages` is missing");
    };
    for message in objects(messages, "messages")? {
        keep(message, &["role", "content"]);
        blocks(message.get("content").unwrap_or(&Value::Null), pictures)?;
    }
    Ok(())
}

fn blocks(content: &Value, pictures: &mut Pictures) -> Checked {
    match content {
        Value::String(_) | Value::Null => Ok(()),
        Value::Array(blocks) => blocks.iter().try_for_each(|one| block(one, pictures)),
        _ => not_allowed("`content` is neither a text nor a list"),
    }
}

fn block(block: &Value, pictures: &mut Pictures) -> Checked {
    match kind(block) {
        "text" | "thinking" | "redacted_thinking" | "tool_use" | "tool_reference" => Ok(()),
        "tool_result" | "search_result" => blocks(&block["content"], pictures),
        "image" => source(&block["source"], pictures),
        // Other documents cost by their pages, which nobody here counts.
        "document" => match kind(&block["source"]) {
            "text" => Ok(()),
            "content" => blocks(&block["source"]["content"], pictures),
            _ => not_allowed("documents are passed on as text only: send what stands in it"),
        },
        other => unknown_content(other),
    }
}

fn source(source: &Value, pictures: &mut Pictures) -> Checked {
    match (kind(source), source["data"].as_str()) {
        ("base64", Some(data)) => pictures.data(data),
        _ => pictures.data_url(None),
    }
}

pub(super) fn limit(body: &mut Map<String, Value>, output: u64) {
    body.insert("max_tokens".to_owned(), output.into());
    let Some(thinking) = body.get_mut("thinking") else {
        return;
    };
    let budget = thinking["budget_tokens"].as_u64();
    if budget.is_none_or(|budget| budget < output) {
        return;
    }
    // The provider wants fewer than may be written.
    if output > THINKING_MIN {
        thinking["budget_tokens"] = (output - 1).into();
    } else {
        body.retain(|field, _| field != "thinking");
    }
}

pub(super) fn append(body: &mut Map<String, Value>, text: &str) {
    let Some(Value::Array(messages)) = body.get_mut("messages") else {
        return;
    };
    let last = messages.last_mut().filter(|last| last["role"] == "user");
    match last.map(|last| &mut last["content"]) {
        Some(Value::String(content)) => *content = format!("{content}\n\n{text}"),
        Some(Value::Array(content)) => content.push(json!({"type": "text", "text": text})),
        _ => messages.push(user_message(text.into())),
    }
}
