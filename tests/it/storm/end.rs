//! How a story ended: all that has to be the same whatever happened on the way.

use castellan::domain::ids::Oid;
use castellan::store::Store;
use castellan::yard::{Repo, Yard};
use regex::Regex;

/// The end of a story.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct End {
    /// I2: one task.
    tasks: usize,
    stage: String,
    attempts: usize,
    /// I4: one commit an attempt.
    commits: usize,
    /// Files at the branch's tip.
    files: Vec<(String, String)>,
    /// Effects that wait or are parked, deliveries that are unread or parked.
    left: [u64; 4],
    violations: Vec<String>,
    /// What a person sees, without order and numbers (I3: one pull request; one status comment).
    seen: Vec<String>,
}

impl End {
    /// Whether nothing is left to do.
    pub(super) fn is_at_rest(&self) -> bool {
        self.left == [0; 4]
    }

    pub(super) async fn of(store: &Store, yard: &Yard, repo: &Repo) -> Self {
        let tasks = store.newest_tasks(9).await.unwrap();
        let task = &tasks.first().expect("a task").task;
        let (effects, deliveries) = (
            store.count_effects().await.unwrap(),
            store.count_deliveries().await.unwrap(),
        );
        let tip = yard.branch_tip(&repo.full_name(), &task.id.branch());
        Self {
            tasks: tasks.len(),
            stage: task.stage.name().to_owned(),
            attempts: task.attempts.len(),
            commits: task.pull.as_ref().map_or(0, |pull| pull.commits.len()),
            files: files(yard, repo, tip).await,
            left: [
                effects.waiting,
                effects.parked,
                deliveries.unread,
                deliveries.parked,
            ],
            violations: yard
                .violations()
                .iter()
                .map(|one| format!("{one:?}"))
                .collect(),
            seen: seen(&yard.transcript(&repo.full_name()).await.unwrap()),
        }
    }
}

async fn files(yard: &Yard, repo: &Repo, tip: Option<Oid>) -> Vec<(String, String)> {
    let Some(tip) = tip else { return Vec::new() };
    let files = yard.files_at(&repo.full_name(), &tip).await.unwrap();
    files
        .into_iter()
        .map(|(path, (_, content))| (path, String::from_utf8(content).unwrap()))
        .collect()
}

/// The transcript's lines in the order of their bytes. Masked: names of commits and tasks, and
/// whether a comment was edited; both depend on how often and when, not on what. The gate and its
/// evidence are left out: they are judged by the real server only, as time passes.
fn seen(transcript: &str) -> Vec<String> {
    let gate = Regex::new(r"(?m)^check agent-(?:gate / |evidence ).*\n  \| .*\n").unwrap();
    let transcript = gate.replace_all(transcript, "");
    let masked =
        Regex::new(r"\b[0-9a-f]{7,64}\b|\bt[0-9b-z]{12}\b| \(edited\)|127\.0\.0\.1:\d+").unwrap();
    let mut lines: Vec<String> = transcript
        .lines()
        .map(|line| masked.replace_all(line, "").into_owned())
        .collect();
    lines.sort();
    lines
}
