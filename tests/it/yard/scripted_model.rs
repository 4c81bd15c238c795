//! The model that follows a script, asked with plain HTTP in each of its four wires.

use castellan::domain::model::Tokens;
use castellan::yard::scripted_model::{Fault, Script, ScriptedModel, Turn};
use serde_json::{Value, json};

const USED: Tokens = Tokens {
    input: 100,
    cache_read: 20,
    cache_write: 3,
    output: 7,
};

/// Path of a whole answer, path of a streamed one, request, and where two numbers stand.
type Wire = (&'static str, &'static str, Value, [(&'static str, u64); 2]);

/// Each wire, with a request that offers a tool.
fn wires() -> Vec<Wire> {
    let function = json!({"type": "function", "function": {"name": "add"}});
    let gemini = json!({"contents": [], "tools": [{"functionDeclarations": [{"name": "add"}]}]});
    vec![
        (
            "/v1/messages",
            "/v1/messages",
            json!({"model": "m", "tools": [{"name": "add"}]}),
            [
                ("/usage/cache_read_input_tokens", 20),
                ("/usage/input_tokens", 100),
            ],
        ),
        (
            "/v1/responses",
            "/v1/responses",
            json!({"model": "m", "tools": [{"type": "function", "name": "add"}]}),
            [
                ("/usage/input_tokens_details/cached_tokens", 20),
                ("/usage/input_tokens", 123),
            ],
        ),
        (
            "/v1/chat/completions",
            "/v1/chat/completions",
            json!({"model": "m", "tools": [function], "stream_options": {"include_usage": true}}),
            [
                ("/usage/prompt_tokens_details/cached_tokens", 20),
                ("/usage/prompt_tokens", 123),
            ],
        ),
        (
            "/v1beta/models/m:generateContent",
            "/v1beta/models/m:streamGenerateContent?alt=sse",
            gemini,
            [
                ("/usageMetadata/cachedContentTokenCount", 20),
                ("/usageMetadata/promptTokenCount", 123),
            ],
        ),
    ]
}

async fn post(model: &ScriptedModel, path: &str, body: &Value) -> reqwest::Response {
    let url = format!("{}/any/place{path}", model.url());
    let request = reqwest::Client::new().post(url);
    request.json(body).send().await.unwrap()
}

async fn open(turns: Vec<Turn>) -> ScriptedModel {
    ScriptedModel::open(Script::new(turns)).await.unwrap()
}

/// The data of a stream's events.
fn events(text: &str) -> Vec<Value> {
    let data = text.lines().filter_map(|line| line.strip_prefix("data: "));
    let data = data.filter(|data| *data != "[DONE]");
    data.map(|data| serde_json::from_str(data).unwrap())
        .collect()
}

#[tokio::test]
async fn each_wire_says_what_was_used_in_its_own_place() {
    for (whole, streamed, mut request, usage) in wires() {
        let call = Turn::call("add", json!({"a": 1})).costing(USED);
        let model = open(vec![call.clone(), call]).await;
        let answer: Value = post(&model, whole, &request).await.json().await.unwrap();
        for (place, number) in usage {
            assert_eq!(
                answer.pointer(place),
                Some(&json!(number)),
                "{place}: {answer}"
            );
        }
        assert!(answer.to_string().contains("add"), "{answer}");
        request["stream"] = json!(true);
        let text = post(&model, streamed, &request).await.text().await.unwrap();
        let events = events(&text);
        for (place, number) in usage {
            let places = [
                place.to_owned(),
                format!("/message{place}"),
                format!("/response{place}"),
            ];
            let found = events.iter().flat_map(|event| {
                places
                    .iter()
                    .filter_map(|place| event.pointer(place))
                    .collect::<Vec<_>>()
            });
            let found: Vec<&Value> = found.filter(|value| !value.is_null()).collect();
            assert_eq!(found, [&json!(number)], "{place}: {text}");
        }
        assert_eq!(model.turns_left(), 0);
    }
}

#[tokio::test]
async fn what_is_asked_beside_the_script_takes_no_turn() {
    for (whole, _, request, _) in wires() {
        let model = open(vec![Turn::say("first")]).await;
        let mut aside = request.clone();
        aside.as_object_mut().unwrap().remove("tools");
        let title = post(&model, whole, &aside).await.text().await.unwrap();
        assert!(title.contains("Scripted work"), "{title}");
        let schema = json!({"type": "object", "properties": {"choice": {"enum": ["flash"]}}});
        aside["output_config"] = json!({"format": {"schema": schema}});
        aside["text"] = json!({"format": {"schema": schema}});
        aside["response_format"] = json!({"json_schema": {"schema": schema}});
        aside["generationConfig"] =
            json!({"responseMimeType": "application/json", "responseJsonSchema": schema});
        let choice = post(&model, whole, &aside).await.text().await.unwrap();
        assert!(choice.contains(r#"{\"choice\":\"flash\"}"#), "{choice}");
        assert_eq!(model.turns_left(), 1);
        let first = post(&model, whole, &request).await.text().await.unwrap();
        assert!(first.contains("first"), "{first}");
        let over = post(&model, whole, &request).await.text().await.unwrap();
        assert!(over.contains("nothing more to say"), "{over}");
    }
    let model = open(vec![Turn::say("first")]).await;
    let counted = post(&model, "/v1/messages/count_tokens", &json!({"tools": [1]})).await;
    assert!(counted.json::<Value>().await.unwrap()["input_tokens"].is_u64());
    assert_eq!(model.turns_left(), 1);
}

#[tokio::test]
async fn each_fault_is_what_it_says_and_requests_are_kept() {
    let status = Fault::Status {
        status: 429,
        retry_after_s: Some(3),
    };
    for (whole, streamed, mut request, _) in wires() {
        let broken = Turn {
            say: "one two three four".to_owned(),
            fault: Some(Fault::Broken { after: 2 }),
            ..Turn::default()
        };
        let slow = Turn {
            fault: Some(Fault::Slow { pause_ms: 1 }),
            ..Turn::say("slowly but surely")
        };
        let model = open(vec![Turn::fault(status), broken, slow]).await;
        let refused = post(&model, whole, &request).await;
        assert_eq!(refused.status(), 429);
        assert_eq!(refused.headers()["retry-after"], "3");
        assert!(refused.json::<Value>().await.unwrap()["error"]["message"].is_string());
        request["stream"] = json!(true);
        request["canary"] = json!("canary-1");
        let broken = post(&model, streamed, &request).await;
        assert_eq!(broken.status(), 200);
        assert!(broken.text().await.is_err(), "{streamed}");
        let slow = post(&model, streamed, &request).await.text().await.unwrap();
        assert!(slow.contains("surely"), "{slow}");
        let recorded = model.recorded();
        assert_eq!(recorded.len(), 3);
        assert!(recorded[1].body.contains("canary-1") && recorded[1].took_turn);
        assert_eq!(recorded[1].path, format!("/any/place{streamed}"));
    }
}

#[tokio::test]
async fn plain_clients_take_turns_without_tools() {
    let script = json!({"every_call": true, "turns": [{"say": "hello", "usage": {
        "input": 1, "cache_read": 0, "cache_write": 0, "output": 2}}]});
    let script: Script = serde_json::from_value(script).unwrap();
    let model = ScriptedModel::open(script).await.unwrap();
    let answer = post(&model, "/v1/messages", &json!({"model": "m"})).await;
    assert_eq!(
        answer.json::<Value>().await.unwrap()["content"][0]["text"],
        "hello"
    );
}
