//! The one way out of a sandbox: to one address, through one socket.
//!
//! Inside there is no network. A small relay inside listens on loopback and forwards to a unix
//! socket that is bound in; its supervisor outside accepts there and connects to one host and
//! port, whatever the program asks for. It does not know what is said.

use std::ffi::OsString;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::process::Command;
use tokio::sync::Semaphore;
use tokio_util::task::AbortOnDropHandle;

/// The hidden subcommand of the relay program that main wires to [`relay_inside`]:
/// `PROGRAM relay-inside PORT SOCKET -- COMMAND…`.
pub const RELAY_SUBCOMMAND: &str = "relay-inside";

/// Where the socket is seen inside.
pub(super) const SOCKET_INSIDE: &str = "/run/castellan/model.sock";
/// Where the relay program is seen inside.
const PROGRAM_INSIDE: &str = "/run/castellan/relay";

/// Connections at once, so that a program cannot use up our open files.
const CONNECTIONS_MAX: usize = 64;

/// After a connection that could not be taken (no file descriptor is left, as a rule).
const REFUSED_PAUSE: Duration = Duration::from_millis(100);

/// The one address that a sandboxed program can reach, and the program that makes it reachable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relay {
    /// Host to which the supervisor connects.
    pub host: String,
    /// Its port; inside, the program connects to the same port on 127.0.0.1.
    pub port: u16,
    /// The program that knows [`RELAY_SUBCOMMAND`]: one file which the sandbox's account can
    /// read (see [`super::Sandbox::folder`]); it is bound read-only.
    pub program: PathBuf,
}

impl Relay {
    /// bubblewrap's options for the relay program.
    pub(super) fn options(&self) -> [OsString; 3] {
        [
            "--ro-bind".into(),
            self.program.clone().into(),
            PROGRAM_INSIDE.into(),
        ]
    }

    /// What stands before the program that uses the relay.
    pub(super) fn prefix(&self) -> [OsString; 5] {
        let port = self.port.to_string();
        [PROGRAM_INSIDE, RELAY_SUBCOMMAND, &port, SOCKET_INSIDE, "--"].map(OsString::from)
    }
}

/// The relay's outer half; it ends when dropped.
#[derive(Debug)]
pub(super) struct Supervisor {
    folder: TempDir,
    _accepting: AbortOnDropHandle<()>,
}

impl Supervisor {
    /// Listens on a new socket below `parent` and forwards to the relay's one address.
    pub(super) fn open(relay: &Relay, parent: &Path) -> io::Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("relay-")
            .tempdir_in(parent)?;
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o711))?;
        let path = folder.path().join("model.sock");
        let listener = UnixListener::bind(&path)?;
        // Whoever connects reaches no more than any process of this machine could already.
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o666))?;
        let accepting = tokio::spawn(accept(listener, relay.host.clone(), relay.port));
        Ok(Self {
            folder,
            _accepting: AbortOnDropHandle::new(accepting),
        })
    }

    /// The socket, on this machine.
    pub(super) fn socket(&self) -> PathBuf {
        self.folder.path().join("model.sock")
    }
}

async fn accept(listener: UnixListener, host: String, port: u16) {
    let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut connections = tokio::task::JoinSet::new();
    while let Ok(place) = Arc::clone(&room).acquire_owned().await {
        let mut inner = match listener.accept().await {
            Ok((inner, _)) => inner,
            Err(error) => {
                tracing::warn!(error = %error, "a connection to the relay could not be taken");
                tokio::time::sleep(REFUSED_PAUSE).await;
                continue;
            }
        };
        let host = host.clone();
        connections.spawn(async move {
            // A connection that fails is the program's to notice: it sees its own end closed.
            if let Ok(mut outer) = TcpStream::connect((host.as_str(), port)).await {
                let _ = copy_bidirectional(&mut inner, &mut outer).await;
            }
            drop(place);
        });
        while connections.try_join_next().is_some() {}
    }
}

/// What failed in the relay's inner half.
#[derive(Debug, thiserror::Error)]
pub enum RelayError {
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
}

/// The relay's inner half: listens on 127.0.0.1 at `port`, forwards each connection to the unix
/// socket, runs `command` with our own standard input and output, and returns its exit code.
///
/// # Errors
/// [`RelayError`].
pub async fn relay_inside(
    port: u16,
    socket: PathBuf,
    command: Vec<OsString>,
) -> Result<i32, RelayError> {
    let listener = TcpListener::bind(("127.0.0.1", port))
        .await
        .map_err(|source| RelayError::Listen { port, source })?;
    let _forwarding = AbortOnDropHandle::new(tokio::spawn(forward(listener, socket)));
    let mut words = command.into_iter();
    let program = words
        .next()
        .ok_or_else(|| RelayError::Start(io::ErrorKind::InvalidInput.into()))?;
    let status = Command::new(program)
        .args(words)
        .stdin(Stdio::inherit())
        .kill_on_drop(true)
        .status()
        .await
        .map_err(RelayError::Wait)?;
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
