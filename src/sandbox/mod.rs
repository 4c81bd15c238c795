//! One program in a hardened bubblewrap sandbox: no network, no secret, no way out, limits on all.
//!
//! Agents, set-up and acceptance commands and the yard's CI run here. There is no fallback:
//! where the sandbox cannot start, nothing runs ([`Unavailable`] says what to do).
//! It knows nothing of runners, GitHub or git.

mod account;
mod command_line;
mod disk;
mod door;
mod filter;
mod find;
mod floor;
mod inherited;
mod inside;
mod limits;
mod memory;
mod running;
mod scratch;
mod spec;
mod text;
mod watch;

pub use account::ACCOUNT;
pub use door::{Door, Doors, Keeper, PROGRAM_INSIDE};
pub use find::{SYSTEM_PROGRAMS, Unavailable, locate};
pub use floor::{HOME, WORKSPACE};
pub use inherited::keep_inherited_files;
pub use inside::{
    Forward, InsideError, PIPE_SUBCOMMAND, RELAY_SUBCOMMAND, pipe_inside, relay_inside,
};
pub use limits::{Limit, Limits};
pub use running::{Finished, OUTPUT_TAIL_BYTES, Running, SandboxError};
pub use scratch::{Scratch, remove_leftovers};
pub use spec::{Bind, Spec};
pub use text::{clean, clean_line, without_commands};

use std::path::PathBuf;
use std::sync::Arc;

use account::Account;
use floor::Floor;

/// A sandbox that was seen to start on this machine. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Sandbox {
    bwrap: PathBuf,
    prlimit: PathBuf,
    nice: PathBuf,
    choom: PathBuf,
    account: Account,
    floor: Arc<Floor>,
}
