//! The jobs of dispatched runs: held for a test that plays them, or started as a program.
//!
//! Knows how a job is begun and ended; `running` says what runs in it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use rustix::process::{Pid, Signal, kill_process_group};

use super::YardError;
use super::model::Job;
use super::shared::Shared;
use crate::domain::ids::RunId;

/// What is done with dispatched runs.
#[derive(Clone, Debug, Default)]
pub enum Runner {
    /// They wait for `Yard::take_run`.
    #[default]
    Held,
    /// A program is started for each, in place of the workflow's job `work`.
    Started(Program),
    /// The workflow's own file is executed.
    Workflow(Act),
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
    /// The server that the yard signs in to, in place of the workflow's job `enter`; the ticket
    /// is in the program's environment then.
    pub enters: Option<String>,
}

/// act, and what it may use.
#[derive(Clone, Debug)]
pub struct Act {
    /// The program.
    pub program: PathBuf,
    /// `PATH` of the steps.
    pub path: String,
    /// Where the runs' folders are made.
    pub scratch: PathBuf,
    /// What else stands in the environment of the steps, as an image's makers set it.
    pub variables: Vec<(String, String)>,
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
    pub(super) repo: i64,
    pub(super) shared: Arc<Shared>,
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
