//! Runs that run again: the failed jobs of one, and one that waited to be approved.
//!
//! A new attempt has new numbers for all its jobs, under the same names and in the same suite;
//! what passed is carried over as it was.

use super::YardError;
use super::model::{Job, Run};
use super::plays::Beginning;
use super::world::World;

/// For how long after it was made a run may be run again, and how often (GitHub's limits).
const RERUN_WITHIN_MS: i64 = 30 * 24 * 3600 * 1000;
const RERUNS_AT_MOST: i64 = 50;

/// How jobs ended that are run again.
const FAILED: [&str; 3] = ["failure", "cancelled", "timed_out"];

impl World {
    /// Why the failed jobs of a run cannot be run again, in GitHub's words.
    pub(super) fn rerun_refusal(&self, repo: i64, run: &Run) -> Option<&'static str> {
        if run.status != "completed" {
            return Some("This workflow is already running");
        }
        if self.clock.now().since_ms(run.created_at) > RERUN_WITHIN_MS {
            return Some(
                "Unable to retry this workflow run because it was created over a month ago",
            );
        }
        let failed = self.failed_jobs(repo, run).ok()?;
        if failed.is_empty() || run.attempt > RERUNS_AT_MOST {
            return Some("This workflow run cannot be retried");
        }
        None
    }

    /// The failed jobs of the newest attempt: number and name.
    fn failed_jobs(&self, repo: i64, run: &Run) -> Result<Vec<(i64, String)>, YardError> {
        let known = self.repo(repo)?;
        let failed = |id: i64| {
            let check = known.checks.get(&id);
            let end = check.and_then(|check| check.conclusion.as_deref());
            FAILED.contains(&end.unwrap_or_default())
        };
        let jobs = known.reports.jobs_of(run.id, run.attempt).into_iter();
        Ok(jobs
            .filter(|job| failed(job.id))
            .map(|job| (job.id, job.name.clone()))
            .collect())
    }

    /// Runs the failed jobs of a run again.
    pub(super) fn rerun_failed(&mut self, repo: i64, id: i64) -> Result<(), YardError> {
        let known = self.repo(repo)?;
        let run = known.runs.get(&id).ok_or(YardError::NoSuch("run"))?;
        let failed = self.failed_jobs(repo, run)?;
        let others: Vec<_> = known
            .reports
            .jobs_of(id, run.attempt)
            .into_iter()
            .filter(|job| !failed.iter().any(|(one, _)| *one == job.id))
            .cloned()
            .collect();
        let now = self.clock.now();
        let run = self.run_mut(repo, id)?;
        run.attempt += 1;
        run.attempt_at = now;
        let attempt = run.attempt;
        self.queue_again(repo, id)?;
        for mut job in others {
            let mut check = self.check_of(repo, job.id)?;
            check.id = self.next("check");
            (job.id, job.attempt) = (check.id, attempt);
            // Of what was carried over GitHub has been seen to list no steps.
            job.steps.clear();
            let known = self.repo_mut(repo)?;
            known.checks.insert(check.id, check);
            known.reports.jobs.insert(job.id, job);
        }
        self.tell_run(repo, id, "requested")?;
        if self.repo(repo)?.reports.scripts.contains_key(&id) {
            return self.play_attempt(repo, id);
        }
        for (_, name) in failed {
            self.new_job(repo, id, &name)?;
        }
        self.jobs.push_back(Job::Ci { repo, run: id });
        Ok(())
    }

    /// A run ends, and with it those of its jobs that have not ended.
    pub(super) fn close_jobs(
        &mut self,
        repo: i64,
        id: i64,
        conclusion: &str,
    ) -> Result<(), YardError> {
        let known = self.repo(repo)?;
        let run = known.runs.get(&id).ok_or(YardError::NoSuch("run"))?;
        let jobs = known.reports.jobs_of(id, run.attempt).into_iter();
        let waits = |id: &i64| {
            let check = known.checks.get(id);
            check.is_some_and(|check| check.completed_at.is_none())
        };
        let open: Vec<i64> = jobs.map(|job| job.id).filter(waits).collect();
        for job in open {
            self.close_check(repo, job, conclusion)?;
        }
        Ok(())
    }

    fn queue_again(&mut self, repo: i64, id: i64) -> Result<(), YardError> {
        let now = self.clock.now();
        let run = self.run_mut(repo, id)?;
        run.status = "queued";
        run.conclusion = None;
        run.cancelled = false;
        run.updated_at = now;
        Ok(())
    }

    /// A person approves a run that waited for that: it begins, in the same attempt.
    pub(super) fn approve_run(&mut self, repo: i64, id: i64) -> Result<(), YardError> {
        self.queue_again(repo, id)?;
        let reports = &mut self.repo_mut(repo)?.reports;
        let script = reports.scripts.get_mut(&id);
        script.ok_or(YardError::NoSuch("run"))?.beginning = Beginning::Runs;
        self.play_attempt(repo, id)
    }
}
