//! Anthropic's Messages API, from its public reference.

use serde_json::{Value, json};

use super::answer::{Answer, event};

/// Whether the call offers tools of the agent's own.
pub(super) fn offers_tools(call: &Value) -> bool {
    call["tools"]
        .as_array()
        .is_some_and(|tools| !tools.is_empty())
}

/// The schema of the JSON that is wanted.
pub(super) fn schema(call: &Value) -> Option<&Value> {
    let places = ["/output_config/format/schema", "/output_format/schema"];
    places.iter().find_map(|place| call.pointer(place))
}

fn usage(answer: &Answer, output: u64) -> Value {
    json!({
        "input_tokens": answer.usage.input,
        "cache_read_input_tokens": answer.usage.cache_read,
        "cache_creation_input_tokens": answer.usage.cache_write,
        "output_tokens": output,
    })
}

fn stop_reason(answer: &Answer) -> &'static str {
    if answer.calls.is_empty() {
        "end_turn"
    } else {
        "tool_use"
    }
}

/// The answer as one document.
pub(super) fn whole(answer: &Answer) -> Value {
    let mut content = Vec::new();
    if !answer.say.is_empty() {
        content.push(json!({"type": "text", "text": answer.say}));
    }
    for (at, call) in answer.calls.iter().enumerate() {
        content.push(json!({
            "type": "tool_use", "id": answer.id("toolu", at),
            "name": call.tool, "input": call.arguments,
        }));
    }
    json!({
        "id": answer.id("msg", 0), "type": "message", "role": "assistant",
        "model": answer.model, "content": content,
        "stop_reason": stop_reason(answer), "stop_sequence": null,
        "usage": usage(answer, answer.usage.output),
    })
}

/// The answer as a stream.
pub(super) fn pieces(answer: &Answer) -> Vec<String> {
    let mut start = whole(answer);
    start["content"] = json!([]);
    start["stop_reason"] = Value::Null;
    start["usage"] = usage(answer, 1);
    let mut events = vec![json!({"type": "message_start", "message": start})];
    let mut index = 0;
    if !answer.say.is_empty() {
        let block = json!({"type": "text", "text": ""});
        events.push(json!({"type": "content_block_start", "index": index, "content_block": block}));
        events.extend(answer.words().map(|word| {
            let delta = json!({"type": "text_delta", "text": word});
            json!({"type": "content_block_delta", "index": index, "delta": delta})
        }));
        events.push(json!({"type": "content_block_stop", "index": index}));
        index += 1;
    }
    for (at, call) in answer.calls.iter().enumerate() {
        let block = json!({
            "type": "tool_use", "id": answer.id("toolu", at), "name": call.tool, "input": {},
        });
        let delta = json!({"type": "input_json_delta", "partial_json": call.arguments.to_string()});
        events.push(json!({"type": "content_block_start", "index": index, "content_block": block}));
        events.push(json!({"type": "content_block_delta", "index": index, "delta": delta}));
        events.push(json!({"type": "content_block_stop", "index": index}));
        index += 1;
    }
    let delta = json!({"stop_reason": stop_reason(answer), "stop_sequence": null});
    let used = json!({"output_tokens": answer.usage.output});
    events.push(json!({"type": "message_delta", "delta": delta, "usage": used}));
    events.push(json!({"type": "message_stop"}));
    events
        .iter()
        .map(|data| event(data["type"].as_str(), data))
        .collect()
}

/// An error.
pub(super) fn error(status: u16, message: &str) -> Value {
    let kind = match status {
        400 => "invalid_request_error",
        401 => "authentication_error",
        404 => "not_found_error",
        429 => "rate_limit_error",
        529 => "overloaded_error",
        _ => "api_error",
    };
    json!({"type": "error", "error": {"type": kind, "message": message}})
}
