//! A program while it runs in the sandbox, and what is known of it afterwards.

use std::collections::VecDeque;
use std::io;
use std::os::fd::AsRawFd;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::net::unix::pipe;
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::time::Instant;

use super::Sandbox;
use super::disk::Disk;
use super::door::Open;
use super::inherited::hand_over;
use super::limits::Limit;
use super::spec::Spec;
use super::text::clean;
use super::watch::Watch;

/// Bytes of a program's output that are kept: its end, where errors stand.
pub const OUTPUT_TAIL_BYTES: usize = 16 * 1024;

/// bubblewrap reports that a signal ended the program as 128 and the signal; SIGXFSZ is 25.
const EXIT_OF_SIGXFSZ: i32 = 128 + 25;

/// What failed around a sandboxed program, not in it.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// A door's socket could not be opened.
    #[error("opening the sandbox's doors failed")]
    Doors(#[source] io::Error),
    /// bubblewrap could not be started.
    #[error("starting bubblewrap failed")]
    Start(#[source] io::Error),
    /// What it uses could not be watched.
    #[error("watching what a sandbox uses failed; it needs /proc and Linux 5.3")]
    Watch(#[source] io::Error),
    /// The program's output could not be read.
    #[error("reading the output of a sandboxed program failed")]
    Read(#[source] io::Error),
    /// Its end could not be learnt.
    #[error("waiting for a sandboxed program failed")]
    Wait(#[source] io::Error),
}

/// A program that runs in the sandbox. Dropping it ends the program and all that it started.
///
/// bubblewrap ends with the *thread* that started it, so it must be started from a thread that
/// stays: a task of the runtime, not `spawn_blocking`.
#[derive(Debug)]
pub struct Running {
    /// To the program, until taken.
    pub stdin: Option<ChildStdin>,
    /// From the program, until taken.
    pub stdout: Option<ChildStdout>,
    /// The program's errors, until taken.
    pub stderr: Option<ChildStderr>,
    child: Child,
    watch: Watch,
    _doors: Option<Open>,
}

/// How a program ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finished {
    /// Its exit code, 128 and the signal where one ended it; `None` where a limit did.
    pub exit_code: Option<i32>,
    /// The end of what it wrote to standard output and error, in that order in which it wrote,
    /// cleaned: at most [`OUTPUT_TAIL_BYTES`].
    pub output_tail: String,
    /// Bytes that were read of it in all.
    pub output_bytes: u64,
    /// From the start of the sandbox to its end.
    pub took: Duration,
    /// The limit that ended it.
    pub ended_by: Option<Limit>,
}

impl Finished {
    /// Whether it ended by itself and well.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.exit_code == Some(0) && self.ended_by.is_none()
    }
}

impl Running {
    /// Waits for the program's own end.
    ///
    /// # Errors
    /// [`SandboxError::Wait`].
    pub async fn wait(&mut self) -> Result<ExitStatus, SandboxError> {
        self.child.wait().await.map_err(SandboxError::Wait)
    }

    /// Ends the program and everything that it started: with bubblewrap ends the first process
    /// of the sandbox, and with that the kernel ends all others.
    ///
    /// # Errors
    /// [`SandboxError::Wait`].
    pub async fn kill(&mut self) -> Result<(), SandboxError> {
        self.child.kill().await.map_err(SandboxError::Wait)
    }

    /// The limit on all its processes together that ended it.
    #[must_use]
    pub fn ended_by(&self) -> Option<Limit> {
        self.watch.ended_by()
    }

    /// The number of bubblewrap's own process, until it has been waited for.
    #[must_use]
    pub fn id(&self) -> Option<u32> {
        self.child.id()
    }
}

impl Sandbox {
    /// Starts a program with pipes to its standard input, output and error.
    ///
    /// # Errors
    /// [`SandboxError::Doors`] and [`SandboxError::Start`].
    pub fn spawn(&self, spec: &Spec) -> Result<Running, SandboxError> {
        self.start(spec, Stdio::piped(), Stdio::piped(), Stdio::piped())
    }

    /// Runs a program without input to its end, or to a limit's.
    ///
    /// # Errors
    /// What fails around the program; how it fared itself is in [`Finished`].
    pub async fn run(&self, spec: &Spec, at_most: Duration) -> Result<Finished, SandboxError> {
        let began = Instant::now();
        // One pipe for both, so that the tail has them in the order in which they were written.
        let (reader, writer) = io::pipe().map_err(SandboxError::Start)?;
        let both = writer.try_clone().map_err(SandboxError::Start)?;
        let mut reader =
            pipe::Receiver::from_owned_fd(reader.into()).map_err(SandboxError::Start)?;
        let mut running = self.start(spec, Stdio::null(), writer.into(), both.into())?;
        let mut tail = Tail::default();
        let end = tokio::time::timeout_at(began + at_most, async {
            if tail.read(&mut reader, spec.limits.output_bytes()).await? {
                running.wait().await.map(Some)
            } else {
                Ok(None)
            }
        })
        .await;
        let (exit_code, ended_by) = match end {
            Ok(Ok(_)) | Err(_) if running.ended_by().is_some() => (None, running.ended_by()),
            Ok(Ok(Some(status))) if status.code() == Some(EXIT_OF_SIGXFSZ) => {
                (None, Some(Limit::FileSize))
            }
            Ok(Ok(Some(status))) => (status.code(), None),
            Ok(Ok(None)) => (None, Some(Limit::Output)),
            Ok(Err(error)) => return Err(error),
            Err(_elapsed) => (None, Some(Limit::Time)),
        };
        if exit_code.is_none() {
            running.kill().await?;
        }
        Ok(Finished {
            exit_code,
            output_tail: tail.text(),
            output_bytes: tail.read_bytes,
            took: began.elapsed(),
            ended_by,
        })
    }

    fn start(
        &self,
        spec: &Spec,
        stdin: Stdio,
        stdout: Stdio,
        stderr: Stdio,
    ) -> Result<Running, SandboxError> {
        let open = spec
            .doors
            .as_ref()
            .map(|doors| Open::of(doors, self.floor.path()))
            .transpose()
            .map_err(SandboxError::Doors)?;
        let disk = Disk::before(spec).map_err(SandboxError::Watch)?;
        let filter = self.floor.filter().map_err(SandboxError::Start)?;
        let mut command = Command::new(&self.bwrap);
        if let Some(filter) = filter {
            command.arg("--seccomp").arg(filter.as_raw_fd().to_string());
            hand_over(&mut command, filter);
        }
        command
            .args(self.arguments(spec, open.as_ref()))
            // The sandbox shows the environment that bubblewrap was started with.
            .env_clear()
            .current_dir(Path::new("/"))
            .stdin(stdin)
            .stdout(stdout)
            .stderr(stderr)
            .process_group(0)
            .kill_on_drop(true);
        self.account.enter(&mut command);
        let mut child = command.spawn().map_err(SandboxError::Start)?;
        let watch = Watch::begin(child.id(), spec, disk).map_err(SandboxError::Watch)?;
        Ok(Running {
            stdin: child.stdin.take(),
            stdout: child.stdout.take(),
            stderr: child.stderr.take(),
            child,
            watch,
            _doors: open,
        })
    }
}

/// The end of an output of any length.
#[derive(Default)]
struct Tail {
    kept: VecDeque<u8>,
    read_bytes: u64,
}

impl Tail {
    /// Reads to the end and says so, or stops beyond `most` bytes.
    async fn read(
        &mut self,
        from: &mut (impl AsyncRead + Unpin),
        most: u64,
    ) -> Result<bool, SandboxError> {
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let count = from.read(&mut buffer).await.map_err(SandboxError::Read)?;
            if count == 0 {
                return Ok(true);
            }
            self.read_bytes += count as u64;
            self.kept.extend(&buffer[..count]);
            let surplus = self.kept.len().saturating_sub(OUTPUT_TAIL_BYTES);
            self.kept.drain(..surplus);
            if self.read_bytes > most {
                return Ok(false);
            }
        }
    }

    fn text(&mut self) -> String {
        clean(self.kept.make_contiguous(), OUTPUT_TAIL_BYTES)
    }
}
