//! The agent: a sandboxed program that is prompted over the Agent Client Protocol.
//!
//! It is offered no files and no terminal of ours, since it has its own in the sandbox. However
//! it ends, by itself, by a crash, a limit or noise, its whole process tree ends with it.

mod install;
mod lines;
mod presets;
mod seen;
mod session;
mod transcript;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::failure::Failure;
use super::heartbeat::Voice;
use super::home::Left;
use super::measure::limits;
use super::model::base_url;
use super::tools::Tools;
use super::ways::Ways;
use super::{Pace, WorkOptions};
use crate::protocol::brief::{Brief, Limits, Preset};
use crate::protocol::progress::Phase;
use crate::sandbox::{Bind, Limit, Running, Sandbox, Spec};

use lines::{Fault, Taps};
pub(super) use seen::Seen;
use session::Broken;
pub(super) use transcript::Transcript;

/// Time for an agent whose standard output has closed to end by itself.
const LAST_BREATH: Duration = Duration::from_secs(2);

/// An agent that is installed.
#[derive(Clone, Debug)]
pub(super) struct Installed {
    preset: Preset,
    /// Its folder `node_modules`.
    packages: PathBuf,
}

/// Installs the brief's agent, where it is one that we know.
pub(super) async fn install(
    options: &WorkOptions,
    brief: &Brief,
) -> Result<Option<Installed>, Failure> {
    let Some(preset) = brief.agent.preset else {
        return Ok(None);
    };
    let packages = install::install(options, preset).await?;
    Ok(Some(Installed { preset, packages }))
}

/// What is to be started, and with which ways out.
pub(super) fn spec(
    options: &WorkOptions,
    brief: &Brief,
    (tools, installed, ways): (&Tools, Option<&Installed>, &Ways),
    workspace: &Path,
) -> Result<Spec, Failure> {
    let mut spec = match installed {
        Some(installed) => of_preset(brief, tools, installed, workspace)?,
        None => of_command(options, brief, tools, workspace)?,
    };
    spec.environment.extend(brief.agent.environment.clone());
    spec.limits = limits(&brief.limits);
    spec.read_only.extend(tools.binds(options));
    ways.open(&mut spec);
    Ok(spec)
}

fn of_command(
    options: &WorkOptions,
    brief: &Brief,
    tools: &Tools,
    workspace: &Path,
) -> Result<Spec, Failure> {
    let mut words = brief.agent.command.iter();
    let name = words.next().ok_or_else(|| {
        let remedy =
            "name a command that speaks the Agent Client Protocol in the server's settings";
        Failure::new(Phase::Agent, "the brief names no agent", remedy)
    })?;
    let mut command = vec![tools.program(options, name)?];
    command.extend(words.map(Into::into));
    Ok(Spec::new(workspace.to_owned(), command))
}

fn of_preset(
    brief: &Brief,
    tools: &Tools,
    installed: &Installed,
    workspace: &Path,
) -> Result<Spec, Failure> {
    let preset = installed.preset;
    let model = brief.model.as_deref().ok_or_else(|| {
        let cause = format!("the brief names no model for {}", preset.as_str());
        Failure::new(Phase::Agent, cause, "name one in the server's settings")
    })?;
    let setup = (presets::recipe(preset).configure)(&base_url(preset.wire()), model);
    let mut spec = Spec::new(workspace.to_owned(), setup.command);
    spec.environment = setup.environment;
    spec.read_only.push(Bind {
        outside: installed.packages.clone(),
        inside: presets::PACKAGES_INSIDE.into(),
    });
    for (path, content) in setup.files {
        spec.read_only.push(tools.settings(path.into(), &content)?);
    }
    Ok(spec)
}

/// What is seen of an agent, while it works.
pub(super) type Watched = Arc<Mutex<Seen>>;

/// What is to be seen of the agent of `brief`, which is given these servers of tools and may find
/// the session of an earlier attempt in its home.
pub(super) fn watch(
    brief: &Brief,
    servers: Vec<String>,
    earlier: Option<Left>,
    voice: &Voice,
) -> Watched {
    let seen = Seen::new(brief.allow.clone(), servers, voice.clone());
    Arc::new(Mutex::new(seen.with_earlier(earlier)))
}

/// A server of tools as an agent has to start it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct StdioServer {
    pub(super) name: String,
    pub(super) command: PathBuf,
    pub(super) arguments: Vec<String>,
}

/// What an agent is told, and how patiently.
pub(super) struct Told<'a> {
    pub(super) brief: &'a Brief,
    pub(super) pace: Pace,
    /// Servers of tools that it has to start.
    pub(super) servers: &'a [StdioServer],
}

/// Prompts the agent until it ends its turn, and returns what was seen however it went.
pub(super) async fn run(
    sandbox: &Sandbox,
    spec: &Spec,
    told: &Told<'_>,
    seen: &Watched,
) -> (Seen, Result<(), Failure>) {
    let result = match sandbox.spawn(spec) {
        Ok(mut running) => {
            let result = converse(&mut running, spec, told, seen).await;
            // Not every agent ends when its input closes, so it is ended.
            match (running.kill().await, result) {
                (Err(error), Ok(())) => Err(Failure::of_machine(
                    Phase::Agent,
                    "ending the agent",
                    &error,
                )),
                (_, result) => result,
            }
        }
        Err(error) => Err(Failure::of_machine(
            Phase::Agent,
            "starting the agent",
            &error,
        )),
    };
    let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
    (seen.take(), result)
}

async fn converse(
    running: &mut Running,
    spec: &Spec,
    told: &Told<'_>,
    seen: &Watched,
) -> Result<(), Failure> {
    let (brief, pace) = (told.brief, told.pace);
    let Some(taps) = Taps::open(running, spec.limits.output_mib * 1024 * 1024) else {
        let cause = "the agent was started without its pipes";
        return Err(Failure::new(Phase::Agent, cause, "report this as a defect"));
    };
    let (faults, errors) = (taps.faults.clone(), taps.errors.clone());
    let at_most = Duration::from_secs(u64::from(brief.limits.agent_s));
    let talk = session::talk(taps, told, seen.clone());
    let broken = match tokio::time::timeout(at_most, talk).await {
        Ok(Ok(())) => return Ok(()),
        Ok(Err(broken)) => broken,
        Err(_) => Broken::TimeIsOver,
    };
    if let Some(limit) = running.ended_by() {
        return Err(of_limit(limit, &brief.limits));
    }
    // A fault of the pipes explains what the conversation saw of it.
    if let Some(fault) = faults.get() {
        return Err(of_fault(fault, &brief.limits));
    }
    Err(match broken {
        Broken::Failed(failure) => failure,
        Broken::TimeIsOver => Failure::new(
            Phase::Agent,
            format!(
                "the agent did not end its turn within {} s",
                brief.limits.agent_s
            ),
            "give it more time (the budget's minutes), or split the task",
        ),
        Broken::Silent { method } => Failure::new(
            Phase::Agent,
            format!(
                "the agent did not answer {method} within {} s{}",
                pace.agent_start.as_secs(),
                errors.quoted()
            ),
            "see that the command speaks the Agent Client Protocol over standard input and output",
        ),
        Broken::Ended { method } => ended(running, method, &errors).await,
    })
}

async fn ended(running: &mut Running, method: &str, errors: &lines::Errors) -> Failure {
    let how = match tokio::time::timeout(LAST_BREATH, running.wait()).await {
        Ok(Ok(status)) => match status.code() {
            Some(code) => format!("ended with exit code {code}"),
            None => format!("ended ({status})"),
        },
        Ok(Err(_)) | Err(_) => "closed its standard output".to_owned(),
    };
    let remedy = if method == "initialize" {
        "read its last words and try its command by hand; an agent of more than one file needs \
         its folder named with --read-only (CASTELLAN_READ_ONLY)"
    } else {
        "read its last words, try its command by hand, then start the task again"
    };
    Failure::new(
        Phase::Agent,
        format!(
            "the agent {how} before it answered {method}{}",
            errors.quoted()
        ),
        remedy,
    )
}

fn of_limit(limit: Limit, limits: &Limits) -> Failure {
    let (cause, remedy) = match limit {
        Limit::Memory => (
            format!(
                "the agent and what it started used more than {} MiB of memory together",
                limits.memory_total_mib
            ),
            "have it run fewer or smaller programs at once, or run it where the limit is higher",
        ),
        Limit::Disk => (
            format!(
                "the agent and what it started added more than {} MiB to the disk",
                limits.disk_mib
            ),
            "have it leave less behind, or run it where the limit is higher",
        ),
        // Those three are ours to notice, not the sandbox's.
        Limit::Time | Limit::Output | Limit::FileSize => (
            format!("the agent was ended by its limit on {limit:?}"),
            "split the task",
        ),
    };
    Failure::new(Phase::Agent, cause, remedy)
}

fn of_fault(fault: &Fault, limits: &Limits) -> Failure {
    match fault {
        Fault::Flood => Failure::new(
            Phase::Agent,
            format!(
                "the agent wrote more than {} MiB and was ended",
                limits.output_mib
            ),
            "make the agent less talkative, or raise the limit on output",
        ),
        Fault::Long => Failure::new(
            Phase::Agent,
            "the agent wrote a message longer than any may be, and was ended",
            "ask for smaller files, or for changes that are made piece by piece",
        ),
        Fault::Garbage { example } => Failure::new(
            Phase::Agent,
            format!("the agent's standard output is not the Agent Client Protocol: {example}"),
            "see that the command starts the agent in its ACP mode, and logs to standard error",
        ),
    }
}
