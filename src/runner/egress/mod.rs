//! The proxy through which sandboxed programs reach the hosts that a policy opens, and no other.
//!
//! It speaks HTTP: `CONNECT` for what is encrypted, absolute addresses for what is not. Redirects
//! are the program's to follow, and come back here. What it refuses is kept as evidence.

mod hello;
mod ledger;
mod public;
mod resolve;
mod spool;
mod target;

use std::convert::Infallible;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONNECTION, HOST};
use http::{HeaderValue, Method, Request, Response, StatusCode, Uri};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpStream, UnixStream};

pub(super) use ledger::Refusals;
pub use resolve::{Fixed, Resolve};
use spool::Bounded;
use target::{No, Target};

use super::headers::without_hops;
use crate::protocol::progress::Phase;

/// Bytes that the programs of one phase may move, both ways together: a large project's
/// dependencies.
const BYTES_MAX: u64 = 8 * 1024 * 1024 * 1024;
/// Time to reach a host.
const CONNECTING: Duration = Duration::from_secs(20);
/// Time for a program to say whom it wants to speak with.
const SAYING: Duration = Duration::from_secs(30);
/// Longest silence on an open connection.
const SILENCE: Duration = Duration::from_secs(5 * 60);
/// Bytes of a request's head.
const HEAD_BYTES_MAX: usize = 64 * 1024;

type Answer = Response<BoxBody<Bytes, hyper::Error>>;
type Outer = Bounded<TcpStream>;

/// The proxy of one phase.
pub(super) struct Proxy {
    phase: Phase,
    allowed: Vec<String>,
    resolve: Resolve,
    refusals: Refusals,
    left: Arc<AtomicU64>,
}

/// A tunnel that was agreed on: with whom, and the connection to it.
struct Tunnel {
    target: Target,
    inner: OnUpgrade,
    outer: Outer,
}

impl Proxy {
    pub(super) fn new(
        phase: Phase,
        allowed: Vec<String>,
        resolve: Resolve,
        refusals: Refusals,
    ) -> Self {
        Self {
            phase,
            allowed,
            resolve,
            refusals,
            left: Arc::new(AtomicU64::new(BYTES_MAX)),
        }
    }

    /// Answers one connection until it closes.
    pub(super) async fn keep(self: Arc<Self>, stream: UnixStream) {
        let agreed: Arc<Mutex<Option<Tunnel>>> = Arc::default();
        let (proxy, slot) = (self.clone(), agreed.clone());
        let service = service_fn(move |request| {
            let (proxy, slot) = (proxy.clone(), slot.clone());
            async move { Ok::<_, Infallible>(proxy.answer(request, &slot).await) }
        });
        let mut builder = http1::Builder::new();
        builder
            .timer(TokioTimer::new())
            .header_read_timeout(SILENCE)
            .max_buf_size(HEAD_BYTES_MAX);
        let connection = builder
            .serve_connection(TokioIo::new(stream), service)
            .with_upgrades();
        if let Err(error) = connection.await {
            tracing::debug!(error = %error, "a connection to the proxy broke");
        }
        let tunnel = agreed.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(tunnel) = tunnel {
            self.join(tunnel).await;
        }
    }

    async fn answer(&self, request: Request<Incoming>, slot: &Mutex<Option<Tunnel>>) -> Answer {
        let answered = if request.method() == Method::CONNECT {
            self.tunnel(request, slot).await
        } else {
            self.plain(request).await
        };
        answered.unwrap_or_else(|no| {
            self.refuse(&no);
            said(no.status, &format!("castellan: {}\n", no.because))
        })
    }

    fn refuse(&self, no: &No) {
        if no.is_evidence {
            self.refusals.add(self.phase, &no.place, &no.because);
        }
    }

    /// Agrees on a tunnel. What is said in it is encrypted, so its first words are looked at.
    async fn tunnel(
        &self,
        mut request: Request<Incoming>,
        slot: &Mutex<Option<Tunnel>>,
    ) -> Result<Answer, No> {
        let target = target::of_tunnel(request.uri(), &self.allowed)?;
        let outer = self.connect(&target).await?;
        let tunnel = Tunnel {
            target,
            inner: hyper::upgrade::on(&mut request),
            outer,
        };
        *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(tunnel);
        Ok(said(StatusCode::OK, ""))
    }

    async fn join(&self, tunnel: Tunnel) {
        let Tunnel {
            target,
            inner,
            mut outer,
        } = tunnel;
        let Ok(inner) = inner.await else { return };
        let mut inner: TokioIo<Upgraded> = TokioIo::new(inner);
        let read = tokio::time::timeout(SAYING, hello::read(&mut inner)).await;
        let hello = match read {
            Ok(Ok(hello)) if hello.name.as_deref() == Some(target.host.as_str()) => hello,
            Ok(Ok(hello)) => {
                let named = hello.name.as_deref().unwrap_or("nobody");
                let because = format!(
                    "the encrypted connection asks for {named}, not for the host that was allowed"
                );
                return self.refuse(&target.no(because));
            }
            Ok(Err(why)) => return self.refuse(&target.no(why)),
            Err(_) => return,
        };
        if outer.write_all(&hello.bytes).await.is_ok() {
            // Either side may break it off; the program sees its own end closed.
            let _ = copy_bidirectional(&mut inner, &mut outer).await;
        }
    }

    /// Passes on a request that is not encrypted.
    async fn plain(&self, request: Request<Incoming>) -> Result<Answer, No> {
        let target = target::of_plain(request.uri(), request.headers(), &self.allowed)?;
        let outer = self.connect(&target).await?;
        let (head, body) = request.into_parts();
        let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
        let mut inner = Request::new(body);
        *inner.method_mut() = head.method;
        *inner.uri_mut() = path.parse::<Uri>().map_err(|_| target.broken())?;
        *inner.headers_mut() = without_hops(&head.headers);
        let host = HeaderValue::from_str(&target.host).map_err(|_| target.broken())?;
        inner.headers_mut().insert(HOST, host);
        // One connection a request: nobody's answer can be taken for another's.
        let close = HeaderValue::from_static("close");
        inner.headers_mut().insert(CONNECTION, close);
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(outer))
            .await
            .map_err(|_| target.broken())?;
        // It ends with the answer's body, or with the silence that a connection may keep.
        tokio::spawn(connection);
        let answer = sender
            .send_request(inner)
            .await
            .map_err(|_| target.broken())?;
        let (head, body) = answer.into_parts();
        let mut answer = Response::new(body.boxed());
        *answer.status_mut() = head.status;
        *answer.headers_mut() = without_hops(&head.headers);
        Ok(answer)
    }

    /// Connects to exactly one of the addresses that were looked up and found public.
    async fn connect(&self, target: &Target) -> Result<Outer, No> {
        let connecting = async {
            let found = self.resolve.addresses(&target.host).await;
            let found = found.map_err(|_| target.unknown())?;
            let public: Vec<_> = found
                .into_iter()
                .filter(|ip| public::is_public(*ip))
                .collect();
            if public.is_empty() {
                return Err(target.no("its name leads to an address that is not public"));
            }
            for address in public {
                if let Ok(stream) = self.resolve.connect(address, target.port).await {
                    return Ok(Bounded::new(stream, self.left.clone(), SILENCE));
                }
            }
            Err(target.broken())
        };
        match tokio::time::timeout(CONNECTING, connecting).await {
            Ok(connected) => connected,
            Err(_) => Err(target.broken()),
        }
    }
}

fn said(status: StatusCode, text: &str) -> Answer {
    let body = Full::new(Bytes::copy_from_slice(text.as_bytes()));
    let mut answer = Response::new(body.map_err(|never| match never {}).boxed());
    *answer.status_mut() = status;
    answer
}
