//! The conversation: initialize, one session, and prompts until the agent ends its turn.

use std::sync::{Arc, Mutex, PoisonError};

use agent_client_protocol::schema::ProtocolVersion;
use agent_client_protocol::v1::ConnectionTo;
use agent_client_protocol::v1::schema::{
    ContentBlock, Implementation, InitializeRequest, LoadSessionRequest, McpServer, McpServerStdio,
    NewSessionRequest, PromptRequest, RequestPermissionRequest, SessionId, SessionNotification,
    StopReason, TextContent,
};
use agent_client_protocol::{Agent, Client, Error, Lines, is_incoming_transport_closed};

use super::lines::Taps;
use super::seen::Seen;
use super::{Told, Watched};
use crate::protocol::progress::Phase;
use crate::runner::failure::Failure;
use crate::sandbox::{WORKSPACE, clean_line};

/// What an agent that stopped at one of its own limits is told, while it has turns left.
const GO_ON: &str = "Go on with the task where you stopped.";

/// What an agent that ended its turn at a refused permission is told, while it has turns left.
const GO_ON_WITHOUT: &str = "That was not permitted. Go on with the task without it.";

/// Why a conversation ended before the agent's turn did.
pub(super) enum Broken {
    /// It said something that ends the attempt.
    Failed(Failure),
    /// No answer came in time.
    Silent {
        /// To what.
        method: &'static str,
    },
    /// Its output closed.
    Ended {
        /// Before it answered this.
        method: &'static str,
    },
    /// The attempt's time is over.
    TimeIsOver,
}

/// Talks with the agent behind `taps` until it ends its turn.
pub(super) async fn talk(taps: Taps, told: &Told<'_>, seen: Watched) -> Result<(), Broken> {
    let fault = taps.faults.happened.clone();
    let (out, lines, _reading_errors) = taps.split();
    let (updates, asked, noted) = (seen.clone(), seen.clone(), seen);
    // The closure's own errors are kept beside, because the connection has only its own kind.
    let broken = Arc::new(Mutex::new(None));
    let keep = broken.clone();
    let connection = Client
        .v1()
        .name("castellan")
        .on_receive_notification(
            async move |update: SessionNotification, _| {
                lock(&updates).update(update.update);
                Ok(())
            },
            agent_client_protocol::on_receive_notification!(),
        )
        .on_receive_request(
            async move |request: RequestPermissionRequest, responder, _| {
                let answer = lock(&asked).permission(&request);
                responder.respond(answer)
            },
            agent_client_protocol::on_receive_request!(),
        )
        .connect_with(
            Lines::new(out, lines),
            async |agent: ConnectionTo<Agent>| {
                if let Err(why) = prompt(&agent, told, &noted).await {
                    *lock(&keep) = Some(why);
                }
                Ok(())
            },
        );
    tokio::select! {
        ended = connection => match (ended, lock(&broken).take()) {
            (_, Some(why)) => Err(why),
            (Ok(()), None) => Ok(()),
            (Err(error), None) => Err(said("the conversation", &error)),
        },
        () = fault.cancelled() => Err(Broken::TimeIsOver),
    }
}

async fn prompt(
    agent: &ConnectionTo<Agent>,
    told: &Told<'_>,
    seen: &Mutex<Seen>,
) -> Result<(), Broken> {
    let brief = told.brief;
    let session = tokio::time::timeout(told.pace.agent_start, begin(agent, told, seen));
    let session = match session.await {
        Ok(session) => session?,
        Err(_) if lock(seen).agent.is_some() => {
            return Err(Broken::Silent {
                method: "session/new",
            });
        }
        Err(_) => {
            return Err(Broken::Silent {
                method: "initialize",
            });
        }
    };
    let mut text = brief.prompt.as_str();
    for _ in 0..brief.limits.turns.max(1) {
        lock(seen).turn();
        let content = vec![ContentBlock::Text(TextContent::new(text))];
        let answer = agent
            .send_request(PromptRequest::new(session.clone(), content))
            .block_task()
            .await
            .map_err(|error| ended_or_said("session/prompt", &error))?;
        lock(seen).stopped(answer.stop_reason);
        match answer.stop_reason {
            StopReason::EndTurn => return Ok(()),
            StopReason::MaxTokens | StopReason::MaxTurnRequests => text = GO_ON,
            // Some agents end their turn where a permission is refused.
            StopReason::Cancelled if lock(seen).was_refused() => text = GO_ON_WITHOUT,
            StopReason::Refusal => {
                return Err(failed(
                    "the agent refused the task",
                    "read its last message, and say the objective differently",
                ));
            }
            StopReason::Cancelled => {
                return Err(failed(
                    "the agent cancelled its own turn",
                    "start the task again",
                ));
            }
            _ => {
                return Err(failed(
                    "the agent ended its turn for a reason that is not known here",
                    "use an agent of ACP version 1",
                ));
            }
        }
    }
    Err(failed(
        format!("the agent used up its {} turns", brief.limits.turns),
        "give it more turns (the budget's turns), or split the task",
    ))
}

async fn begin(
    agent: &ConnectionTo<Agent>,
    told: &Told<'_>,
    seen: &Mutex<Seen>,
) -> Result<SessionId, Broken> {
    let us = Implementation::new("castellan", env!("CARGO_PKG_VERSION"));
    let hello = agent
        .send_request(InitializeRequest::new(ProtocolVersion::V1).client_info(us))
        .block_task()
        .await
        .map_err(|error| ended_or_said("initialize", &error))?;
    lock(seen).introduced(hello.agent_info.as_ref());
    if hello.protocol_version != ProtocolVersion::V1 {
        return Err(failed(
            format!(
                "the agent speaks version {:?} of ACP",
                hello.protocol_version
            ),
            "use an agent of ACP version 1",
        ));
    }
    let earlier = lock(seen).earlier(hello.agent_capabilities.load_session);
    if let Some(earlier) = earlier
        && load(agent, &earlier, told, seen).await
    {
        return Ok(earlier);
    }
    let session = agent
        .send_request(NewSessionRequest::new(WORKSPACE).mcp_servers(servers(told)))
        .block_task()
        .await
        .map_err(|error| ended_or_said("session/new", &error))?;
    lock(seen).opened(Some(&session.session_id), None);
    Ok(session.session_id)
}

/// The servers of tools, as the protocol has them.
fn servers(told: &Told<'_>) -> Vec<McpServer> {
    let servers = told.servers.iter().map(|server| {
        let stdio = McpServerStdio::new(server.name.clone(), server.command.clone());
        McpServer::Stdio(stdio.args(server.arguments.clone()))
    });
    servers.collect()
}

/// Whether the agent took up the session of an earlier attempt. If not, it begins a new one, and
/// has the record of the earlier attempts in its prompt.
async fn load(
    agent: &ConnectionTo<Agent>,
    earlier: &SessionId,
    told: &Told<'_>,
    seen: &Mutex<Seen>,
) -> bool {
    let request = LoadSessionRequest::new(earlier.clone(), WORKSPACE).mcp_servers(servers(told));
    let answer = agent.send_request(request).block_task();
    let why = match tokio::time::timeout(told.pace.agent_start / 2, answer).await {
        Ok(Ok(_)) => {
            lock(seen).opened(Some(earlier), Some("resumed"));
            return true;
        }
        Ok(Err(error)) => error.to_string(),
        Err(_) => "no answer in time".to_owned(),
    };
    lock(seen).opened(None, Some(&format!("not resumed: {why}")));
    false
}

fn ended_or_said(method: &'static str, error: &Error) -> Broken {
    if is_incoming_transport_closed(error) {
        Broken::Ended { method }
    } else {
        said(method, error)
    }
}

fn said(method: &str, error: &Error) -> Broken {
    let error = clean_line(&error.to_string(), 300);
    failed(
        format!("the agent answered {method} with an error: {error}"),
        "see that the agent can reach its model, and read the transcript",
    )
}

fn failed(cause: impl AsRef<str>, remedy: &str) -> Broken {
    Broken::Failed(Failure::new(Phase::Agent, cause, remedy))
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
