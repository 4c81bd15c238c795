//! How CI looks in JSON: check runs and suites, workflow runs and jobs, statuses.
//!
//! One function a noun, used by REST answers and deliveries alike. Decides nothing but what
//! follows from the parts: the state of a suite, the combined state of statuses.

use serde_json::{Value, json};

use super::model::{Check, Repository, Run};
use super::reports::{CommitStatus, WorkflowJob};
use super::shapes::{ACTIONS_APP_ID, node_id, renumber};
use super::templates::{object, patched};
use super::world::World;
use crate::domain::time::Timestamp;

/// A check suite: that of a workflow run, or all check runs of another App on one commit.
pub(super) struct Suite {
    pub(super) id: i64,
    pub(super) app: i64,
    pub(super) head: String,
    pub(super) branch: Option<String>,
    pub(super) status: String,
    pub(super) conclusion: Option<String>,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
}

impl Suite {
    fn of_run(run: &Run) -> Self {
        Self {
            id: run.suite,
            app: ACTIONS_APP_ID,
            head: run.head.clone(),
            branch: Some(run.branch.clone()),
            status: run.status.to_owned(),
            conclusion: run.conclusion.clone(),
            created_at: run.created_at,
            updated_at: run.updated_at,
        }
    }

    /// The suite that these check runs are in.
    fn of_checks(repo: &Repository, checks: &[&Check]) -> Option<Self> {
        let first = checks.first()?;
        let bad = |check: &&&Check| {
            let conclusion = check.conclusion.as_deref().unwrap_or_default();
            !["success", "neutral", "skipped"].contains(&conclusion)
        };
        let running = checks.iter().any(|check| check.status != "completed");
        let conclusion = match checks.iter().find(bad) {
            _ if running => None,
            Some(check) => check.conclusion.clone(),
            None => Some("success".to_owned()),
        };
        let times = checks.iter().map(|check| check.started_at);
        Some(Self {
            id: first.suite,
            app: first.app,
            head: first.head.clone(),
            branch: repo.branch_at(&first.head),
            status: if running { "in_progress" } else { "completed" }.to_owned(),
            conclusion,
            created_at: times.clone().min()?,
            updated_at: checks
                .iter()
                .filter_map(|check| check.completed_at)
                .chain(times)
                .max()?,
        })
    }
}

impl Repository {
    /// A branch that stands at a commit.
    fn branch_at(&self, head: &str) -> Option<String> {
        let found = self
            .refs
            .iter()
            .find(|(name, oid)| oid.as_str() == head && name.starts_with("refs/heads/"));
        found.map(|(name, _)| name.trim_start_matches("refs/heads/").to_owned())
    }

    /// One suite.
    pub(super) fn suite(&self, id: i64) -> Option<Suite> {
        if let Some(run) = self.runs.values().find(|run| run.suite == id) {
            return Some(Suite::of_run(run));
        }
        let newest = |check: &&Check| {
            check.suite == id
                && !self.checks.values().any(|other| {
                    (other.suite, &other.name) == (id, &check.name) && other.id > check.id
                })
        };
        let checks: Vec<&Check> = self.checks.values().filter(newest).collect();
        Suite::of_checks(self, &checks)
    }

    /// The suites of a commit, in order of their numbers.
    pub(super) fn suites_of(&self, head: &str) -> Vec<Suite> {
        let runs = self.runs.values().filter(|run| run.head == head);
        let checks = self.checks.values().filter(|check| check.head == head);
        let ids: std::collections::BTreeSet<i64> = runs
            .map(|run| run.suite)
            .chain(checks.map(|check| check.suite))
            .collect();
        ids.into_iter().filter_map(|id| self.suite(id)).collect()
    }
}

impl World {
    /// A check run.
    pub(super) fn show_check(&self, repo: &Repository, check: &Check) -> Value {
        let full = repo.full_name();
        let recording = if check.completed_at.is_some() {
            "check_run.completed"
        } else {
            "check_run.created"
        };
        let app = self.show_app_of(check.app);
        let url = format!("{}/repos/{full}/check-runs/{}", self.api(), check.id);
        let page = match repo.reports.jobs.get(&check.id) {
            Some(job) => self.job_page(&full, job),
            None => format!("{}/{full}/runs/{}", self.base_url, check.id),
        };
        let suite = repo.suite(check.suite);
        let branch = suite.as_ref().and_then(|suite| suite.branch.clone());
        let status = suite.as_ref().map_or(&check.status, |suite| &suite.status);
        let conclusion = suite
            .as_ref()
            .map_or(&check.conclusion, |suite| &suite.conclusion);
        patched(
            object(recording, "/check_run", &self.names(&full)),
            json!({
                "id": check.id, "node_id": node_id("CR", check.id), "name": check.name, "head_sha": check.head,
                "status": check.status, "conclusion": check.conclusion, "external_id": check.external_id,
                "url": url, "html_url": page, "details_url": check.details_url.clone().unwrap_or_else(|| page.clone()),
                "started_at": check.started_at.to_string(), "completed_at": check.completed_at.map(|at| at.to_string()),
                "output": patched(json!({"title": null, "summary": null, "text": null,
                                 "annotations_url": format!("{url}/annotations")}),
                                 patched(check.output.clone(), json!({"annotations_count": check.annotations.len()}))),
                "app": app, "pull_requests": [],
                "check_suite": {"id": check.suite, "node_id": node_id("CS", check.suite), "head_sha": check.head,
                                "head_branch": branch, "status": status, "conclusion": conclusion,
                                "app": app, "pull_requests": [],
                                "url": format!("{}/repos/{full}/check-suites/{}", self.api(), check.suite)},
            }),
        )
    }

    /// A check suite.
    pub(super) fn show_suite(&self, repo: &Repository, suite: &Suite) -> Value {
        let url = format!(
            "{}/repos/{}/check-suites/{}",
            self.api(),
            repo.full_name(),
            suite.id
        );
        let names: std::collections::BTreeSet<&str> = repo
            .checks
            .values()
            .filter(|check| check.suite == suite.id)
            .map(|check| check.name.as_str())
            .collect();
        patched(
            object(
                "check_suite.completed",
                "/check_suite",
                &self.names(&repo.full_name()),
            ),
            json!({"id": suite.id, "node_id": node_id("CS", suite.id), "head_branch": suite.branch, "head_sha": suite.head,
                   "status": suite.status, "conclusion": suite.conclusion, "before": null, "after": suite.head,
                   "pull_requests": [], "app": self.show_app_of(suite.app), "latest_check_runs_count": names.len(),
                   "url": url, "check_runs_url": format!("{url}/check-runs"), "head_commit": {"id": suite.head},
                   "created_at": suite.created_at.to_string(), "updated_at": suite.updated_at.to_string()}),
        )
    }

    /// A workflow run.
    pub(super) fn show_run(&self, repo: &Repository, run: &Run) -> Value {
        let full = repo.full_name();
        let mut shown = object(
            "workflow_run.completed",
            "/workflow_run",
            &self.names(&full),
        );
        let old = shown.get("id").and_then(Value::as_i64).unwrap_or(0);
        renumber(
            &mut shown,
            &format!("/runs/{old}"),
            &format!("/runs/{}", run.id),
        );
        let file = format!(".github/workflows/{}", run.workflow);
        let before = (run.attempt > 1).then(|| {
            let id = run.id;
            let attempt = run.attempt - 1;
            format!(
                "{}/repos/{full}/actions/runs/{id}/attempts/{attempt}",
                self.api()
            )
        });
        patched(
            shown,
            json!({
                "id": run.id, "node_id": node_id("WFR", run.id), "name": run.name, "path": file,
                "display_title": run.title, "event": run.event, "status": run.status, "conclusion": run.conclusion,
                "head_branch": run.branch, "head_sha": run.head, "head_commit": {"id": run.head},
                "run_number": run.number, "run_attempt": run.attempt, "check_suite_id": run.suite,
                "check_suite_node_id": node_id("CS", run.suite), "workflow_id": workflow_id(&run.workflow),
                "actor": self.show_user(&run.actor), "triggering_actor": self.show_user(&run.actor),
                "created_at": run.created_at.to_string(), "updated_at": run.updated_at.to_string(),
                "run_started_at": run.attempt_at.to_string(), "previous_attempt_url": before,
                "pull_requests": [], "referenced_workflows": [],
                "repository": self.show_repo(repo), "head_repository": self.show_repo(repo),
            }),
        )
    }

    /// The workflow of a run.
    pub(super) fn show_workflow(&self, repo: &Repository, run: &Run) -> Value {
        let id = workflow_id(&run.workflow);
        let path = format!(".github/workflows/{}", run.workflow);
        patched(
            object(
                "workflow_run.completed",
                "/workflow",
                &self.names(&repo.full_name()),
            ),
            json!({"id": id, "node_id": node_id("W", id), "name": run.name, "path": path, "state": "active"}),
        )
    }

    fn job_page(&self, full: &str, job: &WorkflowJob) -> String {
        let (base, run, id) = (&self.base_url, job.run, job.id);
        format!("{base}/{full}/actions/runs/{run}/job/{id}")
    }

    /// A job of a run; `null` where its run or check run is gone.
    pub(super) fn show_job(&self, repo: &Repository, job: &WorkflowJob) -> Value {
        let (Some(run), Some(check)) = (repo.runs.get(&job.run), repo.checks.get(&job.id)) else {
            return Value::Null;
        };
        let full = repo.full_name();
        let url = |rest: String| format!("{}/repos/{full}/{rest}", self.api());
        let begun = check.started_at.to_string();
        let ended = check.completed_at.map(|at| at.to_string());
        let step = |(at, step): (usize, &super::reports::JobStep)| {
            json!({"name": step.name, "number": at + 1, "conclusion": step.conclusion,
                   "status": if step.conclusion.is_some() { "completed" } else { "in_progress" },
                   "started_at": begun, "completed_at": step.conclusion.and(ended.as_ref())})
        };
        let runs = check.status != "queued" && check.conclusion.as_deref() != Some("skipped");
        json!({
            "id": job.id, "node_id": node_id("CR", job.id), "run_id": job.run, "run_attempt": job.attempt,
            "run_url": url(format!("actions/runs/{}", job.run)), "url": url(format!("actions/jobs/{}", job.id)),
            "html_url": self.job_page(&full, job), "check_run_url": url(format!("check-runs/{}", job.id)),
            "head_sha": run.head, "head_branch": run.branch, "workflow_name": run.name, "name": job.name,
            "status": check.status, "conclusion": check.conclusion, "created_at": begun, "started_at": begun,
            "completed_at": ended, "steps": job.steps.iter().enumerate().map(step).collect::<Vec<_>>(),
            "labels": ["ubuntu-latest"], "runner_id": runs.then_some(1), "runner_name": runs.then_some("GitHub Actions 1"),
            "runner_group_id": runs.then_some(0), "runner_group_name": runs.then_some("GitHub Actions"),
        })
    }

    /// A commit status, as lists and deliveries show it.
    pub(super) fn show_status(&self, repo: &Repository, status: &CommitStatus) -> Value {
        let at = status.at.to_string();
        let user = self.show_user(&status.creator);
        json!({
            "id": status.id, "node_id": node_id("SC", status.id), "state": status.state, "context": status.context,
            "description": status.description, "target_url": null, "created_at": at, "updated_at": at,
            "avatar_url": user.get("avatar_url"), "creator": user,
            "url": format!("{}/repos/{}/statuses/{}", self.api(), repo.full_name(), status.head),
        })
    }
}

/// GitHub's number of a workflow file.
pub(super) fn workflow_id(file: &str) -> i64 {
    16_340_000 + file.bytes().map(i64::from).sum::<i64>()
}
