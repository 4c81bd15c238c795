//! One file a group of commands.

#[cfg(feature = "demo")]
pub(crate) mod demo;
pub(crate) mod digest;
pub(crate) mod files;
pub(crate) mod inside;
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

/// Logs to standard error: JSON where a machine reads it.
fn log_to_stderr(filter: &str) -> anyhow::Result<()> {
    use std::io::IsTerminal as _;
    let filter = EnvFilter::try_new(filter)
        .map_err(|error| anyhow::anyhow!("log: {error}; write it as in castellan=debug"))?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    if std::io::stderr().is_terminal() {
        builder.with_target(false).compact().init();
    } else {
        builder.json().flatten_event(true).init();
    }
    Ok(())
}
