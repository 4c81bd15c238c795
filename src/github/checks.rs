//! What CI reports of one commit: check runs, statuses and runs of workflows.
//!
//! One question asks for all of it; where its answer is not whole the lists are read, to their end,
//! and held against their own counts. Whether all of it was seen is said, and never assumed (A10,
//! D13). What it comes to is decided elsewhere. Source: GitHub's "REST API endpoints for check
//! runs", "for commit statuses" and "for workflow runs".

mod question;
mod rows;
mod test_merge;

use std::collections::BTreeMap;

use http::Method;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::form_urlencoded;

use super::answer::{GithubError, Kind, found, unexpected};
use super::app_auth::Scope;
use super::client::{Client, Target};
use super::pages::{Of, Pages};
use super::perform::WORKFLOW_FILE;
use crate::domain::ci::checks::{Observed, WorkflowRun};
use crate::domain::ids::{AppId, Oid, RunId};
use rows::{CheckRow, RunRow, StatusRow};
pub(super) use test_merge::read_test_merge;

/// Characters of the name of a check or a workflow.
pub(super) const NAME_CHARS: usize = 300;
/// Where workflows are.
const WORKFLOWS: &str = ".github/workflows/";

/// What became of asking for failed jobs once more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rerun {
    /// GitHub took it: the run's attempt grows.
    Asked,
    /// It cannot be: the run is too old, under way, or gone; GitHub's words, foreign.
    Refused(String),
}

/// What is reported of a commit, each sort by itself.
struct Lists {
    checks: Vec<CheckRow>,
    statuses: Vec<StatusRow>,
    /// `None` where they are still to be listed.
    runs: Option<Vec<RunRow>>,
    /// Whether all of it was seen.
    whole: bool,
}

/// A run of a workflow on a branch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BranchRun {
    /// The run.
    pub run: WorkflowRun,
    /// The commit that it ran for.
    pub head: Oid,
}

/// Whether the path is that of our own workflow. GitHub's schema shows paths with a suffix, as in
/// `….yml@main`.
pub(super) fn is_own_workflow(path: &str) -> bool {
    file_of(path) == Some(WORKFLOW_FILE)
}

/// The file's name of a workflow that is a file of the repository.
fn file_of(path: &str) -> Option<&str> {
    path.split('@').next()?.strip_prefix(WORKFLOWS)
}

impl Client {
    /// The checks of `head`, without those of our own App and our own workflow: by one question,
    /// or where its answer is not whole by the lists.
    ///
    /// # Errors
    /// GitHub did not answer.
    pub async fn checks(&self, target: &Target, head: &Oid) -> Result<Observed, GithubError> {
        let mut lists = match self.asked_at_once(target, head).await? {
            Some(lists) => lists,
            None => self.reported(target, head).await?,
        };
        // The runs last: one that began meanwhile is then seen without its checks, and waited for.
        let runs = match lists.runs.take() {
            Some(runs) => runs,
            None => {
                let (runs, whole) = self.runs_of(target, head).await?;
                lists.whole &= whole;
                runs
            }
        };
        Ok(observed(head, AppId(self.app_id()), lists, runs))
    }

    /// Check runs and statuses of `head`, as they are listed; what is odd, or of another commit, is
    /// left out and makes it not whole.
    async fn reported(&self, target: &Target, head: &Oid) -> Result<Lists, GithubError> {
        let of = Of::Reports(target);
        let head = head.to_string();
        // All of them, not the `latest`: GitHub documents what that leaves out for no case of two
        // suites, or of two jobs with one name.
        let path = format!("/commits/{head}/check-runs?filter=all");
        let checks = self.pages("list a commit's checks", of, &path).await?;
        let path = format!("/commits/{head}/status");
        let statuses = self.pages("list a commit's statuses", of, &path).await?;
        let agree = checks.agrees() && statuses.agrees();
        let of_head = statuses.around.iter().all(|page| page["sha"] == head);
        let (checks, checks_fit) = rows::<CheckRow>(checks, |row| row.head_sha == head);
        let (statuses, statuses_fit) = rows::<StatusRow>(statuses, |_| true);
        Ok(Lists {
            checks,
            statuses,
            runs: None,
            whole: agree && of_head && checks_fit && statuses_fit,
        })
    }

    /// The runs of workflows for `head`, as they are listed, and whether these are all.
    async fn runs_of(
        &self,
        target: &Target,
        head: &Oid,
    ) -> Result<(Vec<RunRow>, bool), GithubError> {
        let of = Of::Reports(target);
        let path = format!("/actions/runs?head_sha={head}&exclude_pull_requests=true");
        let runs = self.pages("list a commit's runs", of, &path).await?;
        let agrees = runs.agrees();
        let head = head.to_string();
        let (runs, fit) = rows::<RunRow>(runs, |row| row.head_sha == head);
        Ok((runs, agrees && fit))
    }

    /// A run of a workflow as it stands now; `None` where GitHub knows of no such run.
    ///
    /// # Errors
    /// GitHub did not answer, or not as documented.
    pub async fn run(
        &self,
        target: &Target,
        run: RunId,
    ) -> Result<Option<WorkflowRun>, GithubError> {
        let operation = "read a run";
        let path = format!("/actions/runs/{run}?exclude_pull_requests=true");
        let answer: Result<RunRow, GithubError> = self
            .call(operation, target, Scope::Reports, Method::GET, &path, None)
            .await;
        match found(answer)? {
            Some(row) if row.id != run.0 => Err(unexpected(operation, "another run".to_owned())),
            row => Ok(row.map(RunRow::read)),
        }
    }

    /// Asks for the failed jobs of a run once more. Asking twice starts them twice, or is refused.
    ///
    /// # Errors
    /// GitHub did not take it, and it may work later; or the App may not.
    pub async fn rerun_failed_jobs(
        &self,
        target: &Target,
        run: RunId,
    ) -> Result<Rerun, GithubError> {
        let path = format!("/actions/runs/{run}/rerun-failed-jobs");
        let answer: Result<Value, GithubError> = self
            .call(
                "run failed jobs again",
                target,
                Scope::Run,
                Method::POST,
                &path,
                None,
            )
            .await;
        match answer {
            Ok(_) => Ok(Rerun::Asked),
            Err(error)
                if matches!(
                    error.kind,
                    Kind::Conflict | Kind::Forbidden | Kind::NotFound
                ) && !error.is_of_installation()
                    && !error.is_of_repository()
                    && !error.is_of_permission() =>
            {
                Ok(Rerun::Refused(error.reason))
            }
            Err(error) => Err(error),
        }
    }

    /// The newest runs on `branch` of the workflow whose file is at `workflow`, at most `limit`
    /// of a page; none where it is not a file of the repository.
    ///
    /// # Errors
    /// GitHub did not answer, or not as documented.
    pub async fn recent_runs(
        &self,
        target: &Target,
        workflow: &str,
        branch: &str,
        limit: u8,
    ) -> Result<Vec<BranchRun>, GithubError> {
        let operation = "list a branch's runs";
        let Some(file) = file_of(workflow).filter(|file| !file.contains('/')) else {
            return Ok(Vec::new());
        };
        let quoted = |text: &str| -> String {
            let quoted: String = form_urlencoded::byte_serialize(text.as_bytes()).collect();
            quoted.replace('+', "%20")
        };
        let path = format!(
            "/actions/workflows/{}/runs?branch={}&per_page={}&exclude_pull_requests=true",
            quoted(file),
            quoted(branch),
            limit.clamp(1, 100),
        );
        let answer: Result<RunsAnswer, GithubError> = self
            .call(operation, target, Scope::Reports, Method::GET, &path, None)
            .await;
        let rows = found(answer)?.map(|answer| answer.workflow_runs);
        Ok(rows
            .unwrap_or_default()
            .into_iter()
            .take(usize::from(limit))
            .filter_map(|row| {
                let head = row.head_sha.parse().ok()?;
                Some(BranchRun {
                    run: row.read(),
                    head,
                })
            })
            .collect())
    }
}

#[derive(Deserialize)]
struct RunsAnswer {
    workflow_runs: Vec<RunRow>,
}

/// What the lists say together.
fn observed(head: &Oid, ours: AppId, lists: Lists, runs: Vec<RunRow>) -> Observed {
    let Lists {
        checks: mut reported,
        mut statuses,
        whole,
        ..
    } = lists;
    let runs: BTreeMap<i64, WorkflowRun> =
        runs.into_iter().map(|row| (row.id, row.read())).collect();
    let of_suite = |suite: Option<i64>| {
        let own = |run: &&WorkflowRun| suite.is_some() && run.suite == suite;
        runs.values().find(own)
    };
    reported.sort_by_key(|row| row.id);
    reported.dedup_by_key(|row| row.id);
    let mut newest: BTreeMap<(i64, Option<i64>, String), Vec<CheckRow>> = BTreeMap::new();
    for row in reported {
        let run = of_suite(row.suite());
        if row.app() == ours.0 || run.is_some_and(|run| is_own_workflow(&run.path)) {
            continue;
        }
        let key = (row.app(), row.suite(), row.name.clone());
        let same = newest.entry(key).or_default();
        same.retain(|older| !row.replaces(older, run));
        same.push(row);
    }
    statuses.sort_by_key(|row| row.id);
    let latest: BTreeMap<String, StatusRow> = statuses
        .into_iter()
        .map(|row| (row.context.clone(), row))
        .collect();
    let checks = newest.into_values().flatten();
    let checks = checks.map(|row| {
        let run = of_suite(row.suite());
        row.read(run)
    });
    let checks = checks.chain(latest.into_values().map(StatusRow::read));
    Observed {
        head: head.clone(),
        checks: checks.collect(),
        whole,
        runs: runs
            .values()
            .filter(|run| !is_own_workflow(&run.path))
            .cloned()
            .collect(),
    }
}

/// The rows that can be read and are of what was asked for, and whether all of them are.
fn rows<R: DeserializeOwned>(list: Pages, is_asked: impl Fn(&R) -> bool) -> (Vec<R>, bool) {
    let listed = list.rows.len();
    let rows: Vec<R> = list
        .rows
        .into_iter()
        .filter_map(|row| serde_json::from_value(row).ok())
        .filter(is_asked)
        .collect();
    let fit = rows.len() == listed;
    (rows, fit)
}
