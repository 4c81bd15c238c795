//! The contract's acceptance commands on a tree with just the change on it: what is tested is what
//! is returned, not what the agent's own workspace happens to hold.

use std::path::Path;

use super::WorkOptions;
use super::commands::{self, Then};
use super::failure::Failure;
use super::folder::Folder;
use super::ways::Ways;
use crate::domain::change::{Change, Operation};
use crate::protocol::brief::Brief;
use crate::protocol::progress::Phase;
use crate::protocol::result::CommandReport;
use crate::sandbox::Sandbox;

/// Lays `change` onto `tree`, which is the start tree or what set-up made of it, and runs the commands there.
pub(super) async fn accept(
    sandbox: &Sandbox,
    options: &WorkOptions,
    brief: &Brief,
    ways: &Ways,
    tree: &Path,
    change: &Change,
) -> Result<Vec<CommandReport>, Failure> {
    let broken = |error: std::io::Error| {
        Failure::of_machine(
            Phase::Acceptance,
            "laying the change onto a fresh tree",
            &error,
        )
    };
    lay_change(tree, change).map_err(broken)?;
    sandbox.give(tree).map_err(broken)?;
    let limits = &brief.limits;
    let how = (Phase::Acceptance, limits.acceptance_s, Then::GoOn);
    let commands = &brief.contract.acceptance;
    commands::run(sandbox, options, limits, how, (tree, ways), commands).await
}

/// Removes first, so that a folder can take a file's place and the other way round.
fn lay_change(tree: &Path, change: &Change) -> std::io::Result<()> {
    let root = Folder::open(tree)?;
    for file in &change.files {
        if file.operation != Operation::Add {
            root.remove(file.path.as_bytes())?;
        }
    }
    for file in &change.files {
        if file.operation != Operation::Delete {
            root.remove(file.path.as_bytes())?;
            root.write(file.path.as_bytes(), &file.mode, &file.content)?;
        }
    }
    Ok(())
}
