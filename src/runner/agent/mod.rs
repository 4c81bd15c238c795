//! The agent: a sandboxed program that is prompted over the Agent Client Protocol.
//!
//! It is offered no files and no terminal of ours, since it has its own in the sandbox. However
//! it ends, by itself, by a crash, a limit or noise, its whole process tree ends with it.

mod lines;
mod seen;
mod session;
mod transcript;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use url::{Host, Url};

use super::failure::Failure;
use super::measure::limits;
use super::tools::Tools;
use super::{Pace, WorkOptions};
use crate::protocol::brief::{Brief, Limits};
use crate::protocol::progress::Phase;
use crate::sandbox::{Door, Doors, Running, Sandbox, Spec};

use lines::{Fault, Taps};
pub(super) use seen::Seen;
use session::Broken;
pub(super) use transcript::Transcript;

/// Time for an agent whose standard output has closed to end by itself.
const LAST_BREATH: Duration = Duration::from_secs(2);

/// What is to be started, and with which way out.
pub(super) fn spec(
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
    let mut spec = Spec::new(workspace.to_owned(), command);
    spec.doors = match &brief.agent.model_url {
        Some(url) => Some(doors(options, tools, url)?),
        None => None,
    };
    spec.environment = brief.agent.environment.clone();
    spec.limits = limits(&brief.limits);
    spec.read_only = tools.binds(options);
    Ok(spec)
}

fn doors(options: &WorkOptions, tools: &Tools, model_url: &str) -> Result<Doors, Failure> {
    let url = Url::parse(model_url)
        .ok()
        .filter(|url| url.scheme() == "http");
    let address = url.as_ref().and_then(|url| {
        let host = match url.host()? {
            Host::Domain(name) => name.to_owned(),
            Host::Ipv4(address) => address.to_string(),
            Host::Ipv6(address) => address.to_string(),
        };
        Some((host, url.port_or_known_default()?))
    });
    let (host, port) = address.ok_or_else(|| {
        let cause = format!("{model_url} is not an address that can be relayed");
        Failure::new(
            Phase::Agent,
            cause,
            "give an address such as http://127.0.0.1:8080/v1",
        )
    })?;
    let program = options.relay_program.as_deref().ok_or_else(|| {
        let remedy = "start the work with `castellan work`";
        Failure::new(Phase::Agent, "this runner knows no relay program", remedy)
    })?;
    Ok(Doors {
        program: tools.copy(program)?,
        doors: vec![Door::to(host, port)],
    })
}

/// Prompts the agent until it ends its turn, and returns what was seen however it went.
pub(super) async fn run(
    sandbox: &Sandbox,
    spec: &Spec,
    pace: Pace,
    brief: &Brief,
    seen: Seen,
) -> (Seen, Result<(), Failure>) {
    let seen = Arc::new(Mutex::new(seen));
    let result = match sandbox.spawn(spec) {
        Ok(mut running) => {
            let result = converse(&mut running, spec, pace, brief, &seen).await;
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
    pace: Pace,
    brief: &Brief,
    seen: &Arc<Mutex<Seen>>,
) -> Result<(), Failure> {
    let Some(taps) = Taps::open(running, spec.limits.output_mib * 1024 * 1024) else {
        let cause = "the agent was started without its pipes";
        return Err(Failure::new(Phase::Agent, cause, "report this as a defect"));
    };
    let (faults, errors) = (taps.faults.clone(), taps.errors.clone());
    let at_most = Duration::from_secs(u64::from(brief.limits.agent_s));
    let talk = session::talk(taps, pace.agent_start, brief, seen.clone());
    let broken = match tokio::time::timeout(at_most, talk).await {
        Ok(Ok(())) => return Ok(()),
        Ok(Err(broken)) => broken,
        Err(_) => Broken::TimeIsOver,
    };
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
