//! What our own program is started for inside of a sandbox.

use std::path::PathBuf;
use std::process::ExitCode;

use castellan::sandbox::{Forward, pipe_inside, relay_inside};
use clap::Args;

/// Relay loopback ports to the doors, and run a command beside it.
#[derive(Args)]
pub(crate) struct RelayInside {
    /// PORT=SOCKET
    forwards: Vec<Forward>,
    #[arg(last = true, required = true)]
    command: Vec<std::ffi::OsString>,
}

impl RelayInside {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let code = super::small_runtime()?.block_on(relay_inside(self.forwards, self.command))?;
        Ok(ExitCode::from(u8::try_from(code).unwrap_or(1)))
    }
}

/// Join standard input and output with a door.
#[derive(Args)]
pub(crate) struct PipeInside {
    socket: PathBuf,
}

impl PipeInside {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let runtime = super::small_runtime()?;
        runtime.block_on(pipe_inside(&self.socket))?;
        // Its reader of standard input may wait for ever.
        runtime.shutdown_background();
        Ok(ExitCode::SUCCESS)
    }
}
