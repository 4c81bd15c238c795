//! What is seen of an agent: its name, its words, its tools, and the permissions it asks for.

use std::collections::HashMap;

use agent_client_protocol::v1::schema::{
    ContentBlock, ContentChunk, Implementation, PermissionOptionKind, RequestPermissionOutcome,
    RequestPermissionRequest, RequestPermissionResponse, SelectedPermissionOutcome, SessionId,
    SessionUpdate, StopReason, ToolKind,
};
use serde_json::json;

use super::transcript::Transcript;
use crate::protocol::brief::AllowList;
use crate::protocol::result::Permission;
use crate::runner::heartbeat::Voice;
use crate::runner::home::Left;
use crate::sandbox::{clean, clean_line};

/// Characters of a title, a name or a kind.
const TITLE_CHARS: usize = 200;
/// Bytes of the agent's last message.
const WORDS_BYTES: usize = 16 * 1024;
/// Permissions that are reported; further ones are answered all the same.
const PERMISSIONS_MAX: usize = 500;
/// Tool calls whose kind is remembered.
const TOOLS_MAX: usize = 10_000;

/// What was seen of an agent until now.
pub(in crate::runner) struct Seen {
    /// Its own name and version.
    pub(in crate::runner) agent: Option<String>,
    /// Why its last turn ended.
    pub(in crate::runner) stop_reason: Option<String>,
    /// Prompts it was given.
    pub(in crate::runner) turns: u32,
    /// What it asked for.
    pub(in crate::runner) permissions: Vec<Permission>,
    /// Its last message.
    pub(in crate::runner) words: String,
    /// All of it.
    pub(in crate::runner) transcript: Transcript,
    /// The session that it opened.
    pub(in crate::runner) left: Option<Left>,
    /// The session of an earlier attempt, until it is asked for.
    before: Option<Left>,
    /// Whether it tells again what it said in an earlier attempt.
    repeats: bool,
    tools: HashMap<String, (ToolKind, String)>,
    speaking: bool,
    refused: bool,
    allow: AllowList,
    /// Servers of tools that the agent was given by us.
    servers: Vec<String>,
    voice: Voice,
}

impl Seen {
    pub(super) fn new(allow: AllowList, servers: Vec<String>, voice: Voice) -> Self {
        Self {
            agent: None,
            stop_reason: None,
            turns: 0,
            permissions: Vec::new(),
            words: String::new(),
            transcript: Transcript::new(),
            left: None,
            before: None,
            repeats: false,
            tools: HashMap::new(),
            speaking: false,
            refused: false,
            allow,
            servers,
            voice,
        }
    }

    /// With the session that an earlier attempt's agent left.
    pub(super) fn with_earlier(mut self, before: Option<Left>) -> Self {
        self.before = before;
        self
    }

    /// The earlier session that the agent may load, once, where it is this very agent's. What it
    /// tells until [`Seen::opened`] was told before.
    pub(super) fn earlier(&mut self, can_load: bool) -> Option<SessionId> {
        let before = self.before.take()?;
        let is_own = self.agent.as_ref() == Some(&before.agent);
        if !can_load || !is_own {
            let why = if is_own {
                "the agent loads none"
            } else {
                "it is another agent's"
            };
            self.transcript
                .add(json!({ "session": format!("not resumed: {why}") }));
            return None;
        }
        self.repeats = true;
        Some(SessionId::new(before.session))
    }

    /// A session is open; `how` says so where there was an earlier one.
    pub(super) fn opened(&mut self, session: Option<&SessionId>, how: Option<&str>) {
        self.repeats = false;
        if let Some(how) = how {
            self.transcript
                .add(json!({ "session": clean_line(how, TITLE_CHARS) }));
        }
        let agent = self.agent.as_deref().unwrap_or_default();
        if let Some(session) = session {
            self.left = Left::of(&session.to_string(), agent);
        }
    }

    /// Everything, leaving nothing behind.
    pub(super) fn take(&mut self) -> Self {
        let mut all = Self::new(self.allow.clone(), Vec::new(), self.voice.clone());
        std::mem::swap(&mut all, self);
        all.words = clean(all.words.as_bytes(), WORDS_BYTES);
        all
    }

    pub(super) fn introduced(&mut self, info: Option<&Implementation>) {
        let name = info.map_or_else(
            || "an agent that gives no name".to_owned(),
            |info| {
                format!(
                    "{} {}",
                    info.title.as_ref().unwrap_or(&info.name),
                    info.version
                )
            },
        );
        let name = clean_line(&name, TITLE_CHARS);
        self.voice.note(&name);
        self.transcript.add(json!({ "agent": name }));
        self.agent = Some(name);
    }

    pub(super) fn turn(&mut self) {
        self.turns += 1;
        self.refused = false;
        self.transcript.add(json!({ "turn": self.turns }));
    }

    pub(super) fn stopped(&mut self, reason: StopReason) {
        let reason = name_of(&reason);
        self.transcript.add(json!({ "stopped": reason }));
        self.stop_reason = Some(reason);
    }

    /// Whether the last permission that it asked for in this turn was refused.
    pub(super) const fn was_refused(&self) -> bool {
        self.refused
    }

    /// A tool of ours, or of the policy's servers, was called; what it came to is foreign text.
    pub(in crate::runner) fn tool_used(&mut self, title: &str, status: &str) {
        let title = clean_line(title, TITLE_CHARS);
        let status = clean_line(status, TITLE_CHARS);
        self.transcript
            .add(json!({ "tool": title, "status": status }));
    }

    /// One of the agent's updates.
    pub(super) fn update(&mut self, update: SessionUpdate) {
        if self.repeats {
            return;
        }
        match update {
            SessionUpdate::AgentMessageChunk(chunk) => {
                if !self.speaking {
                    self.words.clear();
                    self.speaking = true;
                }
                let text = text_of(&chunk);
                self.words.push_str(text);
                if self.words.len() > 2 * WORDS_BYTES {
                    self.words = clean(self.words.as_bytes(), WORDS_BYTES);
                }
                self.transcript.speak("said", text);
                return;
            }
            SessionUpdate::AgentThoughtChunk(chunk) => {
                self.transcript.speak("thought", text_of(&chunk));
            }
            SessionUpdate::ToolCall(call) => {
                let title = clean_line(&call.title, TITLE_CHARS);
                self.voice.note(&title);
                self.transcript.add(json!({
                    "tool": title, "kind": name_of(&call.kind), "status": name_of(&call.status),
                }));
                if self.tools.len() < TOOLS_MAX {
                    self.tools
                        .insert(call.tool_call_id.to_string(), (call.kind, title));
                }
            }
            SessionUpdate::ToolCallUpdate(update) => {
                let known = self.tools.get(&update.tool_call_id.to_string());
                let title = update
                    .fields
                    .title
                    .as_deref()
                    .map(|t| clean_line(t, TITLE_CHARS));
                let title = title.or_else(|| known.map(|(_, title)| title.clone()));
                if let Some(title) = &title {
                    self.voice.note(title);
                }
                let status = update.fields.status.map(|status| name_of(&status));
                self.transcript
                    .add(json!({ "tool": title, "status": status }));
            }
            // Plans, modes, commands and costs are the agent's own affair.
            _ => {}
        }
        self.speaking = false;
    }

    /// Whether a tool is one of the servers that we gave the agent, which the policy has allowed
    /// already: agents name the server in the title, each in another way, and know no kind for it.
    fn is_ours(&self, kind: &str, title: &str) -> bool {
        let mut words = title.split(|c: char| !c.is_ascii_alphanumeric() && c != '-');
        kind == "other" && words.any(|word| self.servers.iter().any(|name| name == word))
    }

    /// The answer to a request for permission: by the tool's kind and the brief's list, with an
    /// option that is chosen by its kind, since names and ids differ from agent to agent.
    pub(super) fn permission(
        &mut self,
        request: &RequestPermissionRequest,
    ) -> RequestPermissionResponse {
        let fields = &request.tool_call.fields;
        let known = self.tools.get(&request.tool_call.tool_call_id.to_string());
        let kind = fields
            .kind
            .or_else(|| known.map(|(kind, _)| *kind))
            .unwrap_or_default();
        let title = fields
            .title
            .as_deref()
            .map(|title| clean_line(title, TITLE_CHARS));
        let title = title
            .or_else(|| known.map(|(_, title)| title.clone()))
            .unwrap_or_default();
        let kind = name_of(&kind);
        let may = self.allow.tool_kinds.contains(&kind) || self.is_ours(&kind, &title);
        let wanted = if may {
            [
                PermissionOptionKind::AllowOnce,
                PermissionOptionKind::AllowAlways,
            ]
        } else {
            [
                PermissionOptionKind::RejectOnce,
                PermissionOptionKind::RejectAlways,
            ]
        };
        let option = wanted
            .iter()
            .find_map(|kind| request.options.iter().find(|option| option.kind == *kind));
        let granted = option.is_some_and(|option| {
            matches!(
                option.kind,
                PermissionOptionKind::AllowOnce | PermissionOptionKind::AllowAlways
            )
        });
        self.refused = !granted;
        self.voice.note(&title);
        self.transcript
            .add(json!({ "asked": title, "kind": kind, "granted": granted }));
        if self.permissions.len() < PERMISSIONS_MAX {
            self.permissions.push(Permission {
                tool_kind: kind,
                title,
                granted,
            });
        }
        self.speaking = false;
        RequestPermissionResponse::new(match option {
            Some(option) => RequestPermissionOutcome::Selected(SelectedPermissionOutcome::new(
                option.option_id.clone(),
            )),
            None => RequestPermissionOutcome::Cancelled,
        })
    }
}

fn text_of(chunk: &ContentChunk) -> &str {
    match &chunk.content {
        ContentBlock::Text(text) => &text.text,
        _ => "",
    }
}

/// The protocol's own word for a value of one of its enums.
fn name_of(value: &impl serde::Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(name)) => name,
        _ => "other".to_owned(),
    }
}
