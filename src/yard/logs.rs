//! Logs of jobs in the form of GitHub's runner, and the short-lived links that they are fetched by.
//!
//! Follows the log of a hosted runner as public projects show it: every line with its time,
//! groups, the error at the end. Knows nothing of who may ask for one.

use std::io::Write as _;

use chrono::DateTime;

use super::model::{Check, Repository};
use super::reports::{JobStep, Log, WorkflowJob};
use super::world::World;
use crate::domain::time::Timestamp;

/// Where logs lie, below the yard's address.
pub(super) const LOGS_PATH: &str = "/_logs/";
/// For how long a link is good.
const LINK_LIFE_S: i64 = 60;
/// What storage answers where there is nothing, and where a link is old.
const NOT_THERE: &str = "\u{feff}<?xml version=\"1.0\" encoding=\"utf-8\"?><Error><Code>BlobNotFound</Code><Message>The specified blob does not exist.</Message></Error>";
const TOO_OLD: &str = "\u{feff}<?xml version=\"1.0\" encoding=\"utf-8\"?><Error><Code>AuthenticationFailed</Code><Message>Server failed to authenticate the request.</Message></Error>";

/// A step that ran: what the shell was given, what it said, and its exit code.
pub(super) struct Ran {
    pub(super) command: String,
    pub(super) output: String,
    pub(super) exit_code: i32,
}

/// The time as the runner writes it before each line.
fn stamp(at: Timestamp) -> String {
    let at = DateTime::from_timestamp_millis(at.0).unwrap_or_default();
    format!("{}0000Z", at.format("%Y-%m-%dT%H:%M:%S%.3f"))
}

/// Whether a text is a log already.
fn is_whole(text: &str) -> bool {
    let first = text.trim_start_matches('\u{feff}').get(..20);
    first.is_some_and(|first| first.starts_with("20") && first.as_bytes().get(10) == Some(&b'T'))
}

/// The log of a job that ran these steps.
pub(super) fn written(job: &str, ran: &[Ran], at: Timestamp) -> String {
    if let Some(whole) = ran.iter().find(|one| is_whole(&one.output)) {
        return whole.output.clone();
    }
    let mut lines = vec![
        "Current runner version: '2.329.0'".to_owned(),
        "##[group]Runner Image".to_owned(),
        "Image: ubuntu-24.04".to_owned(),
        "##[endgroup]".to_owned(),
        format!("Complete job name: {job}"),
    ];
    for one in ran {
        let first = one.command.lines().next().unwrap_or_default();
        lines.push(format!("##[group]Run {first}"));
        for line in one.command.lines() {
            lines.push(format!("\u{1b}[36;1m{line}\u{1b}[0m"));
        }
        lines.push("shell: /usr/bin/bash -e {0}".to_owned());
        lines.push("##[endgroup]".to_owned());
        lines.extend(one.output.lines().map(str::to_owned));
        if one.exit_code != 0 {
            lines.push(format!(
                "##[error]Process completed with exit code {}.",
                one.exit_code
            ));
        }
    }
    lines.push("Cleaning up orphan processes".to_owned());
    let stamp = stamp(at);
    let lines: Vec<String> = lines
        .into_iter()
        .map(|line| format!("{stamp} {line}\n"))
        .collect();
    format!("\u{feff}{}", lines.concat())
}

/// The steps of a job whose `run:` steps were these; what comes after a failure is skipped.
pub(super) fn steps(commands: &[String], ran: &[Ran]) -> Vec<JobStep> {
    let step = |name: String, conclusion| JobStep {
        name,
        conclusion: Some(conclusion),
    };
    let mut steps = vec![step("Set up job".to_owned(), "success")];
    for (at, command) in commands.iter().enumerate() {
        let first = command.lines().next().unwrap_or_default();
        let conclusion = match ran.get(at) {
            Some(one) if one.exit_code == 0 => "success",
            Some(_) => "failure",
            None => "skipped",
        };
        steps.push(step(format!("Run {first}"), conclusion));
    }
    steps.push(step("Complete job".to_owned(), "success"));
    steps
}

/// The archive of one attempt: a folder a job, as the browser's download has it.
pub(super) fn archive(jobs: &[&WorkflowJob]) -> Option<Vec<u8>> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default();
    for (at, job) in jobs.iter().enumerate() {
        if let Log::Written(text) = &job.log {
            let name = job.name.replace('/', "_");
            zip.start_file(format!("{at}_{name}.txt"), options).ok()?;
            zip.write_all(text.as_bytes()).ok()?;
        }
    }
    Some(zip.finish().ok()?.into_inner())
}

impl World {
    /// A link to a log, good for a minute. `what` is `job-1` or `run-1-2` (an attempt).
    pub(super) fn log_link(&mut self, repo: i64, what: &str) -> String {
        let until = self.clock.now().plus_s(LINK_LIFE_S).0;
        let name = format!("{repo}/{what}/{until}");
        let signed = crate::yard::hooks::signature(&self.app.webhook_secret, name.as_bytes());
        let sig = signed.trim_start_matches("sha256=");
        format!("{}{LOGS_PATH}{name}?sig={sig}", self.base_url)
    }

    /// What is at a link: a status and the bytes. The signature says that it was given out.
    pub(super) fn log_at(&self, path: &str, query: &str) -> (u16, Vec<u8>) {
        let refused = |text: &str, status| (status, text.as_bytes().to_vec());
        let signed = super::hooks::signature(&self.app.webhook_secret, path.as_bytes());
        let sig = signed.trim_start_matches("sha256=");
        let parts: Vec<&str> = path.split('/').collect();
        let [repo, what, until] = parts.as_slice() else {
            return refused(NOT_THERE, 404);
        };
        let number = |text: &str| text.parse::<i64>().unwrap_or(0);
        if query != format!("sig={sig}") || number(until) < self.clock.now().0 {
            return refused(TOO_OLD, 403);
        }
        let found = self.repos.get(&number(repo)).and_then(|repo| {
            let parts: Vec<&str> = what.split('-').collect();
            match parts.as_slice() {
                ["job", id] => log_of(repo, number(id)),
                ["run", id, attempt] => archive(&repo.reports.jobs_of(number(id), number(attempt))),
                _ => None,
            }
        });
        found.map_or_else(|| refused(NOT_THERE, 404), |bytes| (200, bytes))
    }
}

fn log_of(repo: &Repository, id: i64) -> Option<Vec<u8>> {
    match &repo.reports.jobs.get(&id)?.log {
        Log::Written(text) => Some(text.clone().into_bytes()),
        Log::None | Log::Gone => None,
    }
}

/// What Actions notes on a check run whose job failed.
pub(super) fn annotation(check: &Check, exit_code: i32, line: usize) -> serde_json::Value {
    serde_json::json!({
        "path": ".github", "blob_href": format!("blob/{}/.github", check.head), "start_line": line,
        "end_line": line, "start_column": null, "end_column": null, "annotation_level": "failure", "title": "",
        "message": format!("Process completed with exit code {exit_code}."), "raw_details": "",
    })
}
