//! What the demo prints: a line for each step, the sums, the JSON object.

use std::collections::BTreeMap;
use std::time::Duration;

use castellan::domain::change::Change;
use castellan::domain::event::Fact;
use castellan::domain::text;
use castellan::engine::Engine;
use castellan::protocol::result::{Outcome, Returned, Timing};
use castellan::store::{HistoryEntry, StoredTask};
use serde_json::json;

/// Characters of a check's name, and of the first line of its failure.
const FIRST_CHARS: usize = 80;

/// One step, in a line.
pub(super) fn news(entry: &HistoryEntry) -> String {
    let sentence = entry.because.sentence();
    match &entry.fact {
        Fact::Reported { phase, .. } => format!("runner: {}", phase.words()),
        Fact::Dispatched { run: Some(run), .. } => format!("{sentence} (run {run})"),
        Fact::Applied { pull, head, .. } => format!("{sentence} (#{pull} at {})", head.short()),
        Fact::ChangeRefused { sentences, .. } => format!("{sentence} {}", sentences.join(" ")),
        Fact::ChecksRead { failures, .. } if !failures.is_empty() => {
            let named = failures.iter().map(|failure| {
                let first = text::inline_code(&failure.first, FIRST_CHARS);
                format!(
                    "{}: {first}",
                    text::inline_code(&failure.check, FIRST_CHARS)
                )
            });
            let named: Vec<String> = named.collect();
            format!("{sentence} ({})", named.join("; "))
        }
        Fact::Returned {
            ending: castellan::domain::event::Ending::Failed { cause, remedy, .. },
            ..
        } => format!("{sentence} ({cause}; {remedy})"),
        _ => sentence.to_owned(),
    }
}

/// What the attempt returned, as far as it is kept.
async fn returned(engine: &Engine, stored: &StoredTask) -> anyhow::Result<Option<Returned>> {
    let Some(attempt) = stored.task.last_attempt() else {
        return Ok(None);
    };
    let Some(sha256) = &attempt.result else {
        return Ok(None);
    };
    let task = &stored.task.id;
    let body = engine.store.result(task, attempt.number, sha256).await?;
    Ok(body.map(|body| serde_json::from_slice(&body)).transpose()?)
}

/// Seconds of the agent, and those that Castellan added around it.
fn seconds(wall: Duration, timing: &Timing) -> (f64, f64) {
    let parts = timing.agent_ms + timing.checkout_ms + timing.setup_ms + timing.acceptance_ms;
    let seconds = |ms: u64| Duration::from_millis(ms).as_secs_f64();
    let other = wall.as_secs_f64() - seconds(parts);
    (seconds(timing.agent_ms), other.max(0.0))
}

fn files(returned: &Returned) -> Vec<&str> {
    let change: Option<&Change> = match &returned.outcome {
        Outcome::Changed { change } => Some(change),
        Outcome::Unchanged | Outcome::Failed { .. } => None,
    };
    change
        .map(|change| change.files.iter().map(|file| file.path.as_str()).collect())
        .unwrap_or_default()
}

/// The last lines of the story.
pub(super) async fn sums(
    engine: &Engine,
    stored: &StoredTask,
    wall: Duration,
    calls: &BTreeMap<&'static str, u64>,
) -> anyhow::Result<()> {
    let timing = returned(engine, stored).await?.map(|r| r.evidence.timing);
    let (agent, other) = seconds(wall, &timing.unwrap_or_default());
    let total: u64 = calls.values().sum();
    let kinds: Vec<String> = calls
        .iter()
        .map(|(kind, count)| format!("{kind} {count}"))
        .collect();
    println!(
        "From label to draft pull request {:.1} s, of which the agent {agent:.1} s and Castellan {other:.1} s; \
         {total} calls of GitHub's API ({}).",
        wall.as_secs_f64(),
        kinds.join(", ")
    );
    Ok(())
}

/// The JSON object of `--json`.
pub(super) async fn json(
    engine: &Engine,
    stored: &StoredTask,
    wall: Duration,
    calls: &BTreeMap<&'static str, u64>,
) -> anyhow::Result<()> {
    let returned = returned(engine, stored).await?;
    let timing = returned
        .as_ref()
        .map(|returned| returned.evidence.timing)
        .unwrap_or_default();
    let (agent, other) = seconds(wall, &timing);
    let task = &stored.task;
    let object = json!({
        "task": task.id,
        "stage": task.stage.name(),
        "pull_request": task.pull.as_ref().map(|pull| pull.number),
        "head": task.pull.as_ref().map(|pull| pull.head.clone()),
        "files": returned.as_ref().map(files).unwrap_or_default(),
        "agent_seconds": agent,
        "other_seconds": other,
        "github_calls": calls,
    });
    println!("{object}");
    Ok(())
}
