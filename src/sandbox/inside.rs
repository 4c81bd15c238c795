//! What our own program does inside of a sandbox: it makes doors reachable, and nothing else.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, UnixStream};
use tokio::process::Command;
use tokio_util::task::AbortOnDropHandle;

/// The hidden subcommand that main wires to [`relay_inside`]:
/// `PROGRAM relay-inside PORT=SOCKET… -- COMMAND…`.
pub const RELAY_SUBCOMMAND: &str = "relay-inside";
/// The hidden subcommand that main wires to [`pipe_inside`]: `PROGRAM pipe-inside SOCKET`.
pub const PIPE_SUBCOMMAND: &str = "pipe-inside";

/// After a connection that could not be taken.
const REFUSED_PAUSE: Duration = Duration::from_millis(100);

/// What failed inside.
#[derive(Debug, thiserror::Error)]
pub enum InsideError {
    /// The port is taken, or loopback is down.
    #[error("listening on port {port} inside of the sandbox failed")]
    Listen {
        /// The port.
        port: u16,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// There is no command, or it cannot be started.
    #[error("starting the command behind the relay failed")]
    Start(#[source] io::Error),
    /// Its end could not be learnt.
    #[error("waiting for the command behind the relay failed")]
    Wait(#[source] io::Error),
    /// The door is closed.
    #[error("connecting to the door failed")]
    Connect(#[source] io::Error),
}

/// A loopback port and the socket that it leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forward {
    /// The port on 127.0.0.1.
    pub port: u16,
    /// The door's socket.
    pub socket: PathBuf,
}

impl std::str::FromStr for Forward {
    type Err = String;

    /// Reads `PORT=SOCKET`.
    fn from_str(text: &str) -> Result<Self, String> {
        let (port, socket) = text.split_once('=').ok_or("write PORT=SOCKET")?;
        Ok(Self {
            port: port.parse().map_err(|_| format!("{port} is no port"))?,
            socket: socket.into(),
        })
    }
}

/// Listens at each port, forwards each connection to its door's socket, runs `command` with our
/// own standard input and output, and returns its exit code.
///
/// # Errors
/// [`InsideError`].
pub async fn relay_inside(
    forwards: Vec<Forward>,
    command: Vec<OsString>,
) -> Result<i32, InsideError> {
    let mut forwarding = Vec::with_capacity(forwards.len());
    for Forward { port, socket } in forwards {
        let listener = TcpListener::bind(("127.0.0.1", port))
            .await
            .map_err(|source| InsideError::Listen { port, source })?;
        let task = tokio::spawn(forward(listener, socket));
        forwarding.push(AbortOnDropHandle::new(task));
    }
    let mut words = command.into_iter();
    let program = words
        .next()
        .ok_or_else(|| InsideError::Start(io::ErrorKind::InvalidInput.into()))?;
    let status = Command::new(program)
        .args(words)
        .stdin(Stdio::inherit())
        .kill_on_drop(true)
        .status()
        .await
        .map_err(InsideError::Wait)?;
    // As shells have it: 128 and the signal.
    let by_signal = std::os::unix::process::ExitStatusExt::signal(&status).map(|s| 128 + s);
    Ok(status.code().or(by_signal).unwrap_or(1))
}

async fn forward(listener: TcpListener, socket: PathBuf) {
    loop {
        let Ok((mut inner, _)) = listener.accept().await else {
            tokio::time::sleep(REFUSED_PAUSE).await;
            continue;
        };
        let socket = socket.clone();
        tokio::spawn(async move {
            if let Ok(mut outer) = UnixStream::connect(socket).await {
                let _ = copy_bidirectional(&mut inner, &mut outer).await;
            }
        });
    }
}

/// Joins our standard input and output with a door's socket until either side ends: so a
/// program that only speaks over pipes speaks with whoever is behind the door.
///
/// # Errors
/// [`InsideError::Connect`]; later breaks end it quietly.
pub async fn pipe_inside(socket: &Path) -> Result<(), InsideError> {
    let stream = UnixStream::connect(socket)
        .await
        .map_err(InsideError::Connect)?;
    let (mut from, mut to) = stream.into_split();
    let out = tokio::spawn(async move {
        let mut stdout = tokio::io::stdout();
        let _ = tokio::io::copy(&mut from, &mut stdout).await;
    });
    // Reading standard input cannot be broken off, so it is not waited for once the door closed.
    let into = tokio::spawn(async move {
        let mut stdin = tokio::io::stdin();
        let _ = tokio::io::copy(&mut stdin, &mut to).await;
        let _ = tokio::io::AsyncWriteExt::shutdown(&mut to).await;
    });
    let _ = out.await;
    into.abort();
    Ok(())
}
