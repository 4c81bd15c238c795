//! CI as a test wrote it: a play is performed when its commit arrives, with GitHub's deliveries in
//! GitHub's order, and comes to its end by itself where it has one.
//!
//! Knows when a play begins and what each outcome leaves behind; a re-run stands in `reruns`.

use super::YardError;
use super::logs::{Ran, annotation, steps, written};
use super::plays::{Beginning, Outcome, Play, PlayedWorkflow};
use super::reports::{Cue, JobStep, Log, WorkflowJob};
use super::shapes::ACTIONS_APP_ID;
use super::world::World;

/// What a job's log ends with when it took too long.
const TOO_LONG: &str = "##[error]The job has exceeded the maximum execution time of 6h0m0s";

/// Which commit a play is about, and what started it.
pub(super) struct Spot {
    pub(super) branch: String,
    pub(super) head: String,
    pub(super) actor: String,
    pub(super) event: &'static str,
    pub(super) draft: bool,
}

impl World {
    fn spot_of(&self, repo: i64, n: i64, actor: &str) -> Result<Spot, YardError> {
        let pull = self.thread(repo, n)?.pull.as_ref();
        let pull = pull.ok_or(YardError::NoSuch("pull request"))?;
        Ok(Spot {
            branch: pull.head.clone(),
            head: pull.head_oid.clone(),
            actor: actor.to_owned(),
            event: "pull_request",
            draft: pull.draft,
        })
    }

    /// Performs the next play for a pull request; whether there was one.
    pub(super) fn play_pull(&mut self, repo: i64, n: i64, actor: &str) -> Result<bool, YardError> {
        let reports = &mut self.repo_mut(repo)?.reports;
        let cues = [Cue::Pull(n), Cue::Pulls];
        let Some(play) = cues.iter().find_map(|cue| reports.next_play(cue)) else {
            return Ok(false);
        };
        reports.played.insert(n, play.clone());
        let spot = self.spot_of(repo, n, actor)?;
        self.play(repo, play, &spot)?;
        Ok(true)
    }

    /// Performs the next play for a branch, if there is one.
    pub(super) fn play_branch(
        &mut self,
        repo: i64,
        branch: &str,
        head: &str,
        actor: &str,
    ) -> Result<(), YardError> {
        let spot = Spot {
            branch: branch.to_owned(),
            head: head.to_owned(),
            actor: actor.to_owned(),
            event: "push",
            draft: false,
        };
        self.play_cue(repo, &Cue::Branch(branch.to_owned()), &spot)
    }

    /// Performs the next play of a cue, if there is one.
    pub(super) fn play_cue(&mut self, repo: i64, cue: &Cue, spot: &Spot) -> Result<(), YardError> {
        match self.repo_mut(repo)?.reports.next_play(cue) {
            Some(play) => self.play(repo, play, spot),
            None => Ok(()),
        }
    }

    /// A draft was marked ready: the workflows that skipped it run.
    pub(super) fn play_ready(&mut self, repo: i64, n: i64, actor: &str) -> Result<(), YardError> {
        let played = self.repo(repo)?.reports.played.get(&n).cloned();
        let spot = self.spot_of(repo, n, actor)?;
        for workflow in played.unwrap_or_default().workflows {
            if workflow.skips_drafts {
                self.play_workflow(repo, workflow, &spot)?;
            }
        }
        Ok(())
    }

    fn play(&mut self, repo: i64, play: Play, spot: &Spot) -> Result<(), YardError> {
        for workflow in play.workflows {
            self.play_workflow(repo, workflow, spot)?;
        }
        for check in play.checks {
            self.play_check(repo, &spot.head, check)?;
        }
        for status in play.statuses {
            self.set_status(repo, &spot.head, status)?;
        }
        Ok(())
    }

    /// Performs a workflow; the number of its run.
    pub(super) fn play_workflow(
        &mut self,
        repo: i64,
        mut workflow: PlayedWorkflow,
        spot: &Spot,
    ) -> Result<i64, YardError> {
        let event = workflow.event.as_deref().unwrap_or(spot.event);
        let at = (spot.branch.as_str(), spot.head.as_str());
        let mut run = self.new_run(repo, &workflow.file, event, at, &spot.actor)?;
        run.name.clone_from(&workflow.name);
        if spot.draft && workflow.skips_drafts {
            for job in &mut workflow.jobs {
                job.outcome = Outcome::Skipped;
            }
        }
        let (id, beginning) = (run.id, workflow.beginning);
        let known = self.repo_mut(repo)?;
        known.runs.insert(id, run);
        known.reports.scripts.insert(id, workflow);
        self.tell_run(repo, id, "requested")?;
        match beginning {
            Beginning::Runs => self.play_attempt(repo, id)?,
            Beginning::WaitsForApproval => self.end_run(repo, id, "action_required", "")?,
            Beginning::FailsToStart => self.end_run(repo, id, "startup_failure", "")?,
        }
        Ok(id)
    }

    /// Performs the jobs of the attempt under way that it does not have yet.
    pub(super) fn play_attempt(&mut self, repo: i64, id: i64) -> Result<(), YardError> {
        let known = self.repo(repo)?;
        let run = known.runs.get(&id).ok_or(YardError::NoSuch("run"))?;
        let (attempt, script) = (run.attempt, known.reports.scripts.get(&id).cloned());
        let has = known.reports.jobs_of(id, attempt);
        let mut jobs = script.map(|script| script.jobs).unwrap_or_default();
        jobs.retain(|job| !has.iter().any(|one| one.name == job.name));
        let mut begun = Vec::new();
        for job in jobs {
            let outcome = job.outcome_of(attempt).clone();
            begun.push((self.new_job(repo, id, &job.name)?, outcome, job.command));
        }
        let idle = |outcome: &Outcome| matches!(outcome, Outcome::Queued | Outcome::Skipped);
        if begun.iter().any(|(_, outcome, _)| !idle(outcome)) {
            self.begin_run(repo, id)?;
        }
        for (job, outcome, command) in begun {
            self.end_job(repo, job, &outcome, &command)?;
        }
        self.conclude(repo, id)
    }

    /// A new job of the attempt under way, queued; its number.
    pub(super) fn new_job(&mut self, repo: i64, run: i64, name: &str) -> Result<i64, YardError> {
        let known = self.run_mut(repo, run)?;
        let (suite, head, attempt) = (known.suite, known.head.clone(), known.attempt);
        let check = self.new_check(ACTIONS_APP_ID, name, &head, suite);
        let job = WorkflowJob {
            id: check.id,
            run,
            attempt,
            name: name.to_owned(),
            steps: Vec::new(),
            log: Log::None,
        };
        let id = job.id;
        self.repo_mut(repo)?.reports.jobs.insert(id, job);
        self.put_check(repo, check)?;
        Ok(id)
    }

    /// A job comes to this outcome.
    pub(super) fn end_job(
        &mut self,
        repo: i64,
        id: i64,
        outcome: &Outcome,
        command: &str,
    ) -> Result<(), YardError> {
        let ran = |output: &str, exit_code| {
            let (command, output) = (command.to_owned(), output.to_owned());
            vec![Ran {
                command,
                output,
                exit_code,
            }]
        };
        let commands = [command.to_owned()];
        match outcome {
            Outcome::Queued => Ok(()),
            Outcome::Hangs => self.begin_job(repo, id, command),
            Outcome::Passes => self.job_ran(repo, id, &commands, &ran("", 0)),
            Outcome::PassesWith(said) => self.job_ran(repo, id, &commands, &ran(said, 0)),
            Outcome::Fails(said) => self.job_ran(repo, id, &commands, &ran(said, 1)),
            Outcome::TimedOut(said) => {
                let ran = ran(&format!("{}\n{TOO_LONG}\n", said.trim_end()), 0);
                let name = self.job_mut(repo, id)?.name.clone();
                let log = Log::Written(written(&name, &ran, self.clock.now()));
                let mut steps = steps(&commands, &ran);
                if let Some(step) = steps.get_mut(1) {
                    step.conclusion = Some("cancelled");
                }
                self.close_job(repo, id, "timed_out", (log, steps))
            }
            Outcome::Cancelled => self.close_job(repo, id, "cancelled", (Log::None, Vec::new())),
            Outcome::Skipped => self.close_job(repo, id, "skipped", (Log::None, Vec::new())),
            Outcome::Stale => self.close_job(repo, id, "stale", (Log::None, Vec::new())),
        }
    }

    fn begin_job(&mut self, repo: i64, id: i64, command: &str) -> Result<(), YardError> {
        let job = self.job_mut(repo, id)?;
        let step = |name: String, conclusion| JobStep { name, conclusion };
        job.steps = vec![
            step("Set up job".to_owned(), Some("success")),
            step(format!("Run {command}"), None),
        ];
        let mut check = self.check_of(repo, id)?;
        "in_progress".clone_into(&mut check.status);
        self.put_check(repo, check)
    }

    /// A job ran these of its commands; the last one says how it ended.
    pub(super) fn job_ran(
        &mut self,
        repo: i64,
        id: i64,
        commands: &[String],
        ran: &[Ran],
    ) -> Result<(), YardError> {
        let name = self.job_mut(repo, id)?.name.clone();
        let log = written(&name, ran, self.clock.now());
        let lines = log.lines().count();
        let failed = ran.iter().find(|one| one.exit_code != 0);
        if let Some(one) = failed {
            let mut check = self.check_of(repo, id)?;
            check
                .annotations
                .push(annotation(&check, one.exit_code, lines));
            self.put_check(repo, check)?;
        }
        let conclusion = if failed.is_some() {
            "failure"
        } else {
            "success"
        };
        self.close_job(
            repo,
            id,
            conclusion,
            (Log::Written(log), steps(commands, ran)),
        )
    }

    fn close_job(
        &mut self,
        repo: i64,
        id: i64,
        conclusion: &str,
        (log, steps): (Log, Vec<JobStep>),
    ) -> Result<(), YardError> {
        let job = self.job_mut(repo, id)?;
        job.log = log;
        job.steps = steps;
        self.close_check(repo, id, conclusion)
    }

    /// A check run ends.
    pub(super) fn close_check(
        &mut self,
        repo: i64,
        id: i64,
        conclusion: &str,
    ) -> Result<(), YardError> {
        let mut check = self.check_of(repo, id)?;
        "completed".clone_into(&mut check.status);
        check.conclusion = Some(conclusion.to_owned());
        check.completed_at = Some(self.clock.now());
        self.put_check(repo, check)
    }

    /// The run ends with its last job.
    pub(super) fn conclude(&mut self, repo: i64, id: i64) -> Result<(), YardError> {
        let known = self.repo(repo)?;
        let run = known.runs.get(&id).ok_or(YardError::NoSuch("run"))?;
        let jobs = known.reports.jobs_of(id, run.attempt);
        let checks = jobs.iter().filter_map(|job| known.checks.get(&job.id));
        let Some(ends) = checks
            .map(|check| check.conclusion.as_deref())
            .collect::<Option<Vec<&str>>>()
        else {
            return Ok(());
        };
        let any = |wanted: &&str| ends.contains(wanted);
        // A run has no end of its own for a job that took too long.
        let worst = ["failure", "timed_out", "cancelled", "stale"];
        let conclusion = match worst.into_iter().find(any) {
            Some("timed_out") => "failure",
            Some(one) => one,
            None if !ends.is_empty() && ends.iter().all(|end| *end == "skipped") => "skipped",
            None => "success",
        };
        self.end_run(repo, id, conclusion, "")
    }

    fn job_mut(&mut self, repo: i64, id: i64) -> Result<&mut WorkflowJob, YardError> {
        let jobs = &mut self.repo_mut(repo)?.reports.jobs;
        jobs.get_mut(&id).ok_or(YardError::NoSuch("job"))
    }

    /// A check run, to be changed and put back.
    pub(super) fn check_of(&self, repo: i64, id: i64) -> Result<super::model::Check, YardError> {
        let found = self.repo(repo)?.checks.get(&id).cloned();
        found.ok_or(YardError::NoSuch("check run"))
    }
}
