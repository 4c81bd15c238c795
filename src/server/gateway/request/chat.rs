//! Requests of OpenAI's Chat Completions API, and of what imitates it.

use serde_json::{Map, Value, json};

use super::{
    Checked, Pictures, keep, keep_tools, kind, not_allowed, number, objects, unknown_content,
    user_message,
};

/// What is passed on. Not among them: several answers at once, the provider's search, sound, what
/// is stored, and what chooses a dearer service.
const FIELDS: [&str; 26] = [
    "model",
    "messages",
    "tools",
    "tool_choice",
    "parallel_tool_calls",
    "functions",
    "function_call",
    "stream",
    "stream_options",
    "max_tokens",
    "max_completion_tokens",
    "temperature",
    "top_p",
    "top_k",
    "stop",
    "seed",
    "presence_penalty",
    "frequency_penalty",
    "response_format",
    "reasoning_effort",
    "verbosity",
    "user",
    "prompt_cache_key",
    "chat_template_kwargs",
    "thinking",
    "enable_thinking",
];
const MESSAGE_FIELDS: [&str; 9] = [
    "role",
    "content",
    "name",
    "tool_calls",
    "tool_call_id",
    "function_call",
    "refusal",
    "reasoning",
    "reasoning_content",
];

pub(super) fn check(body: &mut Map<String, Value>, pictures: &mut Pictures) -> Checked {
    keep(body, &FIELDS);
    keep_tools(body, |tool| matches!(kind(tool), "function" | "custom"));
    let streams = body.get("stream") == Some(&Value::Bool(true));
    body.retain(|field, _| field != "stream_options");
    if streams {
        // Otherwise a stream does not say what it cost.
        body.insert("stream_options".to_owned(), json!({"include_usage": true}));
    }
    let Some(messages) = body.get_mut("messages") else {
        return not_allowed("`messages` is missing");
    };
    for message in objects(messages, "messages")? {
        keep(message, &MESSAGE_FIELDS);
        match message.get("content") {
            None | Some(Value::Null | Value::String(_)) => {}
            Some(Value::Array(parts)) => parts.iter().try_for_each(|one| part(one, pictures))?,
            Some(_) => return not_allowed("`content` is neither a text nor a list"),
        }
    }
    Ok(())
}

fn part(part: &Value, pictures: &mut Pictures) -> Checked {
    match kind(part) {
        "text" | "refusal" | "thinking" => Ok(()),
        "image_url" => pictures.data_url(part["image_url"]["url"].as_str()),
        other => unknown_content(other),
    }
}

/// OpenAI itself takes the newer name for every model; what imitates it may not know it, and would
/// write without end.
pub(super) fn limit(body: &mut Map<String, Value>, output: u64, is_openai: bool) {
    let newer = number(body, "max_completion_tokens").is_some();
    let older = number(body, "max_tokens").is_some();
    body.retain(|field, _| !matches!(field.as_str(), "max_tokens" | "max_completion_tokens"));
    let field = match is_openai || (newer && !older) {
        true => "max_completion_tokens",
        false => "max_tokens",
    };
    body.insert(field.to_owned(), output.into());
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
