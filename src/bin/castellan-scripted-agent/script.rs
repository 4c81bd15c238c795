//! What the scripted agent is told to do. See the program's own page.

use std::collections::VecDeque;
use std::error::Error;
use std::path::PathBuf;

use agent_client_protocol::v1::schema::{StopReason, ToolKind};
use serde::Deserialize;

/// One thing to do. Paths are relative to the session's folder.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Step {
    /// Says a text.
    Say(String),
    /// Notes a text in its session, which a later process may load.
    Remember(String),
    /// Says what it noted before.
    Recall(bool),
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
    /// Calls a tool of a server of the session, and says the answer.
    Tool(Call),
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

/// A call of a tool.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Call {
    /// The server's name; `castellan` where it is left out.
    pub(crate) server: Option<String>,
    /// The tool; where it is left out, the tools are listed.
    pub(crate) name: Option<String>,
    #[serde(default)]
    pub(crate) arguments: serde_json::Map<String, serde_json::Value>,
    /// An argument that is so many letters long: no command line holds as many.
    pub(crate) long: Option<(String, usize)>,
    /// How often; once where it is left out.
    pub(crate) times: Option<u32>,
}

#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum Script {
    Always(Vec<Step>),
    Attempts { attempts: Vec<Vec<Step>> },
}

impl Script {
    /// The script that `--script` names.
    pub(crate) fn from_arguments() -> Result<Self, Box<dyn Error>> {
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
    pub(crate) fn steps(&self, prompt: &str) -> VecDeque<Step> {
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
