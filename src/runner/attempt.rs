//! One attempt, step by step, up to what is returned. Whoever wants to know what a runner does
//! begins here.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::WorkOptions;
use super::checkout::Start;
use super::client::Client;
use super::commands::{self, Then};
use super::failure::Failure;
use super::heartbeat::Voice;
use super::home::Home;
use super::machine;
use super::mcp::{self, Bridge, Ground, Toolbox};
use super::measure::millis;
use super::tools::Tools;
use super::ways::Network;
use super::{acceptance, agent, collect, instructions};
use crate::domain::change::Change;
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
        client,
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
    client: &'a Client,
    brief: &'a Brief,
    voice: &'a Voice,
    network: Network<'a>,
    /// What the agent had changed when it failed.
    partial: Option<Change>,
    evidence: RunEvidence,
    transcript: agent::Transcript,
}

/// What the agent works with, made before it starts.
struct Prepared {
    tools: Tools,
    installed: Option<agent::Installed>,
    bridges: Vec<Bridge>,
}

impl Attempt<'_> {
    async fn steps(&mut self) -> Result<Change, Failure> {
        self.voice.phase(Phase::Sandbox);
        let sandbox = machine::sandbox(self.options).await?;

        self.voice.phase(Phase::Checkout);
        let clock = Instant::now();
        let start = Start::fetch(self.options, &sandbox, &self.brief.checkout).await?;
        let workspace = start.lay(&sandbox, &start.laid, "workspace").await?;
        self.evidence.instructions = instructions::evidence(&start.pristine, &start.laid).await?;
        let tools = Tools::open(start.path("tools"))?;
        self.evidence.timing.checkout_ms = millis(clock.elapsed());

        self.voice.phase(Phase::Setup);
        let clock = Instant::now();
        let installed = agent::install(self.options, self.brief).await?;
        let prepared = self.set_up(&sandbox, &start, &tools, &workspace).await;
        self.evidence.timing.setup_ms = millis(clock.elapsed());
        let ground = Ground {
            sandbox,
            start: Arc::new(start),
            options: self.options.clone(),
            client: self.client.clone(),
            brief: self.brief.clone(),
            workspace,
            prepared: prepared?,
            ways: self.network.acceptance(&tools)?,
        };
        let prepared = Prepared {
            tools,
            installed,
            bridges: mcp::reach(self.options, &self.brief.servers).await?,
        };

        self.voice.phase(Phase::Agent);
        let clock = Instant::now();
        let ended = self.agent(&ground, prepared).await;
        self.evidence.timing.agent_ms = millis(clock.elapsed());
        let change = self.gather(&ground, ended).await?;

        if !change.files.is_empty() && !self.brief.contract.acceptance.is_empty() {
            self.voice.phase(Phase::Acceptance);
            let clock = Instant::now();
            let accepted = self.accept(&ground, &change).await;
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
    ) -> Result<Option<PathBuf>, Failure> {
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

    /// The agent with its home and its tools, from its start to its end.
    async fn agent(&mut self, ground: &Ground, prepared: Prepared) -> Result<(), Failure> {
        let (sandbox, start) = (&ground.sandbox, &ground.start);
        let home = Home::open(self.client, sandbox, start, self.brief).await?;
        // Without the program that speaks with doors inside there are no tools.
        let has_tools = self.options.relay_program.is_some();
        let names = match has_tools {
            true => mcp::names(&prepared.bridges),
            false => Vec::new(),
        };
        let seen = agent::watch(self.brief, names, home.before.clone(), self.voice);
        let toolbox = Toolbox::open(ground.clone(), prepared.bridges, &seen, self.voice);
        let mut ways = self.network.agent(&prepared.tools)?;
        if has_tools {
            ways.doors.extend(toolbox.doors());
        }
        let what = (&prepared.tools, prepared.installed.as_ref(), &ways);
        let mut spec = agent::spec(self.options, self.brief, what, &ground.workspace)?;
        spec.home = Some(home.path.clone());
        self.evidence
            .open_hosts
            .clone_from(&self.brief.network.agent);
        let told = agent::Told {
            brief: self.brief,
            pace: self.options.pace,
            servers: match has_tools {
                true => toolbox.servers(),
                false => &[],
            },
        };
        let (seen, ended) = agent::run(sandbox, &spec, &told, &seen).await;
        let handed = toolbox.close().await;
        if let Some(left) = &seen.left {
            home.keep(self.client, sandbox, start, self.brief, left)
                .await;
        }
        self.evidence.agent = seen.agent;
        self.evidence.stop_reason = seen.stop_reason;
        self.evidence.turns = seen.turns;
        self.evidence.permissions = seen.permissions;
        self.evidence.words = seen.words;
        self.evidence.report = handed.report;
        self.evidence.questions = handed.questions;
        self.evidence.answers = handed.answers;
        self.transcript = seen.transcript;
        ended
    }

    /// What the agent changed; where it failed, that is kept as evidence beside the failure.
    async fn gather(
        &mut self,
        ground: &Ground,
        ended: Result<(), Failure>,
    ) -> Result<Change, Failure> {
        let (model, heard) = (self.brief.model.as_deref(), &self.network.heard);
        let prepared = ground.prepared.as_deref();
        let collecting = collect::collect(&ground.start, &ground.workspace, prepared);
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

    /// Runs the acceptance commands on a fresh tree with just the change on it.
    async fn accept(&mut self, ground: &Ground, change: &Change) -> Result<(), Failure> {
        let (sandbox, start) = (&ground.sandbox, &ground.start);
        let tree = match &ground.prepared {
            Some(prepared) => {
                start.put_back_instructions(prepared).await?;
                prepared.clone()
            }
            None => start.lay(sandbox, &start.files, "acceptance").await?,
        };
        let (options, ways) = (self.options, &ground.ways);
        self.evidence.acceptance =
            acceptance::accept(sandbox, options, self.brief, ways, &tree, change).await?;
        Ok(())
    }
}
