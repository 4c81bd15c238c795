//! An agent without a mind: it speaks the Agent Client Protocol over standard input and output
//! and does what its script says, word for word.
//!
//! For the demo and the tests, which need a real agent in the real sandbox but no model. The
//! runner knows nothing of it. `--script` takes JSON, or a file that holds it: a list of steps
//! (see `Step`), or `{"attempts": [[…], […]]}`, of which the line `Attempt: N` of the prompt
//! chooses the N-th list, or the last.

use std::collections::VecDeque;
use std::error::Error;
use std::io::{self, BufRead, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use agent_client_protocol::v1::ConnectionTo;
use agent_client_protocol::v1::schema::{
    AgentCapabilities, ContentBlock, ContentChunk, Implementation, InitializeRequest,
    InitializeResponse, LoadSessionRequest, LoadSessionResponse, McpServer, NewSessionRequest,
    NewSessionResponse, PermissionOption, PermissionOptionKind, PromptRequest, PromptResponse,
    RequestPermissionOutcome, RequestPermissionRequest, SessionId, SessionNotification,
    SessionUpdate, StopReason, TextContent, ToolCall, ToolCallStatus, ToolCallUpdate,
    ToolCallUpdateFields, ToolKind,
};
use agent_client_protocol::{Agent, Client, Lines};
use futures::{Sink, Stream};

#[path = "castellan-scripted-agent/deeds.rs"]
mod deeds;
#[path = "castellan-scripted-agent/memory.rs"]
mod memory;
#[path = "castellan-scripted-agent/script.rs"]
mod script;
#[path = "castellan-scripted-agent/tools.rs"]
mod tools;

use deeds::{fetch, noise, run, write};
use memory::Memory;
use script::{Script, Step};

/// The one session that this agent has.
struct Session {
    script: Script,
    folder: Mutex<PathBuf>,
    servers: Mutex<Vec<McpServer>>,
    /// What is left to do; `None` until the first prompt.
    steps: Mutex<Option<VecDeque<Step>>>,
    memory: Memory,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let session = Arc::new(Session {
        script: Script::from_arguments()?,
        folder: Mutex::default(),
        servers: Mutex::default(),
        steps: Mutex::default(),
        memory: Memory::of_home(),
    });
    let opened = session.clone();
    let loaded = session.clone();
    let pipes = Lines::new(out(), lines());
    Agent
        .v1()
        .name("castellan-scripted-agent")
        .on_receive_request(
            async move |hello: InitializeRequest, responder, _| {
                let name =
                    Implementation::new("castellan-scripted-agent", env!("CARGO_PKG_VERSION"))
                        .title("Castellan scripted agent".to_owned());
                let can = AgentCapabilities::new().load_session(true);
                let hello = InitializeResponse::new(hello.protocol_version);
                responder.respond(hello.agent_info(name).agent_capabilities(can))
            },
            agent_client_protocol::on_receive_request!(),
        )
        .on_receive_request(
            async move |new: NewSessionRequest, responder, _| {
                *opened.folder.lock().unwrap_or_else(PoisonError::into_inner) = new.cwd;
                *opened
                    .servers
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner) = new.mcp_servers;
                responder.respond(NewSessionResponse::new(opened.memory.begin()))
            },
            agent_client_protocol::on_receive_request!(),
        )
        .on_receive_request(
            async move |load: LoadSessionRequest, responder, client: ConnectionTo<Client>| {
                *loaded
                    .servers
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner) = load.mcp_servers;
                *loaded.folder.lock().unwrap_or_else(PoisonError::into_inner) = load.cwd;
                let Some(said) = loaded.memory.load(&load.session_id.to_string()) else {
                    let unknown = agent_client_protocol::Error::invalid_params();
                    return responder.respond_with_error(unknown.data("no such session"));
                };
                // As agents do: what was said before is told again.
                let chunk = ContentChunk::new(ContentBlock::Text(TextContent::new(said)));
                let update = SessionUpdate::AgentMessageChunk(chunk);
                client.send_notification(SessionNotification::new(load.session_id, update))?;
                responder.respond(LoadSessionResponse::new())
            },
            agent_client_protocol::on_receive_request!(),
        )
        .on_receive_request(
            async move |prompt: PromptRequest, responder, client: ConnectionTo<Client>| {
                let turn = Turn::new(&session, &client, &prompt);
                // Beside the loop that reads messages: a turn waits for answers itself.
                client.spawn(async move {
                    let reason = turn.take().await?;
                    responder.respond(PromptResponse::new(reason))
                })
            },
            agent_client_protocol::on_receive_request!(),
        )
        .connect_to(pipes)
        .await?;
    Ok(())
}

/// Standard output, a message a line.
fn out() -> impl Sink<String, Error = io::Error> + Send + 'static {
    futures::sink::unfold((), |(), line: String| async move {
        let mut out = io::stdout().lock();
        writeln!(out, "{line}")?;
        out.flush()
    })
}

/// Standard input, a message a line, read by a thread since reading it blocks.
fn lines() -> impl Stream<Item = io::Result<String>> + Send + 'static {
    let (tell, lines) = futures::channel::mpsc::unbounded();
    std::thread::spawn(move || {
        for line in io::stdin().lock().lines() {
            if tell.unbounded_send(line).is_err() {
                return;
            }
        }
    });
    lines
}

/// From one prompt to the end of its turn.
struct Turn {
    session: Arc<Session>,
    client: ConnectionTo<Client>,
    id: SessionId,
    prompt: String,
    folder: PathBuf,
}

/// Whether the turn goes on behind a step.
enum Next {
    Step,
    End(StopReason),
}

type Answer<T> = Result<T, agent_client_protocol::Error>;

impl Turn {
    fn new(session: &Arc<Session>, client: &ConnectionTo<Client>, prompt: &PromptRequest) -> Self {
        let texts = prompt.prompt.iter().filter_map(|block| match block {
            ContentBlock::Text(text) => Some(text.text.as_str()),
            _ => None,
        });
        Self {
            session: session.clone(),
            client: client.clone(),
            id: prompt.session_id.clone(),
            prompt: texts.collect::<Vec<_>>().join("\n"),
            folder: session
                .folder
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .clone(),
        }
    }

    async fn take(self) -> Answer<StopReason> {
        while let Some(step) = self.next_step() {
            match self.perform(step).await? {
                Next::Step => {}
                Next::End(reason) => return Ok(reason),
            }
        }
        Ok(StopReason::EndTurn)
    }

    fn next_step(&self) -> Option<Step> {
        let mut steps = self
            .session
            .steps
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        steps
            .get_or_insert_with(|| self.session.script.steps(&self.prompt))
            .pop_front()
    }

    async fn perform(&self, step: Step) -> Answer<Next> {
        match step {
            Step::Say(text) => self.say(&text)?,
            Step::Remember(text) => self.session.memory.remember(&text),
            Step::Recall(true) => self.say(&self.session.memory.recall())?,
            Step::Ask { kind, title } => return self.ask(kind, &title).await,
            Step::Replace { path, find, with } => {
                let title = format!("Edit {}", path.display());
                return self.tool(ToolKind::Edit, &title, || self.replace(&path, &find, &with));
            }
            Step::Write {
                path,
                content,
                mode,
            } => {
                let title = format!("Write {}", path.display());
                let write = || write(&self.folder.join(&path), &content, mode.as_deref());
                return self.tool(ToolKind::Edit, &title, write);
            }
            Step::Delete(path) => {
                let title = format!("Delete {}", path.display());
                let delete =
                    || Ok(std::fs::remove_file(self.folder.join(&path)).map(|()| String::new())?);
                return self.tool(ToolKind::Delete, &title, delete);
            }
            Step::Symlink { path, target } => {
                let title = format!("Link {}", path.display());
                let link = || {
                    std::os::unix::fs::symlink(&target, self.folder.join(&path))?;
                    Ok(String::new())
                };
                return self.tool(ToolKind::Edit, &title, link);
            }
            Step::Run(words) => {
                let title = words.join(" ");
                return self.tool(ToolKind::Execute, &title, || run(&self.folder, &words));
            }
            Step::Fetch(url) => return self.tool(ToolKind::Fetch, &url, || fetch(&url)),
            Step::Tool(call) => {
                let servers = self.session.servers.lock();
                let servers = servers.unwrap_or_else(PoisonError::into_inner).clone();
                let said = tools::call(&servers, &call).await;
                self.say(&said.unwrap_or_else(|error| format!("no tool: {error}")))?;
            }
            Step::Stop(reason) => return Ok(Next::End(reason)),
            Step::Crash(code) => {
                // What was said before is on its way through other tasks of this thread.
                for _ in 0..100 {
                    tokio::task::yield_now().await;
                }
                std::process::exit(code)
            }
            Step::Hang(true) => std::future::pending().await,
            Step::Recall(false) | Step::Hang(false) | Step::Garbage(false) => {}
            Step::Flood(bytes) => noise(bytes, &[b'x'; 64 * 1024]),
            Step::Garbage(true) => noise(4000, b"Segmentation fault? No, only noise.\n"),
        }
        Ok(Next::Step)
    }

    fn say(&self, text: &str) -> Answer<()> {
        let chunk = ContentChunk::new(ContentBlock::Text(TextContent::new(text)));
        self.update(SessionUpdate::AgentMessageChunk(chunk))
    }

    fn update(&self, update: SessionUpdate) -> Answer<()> {
        self.client
            .send_notification(SessionNotification::new(self.id.clone(), update))
    }

    async fn ask(&self, kind: ToolKind, title: &str) -> Answer<Next> {
        let fields = ToolCallUpdateFields::new()
            .kind(kind)
            .title(title.to_owned());
        let call = ToolCallUpdate::new(format!("ask: {title}"), fields);
        // Ids that say nothing, so that whoever chooses by them chooses wrongly.
        let options = vec![
            PermissionOption::new("1", "Never", PermissionOptionKind::RejectOnce),
            PermissionOption::new("2", "Always", PermissionOptionKind::AllowAlways),
            PermissionOption::new("3", "Once", PermissionOptionKind::AllowOnce),
        ];
        let request = RequestPermissionRequest::new(self.id.clone(), call, options);
        let answer = self.client.send_request(request).block_task().await?;
        let chosen = match &answer.outcome {
            RequestPermissionOutcome::Selected(selected) => selected.option_id.to_string(),
            _ => String::new(),
        };
        if chosen == "3" || chosen == "2" {
            return Ok(Next::Step);
        }
        self.say(&format!("I was not permitted to: {title}"))?;
        Ok(Next::End(StopReason::EndTurn))
    }

    /// Does something as a tool call; what fails ends the turn.
    fn tool(
        &self,
        kind: ToolKind,
        title: &str,
        call: impl FnOnce() -> Result<String, Box<dyn Error>>,
    ) -> Answer<Next> {
        let id = format!("tool: {title}");
        let begun = ToolCall::new(id.clone(), title)
            .kind(kind)
            .status(ToolCallStatus::InProgress);
        self.update(SessionUpdate::ToolCall(begun))?;
        let (status, said) = match call() {
            Ok(said) => (ToolCallStatus::Completed, said),
            Err(error) => (ToolCallStatus::Failed, format!("{title} failed: {error}")),
        };
        let fields = ToolCallUpdateFields::new().status(status);
        self.update(SessionUpdate::ToolCallUpdate(ToolCallUpdate::new(
            id, fields,
        )))?;
        if !said.is_empty() {
            self.say(&said)?;
        }
        Ok(match status {
            ToolCallStatus::Failed => Next::End(StopReason::EndTurn),
            _ => Next::Step,
        })
    }

    fn replace(&self, path: &Path, find: &str, with: &str) -> Result<String, Box<dyn Error>> {
        let path = self.folder.join(path);
        let text = std::fs::read_to_string(&path)?;
        if !text.contains(find) {
            return Err("the text to replace does not stand there".into());
        }
        std::fs::write(path, text.replacen(find, with, 1))?;
        Ok(String::new())
    }
}
