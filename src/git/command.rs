//! One git command: an empty environment, no configuration but ours, bounded in time and output.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::Command;

/// Longest run of one command.
const RUN_MAX: Duration = Duration::from_secs(300);
/// Most output that is read, in bytes: the list of a tree of about two million files.
const OUTPUT_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// Most of a complaint that is kept, in bytes.
const COMPLAINT_BYTES_MAX: u64 = 64 * 1024;

/// What went wrong with git, by the operation that failed.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// It could not be started.
    #[error("git: could not {operation}; is git installed?")]
    Start {
        /// What was being done.
        operation: &'static str,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// It said no.
    #[error("git: could not {operation}: {said}")]
    Failed {
        /// What was being done.
        operation: &'static str,
        /// Exit code; `None` where a signal ended it.
        code: Option<i32>,
        /// Its words, bounded.
        said: String,
    },
    /// It took too long, or said too much.
    #[error("git: could not {operation} within its limits")]
    Limit {
        /// What was being done.
        operation: &'static str,
    },
    /// It said something that it should not.
    #[error("git: could not {operation}: an odd answer")]
    Odd {
        /// What was being done.
        operation: &'static str,
    },
}

/// Credentials for one fetch.
pub(super) struct Credentials {
    header: String,
}

impl Credentials {
    pub(super) fn of_token(token: &str) -> Self {
        let pair = BASE64_STANDARD.encode(format!("x-access-token:{token}"));
        Self {
            header: format!("Authorization: Basic {pair}"),
        }
    }
}

/// Git in one folder.
#[derive(Clone, Debug)]
pub(super) struct Git {
    folder: PathBuf,
    /// Where its objects are, if that is elsewhere.
    objects: Option<PathBuf>,
}

impl Git {
    pub(super) fn new(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            objects: None,
        }
    }

    /// Git in `folder`, with the objects of another.
    pub(super) fn over(folder: &Path, objects: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            objects: Some(objects.to_owned()),
        }
    }

    /// Runs one command and gives its standard output.
    pub(super) async fn run<S: AsRef<OsStr>>(
        &self,
        operation: &'static str,
        arguments: &[S],
        credentials: Option<&Credentials>,
    ) -> Result<Vec<u8>, GitError> {
        let command = self.command(arguments, credentials);
        ended(operation, command, Vec::new(), &[0]).await
    }

    /// Runs one command that reads only the mirror and may end with any of these exit codes.
    pub(super) async fn run_to<S: AsRef<OsStr>>(
        &self,
        operation: &'static str,
        arguments: &[S],
        well: &[i32],
    ) -> Result<Vec<u8>, GitError> {
        let command = self.command(arguments, None);
        ended(operation, command, Vec::new(), well).await
    }

    /// Runs one command that reads `input`, and gives its standard output.
    pub(super) async fn feed<S: AsRef<OsStr>>(
        &self,
        operation: &'static str,
        arguments: &[S],
        input: Vec<u8>,
    ) -> Result<Vec<u8>, GitError> {
        let mut command = self.command(arguments, None);
        command.stdin(Stdio::piped());
        ended(operation, command, input, &[0]).await
    }

    fn command<S: AsRef<OsStr>>(
        &self,
        arguments: &[S],
        credentials: Option<&Credentials>,
    ) -> Command {
        let mut command = Command::new("git");
        command
            .args(["-c", "core.hooksPath=/dev/null", "-c", "gc.auto=0"])
            .args(["-c", "core.fsmonitor=false", "-c", "credential.helper="])
            .args(arguments)
            .current_dir(&self.folder)
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("HOME", &self.folder)
            .env("LC_ALL", "C")
            .env("GIT_DIR", &self.folder)
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_ALLOW_PROTOCOL", "http:https")
            // Objects that stand for others would show another history.
            .env("GIT_NO_REPLACE_OBJECTS", "1")
            .env("GIT_ATTR_NOSYSTEM", "1")
            // A missing object is an error, never a silent fetch.
            .env("GIT_NO_LAZY_FETCH", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        if let Some(objects) = &self.objects {
            command.env("GIT_OBJECT_DIRECTORY", objects);
        }
        if let Some(credentials) = credentials {
            // In the environment, not among the arguments, which every process can read.
            command
                .env("GIT_CONFIG_COUNT", "1")
                .env("GIT_CONFIG_KEY_0", "http.extraHeader")
                .env("GIT_CONFIG_VALUE_0", &credentials.header);
        }
        command
    }
}

/// The output of a command, which is given `input` where it reads any.
async fn ended(
    operation: &'static str,
    mut command: Command,
    input: Vec<u8>,
    well: &[i32],
) -> Result<Vec<u8>, GitError> {
    let mut child = command
        .spawn()
        .map_err(|source| GitError::Start { operation, source })?;
    let stdin = child.stdin.take();
    let stdout = child.stdout.take();
    let stderr = child.stderr.take();
    let whole = async {
        let (output, complaint, ()) = tokio::join!(
            read(stdout, OUTPUT_BYTES_MAX),
            read(stderr, COMPLAINT_BYTES_MAX),
            write(stdin, input)
        );
        let status = child.wait().await;
        (output, complaint, status)
    };
    let Ok((output, complaint, status)) = tokio::time::timeout(RUN_MAX, whole).await else {
        return Err(GitError::Limit { operation });
    };
    let status = status.map_err(|source| GitError::Start { operation, source })?;
    if !status.code().is_some_and(|code| well.contains(&code)) {
        let said = String::from_utf8_lossy(&complaint);
        return Err(GitError::Failed {
            operation,
            code: status.code(),
            said: crate::domain::text::line(&said, 400),
        });
    }
    if output.len() as u64 >= OUTPUT_BYTES_MAX {
        return Err(GitError::Limit { operation });
    }
    Ok(output)
}

/// Writes all of `input` and closes the pipe, at which the reader ends.
async fn write<W: tokio::io::AsyncWrite + Unpin>(pipe: Option<W>, input: Vec<u8>) {
    if let Some(mut pipe) = pipe {
        // A reader that went away says so by its exit code.
        let _ = pipe.write_all(&input).await;
        let _ = pipe.shutdown().await;
    }
}

/// Reads up to `most` bytes; what goes beyond is left in the pipe, which ends the writer.
async fn read<R: tokio::io::AsyncRead + Unpin>(pipe: Option<R>, most: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Some(pipe) = pipe {
        // A pipe that breaks ends the output; the exit code tells the rest.
        let _ = pipe.take(most).read_to_end(&mut bytes).await;
    }
    bytes
}
