//! The acceptance commands before the end, at the agent's wish: on the change as it is now, in a
//! sandbox and on a tree of their own, which nothing else ever sees.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use crate::protocol::brief::Brief;
use crate::protocol::progress::Phase;
use crate::protocol::result::CommandReport;
use crate::runner::checkout::Start;
use crate::runner::client::Client;
use crate::runner::failure::Failure;
use crate::runner::ways::Ways;
use crate::runner::{WorkOptions, acceptance, collect};
use crate::sandbox::Sandbox;

/// Runs of one attempt: more often than that nothing new is learnt by them.
const RUNS_MAX: u32 = 20;
/// Bytes of one command's output that the agent is shown.
const TAIL_BYTES: usize = 6 * 1024;
/// Bytes of one answer: an agent reads it all.
const ANSWER_BYTES: usize = 48 * 1024;

/// What a run stands on. Clones stand on the same.
#[derive(Clone)]
pub(in crate::runner) struct Ground {
    pub(in crate::runner) sandbox: Sandbox,
    pub(in crate::runner) start: Arc<Start>,
    pub(in crate::runner) options: WorkOptions,
    pub(in crate::runner) brief: Brief,
    /// The server, under the attempt's lease.
    pub(in crate::runner) client: Client,
    pub(in crate::runner) workspace: PathBuf,
    /// What set-up made, before the agent.
    pub(in crate::runner) prepared: Option<PathBuf>,
    /// What the commands reach.
    pub(in crate::runner) ways: Ways,
}

/// The runs of one attempt.
pub(super) struct Rehearsal {
    /// Gone once the agent has ended. Whoever holds it is the one run that there is at a time.
    ground: Mutex<Option<Ground>>,
    ran: AtomicU32,
    ended: CancellationToken,
}

impl Rehearsal {
    pub(super) fn new(ground: Ground) -> Self {
        Self {
            ground: Mutex::new(Some(ground)),
            ran: AtomicU32::new(0),
            ended: CancellationToken::new(),
        }
    }

    /// Runs the commands, and gives what they said in words for the agent, or why they did not run.
    pub(super) async fn run(&self) -> Result<String, String> {
        let Ok(ground) = self.ground.try_lock() else {
            return Err("an acceptance run is under way; wait for its answer".to_owned());
        };
        let ground = ground
            .as_ref()
            .ok_or_else(|| "the attempt is ending".to_owned())?;
        if ground.brief.contract.acceptance.is_empty() {
            return Err("the contract names no acceptance commands".to_owned());
        }
        let ran = self.ran.load(Ordering::Relaxed);
        if ran >= RUNS_MAX {
            return Err(format!(
                "this attempt has used its {RUNS_MAX} acceptance runs; run the commands in your workspace instead"
            ));
        }
        self.ran.store(ran + 1, Ordering::Relaxed);
        let reports = tokio::select! {
            reports = ground.accept() => reports,
            () = self.ended.cancelled() => return Err("the attempt is ending".to_owned()),
        };
        let reports =
            reports.map_err(|failure| format!("{}; {}", failure.cause, failure.remedy))?;
        Ok(told(&reports, RUNS_MAX - ran - 1))
    }

    /// Ends a run that is under way, and lets go of the attempt's folders.
    pub(super) async fn close(&self) {
        self.ended.cancel();
        self.ground.lock().await.take();
    }
}

impl Ground {
    async fn accept(&self) -> Result<Vec<CommandReport>, Failure> {
        let broken = |error: std::io::Error| {
            Failure::of_machine(Phase::Acceptance, "making a folder", &error)
        };
        let prepared = self.prepared.as_deref();
        let change = collect::collect(&self.start, &self.workspace, prepared).await?;
        let parent = self.start.path(".");
        let folder = self.sandbox.folder(&parent, "rehearsal-").map_err(broken)?;
        let name = folder.path().file_name().unwrap_or_default();
        let name = format!("{}/tree", name.display());
        let tree = match prepared {
            Some(prepared) => {
                let tree = self.start.copy(&self.sandbox, prepared, &name).await?;
                self.start.put_back_instructions(&tree).await?;
                tree
            }
            None => {
                let files = &self.start.files;
                self.start.lay(&self.sandbox, files, &name).await?
            }
        };
        let (sandbox, options) = (&self.sandbox, &self.options);
        acceptance::accept(sandbox, options, &self.brief, &self.ways, &tree, &change).await
    }
}

fn told(reports: &[CommandReport], left: u32) -> String {
    let failed = reports.iter().filter(|report| !report.passed()).count();
    let mut text = match failed {
        0 => "All acceptance commands passed.\n".to_owned(),
        _ => format!(
            "{failed} of {} acceptance commands failed.\n",
            reports.len()
        ),
    };
    for report in reports {
        let ended = match report.exit_code {
            Some(code) => format!("exit code {code}"),
            None => "ended by a limit".to_owned(),
        };
        text.push_str(&format!("\n$ {}\n[{ended}]\n", report.command));
        if text.len() < ANSWER_BYTES {
            text.push_str(tail(&report.output_tail));
        }
    }
    text.push_str(&format!("\n{left} acceptance runs are left.\n"));
    text
}

/// The end of an output, where errors stand.
fn tail(output: &str) -> &str {
    let mut from = output.len().saturating_sub(TAIL_BYTES);
    while !output.is_char_boundary(from) {
        from += 1;
    }
    &output[from..]
}
