//! All that CI reports of a commit, by one question of GraphQL where three lists would be read.
//!
//! The answer counts only where it is whole: every list ends on its first page, holds as many as it
//! counts, and every number and name is there. Whatever else is answered says nothing, and the lists
//! are read instead: a cut, a contradiction, a commit with more than fits (A10, D13, G18). Which
//! files the runs are of may be missing by itself; then only the runs are listed.
//!
//! The question costs one or two points of the 5,000 an hour that an installation has for GraphQL
//! beside its 5,000 calls of REST, and shows 10,100 nodes at most, where 500,000 are allowed. Sources:
//! GitHub's GraphQL objects `Commit`, `CheckSuite`, `CheckRun`, `WorkflowRun` and `Status`.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::json;

use super::rows::{AppRow, CheckRow, OutputRow, RunRow, StatusRow, SuiteRow};
use super::{Client, GithubError, Lists, Target};
use crate::domain::ids::Oid;
use crate::github::answer::Kind;
use crate::github::app_auth::Scope;

const QUERY: &str = include_str!("../commit_checks.graphql");
/// How GitHub says that a field of the question is newer than the server: an Enterprise Server.
const NO_SUCH_FIELD: &str = "doesn't exist on type";

#[derive(Deserialize)]
struct Answer {
    repository: Option<RepositoryNode>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RepositoryNode {
    database_id: i64,
    name_with_owner: String,
    object: Option<CommitNode>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CommitNode {
    oid: String,
    check_suites: List<SuiteNode>,
    status: Option<StatusNode>,
    status_check_rollup: Option<RollupNode>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct List<N> {
    total_count: usize,
    page_info: PageInfo,
    nodes: Vec<N>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PageInfo {
    has_next_page: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SuiteNode {
    database_id: i64,
    status: String,
    conclusion: Option<String>,
    app: Option<AppNode>,
    workflow_run: Option<RunNode>,
    check_runs: List<CheckNode>,
}

#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct AppNode {
    database_id: i64,
    slug: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RunNode {
    database_id: i64,
    event: String,
    run_attempt: u32,
    workflow: WorkflowNode,
    file: Option<FileNode>,
}

#[derive(Deserialize)]
struct WorkflowNode {
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FileNode {
    path: String,
    repository_name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CheckNode {
    database_id: i64,
    name: String,
    status: String,
    conclusion: Option<String>,
    started_at: Option<String>,
    completed_at: Option<String>,
    title: Option<String>,
    summary: Option<String>,
    url: Option<String>,
    details_url: Option<String>,
}

#[derive(Deserialize)]
struct StatusNode {
    contexts: Vec<ContextNode>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ContextNode {
    context: String,
    state: String,
    description: Option<String>,
    target_url: Option<String>,
    created_at: String,
}

#[derive(Deserialize)]
struct RollupNode {
    contexts: CountNode,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CountNode {
    status_context_count: usize,
}

impl Client {
    /// What CI reports of `head`; `None` where one answer does not say all of it.
    pub(super) async fn asked_at_once(
        &self,
        target: &Target,
        head: &Oid,
    ) -> Result<Option<Lists>, GithubError> {
        // Known until the next start: whoever updates the server may start Castellan anew.
        if self.shared.lists_only.initialized() {
            return Ok(None);
        }
        let operation = "ask what CI says of a commit";
        let name = self.name_of(target).await;
        let document = json!({
            "operationName": "CommitChecks",
            "query": QUERY,
            "variables": { "owner": name.owner, "name": name.name, "head": head.to_string() },
        });
        let answer = self
            .graphql::<Answer>(operation, target, Scope::Reports, &document)
            .await;
        match answer {
            Ok(answer) => Ok(read(answer, target, head)),
            Err(error) if stands_for_all(&error) => Err(error),
            Err(error) => {
                if error.reason.contains(NO_SUCH_FIELD) {
                    self.shared.lists_only.set(()).ok();
                }
                tracing::debug!(error = error.reason, "the lists of checks are read instead");
                Ok(None)
            }
        }
    }
}

/// Whether the lists would meet the same: a limit, or no token to ask with.
fn stands_for_all(error: &GithubError) -> bool {
    matches!(error.kind, Kind::Limited { .. })
        || error.is_of_installation()
        || error.is_of_repository()
        || error.is_of_permission()
}

/// The lists that the answer is of, where it is whole.
fn read(answer: Answer, target: &Target, head: &Oid) -> Option<Lists> {
    let repository = answer.repository?;
    let commit = repository.object?;
    let head = head.to_string();
    let is_asked = repository.database_id == target.repository.0 && commit.oid == head;
    let suites = whole(commit.check_suites).filter(|_| is_asked)?;
    let statuses = commit.status.map(|status| status.contexts);
    let statuses = statuses.unwrap_or_default();
    let rollup = commit.status_check_rollup;
    let counted = rollup.map_or(0, |rollup| rollup.contexts.status_context_count);
    let contexts: BTreeSet<&str> = statuses.iter().map(|one| one.context.as_str()).collect();
    if counted != statuses.len() || contexts.len() != statuses.len() {
        return None;
    }
    let (mut checks, mut runs) = (Vec::new(), Some(Vec::new()));
    for suite in suites {
        if let Some(run) = &suite.workflow_run {
            let row = run_row(run, &suite, &head, &repository.name_with_owner);
            runs = runs.zip(row).map(|(mut runs, row)| {
                runs.push(row);
                runs
            });
        }
        let app = suite.app.as_ref();
        for check in whole(suite.check_runs)? {
            checks.push(check_row(check, suite.database_id, app, &head));
        }
    }
    let ids: BTreeSet<i64> = checks.iter().map(|check| check.id).collect();
    (ids.len() == checks.len()).then(|| Lists {
        checks,
        statuses: statuses.into_iter().zip(0..).map(status_row).collect(),
        runs,
        whole: true,
    })
}

/// The nodes of a list that has no second page and as many as it counts.
fn whole<N>(list: List<N>) -> Option<Vec<N>> {
    let ends = !list.page_info.has_next_page && list.nodes.len() == list.total_count;
    ends.then_some(list.nodes)
}

/// A run stands as its suite does. `None` where it is not said which file of this repository it
/// is of: our own workflow is known by that.
fn run_row(run: &RunNode, suite: &SuiteNode, head: &str, repository: &str) -> Option<RunRow> {
    let file = run.file.as_ref()?;
    let (of, here) = (
        file.repository_name.to_lowercase(),
        repository.to_lowercase(),
    );
    if of != here && !of.ends_with(&format!("/{here}")) {
        return None;
    }
    Some(RunRow {
        id: run.database_id,
        name: Some(run.workflow.name.clone()),
        path: file.path.clone(),
        head_sha: head.to_owned(),
        event: run.event.clone(),
        status: Some(suite.status.to_ascii_lowercase()),
        conclusion: lower(suite.conclusion.as_ref()),
        check_suite_id: Some(suite.database_id),
        run_attempt: Some(run.run_attempt),
    })
}

fn check_row(check: CheckNode, suite: i64, app: Option<&AppNode>, head: &str) -> CheckRow {
    CheckRow {
        id: check.database_id,
        name: check.name,
        head_sha: head.to_owned(),
        status: Some(check.status.to_ascii_lowercase()),
        conclusion: lower(check.conclusion.as_ref()),
        started_at: check.started_at,
        completed_at: check.completed_at,
        html_url: check.url,
        details_url: check.details_url,
        output: Some(OutputRow {
            title: check.title,
            summary: check.summary,
        }),
        check_suite: Some(SuiteRow { id: suite }),
        app: app.map(|app| AppRow {
            id: app.database_id,
            slug: app.slug.clone(),
        }),
    }
}

/// A status has no number here, and there is one of each context.
fn status_row((status, id): (ContextNode, i64)) -> StatusRow {
    StatusRow {
        id,
        context: status.context,
        state: status.state.to_ascii_lowercase(),
        description: status.description,
        target_url: status.target_url,
        updated_at: Some(status.created_at),
    }
}

/// GitHub's words stand in capitals here.
fn lower(word: Option<&String>) -> Option<String> {
    word.map(|word| word.to_ascii_lowercase())
}
