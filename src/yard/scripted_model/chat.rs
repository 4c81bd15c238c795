//! OpenAI's Chat Completions API, from its public reference.

use serde_json::{Value, json};

use super::answer::{Answer, event};

/// The schema of the JSON that is wanted.
pub(super) fn schema(call: &Value) -> Option<&Value> {
    call.pointer("/response_format/json_schema/schema")
}

fn usage(answer: &Answer) -> Value {
    let used = &answer.usage;
    let input = used.input + used.cache_read + used.cache_write;
    json!({
        "prompt_tokens": input,
        "completion_tokens": used.output,
        "total_tokens": input + used.output,
        "prompt_tokens_details": {"cached_tokens": used.cache_read},
        "completion_tokens_details": {"reasoning_tokens": 0},
    })
}

fn finish_reason(answer: &Answer) -> &'static str {
    if answer.calls.is_empty() {
        "stop"
    } else {
        "tool_calls"
    }
}

fn calls(answer: &Answer, with_index: bool) -> Vec<Value> {
    let calls = answer.calls.iter().enumerate().map(|(at, call)| {
        let function = json!({"name": call.tool, "arguments": call.arguments.to_string()});
        let mut call = json!({
            "id": answer.id("call", at), "type": "function", "function": function,
        });
        if with_index {
            call["index"] = at.into();
        }
        call
    });
    calls.collect()
}

/// The answer as one document.
pub(super) fn whole(answer: &Answer) -> Value {
    let mut message = json!({"role": "assistant", "content": answer.say});
    if !answer.calls.is_empty() {
        message["tool_calls"] = calls(answer, false).into();
    }
    json!({
        "id": answer.id("chatcmpl", 0), "object": "chat.completion", "created": 0,
        "model": answer.model, "usage": usage(answer),
        "choices": [{"index": 0, "message": message, "finish_reason": finish_reason(answer)}],
    })
}

/// The answer as a stream; the usage comes last, where it is asked for.
pub(super) fn pieces(answer: &Answer, call: &Value) -> Vec<String> {
    let chunk = |delta: Value, finish: Value| {
        json!({
            "id": answer.id("chatcmpl", 0), "object": "chat.completion.chunk", "created": 0,
            "model": answer.model,
            "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
        })
    };
    let mut chunks = vec![chunk(
        json!({"role": "assistant", "content": ""}),
        Value::Null,
    )];
    chunks.extend(
        answer
            .words()
            .map(|word| chunk(json!({"content": word}), Value::Null)),
    );
    for call in calls(answer, true) {
        chunks.push(chunk(json!({"tool_calls": [call]}), Value::Null));
    }
    chunks.push(chunk(json!({}), finish_reason(answer).into()));
    if call["stream_options"]["include_usage"] == true {
        let mut last = chunk(json!({}), Value::Null);
        last["choices"] = json!([]);
        last["usage"] = usage(answer);
        chunks.push(last);
    }
    let mut pieces: Vec<String> = chunks.iter().map(|data| event(None, data)).collect();
    pieces.push("data: [DONE]\n\n".to_owned());
    pieces
}

/// An error; the Responses API has the same.
pub(super) fn error(status: u16, message: &str) -> Value {
    let kind = match status {
        401 => "authentication_error",
        429 => "rate_limit_error",
        400..500 => "invalid_request_error",
        _ => "server_error",
    };
    json!({"error": {"message": message, "type": kind, "param": null, "code": null}})
}
