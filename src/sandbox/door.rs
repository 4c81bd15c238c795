//! The ways out of a sandbox: each a socket, with somebody behind it who decides.
//!
//! Inside there is no network. A program reaches a door by its unix socket, or at a loopback port
//! that [`super::relay_inside`] forwards to it. Outside, the door's keeper gets each connection
//! and answers as it likes; the sandbox does not know what is said.

use std::ffi::OsString;
use std::fmt;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use tempfile::TempDir;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpStream, UnixListener, UnixStream};
use tokio::sync::Semaphore;
use tokio_util::task::AbortOnDropHandle;

use super::inside::RELAY_SUBCOMMAND;

/// Where the doors' sockets are seen inside.
const SOCKETS_INSIDE: &str = "/run/castellan";
/// Where the relay program is seen inside; agents start it, too, to speak through a socket.
pub const PROGRAM_INSIDE: &str = "/run/castellan/castellan";

/// Connections at once at one door, so that a program cannot use up our open files.
const CONNECTIONS_MAX: usize = 64;
/// After a connection that could not be taken (no file descriptor is left, as a rule).
const REFUSED_PAUSE: Duration = Duration::from_millis(100);

/// Who answers at a door, outside: gets each connection, and is dropped when the sandbox ends.
pub type Keeper = Arc<dyn Fn(UnixStream) -> BoxFuture<'static, ()> + Send + Sync>;

/// One way out of a sandbox.
#[derive(Clone)]
pub struct Door {
    name: String,
    port: Option<u16>,
    keeper: Keeper,
}

impl Door {
    /// A door that is reached by its socket alone (see [`Door::socket_inside`]).
    ///
    /// `name` is of lower-case letters, digits and hyphens, and another for each door of a sandbox.
    pub fn new(name: impl Into<String>, keeper: Keeper) -> Self {
        Self {
            name: name.into(),
            port: None,
            keeper,
        }
    }

    /// The same door, reached inside at `port` of 127.0.0.1 as well.
    #[must_use]
    pub fn at_port(mut self, port: u16) -> Self {
        self.port = Some(port);
        self
    }

    /// A door that leads to one host and port, whatever is said; inside at the same port.
    #[must_use]
    pub fn to(host: String, port: u16) -> Self {
        let keeper: Keeper = Arc::new(move |mut inner| {
            let host = host.clone();
            Box::pin(async move {
                // A connection that fails is the program's to notice: it sees its own end closed.
                if let Ok(mut outer) = TcpStream::connect((host.as_str(), port)).await {
                    let _ = copy_bidirectional(&mut inner, &mut outer).await;
                }
            })
        });
        Self::new(format!("port-{port}"), keeper).at_port(port)
    }

    /// Where its socket is seen inside.
    #[must_use]
    pub fn socket_inside(&self) -> PathBuf {
        Path::new(SOCKETS_INSIDE).join(self.socket_name())
    }

    fn socket_name(&self) -> String {
        format!("{}.sock", self.name)
    }
}

impl fmt::Debug for Door {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Door")
            .field("name", &self.name)
            .field("port", &self.port)
            .finish_non_exhaustive()
    }
}

/// The doors of one sandbox, and the program that makes their ports reachable.
#[derive(Clone, Debug)]
pub struct Doors {
    /// The program that knows [`RELAY_SUBCOMMAND`]: one file which the sandbox's account can
    /// read (see [`super::Sandbox::folder`]); it is bound read-only at [`PROGRAM_INSIDE`].
    pub program: PathBuf,
    /// The doors.
    pub doors: Vec<Door>,
}

impl Doors {
    /// What stands before the program that uses the doors; nothing where none has a port.
    pub(super) fn prefix(&self) -> Vec<OsString> {
        let mut ports: Vec<OsString> = self
            .doors
            .iter()
            .filter_map(|door| {
                let mut word = OsString::from(format!("{}=", door.port?));
                word.push(door.socket_inside());
                Some(word)
            })
            .collect();
        if ports.is_empty() {
            return ports;
        }
        let mut prefix: Vec<OsString> = [PROGRAM_INSIDE, RELAY_SUBCOMMAND].map(Into::into).into();
        prefix.append(&mut ports);
        prefix.push("--".into());
        prefix
    }
}

/// The doors' outer sides; they close when dropped.
#[derive(Debug)]
pub(super) struct Open {
    folder: TempDir,
    _accepting: Vec<AbortOnDropHandle<()>>,
}

impl Open {
    /// Listens on a new socket below `parent` for each door.
    pub(super) fn of(doors: &Doors, parent: &Path) -> io::Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("doors-")
            .tempdir_in(parent)?;
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o711))?;
        let mut accepting = Vec::with_capacity(doors.doors.len());
        for door in &doors.doors {
            let path = folder.path().join(door.socket_name());
            let listener = UnixListener::bind(&path)?;
            // The sandbox's account has to reach it; others cannot list the folder, whose name
            // is drawn at random.
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o666))?;
            let task = tokio::spawn(accept(listener, door.keeper.clone()));
            accepting.push(AbortOnDropHandle::new(task));
        }
        Ok(Self {
            folder,
            _accepting: accepting,
        })
    }

    /// bubblewrap's options: each socket and the program, read-only.
    pub(super) fn options(&self, doors: &Doors) -> Vec<OsString> {
        let mut options: Vec<OsString> = Vec::new();
        let mut bind = |outside: PathBuf, inside: PathBuf| {
            options.extend(["--ro-bind".into(), outside.into(), inside.into()]);
        };
        for door in &doors.doors {
            bind(
                self.folder.path().join(door.socket_name()),
                door.socket_inside(),
            );
        }
        bind(doors.program.clone(), PROGRAM_INSIDE.into());
        options
    }
}

async fn accept(listener: UnixListener, keeper: Keeper) {
    let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut connections = tokio::task::JoinSet::new();
    while let Ok(place) = Arc::clone(&room).acquire_owned().await {
        let inner = match listener.accept().await {
            Ok((inner, _)) => inner,
            Err(error) => {
                tracing::warn!(error = %error, "a connection at a door could not be taken");
                tokio::time::sleep(REFUSED_PAUSE).await;
                continue;
            }
        };
        let answering = keeper(inner);
        connections.spawn(async move {
            answering.await;
            drop(place);
        });
        while connections.try_join_next().is_some() {}
    }
}
