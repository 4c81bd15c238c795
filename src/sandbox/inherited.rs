//! What we were started with stays ours: open files of whoever started us must not reach a
//! sandbox, where a folder's descriptor would even be a way out.

use std::os::fd::{BorrowedFd, RawFd};

use rustix::io::{FdFlags, fcntl_setfd};

/// Marks every descriptor beyond standard input, output and error to be closed in the programs
/// that we start. To be called first of all, before anything else may open and close files.
///
/// # Errors
/// The list of open descriptors cannot be read; then nothing may be started.
pub fn keep_inherited_files() -> std::io::Result<()> {
    let open: Vec<RawFd> = std::fs::read_dir("/proc/self/fd")?
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|fd| *fd > 2)
        .collect();
    for fd in open {
        #[expect(
            unsafe_code,
            reason = "there is no owner to borrow from: the descriptor came with the process"
        )]
        // SAFETY: it is used for this one call only, and where it is closed already (as the
        // one that listed the folder is) the kernel says so and nothing happens.
        let file = unsafe { BorrowedFd::borrow_raw(fd) };
        fcntl_setfd(file, FdFlags::CLOEXEC).ok();
    }
    Ok(())
}

/// Leaves `file` open in the program that `command` starts, under its own number, and in no other.
pub(super) fn hand_over(command: &mut tokio::process::Command, file: std::fs::File) {
    let keep = move || Ok(fcntl_setfd(&file, FdFlags::empty())?);
    #[expect(
        unsafe_code,
        reason = "only between fork and exec can a descriptor be kept for one program alone"
    )]
    // SAFETY: the closure makes one system call and touches no memory that is not its own.
    unsafe {
        command.pre_exec(keep);
    }
}
