//! Connections: none is held for ever by who says nothing, and the end waits for what is under way.

use std::time::Duration;

use axum::Router;
use axum::routing::get;
use castellan::server::{Patience, listen};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, oneshot};

const WHOLE: &[u8] = b"GET / HTTP/1.1\r\nhost: here\r\nconnection: close\r\n\r\n";
const HALF: &[u8] = b"GET / HTTP/1.1\r\nhost: he";

/// A connection on which this was sent.
async fn sends(address: std::net::SocketAddr, head: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(head).await.unwrap();
    stream
}

async fn answer(mut stream: TcpStream) -> String {
    let mut answer = String::new();
    let read = stream.read_to_string(&mut answer);
    let read = tokio::time::timeout(Duration::from_secs(30), read).await;
    read.expect("an answer within half a minute").ok();
    answer
}

#[tokio::test]
async fn half_a_head_holds_the_only_place_no_longer_than_patience_lasts() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let patience = Patience {
        connections_max: 1,
        head_max: Duration::from_millis(50),
        ..Patience::default()
    };
    let router = Router::new().route("/", get(async || "hello"));
    let serving = tokio::spawn(listen(listener, router, patience, std::future::pending()));
    let silent = sends(address, HALF).await;
    let served = answer(sends(address, WHOLE).await).await;
    assert!(served.ends_with("hello"), "{served}");
    let refused = answer(silent).await;
    assert!(refused.is_empty() || refused.contains(" 408 "), "{refused}");
    serving.abort();
}

#[tokio::test]
async fn the_end_waits_for_what_is_under_way_and_for_nobody_who_is_silent() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let (reached, go) = (
        &*Box::leak(Box::new(Notify::new())),
        &*Box::leak(Box::new(Notify::new())),
    );
    let router = Router::new().route(
        "/",
        get(async || {
            reached.notify_one();
            go.notified().await;
            "whole"
        }),
    );
    let (end, told) = oneshot::channel::<()>();
    let end_is_told = async {
        told.await.ok();
    };
    let patience = Patience {
        end_max: Duration::from_secs(600),
        ..Patience::default()
    };
    let serving = tokio::spawn(listen(listener, router, patience, end_is_told));
    let under_way = sends(address, WHOLE).await;
    reached.notified().await;
    end.send(()).unwrap();
    go.notify_one();
    assert!(answer(under_way).await.ends_with("whole"));
    serving.await.unwrap();
}

#[tokio::test]
async fn who_sent_half_a_head_is_cut_off_at_the_end() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let (end, told) = oneshot::channel::<()>();
    let end_is_told = async {
        told.await.ok();
    };
    let patience = Patience {
        head_max: Duration::from_secs(600),
        end_max: Duration::from_millis(50),
        ..Patience::default()
    };
    let router = Router::new().route("/", get(async || "hello"));
    let serving = tokio::spawn(listen(listener, router, patience, end_is_told));
    let silent = sends(address, HALF).await;
    assert!(answer(sends(address, WHOLE).await).await.ends_with("hello"));
    end.send(()).unwrap();
    serving.await.unwrap();
    drop(silent);
}
