//! A provider that answers at once, or event by event as a model writes.

use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::response::Response;
use futures::StreamExt as _;
use serde_json::Value;

/// Between two events, so that each is sent by itself.
const EVENT_EVERY: Duration = Duration::from_millis(1);

const FIRST: &str = "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"usage\":{\"input_tokens\":25000,\"output_tokens\":1}}}\n\n";
const EVENT: &str = "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\" word\"}}\n\n";
const LAST: &str = "event: message_delta\ndata: {\"type\":\"message_delta\",\"usage\":{\"output_tokens\":1000}}\n\nevent: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";
const DOCUMENT: &str = "{\"content\":[{\"type\":\"text\",\"text\":\"word\"}],\"usage\":{\"input_tokens\":25000,\"output_tokens\":1}}";

/// Its address; it serves as long as this process.
pub(crate) async fn starts() -> String {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0))
        .await
        .unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new().fallback(answer);
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    url
}

/// How many events are wanted stands where the gateway passes it on.
async fn answer(body: Bytes) -> Response {
    let asked: Value = serde_json::from_slice(&body).unwrap();
    let events: usize = asked["stop_sequences"][0]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    if asked["stream"] != true {
        return Response::builder()
            .header("content-type", "application/json")
            .body(Body::from(DOCUMENT))
            .unwrap();
    }
    let words = futures::stream::iter(0..events).then(|_| async {
        tokio::time::sleep(EVENT_EVERY).await;
        EVENT
    });
    let first = futures::stream::iter([FIRST]);
    let all = first.chain(words).chain(futures::stream::iter([LAST]));
    Response::builder()
        .header("content-type", "text/event-stream")
        .body(Body::from_stream(all.map(Ok::<_, std::io::Error>)))
        .unwrap()
}
