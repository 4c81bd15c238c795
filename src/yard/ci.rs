//! The repository's own CI: the `run:` steps of `.github/workflows/ci.yml`, really run on the head.
//!
//! Knows the small part of the workflow language that a sample needs; where the steps run is
//! somebody else's business ([`CiRunner`]).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures::future::BoxFuture;
use serde::Deserialize;
use serde_json::Value;

use super::YardError;
use super::git::{Git, plain_git};
use super::logs::Ran;
use super::model::Job;
use super::shared::Shared;
use super::world::World;

/// The one workflow that is CI.
const CI_FILE: &str = "ci.yml";

/// One step to run.
#[derive(Clone, Debug)]
pub struct Step {
    /// A checkout of the head.
    pub workspace: PathBuf,
    /// What the shell is given.
    pub command: String,
}

/// How a step ended.
#[derive(Clone, Debug)]
pub struct StepEnd {
    /// 0 is good.
    pub exit_code: i32,
    /// What it said, or the end of it.
    pub output: String,
}

/// A folder that is removed when dropped.
pub type CiFolder = dyn AsRef<Path> + Send + Sync;

/// Where steps run. The demo gives the sandbox, so that nothing of a repository runs outside of it.
pub trait CiRunner: Send + Sync {
    /// A new folder, for a checkout that steps can reach.
    ///
    /// # Errors
    /// The machine gives none.
    fn folder(&self) -> std::io::Result<Box<CiFolder>> {
        Ok(Box::new(tempfile::Builder::new().prefix("ci").tempdir()?))
    }

    /// Gives a finished checkout to whoever runs the steps.
    ///
    /// # Errors
    /// It cannot be given.
    fn give(&self, _workspace: &Path) -> std::io::Result<()> {
        Ok(())
    }

    /// Runs a step.
    fn run(&self, step: Step) -> BoxFuture<'static, StepEnd>;
}

/// Whether the yard has CI.
#[derive(Clone, Default)]
pub enum Ci {
    /// None.
    #[default]
    Off,
    /// Steps run here.
    On(Arc<dyn CiRunner>),
}

#[derive(Deserialize)]
struct Workflow {
    #[serde(default)]
    name: Option<String>,
    on: Value,
    jobs: BTreeMap<String, WorkflowJob>,
}

#[derive(Deserialize)]
struct WorkflowJob {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    steps: Vec<WorkflowStep>,
}

#[derive(Deserialize)]
struct WorkflowStep {
    #[serde(default)]
    run: Option<String>,
}

impl Workflow {
    fn starts_on(&self, event: &str) -> bool {
        match &self.on {
            Value::String(one) => one == event,
            Value::Array(several) => several.iter().any(|one| one == event),
            Value::Object(several) => several.contains_key(event),
            Value::Null | Value::Bool(_) | Value::Number(_) => false,
        }
    }
}

fn workflow_at(git: &Git, oid: &str) -> Option<Workflow> {
    let text = git.file(oid, &format!(".github/workflows/{CI_FILE}"))?;
    serde_saphyr::from_str(&String::from_utf8_lossy(&text)).ok()
}

impl World {
    /// Starts CI on the head of a pull request, if there is any: as a test wrote it, or for real.
    pub(super) fn start_ci(&mut self, repo: i64, n: i64, actor: &str) -> Result<(), YardError> {
        if self.play_pull(repo, n, actor)? || !self.ci_is_on {
            return Ok(());
        }
        let known = self.repo(repo)?;
        let pull = self
            .thread(repo, n)?
            .pull
            .clone()
            .ok_or(YardError::NoSuch("pull request"))?;
        let Some(workflow) =
            workflow_at(&known.git, &pull.head_oid).filter(|one| one.starts_on("pull_request"))
        else {
            return Ok(());
        };
        let spot = (pull.head.as_str(), pull.head_oid.as_str());
        let mut run = self.new_run(repo, CI_FILE, "pull_request", spot, actor)?;
        if let Some(name) = workflow.name {
            run.name = name;
        }
        let id = run.id;
        self.repo_mut(repo)?.runs.insert(id, run);
        self.tell_run(repo, id, "requested")?;
        for (key, job) in workflow.jobs {
            self.new_job(repo, id, &job.name.unwrap_or(key))?;
        }
        self.jobs.push_back(Job::Ci { repo, run: id });
        Ok(())
    }

    /// A job of the attempt under way that has not ended, and what it is told to run.
    fn next_job(&self, repo: i64, run: i64) -> Result<Option<(i64, Vec<String>)>, YardError> {
        let known = self.repo(repo)?;
        let run = known.runs.get(&run).ok_or(YardError::NoSuch("run"))?;
        let workflow =
            workflow_at(&known.git, &run.head).ok_or(YardError::NoSuch("CI workflow"))?;
        let waits = |id: &i64| {
            let check = known.checks.get(id);
            check.is_some_and(|check| check.completed_at.is_none())
        };
        let jobs = known.reports.jobs_of(run.id, run.attempt);
        let Some(job) = jobs.into_iter().find(|job| waits(&job.id)) else {
            return Ok(None);
        };
        let named = |(key, one): (String, WorkflowJob)| {
            (one.name.unwrap_or(key) == job.name).then_some(one.steps)
        };
        let steps = workflow.jobs.into_iter().find_map(named);
        let commands = steps.unwrap_or_default().into_iter();
        Ok(Some((
            job.id,
            commands.filter_map(|step| step.run).collect(),
        )))
    }
}

/// Runs the CI of a head to its end.
pub(super) async fn run_ci(shared: Arc<Shared>, runner: Arc<dyn CiRunner>, repo: i64, run: i64) {
    if let Err(error) = run_jobs(&shared, runner, repo, run).await {
        tracing::warn!(%error, run, "CI could not be run");
        shared
            .change(move |world| world.end_run(repo, run, "startup_failure", &error.to_string()))
            .await
            .ok();
    }
}

async fn run_jobs(
    shared: &Arc<Shared>,
    runner: Arc<dyn CiRunner>,
    repo: i64,
    run: i64,
) -> Result<(), YardError> {
    let (git, head) = shared
        .change(move |world| {
            world.begin_run(repo, run)?;
            let known = world.repo(repo)?;
            let run = known.runs.get(&run).ok_or(YardError::NoSuch("run"))?;
            Ok::<_, YardError>((known.git.clone(), run.head.clone()))
        })
        .await?;
    while let Some((job, commands)) = shared
        .change(move |world| world.next_job(repo, run))
        .await?
    {
        let folder = runner.folder()?;
        let tree = (*folder).as_ref().join("work");
        let (from, oid, to, giver) = (git.clone(), head.clone(), tree.clone(), Arc::clone(&runner));
        let made = tokio::task::spawn_blocking(move || {
            checkout(&from, &oid, &to)?;
            Ok::<_, YardError>(giver.give(&to)?)
        });
        made.await.map_err(std::io::Error::other)??;
        let mut ran = Vec::new();
        for command in &commands {
            let step = Step {
                workspace: tree.clone(),
                command: command.clone(),
            };
            let StepEnd { exit_code, output } = runner.run(step).await;
            ran.push(Ran {
                command: command.clone(),
                output,
                exit_code,
            });
            if exit_code != 0 {
                break;
            }
        }
        shared
            .change(move |world| world.job_ran(repo, job, &commands, &ran))
            .await?;
    }
    shared.change(move |world| world.conclude(repo, run)).await
}

/// Lays a commit out as a clone of its own.
pub(super) fn checkout(git: &Git, oid: &str, into: &Path) -> Result<(), YardError> {
    let step = |command: &mut std::process::Command| -> Result<(), YardError> {
        let done = command.output()?;
        if done.status.success() {
            return Ok(());
        }
        Err(YardError::Checkout(
            String::from_utf8_lossy(&done.stderr).into_owned(),
        ))
    };
    step(
        plain_git()
            .args(["clone", "--quiet", "--no-hardlinks", "--no-checkout"])
            .arg(&git.dir)
            .arg(into),
    )?;
    step(
        plain_git()
            .arg("-C")
            .arg(into)
            .args(["checkout", "--quiet", "--detach", oid]),
    )
}
