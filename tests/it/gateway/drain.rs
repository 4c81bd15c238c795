//! A server that is told to end lets answers of models end, and nothing else take as long.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use castellan::protocol::MODEL_PATH;
use castellan::server::{Drain, Patience, listen_and_drain, router};
use tokio::sync::{Semaphore, oneshot};

use super::case::{Case, message, server, until};
use super::provider::{Canned, Piece};

const FIRST: &str = "data: {\"type\":\"message_start\",\"message\":{\"usage\":{\"input_tokens\":5,\"output_tokens\":1}}}\n\n";
const LAST: &str = "data: {\"type\":\"message_delta\",\"usage\":{\"output_tokens\":2}}\n\ndata: {\"type\":\"message_stop\"}\n\n";

/// A server of its own with one answer under way; what is told to end, and whether it ended.
async fn ending(
    case: &Case,
    most: Duration,
) -> (reqwest::Response, Drain, tokio::task::JoinHandle<()>) {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0))
        .await
        .unwrap();
    let address = listener.local_addr().unwrap();
    let drain = Drain {
        under_way: case.gateway.under_way(),
        most,
    };
    let patience = Patience {
        end_max: Duration::from_millis(1),
        ..Patience::default()
    };
    let (end, told) = oneshot::channel();
    let told = async move {
        told.await.ok();
    };
    let router = router(server(&case.engine, &case.gateway));
    let serving = tokio::spawn(listen_and_drain(
        listener,
        router,
        patience,
        drain.clone(),
        told,
    ));
    let url = format!("http://{address}{MODEL_PATH}/anthropic/v1/messages");
    let request = case.http.post(url).bearer_auth(case.bearer(1));
    let mut answer = request
        .body(message("x", 10).to_string())
        .send()
        .await
        .unwrap();
    assert_eq!(answer.chunk().await.unwrap().unwrap(), FIRST);
    end.send(()).unwrap();
    until("the end of patience", async || drain.under_way.is_closed()).await;
    (answer, drain, serving)
}

#[tokio::test]
async fn a_restart_drains_streams() {
    let case = Case::begins().await;
    let go_on = Arc::new(Semaphore::new(0));
    case.provider.says(Canned::events(vec![
        Piece::Bytes(Bytes::from(FIRST)),
        Piece::Wait(go_on.clone()),
        Piece::Bytes(Bytes::from(LAST)),
    ]));
    let (mut answer, _drain, serving) = ending(&case, Duration::from_secs(60)).await;
    assert!(!serving.is_finished(), "the answer is waited for");
    go_on.add_permits(1);
    assert_eq!(answer.chunk().await.unwrap().unwrap(), LAST);
    assert!(answer.chunk().await.unwrap().is_none());
    serving.await.unwrap();
    assert_eq!(case.spent().await.tokens.total(), 7);
}

#[tokio::test]
async fn a_stream_is_not_waited_for_without_end() {
    let case = Case::begins().await;
    let never = Arc::new(Semaphore::new(0));
    case.provider.says(Canned::events(vec![
        Piece::Bytes(Bytes::from(FIRST)),
        Piece::Wait(never),
    ]));
    let (_answer, _drain, serving) = ending(&case, Duration::from_millis(5)).await;
    serving.await.unwrap();
}
