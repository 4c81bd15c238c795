//! An agent without a mind: it speaks the Agent Client Protocol over standard input and output
//! and does what its script says, word for word.
//!
//! For the demo and the tests, which need a real agent in the real sandbox but no model. The
//! runner knows nothing of it. `--script` takes JSON, or a file that holds it: a list of steps
//! (see `Step`), or `{"attempts": [[…], […]]}`, of which the line `Attempt: N` of the prompt
//! chooses the N-th list, or the last.

use std::collections::VecDeque;
use std::error::Error;
use std::io::{self, BufRead, Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use agent_client_protocol::v1::ConnectionTo;
use agent_client_protocol::v1::schema::{
    ContentBlock, ContentChunk, Implementation, InitializeRequest, InitializeResponse,
    NewSessionRequest, NewSessionResponse, PermissionOption, PermissionOptionKind, PromptRequest,
    PromptResponse, RequestPermissionOutcome, RequestPermissionRequest, SessionId,
    SessionNotification, SessionUpdate, StopReason, TextContent, ToolCall, ToolCallStatus,
    ToolCallUpdate, ToolCallUpdateFields, ToolKind,
};
use agent_client_protocol::{Agent, Client, Lines};
use futures::{Sink, Stream};
use serde::Deserialize;

/// One thing to do. Paths are relative to the session's folder.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Step {
    /// Says a text.
    Say(String),
    /// Asks for permission, and ends the turn where it is refused.
    Ask { kind: ToolKind, title: String },
    /// Replaces the first place where a text stands in a file.
    Replace {
        path: PathBuf,
        find: String,
        with: String,
    },
    /// Writes a file and the folders above it; `mode` in octal, as in `"755"`.
    Write {
        path: PathBuf,
        content: String,
        mode: Option<String>,
    },
    /// Removes a file.
    Delete(PathBuf),
    /// Makes a symbolic link.
    Symlink { path: PathBuf, target: PathBuf },
    /// Runs a command.
    Run(Vec<String>),
    /// Gets `http://HOST:PORT/PATH` and says the answer.
    Fetch(String),
    /// Ends the turn for this reason; the next prompt goes on behind it.
    Stop(StopReason),
    /// Ends the program with this exit code.
    Crash(i32),
    /// Never ends the turn.
    Hang(bool),
    /// Writes so many bytes that are no message.
    Flood(u64),
    /// Writes lines that are no messages.
    Garbage(bool),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Script {
    Always(Vec<Step>),
    Attempts { attempts: Vec<Vec<Step>> },
}

impl Script {
    /// The script that `--script` names.
    fn from_arguments() -> Result<Self, Box<dyn Error>> {
        let mut words = std::env::args().skip(1);
        let text = match (words.next().as_deref(), words.next()) {
            (Some("--script"), Some(text)) => text,
            _ => return Err("usage: castellan-scripted-agent --script FILE_OR_JSON".into()),
        };
        let is_json = text.trim_start().starts_with(['[', '{']);
        let json = if is_json {
            text
        } else {
            std::fs::read_to_string(text)?
        };
        Ok(serde_json::from_str(&json)?)
    }

    /// The steps for a session that begins with `prompt`.
    fn steps(&self, prompt: &str) -> VecDeque<Step> {
        let steps = match self {
            Self::Always(steps) => Some(steps),
            Self::Attempts { attempts } => {
                let number = prompt
                    .lines()
                    .find_map(|line| line.strip_prefix("Attempt: ")?.trim().parse::<usize>().ok())
                    .unwrap_or(1);
                attempts.get(number.saturating_sub(1)).or(attempts.last())
            }
        };
        steps.cloned().unwrap_or_default().into()
    }
}

/// The one session that this agent has.
struct Session {
    script: Script,
    folder: Mutex<PathBuf>,
    /// What is left to do; `None` until the first prompt.
    steps: Mutex<Option<VecDeque<Step>>>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let session = Arc::new(Session {
        script: Script::from_arguments()?,
        folder: Mutex::default(),
        steps: Mutex::default(),
    });
    let opened = session.clone();
    let pipes = Lines::new(out(), lines());
    Agent
        .v1()
        .name("castellan-scripted-agent")
        .on_receive_request(
            async move |hello: InitializeRequest, responder, _| {
                let name =
                    Implementation::new("castellan-scripted-agent", env!("CARGO_PKG_VERSION"))
                        .title("Castellan scripted agent".to_owned());
                responder.respond(InitializeResponse::new(hello.protocol_version).agent_info(name))
            },
            agent_client_protocol::on_receive_request!(),
        )
        .on_receive_request(
            async move |new: NewSessionRequest, responder, _| {
                *opened.folder.lock().unwrap_or_else(PoisonError::into_inner) = new.cwd;
                responder.respond(NewSessionResponse::new("scripted"))
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
            Step::Stop(reason) => return Ok(Next::End(reason)),
            Step::Crash(code) => std::process::exit(code),
            Step::Hang(_) => std::future::pending().await,
            Step::Flood(bytes) => noise(bytes, &[b'x'; 64 * 1024]),
            Step::Garbage(_) => noise(4000, b"Segmentation fault? No, only noise.\n"),
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

fn write(path: &Path, content: &str, mode: Option<&str>) -> Result<String, Box<dyn Error>> {
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent)?;
    }
    std::fs::write(path, content)?;
    if let Some(mode) = mode {
        let mode = u32::from_str_radix(mode, 8)?;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))?;
    }
    Ok(String::new())
}

fn run(folder: &Path, words: &[String]) -> Result<String, Box<dyn Error>> {
    let (program, arguments) = words.split_first().ok_or("no command")?;
    let output = std::process::Command::new(program)
        .args(arguments)
        .current_dir(folder)
        // Our own standard input is the protocol's.
        .stdin(std::process::Stdio::null())
        .output()?;
    let mut said = String::from_utf8_lossy(&output.stdout).into_owned();
    said.push_str(&String::from_utf8_lossy(&output.stderr));
    Ok(said)
}

fn fetch(url: &str) -> Result<String, Box<dyn Error>> {
    let rest = url
        .strip_prefix("http://")
        .ok_or("only http:// is fetched")?;
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let mut stream = TcpStream::connect(host)?;
    write!(
        stream,
        "GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
    )?;
    let mut answer = String::new();
    stream.take(64 * 1024).read_to_string(&mut answer)?;
    Ok(answer
        .split_once("\r\n\r\n")
        .map_or(answer.clone(), |(_, body)| body.to_owned()))
}

/// Writes `bytes` to standard output, past the protocol. A closed pipe ends it.
fn noise(bytes: u64, piece: &[u8]) {
    let mut out = std::io::stdout().lock();
    let mut left = bytes;
    while left > 0 && out.write_all(piece).is_ok() {
        left = left.saturating_sub(piece.len() as u64);
    }
    let _ = out.flush();
}
