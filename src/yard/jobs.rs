//! The jobs of dispatched runs: held for a test that plays them, or started as a program.
//!
//! Knows how a job is begun and ended; not what runs in it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt as _};

use super::YardError;
use super::model::Job;
use super::shared::Shared;
use crate::domain::ids::RunId;

/// How much of what a job says is kept, at its end.
const OUTPUT_KEPT: usize = 256 * 1024;

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

/// Ends a program and all that it started.
pub(super) fn end_group(process: u32) {
    signal_group(process, Signal::KILL);
}

/// Tells a program and all that it started.
pub(super) fn signal_group(process: u32, signal: Signal) {
    let pid = i32::try_from(process).ok().and_then(Pid::from_raw);
    if let Some(pid) = pid {
        // It may have ended by itself meanwhile.
        kill_process_group(pid, signal).ok();
    }
}

/// The next dispatched run, as soon as there is one.
pub(super) async fn take_run(shared: &Arc<Shared>) -> HeldRun {
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
            Some(run) => return run,
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
