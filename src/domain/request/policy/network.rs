//! What sandboxed programs reach, and on which machines they run, as the policy has it.

use schemars::JsonSchema;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};

use super::value::{HOSTS, Texts, is_host};

/// Port inside of a sandbox at which the model is reached.
pub const MODEL_PORT: u16 = 8701;
/// Port inside of a sandbox at which the proxy to the allowed hosts is reached.
pub const PROXY_PORT: u16 = 8702;

/// Ports of services that are relayed: a job has few services.
const PORTS: usize = 16;
/// Further servers of tools: each costs an agent attention.
const SERVERS: usize = 8;
/// Bytes of a server's address.
const URL_BYTES: usize = 500;
/// Bytes of the name of a server or of a secret's variable.
const NAME_BYTES: usize = 40;

/// The names that stand for a package registry, and its hosts.
const REGISTRIES: [(&str, &[&str]); 7] = [
    (
        "crates",
        &["crates.io", "index.crates.io", "static.crates.io"],
    ),
    ("debian", &["deb.debian.org", "security.debian.org"]),
    ("go", &["proxy.golang.org", "sum.golang.org"]),
    ("maven", &["repo.maven.apache.org", "repo1.maven.org"]),
    ("npm", &["registry.npmjs.org"]),
    ("pypi", &["pypi.org", "files.pythonhosted.org"]),
    ("rubygems", &["rubygems.org", "index.rubygems.org"]),
];

/// What sandboxed programs reach.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SandboxPolicy {
    /// Loopback ports of services of the job that programs may reach.
    #[serde(deserialize_with = "ports")]
    #[schemars(length(max = 16))]
    pub ports: Vec<u16>,
    /// Hosts that programs may reach; none where it is left out.
    pub egress: Egress,
}

/// Hosts that programs may reach, by phase. Acceptance commands reach none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Egress {
    /// For set-up commands: host names, or a registry's name (crates, debian, go, maven, npm, pypi, rubygems).
    #[serde(deserialize_with = "reachable")]
    #[schemars(length(max = 50))]
    pub setup: Vec<String>,
    /// For the agent, through which data could leave; written as for `setup`.
    #[serde(deserialize_with = "reachable")]
    #[schemars(length(max = 50))]
    pub agent: Vec<String>,
}

/// A server of tools that speaks the Model Context Protocol over HTTP.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ToolServer {
    /// Its name for the agent: lower-case letters, digits and hyphens.
    pub name: String,
    /// Its address, with https.
    pub url: String,
    /// Variable of the workflow's step that holds its bearer token; the agent never sees it.
    #[serde(default)]
    pub secret: Option<String>,
    /// For which attempts: `run` for a task's first, `fix` for what people ask for later; both where left out.
    #[serde(default = "all_kinds")]
    pub kinds: Vec<TaskKind>,
}

/// Kinds of attempts that tools can be kept for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TaskKind {
    /// What an issue asks for.
    Run,
    /// What a person asks for on top of it.
    Fix,
}

/// Which machines may run the agent (U15).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Runners {
    /// Any that the workflow runs on.
    #[default]
    Any,
    /// GitHub's own only, which are thrown away after each job.
    Hosted,
}

/// The hosts that `entries` of an egress list stand for, each once, in their order.
#[must_use]
pub fn hosts_of(entries: &[String]) -> Vec<String> {
    let mut hosts: Vec<String> = Vec::new();
    for entry in entries {
        let named = REGISTRIES.iter().find(|(name, _)| name == entry);
        let of_entry = match named {
            Some((_, hosts)) => hosts.to_vec(),
            None => vec![entry.as_str()],
        };
        for host in of_entry {
            if !hosts.iter().any(|known| known == host) {
                hosts.push(host.to_owned());
            }
        }
    }
    hosts
}

fn all_kinds() -> Vec<TaskKind> {
    vec![TaskKind::Run, TaskKind::Fix]
}

fn reachable<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    let check = |text: &str| {
        let is_address = text
            .split('.')
            .all(|part| part.bytes().all(|b| b.is_ascii_digit()));
        if REGISTRIES.iter().any(|(name, _)| *name == text) || (is_host(text) && !is_address) {
            return Ok(());
        }
        let names: Vec<&str> = REGISTRIES.iter().map(|(name, _)| *name).collect();
        Err(format!(
            "this is neither a host name nor a registry; write a host in lower case without `https://`, a port or a path, or one of {}",
            names.join(", ")
        ))
    };
    from.deserialize_any(Texts {
        limit: HOSTS,
        check,
    })
}

fn ports<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u16>, D::Error> {
    let ports = Option::<Vec<u64>>::deserialize(from)?.unwrap_or_default();
    if ports.len() > PORTS {
        return Err(D::Error::custom(format!(
            "there are more than {PORTS} entries; remove some"
        )));
    }
    let mut read: Vec<u16> = Vec::with_capacity(ports.len());
    for port in ports {
        let usable = u16::try_from(port)
            .ok()
            .filter(|port| *port >= 1024 && ![MODEL_PORT, PROXY_PORT].contains(port));
        let port = usable.ok_or_else(|| {
            D::Error::custom(format!(
                "port {port} cannot be relayed; write one from 1024 to 65535 other than {MODEL_PORT} and {PROXY_PORT}"
            ))
        })?;
        if !read.contains(&port) {
            read.push(port);
        }
    }
    Ok(read)
}

pub(super) fn servers<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<ToolServer>, D::Error> {
    let servers = Option::<Vec<ToolServer>>::deserialize(from)?.unwrap_or_default();
    if servers.len() > SERVERS {
        return Err(D::Error::custom(format!(
            "there are more than {SERVERS} entries; remove some"
        )));
    }
    for (at, server) in servers.iter().enumerate() {
        check_server(server).map_err(D::Error::custom)?;
        if servers[..at].iter().any(|other| other.name == server.name) {
            return Err(D::Error::custom(format!(
                "two servers are named `{}`; name one of them otherwise",
                server.name
            )));
        }
    }
    Ok(servers)
}

fn check_server(server: &ToolServer) -> Result<(), String> {
    let is_name = (1..=NAME_BYTES).contains(&server.name.len())
        && server
            .name
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if !is_name || server.name == "castellan" {
        return Err(String::from(
            "a server's name is not usable; write lower-case letters, digits and hyphens, and not `castellan`",
        ));
    }
    let is_https = server.url.len() <= URL_BYTES
        && server.url.strip_prefix("https://").is_some_and(|rest| {
            let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
            let host = host.split_once(':').map_or(host, |(host, _)| host);
            is_host(host)
        })
        && server.url.bytes().all(|b| b.is_ascii_graphic());
    if !is_https {
        return Err(String::from(
            "a server's address is not usable; write it as in `https://tools.example/mcp`",
        ));
    }
    let is_variable = |text: &String| {
        (1..=NAME_BYTES).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
            // The job's own and ours hold other secrets.
            && !["GITHUB_", "ACTIONS_", "RUNNER_", "CASTELLAN_"].iter().any(|own| text.starts_with(own))
    };
    if !server.secret.as_ref().is_none_or(is_variable) {
        return Err(String::from(
            "the name of a secret's variable is not usable; write capital letters, digits and `_`, and none that begins with GITHUB_, ACTIONS_, RUNNER_ or CASTELLAN_",
        ));
    }
    Ok(())
}
