//! OpenAI's Responses API, from its public reference.

use serde_json::{Value, json};

use super::answer::{Answer, event};

/// The schema of the JSON that is wanted.
pub(super) fn schema(call: &Value) -> Option<&Value> {
    call.pointer("/text/format/schema")
}

fn usage(answer: &Answer) -> Value {
    let used = &answer.usage;
    let input = used.input + used.cache_read + used.cache_write;
    json!({
        "input_tokens": input,
        "input_tokens_details": {"cached_tokens": used.cache_read},
        "output_tokens": used.output,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": input + used.output,
    })
}

fn message(answer: &Answer, text: &str, status: &str) -> Value {
    let content = match status {
        "completed" => json!([{"type": "output_text", "text": text, "annotations": []}]),
        _ => json!([]),
    };
    json!({
        "id": answer.id("msg", 0), "type": "message", "role": "assistant", "status": status,
        "content": content,
    })
}

/// The calls; a tool that takes free text is called with its text as it is.
fn calls(answer: &Answer) -> Vec<Value> {
    let calls = answer.calls.iter().enumerate().map(|(at, call)| {
        let mut item = json!({
            "id": answer.id("fc", at), "call_id": answer.id("call", at), "name": call.tool,
            "status": "completed",
        });
        let (kind, field, value) = match &call.arguments {
            Value::String(text) => ("custom_tool_call", "input", text.clone()),
            arguments => ("function_call", "arguments", arguments.to_string()),
        };
        item["type"] = kind.into();
        item[field] = value.into();
        item
    });
    calls.collect()
}

fn items(answer: &Answer) -> Vec<Value> {
    let mut items = Vec::new();
    if !answer.say.is_empty() {
        items.push(message(answer, &answer.say, "completed"));
    }
    items.extend(calls(answer));
    items
}

fn response(answer: &Answer, status: &str, output: Vec<Value>) -> Value {
    json!({
        "id": answer.id("resp", 0), "object": "response", "created_at": 0, "status": status,
        "model": answer.model, "output": output, "error": null, "incomplete_details": null,
        "usage": if status == "completed" { usage(answer) } else { Value::Null },
    })
}

/// The answer as one document.
pub(super) fn whole(answer: &Answer) -> Value {
    response(answer, "completed", items(answer))
}

/// The answer as a stream.
pub(super) fn pieces(answer: &Answer) -> Vec<String> {
    let begun = response(answer, "in_progress", Vec::new());
    let mut events = vec![
        json!({"type": "response.created", "response": begun}),
        json!({"type": "response.in_progress", "response": begun}),
    ];
    for (at, item) in items(answer).into_iter().enumerate() {
        let id = item["id"].clone();
        let place = |kind: &str| {
            json!({
                "type": kind, "output_index": at, "item_id": id, "content_index": 0,
            })
        };
        if item["type"] == "message" {
            let begun = message(answer, "", "in_progress");
            events.push(
                json!({"type": "response.output_item.added", "output_index": at, "item": begun}),
            );
            let part = |text: &str| json!({"type": "output_text", "text": text, "annotations": []});
            let mut added = place("response.content_part.added");
            added["part"] = part("");
            events.push(added);
            events.extend(answer.words().map(|word| {
                let mut delta = place("response.output_text.delta");
                delta["delta"] = word.into();
                delta
            }));
            let mut done = place("response.output_text.done");
            done["text"] = answer.say.as_str().into();
            events.push(done);
            let mut done = place("response.content_part.done");
            done["part"] = part(&answer.say);
            events.push(done);
        } else {
            events.push(
                json!({"type": "response.output_item.added", "output_index": at, "item": item}),
            );
        }
        events.push(json!({"type": "response.output_item.done", "output_index": at, "item": item}));
    }
    events.push(json!({"type": "response.completed", "response": whole(answer)}));
    let numbered = events.iter_mut().enumerate().map(|(number, data)| {
        data["sequence_number"] = number.into();
        event(data["type"].as_str(), data)
    });
    numbered.collect()
}
