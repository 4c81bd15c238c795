//! Requests of Gemini's API. Its server reads each field by two names (`fileData`, `file_data`):
//! here all become the first, and both at once are refused.

use serde_json::{Map, Value, json};

use super::{Checked, NotAllowed, Pictures, keep, not_allowed, refuse, unknown_content};

const FIELDS: [&str; 6] = [
    "contents",
    "systemInstruction",
    "tools",
    "toolConfig",
    "safetySettings",
    "generationConfig",
];
/// Not among them: several answers at once, and answers that are pictures or sound.
const GENERATION_FIELDS: [&str; 14] = [
    "stopSequences",
    "responseMimeType",
    "responseSchema",
    "responseJsonSchema",
    "maxOutputTokens",
    "temperature",
    "topP",
    "topK",
    "seed",
    "presencePenalty",
    "frequencyPenalty",
    "responseLogprobs",
    "logprobs",
    "thinkingConfig",
];

pub(super) fn check(
    body: &mut Map<String, Value>,
    writes: bool,
    pictures: &mut Pictures,
) -> Checked {
    one_name_each(body)?;
    refuse(body, &["cachedContent"])?;
    keep(body, if writes { &FIELDS } else { &["contents"] });
    keep_functions(body)?;
    if let Some(config) = body.get_mut("toolConfig").and_then(Value::as_object_mut) {
        one_name_each(config)?;
        keep(config, &["functionCallingConfig"]);
    }
    match body.get_mut("generationConfig") {
        None => {}
        Some(Value::Object(config)) => {
            one_name_each(config)?;
            keep(config, &GENERATION_FIELDS);
        }
        Some(_) => return not_allowed("`generationConfig` is no object"),
    }
    if let Some(instruction) = body.get_mut("systemInstruction") {
        if let Value::String(text) = instruction {
            *instruction = json!({"parts": [{"text": text}]});
        }
        content(instruction, pictures)?;
    }
    let Some(contents) = body.get_mut("contents") else {
        return not_allowed("`contents` is missing");
    };
    for one in list(contents)? {
        content(one, pictures)?;
    }
    Ok(())
}

/// Of each entry of the tools only the functions stay, which the agent executes.
fn keep_functions(body: &mut Map<String, Value>) -> Checked {
    let Some(tools) = body.get_mut("tools") else {
        return Ok(());
    };
    let tools = list(tools)?;
    for tool in tools.iter_mut() {
        let Value::Object(tool) = tool else {
            return not_allowed("`tools` holds something that is no object");
        };
        one_name_each(tool)?;
        keep(tool, &["functionDeclarations"]);
    }
    tools.retain(|tool| tool.as_object().is_some_and(|tool| !tool.is_empty()));
    if tools.is_empty() {
        body.retain(|field, _| !matches!(field.as_str(), "tools" | "toolConfig"));
    }
    Ok(())
}

fn content(content: &mut Value, pictures: &mut Pictures) -> Checked {
    let Value::Object(content) = content else {
        return not_allowed("`contents` holds something that is no object");
    };
    keep(content, &["role", "parts"]);
    let Some(parts) = content.get_mut("parts") else {
        return Ok(());
    };
    list(parts)?
        .iter_mut()
        .try_for_each(|one| part(one, pictures))
}

fn part(part: &mut Value, pictures: &mut Pictures) -> Checked {
    let Value::Object(part) = part else {
        return not_allowed("`parts` holds something that is no object");
    };
    one_name_each(part)?;
    for (field, value) in part.iter_mut() {
        match field.as_str() {
            "text" | "thought" | "thoughtSignature" | "functionCall" => {}
            "inlineData" => picture(value, pictures)?,
            "functionResponse" => {
                let Value::Object(response) = value else {
                    return not_allowed("`functionResponse` is no object");
                };
                one_name_each(response)?;
                keep(
                    response,
                    &[
                        "id",
                        "name",
                        "response",
                        "parts",
                        "willContinue",
                        "scheduling",
                    ],
                );
                if let Some(parts) = response.get_mut("parts") {
                    for one in list(parts)? {
                        self::part(one, pictures)?;
                    }
                }
            }
            other => return unknown_content(other),
        }
    }
    Ok(())
}

fn picture(data: &mut Value, pictures: &mut Pictures) -> Checked {
    let Value::Object(data) = data else {
        return not_allowed("`inlineData` is no object");
    };
    one_name_each(data)?;
    let kind = data.get("mimeType").and_then(Value::as_str);
    match (kind, data.get("data").and_then(Value::as_str)) {
        (Some(kind), Some(data)) if kind.starts_with("image/") => pictures.data(data),
        // Sound, films and documents cost by their length, which nobody here counts.
        _ => not_allowed("only pictures are passed on beside text"),
    }
}

/// The server takes one where it expects a list.
fn list(value: &mut Value) -> Result<&mut Vec<Value>, NotAllowed> {
    if !value.is_array() {
        *value = Value::Array(vec![value.take()]);
    }
    let list = value.as_array_mut();
    list.ok_or_else(|| NotAllowed("a list is missing".to_owned()))
}

/// Writes each field by its first name.
fn one_name_each(object: &mut Map<String, Value>) -> Result<(), NotAllowed> {
    if !object.keys().any(|field| field.contains('_')) {
        return Ok(());
    }
    let mut named = Map::new();
    for (field, value) in std::mem::take(object) {
        if named.insert(first_name(&field), value).is_some() {
            return not_allowed("a field stands there by both of its names");
        }
    }
    *object = named;
    Ok(())
}

/// `file_data` → `fileData`.
fn first_name(field: &str) -> String {
    let mut name = String::with_capacity(field.len());
    let mut up = false;
    for letter in field.chars() {
        match letter {
            '_' => up = true,
            letter if up => {
                name.extend(letter.to_uppercase());
                up = false;
            }
            letter => name.push(letter),
        }
    }
    name
}

pub(super) fn output(body: &Map<String, Value>) -> Option<u64> {
    body.get("generationConfig")?["maxOutputTokens"].as_u64()
}

pub(super) fn limit(body: &mut Map<String, Value>, output: u64) {
    let config = body.entry("generationConfig").or_insert_with(|| json!({}));
    config["maxOutputTokens"] = output.into();
}

pub(super) fn append(body: &mut Map<String, Value>, text: &str) {
    let Some(Value::Array(contents)) = body.get_mut("contents") else {
        return;
    };
    let part = json!({"text": text});
    let last = contents.last_mut().filter(|last| last["role"] != "model");
    match last.map(|last| &mut last["parts"]) {
        Some(Value::Array(parts)) => parts.push(part),
        _ => contents.push(json!({"role": "user", "parts": [part]})),
    }
}
