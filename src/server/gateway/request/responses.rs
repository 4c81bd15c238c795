//! Requests of OpenAI's Responses API.

use serde_json::{Map, Value, json};

use super::{
    Checked, Pictures, keep, keep_tools, kind, not_allowed, objects, refuse, unknown_content,
    user_message,
};

/// What is passed on. Not among them: work in the background, and what chooses a dearer service.
const FIELDS: [&str; 19] = [
    "model",
    "input",
    "instructions",
    "tools",
    "tool_choice",
    "parallel_tool_calls",
    "stream",
    "store",
    "max_output_tokens",
    "reasoning",
    "text",
    "temperature",
    "top_p",
    "include",
    "truncation",
    "prompt_cache_key",
    "safety_identifier",
    "metadata",
    "user",
];
/// What stands for something that the provider keeps, perhaps of another task.
const STORED: [&str; 3] = ["previous_response_id", "conversation", "prompt"];
/// What an answer may hold beside itself: what the agent sends back next time.
const INCLUDED: [&str; 2] = [
    "reasoning.encrypted_content",
    "message.output_text.logprobs",
];

pub(super) fn check(body: &mut Map<String, Value>, pictures: &mut Pictures) -> Checked {
    refuse(body, &STORED)?;
    keep(body, &FIELDS);
    keep_tools(body, is_own_tool);
    body.insert("store".to_owned(), Value::Bool(false));
    if let Some(include) = body.get_mut("include") {
        match include {
            Value::Array(names) => {
                names.retain(|name| name.as_str().is_some_and(|name| INCLUDED.contains(&name)));
            }
            _ => *include = json!([]),
        }
    }
    match body.get_mut("input") {
        Some(Value::String(_)) => Ok(()),
        Some(input) => objects(input, "input")?
            .into_iter()
            .try_for_each(|one| item(one, pictures)),
        None => not_allowed("`input` is missing"),
    }
}

/// Tools that the agent executes.
fn is_own_tool(tool: &mut Value) -> bool {
    match kind(tool) {
        "function" | "custom" | "local_shell" | "apply_patch" => true,
        "namespace" => match tool.get_mut("tools") {
            Some(Value::Array(tools)) => {
                tools.retain_mut(is_own_tool);
                !tools.is_empty()
            }
            _ => false,
        },
        _ => false,
    }
}

fn item(item: &Map<String, Value>, pictures: &mut Pictures) -> Checked {
    let kind = item.get("type").and_then(Value::as_str);
    match kind.unwrap_or("message") {
        "message" => parts(item.get("content"), pictures),
        "function_call_output" | "custom_tool_call_output" => parts(item.get("output"), pictures),
        "function_call"
        | "custom_tool_call"
        | "reasoning"
        | "local_shell_call"
        | "apply_patch_call"
        | "apply_patch_call_output" => Ok(()),
        "local_shell_call_output" => match item.get("output") {
            Some(Value::String(_)) => Ok(()),
            _ => not_allowed("the output of a command is not a text"),
        },
        other => unknown_content(other),
    }
}

fn parts(content: Option<&Value>, pictures: &mut Pictures) -> Checked {
    match content {
        None | Some(Value::Null | Value::String(_)) => Ok(()),
        Some(Value::Array(parts)) => parts.iter().try_for_each(|one| part(one, pictures)),
        Some(_) => not_allowed("`content` is neither a text nor a list"),
    }
}

fn part(part: &Value, pictures: &mut Pictures) -> Checked {
    match kind(part) {
        "input_text" | "output_text" | "refusal" | "text" => Ok(()),
        "input_image" if part["file_id"].is_null() => pictures.data_url(part["image_url"].as_str()),
        "input_image" => pictures.data_url(None),
        other => unknown_content(other),
    }
}

pub(super) fn limit(body: &mut Map<String, Value>, output: u64) {
    body.insert("max_output_tokens".to_owned(), output.into());
}

pub(super) fn append(body: &mut Map<String, Value>, text: &str) {
    match body.get_mut("input") {
        Some(Value::String(input)) => *input = format!("{input}\n\n{text}"),
        Some(Value::Array(items)) => {
            let mut message = user_message(json!([{"type": "input_text", "text": text}]));
            message["type"] = "message".into();
            items.push(message);
        }
        _ => {}
    }
}
