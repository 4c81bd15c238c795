//! Workflow runs: made by a dispatch, then either held for the test or started as a program.
//!
//! Knows how a job is begun and ended; not what runs in it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;

use serde_json::json;
use tokio::io::{AsyncRead, AsyncReadExt as _};

use super::YardError;
use super::model::{Check, Entry, Job, Run, World};
use super::permissions::{Grants, Level};
use super::yard::Shared;
use crate::domain::ids::RunId;

/// How much of what a job says is kept, at its end.
const OUTPUT_KEPT: usize = 256 * 1024;
/// For how long the token of a run lives: as long as a job on a hosted runner may take.
const RUN_TOKEN_LIFE_S: i64 = 6 * 3600;

/// What is done with dispatched runs.
#[derive(Clone, Debug, Default)]
pub enum Runner {
    /// They wait for `Yard::take_run`.
    #[default]
    Held,
    /// A program is started for each.
    Started(Program),
}

/// A program that stands for a job.
#[derive(Clone, Debug)]
pub struct Program {
    /// Program and arguments.
    pub argv: Vec<String>,
    /// What its environment has beside what the yard sets; nothing is inherited.
    pub env: Vec<(String, String)>,
    /// Where it runs.
    pub dir: PathBuf,
}

/// A dispatched run that a test plays.
#[derive(Clone)]
pub struct HeldRun {
    /// GitHub's number of the run.
    pub run_id: RunId,
    /// 1, until it is run again.
    pub run_attempt: i64,
    /// `owner/name`.
    pub repository: String,
    /// What it was dispatched with.
    pub inputs: BTreeMap<String, String>,
    /// Its `GITHUB_TOKEN`.
    pub token: String,
    repo: i64,
    shared: Arc<Shared>,
}

impl HeldRun {
    /// The job begins.
    ///
    /// # Errors
    /// The run is gone.
    pub async fn begins(&self) -> Result<(), YardError> {
        let (repo, run) = (self.repo, self.run_id.0);
        self.shared
            .change(move |world| world.begin_run(repo, run))
            .await
    }

    /// The job ends with this conclusion (`success`, `failure`, …).
    ///
    /// # Errors
    /// The run is gone.
    pub async fn ends(&self, conclusion: &str) -> Result<(), YardError> {
        let (repo, run, conclusion) = (self.repo, self.run_id.0, conclusion.to_owned());
        self.shared
            .change(move |world| world.end_run(repo, run, &conclusion, ""))
            .await
    }

    /// Whether somebody cancelled it.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.shared.look(|world| {
            world
                .repos
                .get(&self.repo)
                .and_then(|repo| repo.runs.get(&self.run_id.0))
                .is_none_or(|run| run.cancelled)
        })
    }
}

impl World {
    /// A new run, queued.
    pub(super) fn new_run(
        &mut self,
        repo: i64,
        workflow: &str,
        event: &str,
        branch: &str,
        actor: &str,
    ) -> Result<Run, YardError> {
        let (id, suite) = (self.next("run"), self.next("suite"));
        let grants = Grants::from([
            ("contents".to_owned(), Level::Read),
            ("metadata".to_owned(), Level::Read),
        ]);
        let token = self.mint_for_run(repo, grants, RUN_TOKEN_LIFE_S);
        let now = self.clock.now();
        let known = self.repo(repo)?;
        let head = known
            .tip(branch)
            .ok_or(YardError::NoSuch("branch"))?
            .to_owned();
        let number = known
            .runs
            .values()
            .filter(|run| run.workflow == workflow)
            .count();
        Ok(Run {
            id,
            suite,
            workflow: workflow.to_owned(),
            name: workflow
                .trim_end_matches(".yml")
                .trim_end_matches(".yaml")
                .to_owned(),
            event: event.to_owned(),
            branch: branch.to_owned(),
            head,
            attempt: 1,
            number: i64::try_from(number).unwrap_or(0) + 1,
            actor: actor.to_owned(),
            status: "queued",
            conclusion: None,
            created_at: now,
            updated_at: now,
            inputs: BTreeMap::new(),
            token,
            process: None,
            cancelled: false,
            output: String::new(),
        })
    }

    /// Dispatches a workflow; the run's number.
    pub(super) fn dispatch(
        &mut self,
        repo: i64,
        workflow: &str,
        branch: &str,
        inputs: BTreeMap<String, String>,
        actor: &str,
    ) -> Result<i64, YardError> {
        let mut run = self.new_run(repo, workflow, "workflow_dispatch", branch, actor)?;
        run.inputs = inputs;
        let id = run.id;
        self.repo_mut(repo)?.runs.insert(id, run);
        self.tell_run(repo, id, "requested")?;
        self.jobs.push_back(Job::Dispatched { repo, run: id });
        Ok(id)
    }

    /// Tells of a run.
    pub(super) fn tell_run(&mut self, repo: i64, id: i64, action: &str) -> Result<(), YardError> {
        let known = self.repo(repo)?;
        let run = known.runs.get(&id).ok_or(YardError::NoSuch("run"))?;
        let what = json!({"workflow_run": self.show_run(known, run), "workflow": self.show_workflow(known, run)});
        let actor = run.actor.clone();
        self.tell("workflow_run", Some(action), repo, &actor, what);
        Ok(())
    }

    fn run_mut(&mut self, repo: i64, id: i64) -> Result<&mut Run, YardError> {
        self.repo_mut(repo)?
            .runs
            .get_mut(&id)
            .ok_or(YardError::NoSuch("run"))
    }

    /// A run begins.
    pub(super) fn begin_run(&mut self, repo: i64, id: i64) -> Result<(), YardError> {
        let now = self.clock.now();
        let run = self.run_mut(repo, id)?;
        if run.status != "queued" {
            return Ok(());
        }
        run.status = "in_progress";
        run.updated_at = now;
        self.tell_run(repo, id, "in_progress")
    }

    /// A run ends; one that ended stays as it is.
    pub(super) fn end_run(
        &mut self,
        repo: i64,
        id: i64,
        conclusion: &str,
        output: &str,
    ) -> Result<(), YardError> {
        let now = self.clock.now();
        let run = self.run_mut(repo, id)?;
        run.process = None;
        run.output.push_str(output);
        if run.status == "completed" {
            return Ok(());
        }
        run.status = "completed";
        run.conclusion = Some(if run.cancelled {
            "cancelled".to_owned()
        } else {
            conclusion.to_owned()
        });
        run.updated_at = now;
        let (token, actor) = (run.token.clone(), run.actor.clone());
        self.tokens.remove(&token);
        self.tell_run(repo, id, "completed")?;
        let known = self.repo(repo)?;
        let run = known.runs.get(&id).ok_or(YardError::NoSuch("run"))?;
        let what = json!({"check_suite": self.show_suite(known, run)});
        self.tell("check_suite", Some("completed"), repo, &actor, what);
        Ok(())
    }

    /// Cancels a run: its program is ended, if it has one.
    pub(super) fn cancel_run(&mut self, repo: i64, id: i64) -> Result<(), YardError> {
        let run = self.run_mut(repo, id)?;
        run.cancelled = true;
        match run.process {
            Some(process) => {
                end_group(process);
                Ok(())
            }
            None => self.end_run(repo, id, "cancelled", ""),
        }
    }

    /// A check run that is not known yet.
    pub(super) fn new_check(&mut self, app: i64, name: &str, head: &str, suite: i64) -> Check {
        Check {
            id: self.next("check"),
            suite,
            app,
            name: name.to_owned(),
            head: head.to_owned(),
            status: "queued".to_owned(),
            conclusion: None,
            external_id: String::new(),
            details_url: None,
            output: json!({}),
            started_at: self.clock.now(),
            completed_at: None,
        }
    }

    /// Stores a check run, new or changed, and tells of it.
    pub(super) fn put_check(&mut self, repo: i64, check: Check) -> Result<(), YardError> {
        let (id, done) = (check.id, check.completed_at.is_some());
        let sender = if check.app == self.app.id {
            self.bot()
        } else {
            "github-actions[bot]".to_owned()
        };
        let known = self.repo_mut(repo)?;
        let head = check.head.clone();
        let before = known.checks.insert(id, check);
        if before.is_none() {
            let on_head = |thread: &&mut super::model::Thread| {
                thread
                    .pull
                    .as_ref()
                    .is_some_and(|pull| pull.head_oid == head)
            };
            for thread in known.threads.values_mut().filter(on_head) {
                thread.story.push(Entry::Checked { check: id });
            }
        }
        let action = if done { "completed" } else { "created" };
        if before.is_some_and(|before| before.completed_at.is_some() == done) {
            return Ok(());
        }
        let known = self.repo(repo)?;
        let check = known
            .checks
            .get(&id)
            .ok_or(YardError::NoSuch("check run"))?;
        let what = json!({"check_run": self.show_check(known, check)});
        self.tell("check_run", Some(action), repo, &sender, what);
        Ok(())
    }
}

/// Ends a program and all that it started.
pub(super) fn end_group(process: u32) {
    let pid = i32::try_from(process)
        .ok()
        .and_then(rustix::process::Pid::from_raw);
    if let Some(pid) = pid {
        // It may have ended by itself meanwhile.
        rustix::process::kill_process_group(pid, rustix::process::Signal::KILL).ok();
    }
}

/// The next dispatched run, as soon as there is one.
pub(super) async fn take_run(shared: &Arc<Shared>) -> Result<HeldRun, YardError> {
    loop {
        let news = shared.news.notified();
        let taken = shared.look_quietly(|world| {
            let at = world
                .jobs
                .iter()
                .position(|job| matches!(job, Job::Dispatched { .. }))?;
            let Some(Job::Dispatched { repo, run }) = world.jobs.remove(at) else {
                return None;
            };
            let known = world.repos.get(&repo)?;
            let run = known.runs.get(&run)?;
            Some(HeldRun {
                run_id: RunId(run.id),
                run_attempt: run.attempt,
                repository: known.full_name(),
                inputs: run.inputs.clone(),
                token: run.token.clone(),
                repo,
                shared: Arc::clone(shared),
            })
        });
        match taken {
            Some(run) => return Ok(run),
            None => news.await,
        }
    }
}

/// Starts the program of a run and waits for its end.
pub(super) async fn run_program(shared: Arc<Shared>, program: Program, held: HeldRun) {
    let (repo, id) = (held.repo, held.run_id.0);
    if held.is_cancelled() || held.begins().await.is_err() {
        return;
    }
    let ended = spawn(&shared, &program, &held).await;
    let (conclusion, output) = match ended {
        Ok((true, output)) => ("success", output),
        Ok((false, output)) => ("failure", output),
        Err(error) => (
            "failure",
            format!("the program could not be run: {error}\n"),
        ),
    };
    if let Err(error) = shared
        .change(move |world| world.end_run(repo, id, conclusion, &output))
        .await
    {
        tracing::warn!(%error, run = id, "the end of a run could not be recorded");
    }
}

async fn spawn(
    shared: &Arc<Shared>,
    program: &Program,
    held: &HeldRun,
) -> std::io::Result<(bool, String)> {
    let (name, arguments) = program
        .argv
        .split_first()
        .ok_or(std::io::ErrorKind::InvalidInput)?;
    let mut command = tokio::process::Command::new(name);
    command
        .args(arguments)
        .current_dir(&program.dir)
        .env_clear();
    command
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .env("LANG", "C.UTF-8")
        .env("CI", "true");
    command.envs(program.env.iter().map(|(key, value)| (key, value)));
    for (key, value) in &held.inputs {
        command.env(format!("INPUT_{}", key.to_ascii_uppercase()), value);
    }
    let server = shared.look(|world| world.base_url.clone());
    command
        .env("GITHUB_ACTIONS", "true")
        .env("GITHUB_RUN_ID", held.run_id.to_string())
        .env("GITHUB_RUN_ATTEMPT", held.run_attempt.to_string())
        .env("GITHUB_REPOSITORY", &held.repository)
        .env("GITHUB_API_URL", format!("{server}/api/v3"))
        .env("GITHUB_SERVER_URL", server)
        .env("GITHUB_TOKEN", &held.token);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.process_group(0).kill_on_drop(true).spawn()?;
    let (repo, id, process) = (held.repo, held.run_id.0, child.id());
    let cancelled = shared.look(|world| {
        let run = world.run_mut(repo, id).ok()?;
        run.process = process;
        run.cancelled.then_some(())
    });
    if let (Some(()), Some(process)) = (cancelled, process) {
        end_group(process);
    }
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let (out, err, status) = tokio::join!(tail(out), tail(err), child.wait());
    Ok((status?.success(), format!("{out}{err}")))
}

/// The end of what a stream says.
async fn tail(stream: Option<impl AsyncRead + Unpin>) -> String {
    let Some(mut stream) = stream else {
        return String::new();
    };
    let mut kept: Vec<u8> = Vec::new();
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(read @ 1..) = stream.read(&mut buffer).await {
        kept.extend_from_slice(buffer.get(..read).unwrap_or_default());
        if kept.len() > 2 * OUTPUT_KEPT {
            kept.drain(..kept.len() - OUTPUT_KEPT);
        }
    }
    let from = kept.len().saturating_sub(OUTPUT_KEPT);
    String::from_utf8_lossy(kept.get(from..).unwrap_or_default()).into_owned()
}
