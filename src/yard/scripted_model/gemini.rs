//! Google's Gemini API, from its public reference.

use serde_json::{Value, json};

use super::answer::{Answer, event};

/// Whether the call offers functions; tools of the provider's own side do not count.
pub(super) fn offers_tools(call: &Value) -> bool {
    let tools = call["tools"].as_array();
    tools.is_some_and(|tools| {
        tools
            .iter()
            .any(|tool| tool["functionDeclarations"].is_array())
    })
}

/// The schema of the JSON that is wanted.
pub(super) fn schema(call: &Value) -> Option<&Value> {
    let config = &call["generationConfig"];
    let wanted = config["responseMimeType"] == "application/json";
    let schema = ["responseJsonSchema", "responseSchema"]
        .iter()
        .find_map(|name| config.get(name));
    schema.or(wanted.then_some(&Value::Null))
}

fn usage(answer: &Answer) -> Value {
    let used = &answer.usage;
    let input = used.input + used.cache_read + used.cache_write;
    json!({
        "promptTokenCount": input,
        "cachedContentTokenCount": used.cache_read,
        "candidatesTokenCount": used.output,
        "totalTokenCount": input + used.output,
    })
}

fn document(answer: &Answer, parts: &[Value], last: bool) -> Value {
    let mut candidate = json!({"index": 0, "content": {"role": "model", "parts": parts}});
    let mut document = json!({
        "modelVersion": answer.model, "responseId": answer.id("resp", 0),
    });
    if last {
        candidate["finishReason"] = "STOP".into();
        document["usageMetadata"] = usage(answer);
    }
    document["candidates"] = json!([candidate]);
    document
}

fn calls(answer: &Answer) -> Vec<Value> {
    let calls = answer.calls.iter().enumerate().map(|(at, call)| {
        json!({"functionCall": {
            "id": answer.id("call", at), "name": call.tool, "args": call.arguments,
        }})
    });
    calls.collect()
}

/// The answer as one document.
pub(super) fn whole(answer: &Answer) -> Value {
    let mut parts = Vec::new();
    if !answer.say.is_empty() {
        parts.push(json!({"text": answer.say}));
    }
    parts.extend(calls(answer));
    document(answer, &parts, true)
}

/// The answer as a stream: events with `alt=sse`, otherwise one list.
pub(super) fn pieces(answer: &Answer, as_events: bool) -> Vec<String> {
    let words = answer.words();
    let mut documents: Vec<Value> = words
        .map(|word| document(answer, &[json!({"text": word})], false))
        .collect();
    documents.push(document(answer, &calls(answer), true));
    if as_events {
        return documents.iter().map(|data| event(None, data)).collect();
    }
    let listed = documents.iter().enumerate();
    let mut pieces: Vec<String> = listed
        .map(|(at, data)| format!("{}{data}", if at == 0 { "[" } else { ",\n" }))
        .collect();
    pieces.push("]".to_owned());
    pieces
}

/// An error.
pub(super) fn error(status: u16, message: &str) -> Value {
    let name = match status {
        400 => "INVALID_ARGUMENT",
        401 => "UNAUTHENTICATED",
        404 => "NOT_FOUND",
        429 => "RESOURCE_EXHAUSTED",
        503 => "UNAVAILABLE",
        _ => "INTERNAL",
    };
    json!({"error": {"code": status, "message": message, "status": name}})
}
