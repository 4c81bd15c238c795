//! Connections in: how many, how patient with each, and how they end.
//!
//! What a connection says is the router's. `axum::serve` knows no timer for headers and no
//! bound on connections, so strangers could hold all of them for ever; this follows axum's
//! own example of serving with hyper.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;

/// How patient the door is.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// Most connections at a time; more wait in the kernel's queue.
    pub connections_max: usize,
    /// Longest that a connection may take to send the head of its next request.
    pub head_max: Duration,
    /// Longest that the requests under way may take once the end is told.
    pub end_max: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            connections_max: 1024,
            head_max: Duration::from_secs(15),
            // Containers are killed ten seconds after they are told to end.
            end_max: Duration::from_secs(5),
        }
    }
}

/// Largest head of a request, in bytes; hyper answers 431 beyond it.
const HEAD_BYTES_MAX: usize = 32 * 1024;
/// After a connection that could not be taken (no file descriptor is left, as a rule).
const REFUSED_PAUSE: Duration = Duration::from_millis(100);

/// What may take longer to end than patience lasts.
#[derive(Clone, Default)]
pub struct Drain {
    /// What is under way of it.
    pub under_way: TaskTracker,
    /// Longest that it may take once the end is told.
    pub most: Duration,
}

/// Serves until `end` is there, then waits for the requests under way, so long as patience lasts.
pub async fn listen(
    listener: TcpListener,
    router: Router,
    patience: Patience,
    end: impl Future<Output = ()>,
) {
    listen_and_drain(listener, router, patience, Drain::default(), end).await;
}

/// Like [`listen`], but what `drain` knows of is waited for as long as it says.
pub async fn listen_and_drain(
    listener: TcpListener,
    router: Router,
    patience: Patience,
    drain: Drain,
    end: impl Future<Output = ()>,
) {
    let places = Arc::new(Semaphore::new(patience.connections_max));
    let under_way = GracefulShutdown::new();
    let mut end = std::pin::pin!(end);
    loop {
        let next = async {
            let place = places.clone().acquire_owned().await;
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            biased;
            () = &mut end => break,
            next = next => next,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(error = %error, "a connection could not be taken");
                tokio::time::sleep(REFUSED_PAUSE).await;
                continue;
            }
        };
        let connection = under_way.watch(connection(stream, &router, patience));
        tokio::spawn(async move {
            // A connection that breaks off is its client's affair.
            connection.await.ok();
            drop(place);
        });
    }
    drop(listener);
    let patience_ends = async {
        tokio::time::sleep(patience.end_max).await;
        drain.under_way.close();
        let rest = drain.most.saturating_sub(patience.end_max);
        tokio::time::timeout(rest, drain.under_way.wait())
            .await
            .ok();
    };
    tokio::select! {
        biased;
        () = under_way.shutdown() => {}
        () = patience_ends => tracing::warn!("requests that were still under way are cut off"),
    }
}

fn connection(
    stream: TcpStream,
    router: &Router,
    patience: Patience,
) -> http1::Connection<TokioIo<TcpStream>, TowerToHyperService<Router>> {
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(patience.head_max)
        .max_buf_size(HEAD_BYTES_MAX)
        .serve_connection(
            TokioIo::new(stream),
            TowerToHyperService::new(router.clone()),
        )
}
