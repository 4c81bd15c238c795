//! Rows of GitHub's lists about a commit, read into plain values.
//!
//! What is foreign is one line and bounded; a word that is not known is never a pass.

use serde::Deserialize;

use super::NAME_CHARS;
use crate::domain::ci::checks::{ACTIONS_APP, Check, Conclusion, Source, Standing, WorkflowRun};
use crate::domain::ids::{AppId, JobId, RunId};
use crate::domain::text::line;
use crate::domain::time::Timestamp;

/// Characters of what a check says of itself.
const SUMMARY_CHARS: usize = 1000;
/// Characters of an address.
const URL_CHARS: usize = 1000;

#[derive(Deserialize)]
pub(super) struct RunRow {
    pub(super) id: i64,
    pub(super) name: Option<String>,
    pub(super) path: String,
    pub(super) head_sha: String,
    pub(super) event: String,
    pub(super) status: Option<String>,
    pub(super) conclusion: Option<String>,
    pub(super) check_suite_id: Option<i64>,
    pub(super) run_attempt: Option<u32>,
}

impl RunRow {
    pub(super) fn read(self) -> WorkflowRun {
        let standing = standing(self.status.as_deref(), self.conclusion.as_deref());
        let path = self.path.split('@').next().unwrap_or_default();
        WorkflowRun {
            id: RunId(self.id),
            path: line(path, NAME_CHARS),
            name: line(&self.name.unwrap_or_default(), NAME_CHARS),
            event: line(&self.event, 50),
            suite: self.check_suite_id,
            attempt: self.run_attempt.unwrap_or(1),
            standing: match standing {
                Standing::Ended(Conclusion::ActionRequired) => Standing::AwaitsApproval,
                other => other,
            },
        }
    }
}

#[derive(Deserialize)]
pub(super) struct CheckRow {
    pub(super) id: i64,
    pub(super) name: String,
    pub(super) head_sha: String,
    pub(super) status: Option<String>,
    pub(super) conclusion: Option<String>,
    pub(super) started_at: Option<String>,
    pub(super) completed_at: Option<String>,
    pub(super) html_url: Option<String>,
    pub(super) details_url: Option<String>,
    pub(super) output: Option<OutputRow>,
    pub(super) check_suite: Option<SuiteRow>,
    pub(super) app: Option<AppRow>,
}

#[derive(Deserialize)]
pub(super) struct OutputRow {
    pub(super) title: Option<String>,
    pub(super) summary: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct SuiteRow {
    pub(super) id: i64,
}

#[derive(Clone, Deserialize)]
pub(super) struct AppRow {
    pub(super) id: i64,
    #[serde(default)]
    pub(super) slug: String,
}

#[derive(Deserialize)]
pub(super) struct StatusRow {
    pub(super) id: i64,
    pub(super) context: String,
    pub(super) state: String,
    pub(super) description: Option<String>,
    pub(super) target_url: Option<String>,
    pub(super) updated_at: Option<String>,
}

impl CheckRow {
    pub(super) fn app(&self) -> i64 {
        self.app.as_ref().map_or(0, |app| app.id)
    }

    pub(super) fn suite(&self) -> Option<i64> {
        self.check_suite.as_ref().map(|suite| suite.id)
    }

    /// Whether this one, which is newer, stands in the place of `older`. Of an App's checks it
    /// does. Two jobs of one name are two jobs, unless the run has begun anew since.
    pub(super) fn replaces(&self, older: &Self, run: Option<&WorkflowRun>) -> bool {
        let Some(run) = run else {
            return true;
        };
        let ended = moment(older.completed_at.as_deref());
        let begun = moment(self.started_at.as_deref());
        run.attempt > 1 && ended.is_some_and(|ended| begun.is_none_or(|begun| ended <= begun))
    }

    pub(super) fn read(self, run: Option<&WorkflowRun>) -> Check {
        let app = self.app();
        let suite = self.suite();
        let is_job = run.is_some() || app == ACTIONS_APP.0;
        let slug = self.app.map(|app| app.slug).unwrap_or_default();
        let output = self.output.map(|output| (output.title, output.summary));
        let (title, summary) = output.unwrap_or_default();
        let said: Vec<String> = title.into_iter().chain(summary).collect();
        Check {
            name: line(&self.name, NAME_CHARS),
            source: Source::App {
                id: AppId(app),
                slug: line(&slug, 100),
            },
            standing: standing(self.status.as_deref(), self.conclusion.as_deref()),
            suite,
            run: run.map(|run| run.id),
            job: is_job.then_some(JobId(self.id)),
            summary: line(&said.join(": "), SUMMARY_CHARS),
            url: address(self.html_url.or(self.details_url)),
            started_at: moment(self.started_at.as_deref()),
            ended_at: moment(self.completed_at.as_deref()),
        }
    }
}

impl StatusRow {
    pub(super) fn read(self) -> Check {
        let standing = status_standing(&self.state);
        Check {
            name: line(&self.context, NAME_CHARS),
            source: Source::Status,
            standing,
            suite: None,
            run: None,
            job: None,
            summary: line(&self.description.unwrap_or_default(), SUMMARY_CHARS),
            url: address(self.target_url),
            started_at: None,
            ended_at: moment(self.updated_at.as_deref()).filter(|_| standing.is_over()),
        }
    }
}

/// How a check or a run stands, in GitHub's words.
pub(super) fn standing(status: Option<&str>, conclusion: Option<&str>) -> Standing {
    match (status, conclusion) {
        (Some("completed"), Some(conclusion)) => Standing::Ended(ended(conclusion)),
        // Over, and how is not written yet.
        (Some("completed" | "in_progress"), _) => Standing::Running,
        (Some("waiting"), _) => Standing::AwaitsApproval,
        _ => Standing::NotBegun,
    }
}

/// How a commit status stands.
pub(super) fn status_standing(state: &str) -> Standing {
    match state {
        "success" => Standing::Ended(Conclusion::Success),
        "failure" | "error" => Standing::Ended(Conclusion::Failure),
        _ => Standing::NotBegun,
    }
}

fn ended(conclusion: &str) -> Conclusion {
    match conclusion {
        "success" => Conclusion::Success,
        "neutral" => Conclusion::Neutral,
        "skipped" => Conclusion::Skipped,
        "failure" => Conclusion::Failure,
        "timed_out" => Conclusion::TimedOut,
        "cancelled" => Conclusion::Cancelled,
        "action_required" => Conclusion::ActionRequired,
        "startup_failure" => Conclusion::StartupFailure,
        "stale" => Conclusion::Stale,
        _ => Conclusion::Other,
    }
}

fn moment(text: Option<&str>) -> Option<Timestamp> {
    text.and_then(Timestamp::from_rfc3339)
}

/// An address that leads somewhere; a cut one would lead elsewhere.
fn address(text: Option<String>) -> Option<String> {
    text.filter(|text| text.len() <= URL_CHARS && text.starts_with("https://"))
        .map(|text| line(&text, URL_CHARS))
}
