//! Jobs of workflow runs: look, logs, run the failed ones again.

use serde_json::{Value, json};

use super::{Answer, Answered, Call, not_found, unknown};
use crate::yard::model::Run;
use crate::yard::reports::Log;
use crate::yard::world::World;

pub(super) fn route(world: &mut World, call: &Call, repo: i64, rest: &[&str]) -> Answered {
    match (call.method.as_str(), rest) {
        ("GET", ["actions", "jobs", id]) => {
            let known = world.repo(repo)?;
            let job = known.reports.jobs.get(&number(id)?).ok_or_else(not_found)?;
            Ok(Answer::ok(world.show_job(known, job)))
        }
        ("GET", ["actions", "jobs", id, "logs"]) => {
            let id = number(id)?;
            let job = world.repo(repo)?.reports.jobs.get(&id);
            match job.ok_or_else(not_found)?.log {
                Log::Gone => Err(gone()),
                // GitHub gives a link in any case; there may be nothing behind it.
                Log::None | Log::Written(_) => Ok(link(world, repo, &format!("job-{id}"))),
            }
        }
        ("GET", ["actions", "runs", id, "jobs"]) => {
            let run = run(world, repo, id)?;
            let (run, latest) = (run.id, run.attempt);
            let all = call.query.get("filter").is_some_and(|one| one == "all");
            jobs(world, call, repo, run, (!all).then_some(latest))
        }
        ("GET", ["actions", "runs", id, "attempts", attempt, "jobs"]) => {
            let run = attempted(world, repo, id, attempt)?.id;
            jobs(world, call, repo, run, Some(number(attempt)?))
        }
        ("GET", ["actions", "runs", id, "attempts", attempt, "logs"]) => {
            let run = attempted(world, repo, id, attempt)?.id;
            archive(world, repo, run, number(attempt)?)
        }
        ("GET", ["actions", "runs", id, "logs"]) => {
            let run = run(world, repo, id)?;
            let (run, attempt) = (run.id, run.attempt);
            archive(world, repo, run, attempt)
        }
        ("POST", ["actions", "runs", id, "rerun-failed-jobs"]) => {
            let run = run(world, repo, id)?;
            if let Some(said) = world.rerun_refusal(repo, run) {
                return Err(Answer::error(403, said));
            }
            let run = run.id;
            world.rerun_failed(repo, run)?;
            Ok(Answer::of(201, json!({})))
        }
        _ => Ok(unknown(world, call)),
    }
}

fn number(text: &str) -> Result<i64, Answer> {
    text.parse().map_err(|_| not_found())
}

fn run<'a>(world: &'a World, repo: i64, id: &str) -> Result<&'a Run, Answer> {
    let runs = &world.repo(repo)?.runs;
    runs.get(&number(id)?).ok_or_else(not_found)
}

/// A run that had this attempt.
fn attempted<'a>(world: &'a World, repo: i64, id: &str, attempt: &str) -> Result<&'a Run, Answer> {
    let run = run(world, repo, id)?;
    if (1..=run.attempt).contains(&number(attempt)?) {
        Ok(run)
    } else {
        Err(not_found())
    }
}

fn jobs(world: &World, call: &Call, repo: i64, run: i64, attempt: Option<i64>) -> Answered {
    let known = world.repo(repo)?;
    let shown: Vec<Value> = known
        .reports
        .jobs
        .values()
        .filter(|job| job.run == run && attempt.is_none_or(|attempt| attempt == job.attempt))
        .map(|job| world.show_job(known, job))
        .collect();
    Ok(call.paged(
        world,
        &shown,
        |page, all| json!({"total_count": all, "jobs": page}),
    ))
}

fn link(world: &mut World, repo: i64, what: &str) -> Answer {
    let link = world.log_link(repo, what);
    Answer::of(302, Value::Null).with("location", link)
}

/// What GitHub says of logs that it does not keep any more.
fn gone() -> Answer {
    Answer::error(410, "Server Error")
}

fn archive(world: &mut World, repo: i64, run: i64, attempt: i64) -> Answered {
    let known = world.repo(repo)?;
    let jobs = known.reports.jobs_of(run, attempt);
    if jobs.iter().any(|job| matches!(job.log, Log::Gone)) {
        return Err(gone());
    }
    if !jobs.iter().any(|job| matches!(job.log, Log::Written(_))) {
        return Err(not_found());
    }
    Ok(link(world, repo, &format!("run-{run}-{attempt}")))
}
