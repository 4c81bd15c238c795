//! Tools for the agent by the Model Context Protocol: our own (`own`), and those of the servers
//! that the policy names (`bridge`).
//!
//! Each server of tools is a door of the sandbox: the agent starts our program inside, which joins
//! its standard input and output with the door. What is behind a door runs out here, with what no
//! agent may hold: secrets, the network, a sandbox of its own. How agents are told is not known here.

mod bridge;
mod handed;
mod own;
mod rehearsal;

use std::sync::Arc;

use rmcp::ServerHandler;
use rmcp::service::serve_server;
use rmcp::transport::async_rw::AsyncRwTransport;
use tokio::net::UnixStream;

use super::agent::{StdioServer, Watched};
use super::heartbeat::Voice;
use crate::sandbox::{Door, Keeper, PIPE_SUBCOMMAND, PROGRAM_INSIDE};

pub(super) use bridge::{Bridge, reach};
pub(super) use handed::Handed;
pub(super) use rehearsal::Ground;

/// The name of our own tools for the agent; no server of a policy may have it.
const OWN: &str = "castellan";
/// Bytes of one message of the agent: what is only somewhat too long is answered, so that a model can
/// mend it; a longer message is dropped, and its call is answered by nobody.
const MESSAGE_BYTES_MAX: usize = 2 * 1024 * 1024;

/// The names of the servers of tools that an agent with these bridges is given.
pub(super) fn names(bridges: &[Bridge]) -> Vec<String> {
    let named = bridges.iter().map(|bridge| bridge.name().to_owned());
    std::iter::once(OWN.to_owned()).chain(named).collect()
}

/// All tools of one agent.
pub(super) struct Toolbox {
    desk: own::Own,
    doors: Vec<Door>,
    servers: Vec<StdioServer>,
}

impl Toolbox {
    /// Our own tools on `ground`, and those behind `bridges`; what is done with them is told to `seen`.
    pub(super) fn open(
        ground: Ground,
        bridges: Vec<Bridge>,
        seen: &Watched,
        voice: &Voice,
    ) -> Self {
        let desk = own::Own::new(ground, seen.clone(), voice.clone());
        let mut toolbox = Self {
            desk: desk.clone(),
            doors: Vec::new(),
            servers: Vec::new(),
        };
        toolbox.add(OWN.to_owned(), "tools".to_owned(), desk);
        for bridge in bridges {
            let name = bridge.name().to_owned();
            let door = format!("mcp-{name}");
            toolbox.add(name, door, bridge.seen_by(seen));
        }
        toolbox
    }

    fn add(&mut self, name: String, door: String, server: impl ServerHandler + Clone) {
        let door = Door::new(door, keeper(server));
        let socket = door.socket_inside().display().to_string();
        self.servers.push(StdioServer {
            name,
            command: PROGRAM_INSIDE.into(),
            arguments: vec![PIPE_SUBCOMMAND.to_owned(), socket],
        });
        self.doors.push(door);
    }

    /// The doors that the agent's sandbox needs.
    pub(super) fn doors(&self) -> Vec<Door> {
        self.doors.clone()
    }

    /// What the agent is told to start.
    pub(super) fn servers(&self) -> &[StdioServer] {
        &self.servers
    }

    /// Ends what is under way for the agent, and gives what it handed over.
    pub(super) async fn close(self) -> Handed {
        self.desk.close().await
    }
}

/// Serves each connection of a door until either side ends it.
fn keeper(server: impl ServerHandler + Clone) -> Keeper {
    Arc::new(move |stream: UnixStream| {
        let server = server.clone();
        Box::pin(async move {
            let (from, to) = stream.into_split();
            let transport = AsyncRwTransport::new_server(from, to);
            let transport = transport.with_max_line_length(MESSAGE_BYTES_MAX);
            // What breaks off is the agent's to notice: it sees its own end closed.
            if let Ok(serving) = serve_server(server, transport).await {
                let _ = serving.waiting().await;
            }
        })
    })
}
