//! The contract's commands: each with its exit code, the end of its output, and its time.

use std::path::Path;
use std::time::Duration;

use tokio::time::Instant;

use super::WorkOptions;
use super::failure::Failure;
use super::measure::{limits, millis};
use super::ways::Ways;
use crate::protocol::brief::Limits;
use crate::protocol::progress::Phase;
use crate::protocol::result::CommandReport;
use crate::sandbox::{Bind, Finished, Limit, Sandbox, Spec, clean};

/// Bytes of a command that are repeated in its report.
const COMMAND_BYTES: usize = 4 * 1024;
/// Commands of one list; the contract's own limit is lower.
const COMMANDS_MAX: usize = 100;

/// Whether a failed command ends the list.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Then {
    /// The next one needs this one.
    Stop,
    /// Each is evidence of its own.
    GoOn,
}

/// Runs `commands` in `workspace`, with those `ways` out, all of them within `seconds`.
pub(super) async fn run(
    sandbox: &Sandbox,
    options: &WorkOptions,
    of: &Limits,
    (phase, seconds, then): (Phase, u32, Then),
    (workspace, ways): (&Path, &Ways),
    commands: &[String],
) -> Result<Vec<CommandReport>, Failure> {
    let until = Instant::now() + Duration::from_secs(u64::from(seconds));
    let mut reports = Vec::new();
    for command in commands.iter().take(COMMANDS_MAX) {
        let left = until.saturating_duration_since(Instant::now());
        let mut spec = Spec::shell(workspace.to_owned(), command);
        spec.limits = limits(of);
        spec.read_only = options.read_only.iter().cloned().map(Bind::same).collect();
        ways.open(&mut spec);
        let finished = sandbox
            .run(&spec, left)
            .await
            .map_err(|error| Failure::of_machine(phase, "running a command", &error))?;
        let report = report(command, finished, of, seconds);
        let passed = report.passed();
        reports.push(report);
        if !passed && then == Then::Stop {
            break;
        }
    }
    Ok(reports)
}

fn report(command: &str, finished: Finished, of: &Limits, seconds: u32) -> CommandReport {
    let mut output_tail = finished.output_tail;
    if let Some(limit) = finished.ended_by {
        let said = match limit {
            Limit::Time => format!("the {seconds} s of all commands together are over"),
            Limit::Output => format!("more than {} MiB of output", of.output_mib),
            Limit::Memory => format!("more than {} MiB of memory together", of.memory_total_mib),
            Limit::Disk => format!("more than {} MiB added to the disk", of.disk_mib),
            Limit::FileSize => format!("a file larger than {} MiB", of.file_mib),
        };
        output_tail.push_str(&format!("\n[castellan ended it: {said}]\n"));
    }
    CommandReport {
        command: clean(command.as_bytes(), COMMAND_BYTES),
        exit_code: finished.exit_code,
        output_tail,
        took_ms: millis(finished.took),
    }
}
