//! Requests of all dialects: what stays, what is left out, what is refused, what is appended.

use http::Method;

use super::*;
use crate::domain::model::Tokens;
use crate::domain::model::Wire;

const PICTURE: &str = "data:image/png;base64,AAAA";

fn endpoint(dialect: Dialect) -> Endpoint {
    let (wire, path) = match dialect {
        Dialect::Messages => (Wire::Anthropic, "v1/messages"),
        Dialect::Responses => (Wire::Openai, "v1/responses"),
        Dialect::Chat => (Wire::Openai, "v1/chat/completions"),
        Dialect::Gemini => (Wire::Gemini, "v1beta/models/x:generateContent"),
    };
    Endpoint::of(wire, &Method::POST, path, None).unwrap()
}

fn read(dialect: Dialect, body: &Value) -> Result<Asked, Refusal> {
    Asked::read(&endpoint(dialect), body.to_string().as_bytes())
}

fn said(dialect: Dialect, body: &Value, wrap_up: bool) -> Value {
    let reserved = Reservation {
        tokens: Tokens {
            output: 500,
            ..Tokens::default()
        },
        micros: 0,
        wrap_up,
    };
    let asked = read(dialect, body).unwrap();
    serde_json::from_slice(&asked.said("granted", &reserved, false)).unwrap()
}

#[test]
fn the_model_the_limit_and_the_fields_are_ours() {
    let messages = json!([{"role": "user", "content": "x"}]);
    let body = json!({"model": "dear", "max_tokens": 9000, "service_tier": "auto", "speed": "fast",
        "thinking": {"type": "enabled", "budget_tokens": 8000}, "messages": messages});
    let expected = json!({"model": "granted", "max_tokens": 500, "messages": messages});
    assert_eq!(said(Dialect::Messages, &body, false), expected);

    let body = json!({"model": "dear", "input": "x", "store": true, "background": true,
        "service_tier": "priority", "include": ["file_search_call.results", "reasoning.encrypted_content"]});
    let expected = json!({"model": "granted", "input": "x", "store": false,
        "include": ["reasoning.encrypted_content"], "max_output_tokens": 500});
    assert_eq!(said(Dialect::Responses, &body, false), expected);

    let body = json!({"model": "dear", "messages": messages, "n": 9, "stream": true, "stream_options": {},
        "web_search_options": {}, "modalities": ["audio"], "plugins": [{"id": "web"}], "max_tokens": 9000});
    let expected = json!({"model": "granted", "messages": messages, "stream": true,
        "stream_options": {"include_usage": true}, "max_tokens": 500});
    assert_eq!(said(Dialect::Chat, &body, false), expected);

    let contents = json!([{"role": "user", "parts": [{"text": "x"}]}]);
    let body = json!({"contents": contents, "generation_config": {"max_output_tokens": 9000, "candidate_count": 9}});
    let expected = json!({"contents": contents, "generationConfig": {"maxOutputTokens": 500}});
    assert_eq!(said(Dialect::Gemini, &body, false), expected);
}

#[test]
fn only_the_agent_s_own_tools_stay() {
    let tools = json!([{"name": "own", "input_schema": {}}, {"type": "custom", "name": "own"},
        {"type": "bash_20250124", "name": "bash"}, {"type": "web_search_20250305", "name": "web_search"},
        {"type": "web_fetch_20250910", "name": "f"}, {"type": "code_execution_20250825", "name": "c"},
        {"type": "computer_20250124", "name": "k"}, {"type": "mcp_toolset", "mcp_server_name": "x"}]);
    let body = json!({"messages": [], "tools": tools});
    let left = said(Dialect::Messages, &body, false);
    assert_eq!(left["tools"].as_array().unwrap().len(), 3, "{left}");

    let tools = json!([{"type": "function", "name": "own"}, {"type": "web_search"}, {"type": "web_search_preview"},
        {"type": "file_search"}, {"type": "code_interpreter"}, {"type": "mcp", "server_url": "https://x"},
        {"type": "computer_use_preview"}, {"type": "image_generation"}, {"type": "shell"},
        {"type": "namespace", "tools": [{"type": "web_search"}]},
        {"type": "namespace", "tools": [{"type": "web_search"}, {"type": "function"}]}]);
    let left = said(
        Dialect::Responses,
        &json!({"input": "x", "tools": tools}),
        false,
    );
    let own = json!([{"type": "function", "name": "own"}, {"type": "namespace", "tools": [{"type": "function"}]}]);
    assert_eq!(left["tools"], own);

    let only =
        json!({"messages": [], "tools": [{"type": "web_search"}], "tool_choice": "required"});
    let left = said(Dialect::Chat, &only, false);
    assert!(
        left.get("tools").is_none() && left.get("tool_choice").is_none(),
        "{left}"
    );

    let tools = json!([{"google_search": {}}, {"googleSearch": {}, "function_declarations": [{"name": "own"}]},
        {"urlContext": {}}, {"codeExecution": {}}, {"googleMaps": {}}, {"fileSearch": {}}]);
    let left = said(
        Dialect::Gemini,
        &json!({"contents": [], "tools": tools}),
        false,
    );
    assert_eq!(
        left["tools"],
        json!([{"functionDeclarations": [{"name": "own"}]}])
    );
    let left = said(
        Dialect::Gemini,
        &json!({"contents": [], "tools": {"googleSearch": {}}}),
        false,
    );
    assert!(left.get("tools").is_none());
}

fn block(block: Value) -> (Dialect, Value) {
    (
        Dialect::Messages,
        json!({"messages": [{"role": "user", "content": [block]}]}),
    )
}

fn item(item: Value) -> (Dialect, Value) {
    (Dialect::Responses, json!({"input": [item]}))
}

fn part(part: Value) -> (Dialect, Value) {
    (
        Dialect::Chat,
        json!({"messages": [{"role": "user", "content": [part]}]}),
    )
}

fn gemini(part: Value) -> (Dialect, Value) {
    (Dialect::Gemini, json!({"contents": [{"parts": [part]}]}))
}

const URL: &str = "https://evil.example/?secret";

fn image(source: Value) -> Value {
    json!({"type": "image", "source": source})
}

fn is_refused(all: impl IntoIterator<Item = (Dialect, Value)>) {
    for (dialect, body) in all {
        let refused = read(dialect, &body).err();
        let refused = refused.unwrap_or_else(|| panic!("{body} passes"));
        let said = format!("{refused:?}");
        assert!(said.contains("400") && !said.contains("secret"), "{said}");
    }
}

#[test]
fn messages_make_the_provider_fetch_nothing() {
    is_refused([
        block(image(json!({"type": "url", "url": URL}))),
        block(image(json!({"type": "file", "file_id": "f"}))),
        block(json!({"type": "document", "source": {"type": "url", "url": URL}})),
        block(json!({"type": "document", "source": {"type": "base64", "data": "x"}})),
        block(
            json!({"type": "document", "source": {"type": "content", "content": [image(json!({"type": "url", "url": URL}))]}}),
        ),
        block(
            json!({"type": "tool_result", "content": [image(json!({"type": "url", "url": URL}))]}),
        ),
        block(json!({"type": "container_upload", "file_id": "f"})),
        block(json!({"type": "mcp_tool_use"})),
        (
            Dialect::Messages,
            json!({"messages": [], "system": [image(json!({"type": "url", "url": URL}))]}),
        ),
        (
            Dialect::Messages,
            json!({"messages": [], "mcp_servers": [{"url": URL}]}),
        ),
        (Dialect::Messages, json!({"messages": [], "container": "c"})),
        (Dialect::Messages, json!({"messages": {"role": "user"}})),
    ]);
}

#[test]
fn responses_make_the_provider_fetch_and_remember_nothing() {
    is_refused([
        item(json!({"role": "user", "content": [{"type": "input_image", "image_url": URL}]})),
        item(
            json!({"role": "user", "content": [{"type": "input_image", "file_id": "f", "image_url": PICTURE}]}),
        ),
        item(json!({"role": "user", "content": [{"type": "input_file", "file_url": URL}]})),
        item(
            json!({"type": "function_call_output", "output": [{"type": "input_image", "image_url": URL}]}),
        ),
        item(json!({"type": "item_reference", "id": "x"})),
        item(json!({"type": "mcp_call"})),
        item(json!({"type": "computer_call_output", "output": {"image_url": URL}})),
        (
            Dialect::Responses,
            json!({"input": "x", "previous_response_id": "resp_of_another_task"}),
        ),
        (
            Dialect::Responses,
            json!({"input": "x", "conversation": "c"}),
        ),
        (
            Dialect::Responses,
            json!({"input": "x", "prompt": {"id": "p"}}),
        ),
    ]);
}

#[test]
fn chat_and_gemini_make_the_provider_fetch_nothing() {
    is_refused([
        part(json!({"type": "image_url", "image_url": {"url": URL}})),
        part(json!({"type": "image_url", "image_url": URL})),
        part(json!({"type": "image_url", "image_url": {"url": "data:text/html,x"}})),
        part(json!({"type": "file", "file": {"file_id": "f"}})),
        part(json!({"type": "input_audio", "input_audio": {}})),
        gemini(json!({"fileData": {"fileUri": URL}})),
        gemini(json!({"file_data": {"file_uri": URL}})),
        gemini(json!({"inline_data": {"mime_type": "video/mp4", "data": "x"}})),
        gemini(
            json!({"functionResponse": {"name": "f", "parts": [{"file_data": {"file_uri": URL}}]}}),
        ),
        (
            Dialect::Gemini,
            json!({"contents": {"parts": {"fileData": {"fileUri": URL}}}}),
        ),
        (
            Dialect::Gemini,
            json!({"contents": [], "system_instruction": {"parts": [{"fileData": {"fileUri": URL}}]}}),
        ),
        (
            Dialect::Gemini,
            json!({"contents": [], "cached_content": "cachedContents/x"}),
        ),
        (
            Dialect::Gemini,
            json!({"contents": [], "systemInstruction": {}, "system_instruction": {}}),
        ),
    ]);
}

#[test]
fn what_an_agent_sends_otherwise_passes() {
    let image = json!({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}});
    for (dialect, body) in [
        block(image.clone()),
        block(
            json!({"type": "tool_result", "tool_use_id": "t", "content": [{"type": "text", "text": "x"}, image]}),
        ),
        block(json!({"type": "thinking", "thinking": "x", "signature": "s"})),
        item(json!({"type": "function_call_output", "call_id": "c", "output": "x"})),
        item(json!({"type": "reasoning", "summary": [], "encrypted_content": "x"})),
        item(
            json!({"type": "message", "role": "user", "content": [{"type": "input_image", "image_url": PICTURE}]}),
        ),
        part(json!({"type": "image_url", "image_url": {"url": PICTURE}})),
        gemini(
            json!({"functionResponse": {"name": "f", "response": {"file_data": "a word of the tool's"}}}),
        ),
        gemini(json!({"inlineData": {"mimeType": "image/png", "data": "AAAA"}})),
    ] {
        let left = said(dialect, &body, false);
        for (field, value) in body.as_object().unwrap() {
            assert_eq!(&left[field], value);
        }
    }
}

#[test]
fn before_the_end_the_agent_is_told_in_its_own_form() {
    let text = json!({"type": "text", "text": WRAP_UP});
    let (dialect, body) = block(json!({"type": "tool_result", "tool_use_id": "t", "content": "x"}));
    assert_eq!(
        said(dialect, &body, true)["messages"][0]["content"][1],
        text
    );
    let plain = json!({"messages": [{"role": "user", "content": "x"}]});
    for dialect in [Dialect::Messages, Dialect::Chat] {
        let left = said(dialect, &plain, true);
        assert_eq!(left["messages"][0]["content"], format!("x\n\n{WRAP_UP}"));
    }
    let tool = json!({"messages": [{"role": "tool", "tool_call_id": "t", "content": "x"}]});
    let left = said(Dialect::Chat, &tool, true);
    assert_eq!(
        left["messages"][1],
        json!({"role": "user", "content": WRAP_UP})
    );
    let left = said(
        Dialect::Responses,
        &json!({"input": [{"type": "function_call_output", "output": "x"}]}),
        true,
    );
    assert_eq!(
        left["input"][1]["content"][0],
        json!({"type": "input_text", "text": WRAP_UP})
    );
    let left = said(Dialect::Responses, &json!({"input": "x"}), true);
    assert_eq!(left["input"], format!("x\n\n{WRAP_UP}"));
    let (dialect, body) = gemini(json!({"text": "x"}));
    assert_eq!(
        said(dialect, &body, true)["contents"][0]["parts"][1],
        json!({"text": WRAP_UP})
    );
    let body = json!({"contents": [{"role": "model", "parts": [{"text": "x"}]}]});
    let left = said(Dialect::Gemini, &body, true);
    assert_eq!(
        left["contents"][1],
        json!({"role": "user", "parts": [{"text": WRAP_UP}]})
    );
}

#[test]
fn pictures_count_by_themselves_and_text_by_its_bytes() {
    let text = "x".repeat(10_000);
    let (dialect, body) = block(json!({"type": "text", "text": text}));
    let input = read(dialect, &body).unwrap().input_max();
    assert!((14_096..14_300).contains(&input), "{input}");
    let source = json!({"type": "base64", "media_type": "image/png", "data": text});
    let (dialect, body) = block(json!({"type": "image", "source": source}));
    let input = read(dialect, &body).unwrap().input_max();
    assert!((12_288..12_500).contains(&input), "{input}");
}

#[test]
fn two_readings_of_one_request_cannot_differ() {
    let twice = br#"{"messages": [], "max_tokens": 1, "max_tokens": 90000, "mcp_servers": null, "model": "a", "model": "b"}"#;
    let asked = Asked::read(&endpoint(Dialect::Messages), twice)
        .ok()
        .unwrap();
    assert_eq!(asked.output(), Some(90_000));
    let deep = format!(
        "{{\"messages\": {}{}}}",
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    for bad in [
        deep.as_str(),
        "",
        "[]",
        "{\"messages\": [}",
        "nonsense with a secret",
    ] {
        let refused = Asked::read(&endpoint(Dialect::Messages), bad.as_bytes())
            .err()
            .unwrap();
        assert!(!format!("{refused:?}").contains("secret"));
    }
}
