//! One file a group of commands.

#[cfg(feature = "demo")]
pub(crate) mod demo;
pub(crate) mod digest;
pub(crate) mod doctor;
pub(crate) mod files;
pub(crate) mod gate;
pub(crate) mod inside;
pub(crate) mod protect;
pub(crate) mod risk;
pub(crate) mod serve;
pub(crate) mod work;
pub(crate) mod workflow;

use tokio::runtime::Runtime;
use tracing_subscriber::EnvFilter;

/// The runtime of a command.
fn runtime() -> anyhow::Result<Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?)
}

/// The runtime of what runs inside of a sandbox, whose processes and threads are counted.
fn small_runtime() -> anyhow::Result<Runtime> {
    Ok(tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?)
}

/// Standard error, as a log writes to it: no line of it is a command to the machine that runs
/// the job (X41).
struct JobLog;

impl std::io::Write for JobLog {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        // The log writes whole lines.
        let said = castellan::sandbox::without_commands(&String::from_utf8_lossy(bytes));
        std::io::stderr().write_all(said.as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        std::io::stderr().flush()
    }
}

/// Logs to standard error: JSON where a machine reads it.
fn log_to_stderr(filter: &str) -> anyhow::Result<()> {
    use std::io::IsTerminal as _;
    let filter = EnvFilter::try_new(filter)
        .map_err(|error| anyhow::anyhow!("log: {error}; write it as in castellan=debug"))?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(|| JobLog);
    if std::io::stderr().is_terminal() {
        builder.with_target(false).compact().init();
    } else {
        builder.json().flatten_event(true).init();
    }
    // What a panic says may quote foreign text: it is one more line of the log.
    std::panic::set_hook(Box::new(
        |panic| tracing::error!(panic = %panic, "a defect; please report it"),
    ));
    Ok(())
}
