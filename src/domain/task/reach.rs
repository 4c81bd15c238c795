//! What a pull request says of the network: what was open to the agent, and what it was refused.

use super::attempt::Phase;
use super::shown::without_secrets;
use crate::domain::text;

/// Hosts and refusals of one kind that are named; the rest is counted.
const NAMED: usize = 20;
/// Characters of a place; a host's name has 253 at most.
const PLACE_MAX: usize = 260;
/// Characters of a reason.
const BECAUSE_MAX: usize = 200;

/// What the runner saw of an attempt's network. Its texts are foreign.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    /// Hosts that were open to the agent.
    pub open_hosts: Vec<String>,
    /// What was refused.
    pub refusals: Vec<Refused>,
}

/// A place that could not be reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// When.
    pub phase: Phase,
    /// Host and port.
    pub place: String,
    /// Why.
    pub because: String,
    /// How often it was tried.
    pub count: u32,
}

/// The part of a pull request's body, as Markdown.
pub(super) fn network(reach: &Reach) -> String {
    let lines = lines(reach).into_iter();
    let lines: Vec<String> = lines.map(|line| format!("- {line}")).collect();
    format!("### Network\n\n{}", lines.join("\n"))
}

/// The same, line by line.
pub(in crate::domain) fn lines(reach: &Reach) -> Vec<String> {
    let mut lines = Vec::new();
    lines.push(if reach.open_hosts.is_empty() {
        "Closed to the agent but for its model and what the policy relays of this job".to_owned()
    } else {
        let hosts = reach.open_hosts.iter().take(NAMED);
        let hosts: Vec<String> = hosts.map(|host| shown(host)).collect();
        let more = more(reach.open_hosts.len());
        format!(
            "Open to the agent: {}{more}. Data could leave through them.",
            hosts.join(", ")
        )
    });
    for refused in reach.refusals.iter().take(NAMED) {
        let who = match refused.phase {
            Phase::Setup => "set-up",
            _ => "the agent",
        };
        let times = match refused.count {
            0 | 1 => String::new(),
            count => format!(", {count} times"),
        };
        let because = text::neutral(&without_secrets(&refused.because), BECAUSE_MAX);
        let because = because.replace('\n', " ");
        let place = shown(&refused.place);
        lines.push(format!("Refused to {who}{times}: {place} ({because})"));
    }
    let more = more(reach.refusals.len());
    if !more.is_empty() {
        lines.push(format!("Refused:{more}"));
    }
    lines
}

fn shown(place: &str) -> String {
    text::inline_code(&without_secrets(place), PLACE_MAX)
}

fn more(all: usize) -> String {
    match all.saturating_sub(NAMED) {
        0 => String::new(),
        left => format!(" and {left} more"),
    }
}
