//! The agent's home folder, which outlives its sandbox, and what of it goes on to the task's next
//! attempt (X45).
//!
//! What an agent left is a stranger's archive: it is packed and unpacked by programs inside of a
//! sandbox that sees nothing else, and nothing of it is followed out here. Whatever is wrong with
//! it costs the session, never the attempt. How the server keeps it is not known here.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::checkout::Start;
use super::client::{Client, patiently};
use super::failure::Failure;
use super::folder::{Folder, PLAIN};
use crate::domain::ids::Sha256Hex;
use crate::protocol::SESSION_BYTES_MAX;
use crate::protocol::brief::{Brief, Preset};
use crate::protocol::progress::Phase;
use crate::sandbox::{Bind, Sandbox, Spec};

/// Where the archive says whose session it is: our own file in the home folder.
const MARK: &str = ".castellan-session.json";
/// Bytes of that file.
const MARK_BYTES_MAX: u64 = 4 * 1024;
/// Characters of a session's id: all agents that we know draw a UUID or the like.
const ID_CHARS: usize = 200;
/// Longest that packing or unpacking may take.
const CHORE: Duration = Duration::from_secs(60);
/// Longest that the way to or from the server may take: the attempt is worth more.
const WAY: Duration = Duration::from_secs(90);
/// The archive, in the folder that it is packed to or unpacked from.
const ARCHIVE: &str = "session.tgz";
/// MiB of one file that is unpacked; the quota of what is packed is lower.
const FILE_MIB: u64 = 64;

/// Regular files alone, no caches, no logs, nothing larger than a whole archive may be. `tar` and
/// `gzip` are the system's; a machine without them keeps no sessions.
const PACK: &str = r#"cd /left && find $ROOTS \( -name .cache -o -name Cache -o -name .npm -o -name node_modules \
    -o -name log -o -name logs -o -name '*.log' -o -name '*.lock' \) -prune \
    -o -type f -size -16384k -print0 |
tar --create --null --no-recursion --hard-dereference --files-from=- |
gzip -6 | head -c "$MOST" > /workspace/session.tgz"#;

/// So many bytes and so many entries, and only files and folders: what is beyond, or anything
/// else, makes it fail. It is read twice rather than held in memory.
const UNPACK: &str = r#"plain() { gzip -dc /arrived/session.tgz | head -c 268435456; }
count=$(plain | tar --list | head -n 20001 | wc -l) && [ "$count" -le 20000 ] &&
plain | tar --extract --no-same-owner --no-same-permissions --directory=/workspace &&
[ -z "$(find /workspace ! -type f ! -type d -print -quit)" ]"#;

/// The session of an agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Left {
    /// ACP's id of it, foreign.
    pub(super) session: String,
    /// The agent's own name and version.
    pub(super) agent: String,
}

impl Left {
    /// A session whose id can be said again.
    pub(super) fn of(session: &str, agent: &str) -> Option<Self> {
        let is_plain = session.bytes().all(|byte| byte.is_ascii_graphic());
        (is_plain && !session.is_empty() && session.len() <= ID_CHARS).then(|| Self {
            session: session.to_owned(),
            agent: agent.to_owned(),
        })
    }
}

/// The home folder of one attempt's agent.
pub(super) struct Home {
    pub(super) path: PathBuf,
    /// What an earlier attempt's agent left in it.
    pub(super) before: Option<Left>,
}

impl Home {
    /// A home for the agent: with what an earlier attempt's left, where the brief names that and
    /// it is sound, otherwise an empty one.
    pub(super) async fn open(
        client: &Client,
        sandbox: &Sandbox,
        start: &Start,
        brief: &Brief,
    ) -> Result<Self, Failure> {
        if let Some(sha256) = &brief.session {
            match arrive(client, sandbox, start, sha256).await {
                Ok((path, before)) => {
                    return Ok(Self {
                        path,
                        before: Some(before),
                    });
                }
                Err(why) => tracing::warn!(why, "the earlier session is not resumed"),
            }
        }
        let path = sandbox
            .writable_folder(start.path("home"))
            .map_err(|error| Failure::of_machine(Phase::Agent, "making a home", &error))?;
        Ok(Self { path, before: None })
    }

    /// Sends what the agent left to the server, where there may be a next attempt. To be called
    /// when no process of the agent is left.
    pub(super) async fn keep(
        &self,
        client: &Client,
        sandbox: &Sandbox,
        start: &Start,
        brief: &Brief,
        left: &Left,
    ) {
        if brief.attempt.0 >= brief.contract.budget.attempts {
            return;
        }
        let kept = async {
            self.mark(left).map_err(|error| error.to_string())?;
            let archive = self.pack(sandbox, start, brief.agent.preset).await?;
            let sent = patiently(client.pace, || client.keep_session(archive.clone().into()));
            match tokio::time::timeout(WAY, sent).await {
                Ok(Ok(_receipt)) => Ok(()),
                Ok(Err(error)) => Err(error.to_string()),
                Err(_) => Err("the server took too long".to_owned()),
            }
        };
        if let Err(why) = kept.await {
            tracing::warn!(why, "the agent's session is not kept");
        }
    }

    /// Whatever the agent has put at the file's place is none of ours.
    fn mark(&self, left: &Left) -> std::io::Result<()> {
        let home = Folder::open(&self.path)?;
        home.remove(MARK.as_bytes())?;
        let text = serde_json::to_vec(left)?;
        home.write(MARK.as_bytes(), PLAIN, &text)
    }

    async fn pack(
        &self,
        sandbox: &Sandbox,
        start: &Start,
        preset: Option<Preset>,
    ) -> Result<Vec<u8>, String> {
        let said = |error: std::io::Error| error.to_string();
        let folder = sandbox.writable_folder(start.path("left")).map_err(said)?;
        let mut spec = Spec::shell(folder.clone(), PACK);
        spec.read_only.push(Bind {
            outside: self.path.clone(),
            inside: "/left".into(),
        });
        let most = (SESSION_BYTES_MAX + 1).to_string();
        spec.environment = [("ROOTS", roots(preset).to_owned()), ("MOST", most)]
            .map(|(name, value)| (name.to_owned(), value))
            .into();
        done(sandbox, &spec).await?;
        let packed = Folder::open(&folder).and_then(|folder| {
            // A larger one is an error.
            folder.read(ARCHIVE.as_bytes(), SESSION_BYTES_MAX as u64)
        });
        match packed.map_err(said)? {
            Some(blob) if !blob.content.is_empty() => Ok(blob.content),
            _ => Err("nothing was packed".to_owned()),
        }
    }
}

/// Where agents keep their sessions below their home; settings and hooks are not carried on.
const fn roots(preset: Option<Preset>) -> &'static str {
    match preset {
        Some(Preset::Opencode) => ".castellan-session.json .local/share/opencode",
        Some(Preset::Claude) => ".castellan-session.json .claude/projects .claude/todos",
        Some(Preset::Codex) => ".castellan-session.json .codex/sessions",
        Some(Preset::Gemini) => ".castellan-session.json .gemini/tmp",
        None => ".",
    }
}

/// Fetches and unpacks an earlier session into a new home.
async fn arrive(
    client: &Client,
    sandbox: &Sandbox,
    start: &Start,
    sha256: &Sha256Hex,
) -> Result<(PathBuf, Left), String> {
    let fetched = tokio::time::timeout(WAY, patiently(client.pace, || client.session()));
    let archive = match fetched.await {
        Ok(Ok(archive)) => archive,
        Ok(Err(error)) => return Err(error.to_string()),
        Err(_) => return Err("the server took too long".to_owned()),
    };
    if Sha256Hex::of(&archive) != *sha256 {
        return Err("it is not the one that the brief names".to_owned());
    }
    let said = |error: std::io::Error| error.to_string();
    let arrived = sandbox
        .writable_folder(start.path("arrived"))
        .map_err(said)?;
    std::fs::write(arrived.join(ARCHIVE), &archive).map_err(said)?;
    sandbox.give(&arrived).map_err(said)?;
    let home = sandbox
        .writable_folder(start.path("resumed-home"))
        .map_err(said)?;
    let unpacked = unpack(sandbox, &arrived, &home).await;
    let left = unpacked.and_then(|()| marked(&home));
    left.map(|left| (home, left))
}

async fn unpack(sandbox: &Sandbox, arrived: &Path, home: &Path) -> Result<(), String> {
    let mut spec = Spec::shell(home.to_owned(), UNPACK);
    spec.read_only.push(Bind {
        outside: arrived.to_owned(),
        inside: "/arrived".into(),
    });
    spec.limits.file_mib = FILE_MIB;
    done(sandbox, &spec).await
}

/// What the archive says that it is.
fn marked(home: &Path) -> Result<Left, String> {
    let read = Folder::open(home).and_then(|home| home.read(MARK.as_bytes(), MARK_BYTES_MAX));
    let mark = read.map_err(|error| error.to_string())?;
    let mark = mark.ok_or("it does not say whose it is")?;
    let left: Left = serde_json::from_slice(&mark.content).map_err(|error| error.to_string())?;
    Left::of(&left.session, &left.agent).ok_or_else(|| "its id is none".to_owned())
}

async fn done(sandbox: &Sandbox, spec: &Spec) -> Result<(), String> {
    match sandbox.run(spec, CHORE).await {
        Ok(finished) if finished.passed() => Ok(()),
        Ok(finished) => Err(format!(
            "it cannot be packed or unpacked: {}",
            finished.output_tail
        )),
        Err(error) => Err(error.to_string()),
    }
}
