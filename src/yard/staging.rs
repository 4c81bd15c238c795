//! What a test does to CI: it writes plays, and plays single steps by hand.
//!
//! A commit is named by its id or by a branch that stands at it.

use super::YardError;
use super::people::Repo;
use super::playing::Spot;
use super::plays::{Outcome, Play, PlayedCheck, PlayedStatus, PlayedWorkflow, Requirement};
use super::reports::{Cue, Log};
use super::world::World;

/// A job as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenJob {
    /// GitHub's number of it, and of its check run.
    pub id: i64,
    /// The run that it belongs to.
    pub run: i64,
    /// In which attempt of the run.
    pub attempt: i64,
    /// Its name.
    pub name: String,
    /// `queued`, `in_progress` or `completed`.
    pub status: String,
    /// How it ended.
    pub conclusion: Option<String>,
}

impl Repo {
    pub(super) async fn stage<T: Send + 'static>(
        &self,
        verb: impl FnOnce(&mut World, i64) -> Result<T, YardError> + Send + 'static,
    ) -> Result<T, YardError> {
        let id = self.id;
        let shared = &self.yard.shared;
        shared.change(move |world| verb(world, id)).await
    }

    pub(super) async fn cues(&self, cue: Cue, plays: Vec<Play>) -> Result<(), YardError> {
        self.stage(move |world, repo| {
            let reports = &mut world.repo_mut(repo)?.reports;
            reports.plays.insert(cue, plays.into());
            Ok(())
        })
        .await
    }

    /// The n-th commit from now on that becomes the head of a pull request gets the n-th play;
    /// the last play repeats. Without any, `Options::ci` says what happens.
    ///
    /// # Errors
    /// The repository is gone.
    pub async fn plays(&self, plays: Vec<Play>) -> Result<(), YardError> {
        self.cues(Cue::Pulls, plays).await
    }

    /// The same for one pull request, which may be still to come.
    ///
    /// # Errors
    /// The repository is gone.
    pub async fn plays_for(&self, pull: i64, plays: Vec<Play>) -> Result<(), YardError> {
        self.cues(Cue::Pull(pull), plays).await
    }

    /// The same for pushes to a branch. The first play is performed at once where the branch
    /// stands now.
    ///
    /// # Errors
    /// There is no such branch.
    pub async fn plays_on(&self, branch: &str, plays: Vec<Play>) -> Result<(), YardError> {
        self.cues(Cue::Branch(branch.to_owned()), plays).await?;
        let branch = branch.to_owned();
        self.stage(move |world, repo| {
            let (head, actor) = (
                world.commit(repo, &branch)?,
                world.repo(repo)?.owner.clone(),
            );
            world.play_branch(repo, &branch, &head, &actor)
        })
        .await
    }

    /// A workflow runs on a commit now, late; the number of its run.
    ///
    /// # Errors
    /// There is no such commit.
    pub async fn runs_late(
        &self,
        branch: &str,
        workflow: PlayedWorkflow,
    ) -> Result<i64, YardError> {
        let branch = branch.to_owned();
        self.stage(move |world, repo| {
            let spot = Spot {
                head: world.commit(repo, &branch)?,
                branch,
                actor: world.repo(repo)?.owner.clone(),
                event: "pull_request",
                draft: false,
            };
            world.play_workflow(repo, workflow, &spot)
        })
        .await
    }

    /// The jobs of Actions on a commit, oldest first, of all attempts.
    ///
    /// # Errors
    /// There is no such commit.
    pub async fn ci_jobs(&self, commit: &str) -> Result<Vec<SeenJob>, YardError> {
        let commit = commit.to_owned();
        self.stage(move |world, repo| world.seen_jobs(repo, &commit))
            .await
    }

    /// The newest job of that name that has not ended comes to this outcome, and with the last
    /// job its run ends.
    ///
    /// # Errors
    /// There is no such job.
    pub async fn ends_job(
        &self,
        commit: &str,
        name: &str,
        outcome: Outcome,
    ) -> Result<(), YardError> {
        let (commit, name) = (commit.to_owned(), name.to_owned());
        self.stage(move |world, repo| {
            let jobs = world.seen_jobs(repo, &commit)?;
            let waits = |job: &&SeenJob| job.name == name && job.status != "completed";
            let job = jobs.iter().rev().find(waits);
            let job = job.ok_or(YardError::NoSuch("job under way"))?;
            let scripts = &world.repo(repo)?.reports.scripts;
            let named = |script: &PlayedWorkflow| {
                let mut jobs = script.jobs.iter();
                Some(jobs.find(|job| job.name == name)?.command.clone())
            };
            let command = scripts.get(&job.run).and_then(named).unwrap_or_default();
            if !matches!(outcome, Outcome::Queued) {
                world.begin_run(repo, job.run)?;
            }
            world.end_job(repo, job.id, &outcome, &command)?;
            world.conclude(repo, job.run)
        })
        .await
    }

    /// A person presses "Approve and run" on all runs of a commit that wait for that; how many.
    ///
    /// # Errors
    /// There is no such commit.
    pub async fn approves_runs(&self, commit: &str) -> Result<usize, YardError> {
        let commit = commit.to_owned();
        self.stage(move |world, repo| {
            let head = world.commit(repo, &commit)?;
            let waits = |run: &&super::model::Run| {
                run.head == head && run.conclusion.as_deref() == Some("action_required")
            };
            let runs = world.repo(repo)?.runs.values();
            let runs: Vec<i64> = runs.filter(waits).map(|run| run.id).collect();
            for run in &runs {
                world.approve_run(repo, *run)?;
            }
            Ok(runs.len())
        })
        .await
    }

    /// A person presses "Re-run failed jobs" on all runs of a commit that can be; how many.
    ///
    /// # Errors
    /// There is no such commit.
    pub async fn runs_again(&self, commit: &str) -> Result<usize, YardError> {
        let commit = commit.to_owned();
        self.stage(move |world, repo| {
            let head = world.commit(repo, &commit)?;
            let known = world.repo(repo)?;
            let may = |run: &&super::model::Run| {
                run.head == head && world.rerun_refusal(repo, run).is_none()
            };
            let runs: Vec<i64> = known.runs.values().filter(may).map(|run| run.id).collect();
            for run in &runs {
                world.rerun_failed(repo, *run)?;
            }
            Ok(runs.len())
        })
        .await
    }

    /// A person cancels all runs of a commit that have not ended; how many.
    ///
    /// # Errors
    /// There is no such commit.
    pub async fn cancels_runs(&self, commit: &str) -> Result<usize, YardError> {
        let commit = commit.to_owned();
        self.stage(move |world, repo| {
            let head = world.commit(repo, &commit)?;
            let runs = world.repo(repo)?.runs.values();
            let open = runs.filter(|run| run.head == head && run.status != "completed");
            let open: Vec<i64> = open.map(|run| run.id).collect();
            for run in &open {
                world.cancel_run(repo, *run)?;
            }
            Ok(open.len())
        })
        .await
    }

    /// The logs of a commit's jobs are not kept any more.
    ///
    /// # Errors
    /// There is no such commit.
    pub async fn loses_logs(&self, commit: &str) -> Result<(), YardError> {
        let commit = commit.to_owned();
        self.stage(move |world, repo| {
            for job in world.seen_jobs(repo, &commit)? {
                if let Some(job) = world.repo_mut(repo)?.reports.jobs.get_mut(&job.id) {
                    job.log = Log::Gone;
                }
            }
            Ok(())
        })
        .await
    }

    /// Another App reports a check run on a commit; its number.
    ///
    /// # Errors
    /// There is no such commit.
    pub async fn adds_check(&self, commit: &str, check: PlayedCheck) -> Result<i64, YardError> {
        let commit = commit.to_owned();
        self.stage(move |world, repo| {
            let head = world.commit(repo, &commit)?;
            world.play_check(repo, &head, check)
        })
        .await
    }

    /// A check run of another App ends.
    ///
    /// # Errors
    /// There is no such check run.
    pub async fn ends_check(&self, id: i64, conclusion: &str) -> Result<(), YardError> {
        let conclusion = conclusion.to_owned();
        self.stage(move |world, repo| world.end_foreign_check(repo, id, &conclusion))
            .await
    }

    /// The newest check run of this name on a commit: its status or conclusion, and its title.
    ///
    /// # Errors
    /// There is no such commit.
    pub async fn newest_check(
        &self,
        commit: &str,
        name: &str,
    ) -> Result<Option<(String, String)>, YardError> {
        let (commit, name) = (commit.to_owned(), name.to_owned());
        self.stage(move |world, repo| {
            let head = world.commit(repo, &commit)?;
            let checks = world.repo(repo)?.checks.values();
            let newest = checks
                .filter(|check| check.head == head && check.name == name)
                .max_by_key(|check| check.id);
            Ok(newest.map(|check| {
                let title = check.output["title"].as_str().unwrap_or_default();
                let standing = check.conclusion.as_ref().unwrap_or(&check.status);
                (standing.clone(), title.to_owned())
            }))
        })
        .await
    }

    /// Somebody sets a status on a commit.
    ///
    /// # Errors
    /// There is no such commit.
    pub async fn sets_status(&self, commit: &str, status: PlayedStatus) -> Result<(), YardError> {
        let commit = commit.to_owned();
        self.stage(move |world, repo| {
            let head = world.commit(repo, &commit)?;
            world.set_status(repo, &head, status)
        })
        .await
    }

    /// From now on a branch requires this too.
    ///
    /// # Errors
    /// The repository is gone.
    pub async fn requires(&self, branch: &str, what: Requirement) -> Result<(), YardError> {
        let branch = branch.to_owned();
        self.stage(move |world, repo| {
            let known = &mut world.repo_mut(repo)?.reports.requirements;
            known.entry(branch).or_default().push(what);
            Ok(())
        })
        .await
    }
}

impl World {
    /// A commit by its id or by a branch.
    pub(super) fn commit(&self, repo: i64, name: &str) -> Result<String, YardError> {
        let known = self.repo(repo)?;
        let found = known.tip(name).map(str::to_owned);
        found
            .or_else(|| known.git.resolve(&format!("{name}^{{commit}}")))
            .ok_or(YardError::NoSuch("commit"))
    }

    fn seen_jobs(&self, repo: i64, commit: &str) -> Result<Vec<SeenJob>, YardError> {
        let head = self.commit(repo, commit)?;
        let known = self.repo(repo)?;
        let seen = |job: &super::reports::WorkflowJob| {
            let check = known.checks.get(&job.id).filter(|one| one.head == head)?;
            Some(SeenJob {
                id: job.id,
                run: job.run,
                attempt: job.attempt,
                name: job.name.clone(),
                status: check.status.clone(),
                conclusion: check.conclusion.clone(),
            })
        };
        Ok(known.reports.jobs.values().filter_map(seen).collect())
    }
}
