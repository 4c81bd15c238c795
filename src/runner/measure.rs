//! The brief's limits in the sandbox's units, and durations in the protocol's.

use std::time::Duration;

use crate::protocol::brief;
use crate::sandbox;

/// The brief's limits as the sandbox has them.
pub(super) fn limits(of: &brief::Limits) -> sandbox::Limits {
    sandbox::Limits {
        memory_mib: u64::from(of.memory_mib),
        memory_total_mib: u64::from(of.memory_total_mib),
        disk_mib: u64::from(of.disk_mib),
        processes: of.processes,
        file_mib: u64::from(of.file_mib),
        output_mib: u64::from(of.output_mib),
        ..sandbox::Limits::default()
    }
}

/// Whole milliseconds.
pub(super) fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
