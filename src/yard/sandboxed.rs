//! CI in the sandbox: the one thing that the yard takes from the rest of Castellan.
//!
//! Knows how a step is put into a sandbox; what the steps are stands in `ci`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use futures::future::BoxFuture;

use super::ci::{CiFolder, CiRunner, Step, StepEnd};
use crate::sandbox::{Sandbox, Spec};

/// How long a step may take: a sample's tests are short.
const STEP_AT_MOST: Duration = Duration::from_secs(300);

/// Runs the steps of CI in a sandbox, without a network.
#[derive(Clone, Debug)]
pub struct Sandboxed {
    sandbox: Sandbox,
    scratch: PathBuf,
}

impl Sandboxed {
    /// Checkouts are made below `scratch`, which the sandbox's account must be able to pass through.
    #[must_use]
    pub const fn new(sandbox: Sandbox, scratch: PathBuf) -> Self {
        Self { sandbox, scratch }
    }
}

impl CiRunner for Sandboxed {
    fn folder(&self) -> std::io::Result<Box<CiFolder>> {
        Ok(Box::new(self.sandbox.folder(&self.scratch, "ci")?))
    }

    fn give(&self, workspace: &Path) -> std::io::Result<()> {
        self.sandbox.give(workspace)
    }

    fn run(&self, step: Step) -> BoxFuture<'static, StepEnd> {
        let sandbox = self.sandbox.clone();
        Box::pin(async move {
            let spec = Spec::shell(step.workspace, &step.command);
            match sandbox.run(&spec, STEP_AT_MOST).await {
                Ok(finished) => StepEnd {
                    exit_code: finished.exit_code.unwrap_or(-1),
                    output: finished.output_tail,
                },
                Err(error) => StepEnd {
                    exit_code: -1,
                    output: format!("{error}\n"),
                },
            }
        })
    }
}
