//! One attempt, step by step, up to what is returned. Whoever wants to know what a runner does
//! begins here.

use std::path::Path;
use std::time::Duration;

use tokio::time::Instant;

use super::WorkOptions;
use super::checkout::Start;
use super::client::Client;
use super::commands::{self, Then};
use super::failure::Failure;
use super::folder::Folder;
use super::heartbeat::Voice;
use super::machine;
use super::measure::millis;
use super::tools::Tools;
use super::ways::Network;
use super::{agent, collect};
use crate::domain::change::{Change, Operation};
use crate::protocol::brief::Brief;
use crate::protocol::enter::Lease;
use crate::protocol::progress::Phase;
use crate::protocol::result::{Outcome, Returned, RunEvidence};
use crate::sandbox::Sandbox;

/// Time to look at what a failed agent left; a workspace that takes longer is not worth it.
const COLLECTING: Duration = Duration::from_secs(60);

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
        brief,
        voice,
        network: Network::new(options, brief, client, voice),
        partial: None,
        evidence: RunEvidence::default(),
        transcript: agent::Transcript::new(),
    };
    let outcome = match attempt.steps().await {
        Ok(change) if change.files.is_empty() => Outcome::Unchanged,
        Ok(change) => Outcome::Changed { change },
        Err(failure) => failure.into(),
    };
    voice.phase(Phase::Upload);
    attempt.evidence.refusals = attempt.network.refusals.list();
    attempt.evidence.timing.total_ms = millis(began.elapsed());
    Returned {
        fence: lease.fence,
        start: brief.checkout.start.clone(),
        outcome,
        partial: attempt.partial,
        evidence: attempt.evidence,
        transcript: attempt.transcript.into_text(),
    }
}

struct Attempt<'a> {
    options: &'a WorkOptions,
    brief: &'a Brief,
    voice: &'a Voice,
    network: Network<'a>,
    /// What the agent had changed when it failed.
    partial: Option<Change>,
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
        let tools = Tools::open(start.path("tools"))?;
        self.evidence.timing.checkout_ms = millis(clock.elapsed());

        self.voice.phase(Phase::Setup);
        let clock = Instant::now();
        let prepared = self.set_up(&sandbox, &start, &tools, &workspace).await;
        self.evidence.timing.setup_ms = millis(clock.elapsed());
        let prepared = prepared?;

        self.voice.phase(Phase::Agent);
        let clock = Instant::now();
        let ended = self.agent(&sandbox, &tools, &workspace).await;
        self.evidence.timing.agent_ms = millis(clock.elapsed());
        let change = self
            .gather(&start, &workspace, prepared.as_deref(), ended)
            .await?;

        if !change.files.is_empty() && !self.brief.contract.acceptance.is_empty() {
            self.voice.phase(Phase::Acceptance);
            let clock = Instant::now();
            let accepted = self
                .accept(&sandbox, &start, &tools, prepared, &change)
                .await;
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
        tools: &Tools,
        workspace: &Path,
    ) -> Result<Option<std::path::PathBuf>, Failure> {
        let commands = &self.brief.contract.setup;
        if commands.is_empty() {
            return Ok(None);
        }
        let limits = &self.brief.limits;
        let how = (Phase::Setup, limits.setup_s, Then::Stop);
        let ways = self.network.setup(tools)?;
        let place = (workspace, &ways);
        self.evidence.setup =
            commands::run(sandbox, self.options, limits, how, place, commands).await?;
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
        tools: &Tools,
        workspace: &Path,
    ) -> Result<(), Failure> {
        let ways = self.network.agent(tools)?;
        let spec = agent::spec(self.options, self.brief, tools, &ways, workspace)?;
        self.evidence
            .open_hosts
            .clone_from(&self.brief.network.agent);
        let (seen, ended) =
            agent::run(sandbox, &spec, self.options.pace, self.brief, self.voice).await;
        self.evidence.agent = seen.agent;
        self.evidence.stop_reason = seen.stop_reason;
        self.evidence.turns = seen.turns;
        self.evidence.permissions = seen.permissions;
        self.evidence.words = seen.words;
        self.transcript = seen.transcript;
        ended
    }

    /// What the agent changed; where it failed, that is kept as evidence beside the failure.
    async fn gather(
        &mut self,
        start: &Start,
        workspace: &Path,
        prepared: Option<&Path>,
        ended: Result<(), Failure>,
    ) -> Result<Change, Failure> {
        let (model, heard) = (self.brief.model.as_deref(), &self.network.heard);
        let collecting = collect::collect(start, workspace, prepared);
        let failure = match ended {
            Ok(()) => {
                let change = collecting.await?;
                let Some(failure) = heard.objection(model, !change.files.is_empty()) else {
                    return Ok(change);
                };
                self.partial = Some(change);
                failure
            }
            Err(failure) => {
                // Nobody is sorry for what cannot be collected: the attempt has failed anyway.
                let collected = tokio::time::timeout(COLLECTING, collecting).await;
                self.partial = collected.ok().and_then(Result::ok);
                heard.explained(failure, model)
            }
        };
        self.partial.take_if(|change| change.files.is_empty());
        Err(failure)
    }

    /// Runs the acceptance commands on a fresh tree with just the change on it: what is tested
    /// is what is returned, not what the agent's own workspace happens to hold.
    async fn accept(
        &mut self,
        sandbox: &Sandbox,
        start: &Start,
        tools: &Tools,
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
        let ways = self.network.acceptance(tools)?;
        let place = (tree.as_path(), &ways);
        self.evidence.acceptance =
            commands::run(sandbox, self.options, limits, how, place, commands).await?;
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
