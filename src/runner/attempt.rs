//! One attempt, step by step, up to what is returned. Whoever wants to know what a runner does
//! begins here.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::time::Instant;

use super::WorkOptions;
use super::checkout::Start;
use super::commands::{self, Then};
use super::failure::Failure;
use super::heartbeat::Voice;
use super::machine;
use super::mcp::{self, Bridge, Ground, Toolbox};
use super::measure::millis;
use super::tools::Tools;
use super::{acceptance, agent, collect};
use crate::domain::change::Change;
use crate::protocol::brief::Brief;
use crate::protocol::enter::Lease;
use crate::protocol::progress::Phase;
use crate::protocol::result::{Outcome, Returned, RunEvidence};
use crate::sandbox::{Doors, Sandbox};

/// Does the attempt. What fails is an outcome like others, with what was seen until then.
pub(super) async fn run(
    options: &WorkOptions,
    lease: &Lease,
    brief: &Brief,
    voice: &Voice,
    began: Instant,
) -> Returned {
    let mut attempt = Attempt {
        options,
        brief,
        voice,
        evidence: RunEvidence::default(),
        transcript: agent::Transcript::new(),
    };
    let outcome = match attempt.steps().await {
        Ok(change) if change.files.is_empty() => Outcome::Unchanged,
        Ok(change) => Outcome::Changed { change },
        Err(failure) => failure.into(),
    };
    voice.phase(Phase::Upload);
    attempt.evidence.timing.total_ms = millis(began.elapsed());
    Returned {
        fence: lease.fence,
        start: brief.checkout.start.clone(),
        outcome,
        partial: None,
        evidence: attempt.evidence,
        transcript: attempt.transcript.into_text(),
    }
}

struct Attempt<'a> {
    options: &'a WorkOptions,
    brief: &'a Brief,
    voice: &'a Voice,
    evidence: RunEvidence,
    transcript: agent::Transcript,
}

impl Attempt<'_> {
    async fn steps(&mut self) -> Result<Change, Failure> {
        self.voice.phase(Phase::Sandbox);
        let sandbox = machine::sandbox(self.options).await?;

        self.voice.phase(Phase::Checkout);
        let clock = Instant::now();
        let start = Start::fetch(self.options, &sandbox, &self.brief.checkout).await?;
        let start = Arc::new(start);
        let workspace = start.lay(&sandbox, "workspace").await?;
        self.evidence.timing.checkout_ms = millis(clock.elapsed());

        self.voice.phase(Phase::Setup);
        let clock = Instant::now();
        let prepared = self.set_up(&sandbox, &start, &workspace).await;
        self.evidence.timing.setup_ms = millis(clock.elapsed());
        let prepared = prepared?;
        let bridges = mcp::reach(self.options, &self.brief.servers).await?;

        self.voice.phase(Phase::Agent);
        let clock = Instant::now();
        let ground = Ground {
            sandbox: sandbox.clone(),
            start: start.clone(),
            options: self.options.clone(),
            brief: self.brief.clone(),
            workspace: workspace.clone(),
            prepared: prepared.clone(),
        };
        let ended = self.agent(ground, bridges).await;
        self.evidence.timing.agent_ms = millis(clock.elapsed());
        ended?;
        let change = collect::collect(&start, &workspace, prepared.as_deref()).await?;

        if !change.files.is_empty() && !self.brief.contract.acceptance.is_empty() {
            self.voice.phase(Phase::Acceptance);
            let clock = Instant::now();
            let accepted = self.accept(&sandbox, &start, prepared, &change).await;
            self.evidence.timing.acceptance_ms = millis(clock.elapsed());
            accepted?;
        }
        Ok(change)
    }

    /// Runs the set-up commands and keeps a copy of what they made, which no agent reaches.
    async fn set_up(
        &mut self,
        sandbox: &Sandbox,
        start: &Start,
        workspace: &Path,
    ) -> Result<Option<PathBuf>, Failure> {
        let commands = &self.brief.contract.setup;
        if commands.is_empty() {
            return Ok(None);
        }
        let limits = &self.brief.limits;
        let how = (Phase::Setup, limits.setup_s, Then::Stop);
        self.evidence.setup =
            commands::run(sandbox, self.options, limits, how, workspace, commands).await?;
        if let Some(failed) = self.evidence.setup.iter().find(|report| !report.passed()) {
            return Err(Failure::new(
                Phase::Setup,
                format!("the set-up command `{}` failed", failed.command),
                "read the end of its output, and correct `setup` in the contract or the policy",
            ));
        }
        start.copy(sandbox, workspace, "prepared").await.map(Some)
    }

    /// The agent with its tools, from its start to its end.
    async fn agent(&mut self, ground: Ground, bridges: Vec<Bridge>) -> Result<(), Failure> {
        let sandbox = ground.sandbox.clone();
        let tools = Tools::open(ground.start.path("tools"))?;
        let mut spec = agent::spec(self.options, self.brief, &tools, &ground.workspace)?;
        let names = match self.options.relay_program {
            Some(_) => mcp::names(&bridges),
            None => Vec::new(),
        };
        let seen = agent::watch(self.brief, names, self.voice);
        let toolbox = Toolbox::open(ground, bridges, &seen, self.voice);
        let mut servers: &[mcp::StdioServer] = &[];
        // Without the program that speaks with doors inside there are no tools.
        if let Some(program) = &self.options.relay_program {
            let doors = Doors {
                program: tools.copy(program)?,
                doors: Vec::new(),
            };
            let doors = spec.doors.get_or_insert(doors);
            doors.doors.extend(toolbox.doors());
            servers = toolbox.servers();
        }
        let told = agent::Told {
            brief: self.brief,
            pace: self.options.pace,
            servers,
        };
        let (seen, ended) = agent::run(&sandbox, &spec, &told, &seen).await;
        let handed = toolbox.close().await;
        self.evidence.agent = seen.agent;
        self.evidence.stop_reason = seen.stop_reason;
        self.evidence.turns = seen.turns;
        self.evidence.permissions = seen.permissions;
        self.evidence.words = seen.words;
        self.evidence.report = handed.report;
        self.evidence.questions = handed.questions;
        self.transcript = seen.transcript;
        ended
    }

    /// Runs the acceptance commands on a fresh tree with just the change on it.
    async fn accept(
        &mut self,
        sandbox: &Sandbox,
        start: &Start,
        prepared: Option<PathBuf>,
        change: &Change,
    ) -> Result<(), Failure> {
        let tree = match prepared {
            Some(prepared) => prepared,
            None => start.lay(sandbox, "acceptance").await?,
        };
        self.evidence.acceptance =
            acceptance::accept(sandbox, self.options, self.brief, &tree, change).await?;
        Ok(())
    }
}
