//! The agent's pipes, bounded: how much it may write, and how much of that may be nonsense.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use futures::{Sink, Stream};
use serde::de::IgnoredAny;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{ChildStderr, ChildStdin, ChildStdout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use crate::sandbox::{Running, clean, clean_line};

/// Lines that are no message and are passed over: some agents greet before they begin.
const STRAY_LINES: u32 = 20;
/// Bytes of one message: a file that is written whole, escaped, and some. What parses it takes
/// many times as much memory, outside of all the sandbox's limits.
const MESSAGE_BYTES_MAX: u64 = 8 * 1024 * 1024;
/// Bytes of standard error that are kept.
const ERRORS_BYTES: usize = 4 * 1024;

/// What an agent did to its pipes that ends it.
#[derive(Clone, Debug)]
pub(super) enum Fault {
    /// It wrote more than it may.
    Flood,
    /// It wrote a message longer than any may be.
    Long,
    /// It wrote what is no message.
    Garbage {
        /// The first such line's beginning.
        example: String,
    },
}

/// The first fault, and the word that there is one.
#[derive(Clone, Default)]
pub(super) struct Faults {
    first: Arc<OnceLock<Fault>>,
    pub(super) happened: CancellationToken,
}

impl Faults {
    pub(super) fn get(&self) -> Option<&Fault> {
        self.first.get()
    }

    fn set(&self, fault: Fault) -> io::Error {
        let _ = self.first.set(fault);
        self.happened.cancel();
        io::Error::other("the agent's output is at fault")
    }
}

/// The end of what the agent wrote to standard error.
#[derive(Clone, Default)]
pub(super) struct Errors(Arc<Mutex<VecDeque<u8>>>);

impl Errors {
    /// `; its last words were: …`, or nothing.
    pub(super) fn quoted(&self) -> String {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let text = clean(kept.make_contiguous(), ERRORS_BYTES);
        let lines: Vec<&str> = text
            .lines()
            .filter(|line| !line.trim().is_empty())
            .collect();
        match lines.as_slice() {
            [] => String::new(),
            [.., a, b] => format!(
                "; its last words were: {}",
                clean_line(&format!("{a} {b}"), 300)
            ),
            [a] => format!("; its last words were: {}", clean_line(a, 300)),
        }
    }
}

/// The pipes of a running agent.
pub(super) struct Taps {
    stdin: ChildStdin,
    stdout: ChildStdout,
    most: u64,
    pub(super) faults: Faults,
    pub(super) errors: Errors,
    reading_errors: AbortOnDropHandle<()>,
}

impl Taps {
    /// Takes the pipes; `most` bytes are read from each.
    pub(super) fn open(running: &mut Running, most: u64) -> Option<Self> {
        let (stdin, stdout) = (running.stdin.take()?, running.stdout.take()?);
        let stderr = running.stderr.take()?;
        let (faults, errors) = (Faults::default(), Errors::default());
        let reading = tokio::spawn(read_errors(stderr, most, faults.clone(), errors.clone()));
        Some(Self {
            stdin,
            stdout,
            most,
            faults,
            errors,
            reading_errors: AbortOnDropHandle::new(reading),
        })
    }

    /// The two directions of the protocol, one message a line. What must live as long as they do
    /// comes with them.
    pub(super) fn split(
        self,
    ) -> (
        impl Sink<String, Error = io::Error> + Send + 'static,
        impl Stream<Item = io::Result<String>> + Send + 'static,
        AbortOnDropHandle<()>,
    ) {
        let out = futures::sink::unfold(self.stdin, |mut stdin, line: String| async move {
            stdin.write_all(line.as_bytes()).await?;
            stdin.write_all(b"\n").await?;
            stdin.flush().await?;
            Ok(stdin)
        });
        let reader = Lines {
            from: BufReader::new(self.stdout),
            left: self.most,
            stray: 0,
            faults: self.faults,
        };
        let lines = futures::stream::try_unfold(reader, |mut reader| async move {
            Ok(reader.next().await?.map(|line| (line, reader)))
        });
        (out, Box::pin(lines), self.reading_errors)
    }
}

struct Lines {
    from: BufReader<ChildStdout>,
    left: u64,
    stray: u32,
    faults: Faults,
}

impl Lines {
    /// The next line that is a message; `None` at the end.
    async fn next(&mut self) -> io::Result<Option<String>> {
        loop {
            let mut line = Vec::new();
            // One more than it may write: reading that shows that it wrote it.
            let most = self.left.min(MESSAGE_BYTES_MAX);
            let mut bounded = (&mut self.from).take(most + 1);
            let count = bounded.read_until(b'\n', &mut line).await? as u64;
            if count > most {
                let fault = if most == self.left {
                    Fault::Flood
                } else {
                    Fault::Long
                };
                return Err(self.faults.set(fault));
            }
            self.left -= count;
            if count == 0 {
                return Ok(None);
            }
            // Parsing here also refuses what is nested too deeply to be dealt with safely.
            let is_message = line.trim_ascii_start().starts_with(b"{")
                && serde_json::from_slice::<IgnoredAny>(&line).is_ok();
            match String::from_utf8(line) {
                Ok(line) if is_message => return Ok(Some(line)),
                Ok(line) if line.trim().is_empty() => {}
                Ok(line) => self.stray(line.as_bytes())?,
                Err(error) => self.stray(error.as_bytes())?,
            }
        }
    }

    fn stray(&mut self, line: &[u8]) -> io::Result<()> {
        self.stray += 1;
        if self.stray <= STRAY_LINES {
            return Ok(());
        }
        let example = clean_line(&String::from_utf8_lossy(line), 120);
        Err(self.faults.set(Fault::Garbage { example }))
    }
}

async fn read_errors(mut from: ChildStderr, most: u64, faults: Faults, errors: Errors) {
    let mut buffer = vec![0; 16 * 1024];
    let mut total = 0;
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        total += count as u64;
        if total > most {
            let _ = faults.set(Fault::Flood);
            return;
        }
        let mut kept = errors.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.extend(&buffer[..count]);
        let surplus = kept.len().saturating_sub(ERRORS_BYTES);
        kept.drain(..surplus);
    }
}
