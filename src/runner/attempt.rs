//! One attempt, step by step, up to what is returned. Whoever wants to know what a runner does
//! begins here.

use std::path::Path;

use tokio::time::Instant;

use super::WorkOptions;
use super::checkout::Start;
use super::client::Client;
use super::commands::{self, Then};
use super::failure::Failure;
use super::folder::Folder;
use super::heartbeat::Voice;
use super::home::Home;
use super::machine;
use super::measure::millis;
use super::tools::Tools;
use super::{agent, collect};
use crate::domain::change::{Change, Operation};
use crate::protocol::brief::Brief;
use crate::protocol::enter::Lease;
use crate::protocol::progress::Phase;
use crate::protocol::result::{Outcome, Returned, RunEvidence};
use crate::sandbox::Sandbox;

/// Does the attempt. What fails is an outcome like others, with what was seen until then.
pub(super) async fn run(
    options: &WorkOptions,
    client: &Client,
    lease: &Lease,
    brief: &Brief,
    voice: &Voice,
    began: Instant,
) -> Returned {
    let mut attempt = Attempt {
        options,
        client,
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
    client: &'a Client,
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
        let workspace = start.lay(&sandbox, "workspace").await?;
        self.evidence.timing.checkout_ms = millis(clock.elapsed());

        self.voice.phase(Phase::Setup);
        let clock = Instant::now();
        let prepared = self.set_up(&sandbox, &start, &workspace).await;
        self.evidence.timing.setup_ms = millis(clock.elapsed());
        let prepared = prepared?;

        self.voice.phase(Phase::Agent);
        let clock = Instant::now();
        let ended = self.agent(&sandbox, &start, &workspace).await;
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
    ) -> Result<Option<std::path::PathBuf>, Failure> {
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

    async fn agent(
        &mut self,
        sandbox: &Sandbox,
        start: &Start,
        workspace: &Path,
    ) -> Result<(), Failure> {
        let tools = Tools::open(start.path("tools"))?;
        let mut spec = agent::spec(self.options, self.brief, &tools, workspace)?;
        let home = Home::open(self.client, sandbox, start, self.brief).await?;
        spec.home = Some(home.path.clone());
        let seen = agent::Seen::new(self.brief.allow.clone(), self.voice.clone())
            .with_earlier(home.before.clone());
        let (seen, ended) = agent::run(sandbox, &spec, self.options.pace, self.brief, seen).await;
        if let Some(left) = &seen.left {
            home.keep(self.client, sandbox, start, self.brief, left)
                .await;
        }
        self.evidence.agent = seen.agent;
        self.evidence.stop_reason = seen.stop_reason;
        self.evidence.turns = seen.turns;
        self.evidence.permissions = seen.permissions;
        self.evidence.words = seen.words;
        self.transcript = seen.transcript;
        ended
    }

    /// Runs the acceptance commands on a fresh tree with just the change on it: what is tested
    /// is what is returned, not what the agent's own workspace happens to hold.
    async fn accept(
        &mut self,
        sandbox: &Sandbox,
        start: &Start,
        prepared: Option<std::path::PathBuf>,
        change: &Change,
    ) -> Result<(), Failure> {
        let tree = match prepared {
            Some(prepared) => prepared,
            None => start.lay(sandbox, "acceptance").await?,
        };
        let broken = |error: std::io::Error| {
            Failure::of_machine(
                Phase::Acceptance,
                "laying the change onto a fresh tree",
                &error,
            )
        };
        lay_change(&tree, change).map_err(broken)?;
        sandbox.give(&tree).map_err(broken)?;
        let limits = &self.brief.limits;
        let how = (Phase::Acceptance, limits.acceptance_s, Then::GoOn);
        let commands = &self.brief.contract.acceptance;
        self.evidence.acceptance =
            commands::run(sandbox, self.options, limits, how, &tree, commands).await?;
        Ok(())
    }
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
