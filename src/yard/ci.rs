//! The repository's own CI: the `run:` steps of `.github/workflows/ci.yml`, really run on the head.
//!
//! Knows the small part of the workflow language that a sample needs; where the steps run is
//! somebody else's business ([`CiRunner`]).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures::future::BoxFuture;
use serde::Deserialize;
use serde_json::{Value, json};

use super::YardError;
use super::git::{Git, plain_git};
use super::model::Job;
use super::shapes::ACTIONS_APP_ID;
use super::shared::Shared;
use super::world::World;

/// The one workflow that is CI.
const CI_FILE: &str = "ci.yml";
/// How much of a step's output stands in the check run.
const SUMMARY_LIMIT: usize = 4000;

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
    /// Starts CI on the head of a pull request, if there is any.
    pub(super) fn start_ci(&mut self, repo: i64, n: i64, actor: &str) -> Result<(), YardError> {
        if !self.ci_is_on {
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
        let mut run = self.new_run(repo, CI_FILE, "pull_request", &pull.head, actor)?;
        if let Some(name) = workflow.name {
            run.name = name;
        }
        let (id, suite) = (run.id, run.suite);
        self.repo_mut(repo)?.runs.insert(id, run);
        self.tell_run(repo, id, "requested")?;
        for (key, job) in workflow.jobs {
            let name = job.name.unwrap_or(key);
            let check = self.new_check(ACTIONS_APP_ID, &name, &pull.head_oid, suite);
            self.put_check(repo, check)?;
        }
        self.jobs.push_back(Job::Ci { repo, run: id });
        Ok(())
    }

    fn end_check(
        &mut self,
        repo: i64,
        suite: i64,
        name: &str,
        good: bool,
        output: &str,
    ) -> Result<(), YardError> {
        let known = self.repo(repo)?;
        let found = known
            .checks
            .values()
            .find(|check| check.suite == suite && check.name == name);
        let mut check = found.ok_or(YardError::NoSuch("check run"))?.clone();
        check.status = "completed".to_owned();
        check.conclusion = Some(if good { "success" } else { "failure" }.to_owned());
        check.completed_at = Some(self.clock.now());
        let from = output
            .char_indices()
            .rev()
            .nth(SUMMARY_LIMIT)
            .map_or(0, |(at, _)| at);
        check.output = json!({"title": name, "summary": output.get(from..).unwrap_or_default()});
        self.put_check(repo, check)
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
    let (git, head, suite) = shared
        .change(move |world| {
            world.begin_run(repo, run)?;
            let known = world.repo(repo)?;
            let run = known.runs.get(&run).ok_or(YardError::NoSuch("run"))?;
            Ok::<_, YardError>((known.git.clone(), run.head.clone(), run.suite))
        })
        .await?;
    let workflow = workflow_at(&git, &head).ok_or(YardError::NoSuch("CI workflow"))?;
    let (mut all_good, mut said) = (true, String::new());
    for (key, job) in workflow.jobs {
        let name = job.name.unwrap_or(key);
        let folder = runner.folder()?;
        let tree = (*folder).as_ref().join("work");
        let (from, oid, to, giver) = (git.clone(), head.clone(), tree.clone(), Arc::clone(&runner));
        let made = tokio::task::spawn_blocking(move || {
            checkout(&from, &oid, &to)?;
            Ok::<_, YardError>(giver.give(&to)?)
        });
        made.await.map_err(std::io::Error::other)??;
        let (mut good, mut output) = (true, String::new());
        for command in job.steps.into_iter().filter_map(|step| step.run) {
            let end = runner
                .run(Step {
                    workspace: tree.clone(),
                    command,
                })
                .await;
            output.push_str(&end.output);
            good = end.exit_code == 0;
            if !good {
                break;
            }
        }
        all_good &= good;
        said.push_str(&output);
        shared
            .change(move |world| world.end_check(repo, suite, &name, good, &output))
            .await?;
    }
    let conclusion = if all_good { "success" } else { "failure" };
    shared
        .change(move |world| world.end_run(repo, run, conclusion, &said))
        .await
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
