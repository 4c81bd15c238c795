//! What a test has CI do: workflows, jobs and how they end, checks of other Apps, statuses.
//!
//! Words only, for tests; `playing` performs them.

/// What CI does with one commit.
#[derive(Clone, Debug, Default)]
pub struct Play {
    pub(super) workflows: Vec<PlayedWorkflow>,
    pub(super) checks: Vec<PlayedCheck>,
    pub(super) statuses: Vec<PlayedStatus>,
}

impl Play {
    /// No CI at all: nothing ever reports.
    #[must_use]
    pub fn nothing() -> Self {
        Self::default()
    }

    /// These workflows run.
    #[must_use]
    pub fn of(workflows: impl IntoIterator<Item = PlayedWorkflow>) -> Self {
        Self {
            workflows: workflows.into_iter().collect(),
            ..Self::default()
        }
    }

    /// The workflow `ci.yml`, called `CI`, with one job that passes.
    #[must_use]
    pub fn green(job: &str) -> Self {
        Self::of([PlayedWorkflow::ci().job(PlayedJob::passes(job))])
    }

    /// The workflow `ci.yml`, called `CI`, with one job that fails with this log.
    #[must_use]
    pub fn red(job: &str, log: &str) -> Self {
        Self::of([PlayedWorkflow::ci().job(PlayedJob::fails(job, log))])
    }

    /// Another workflow runs too.
    #[must_use]
    pub fn with(mut self, workflow: PlayedWorkflow) -> Self {
        self.workflows.push(workflow);
        self
    }

    /// Another App reports too.
    #[must_use]
    pub fn with_check(mut self, check: PlayedCheck) -> Self {
        self.checks.push(check);
        self
    }

    /// Somebody sets a status too.
    #[must_use]
    pub fn with_status(mut self, status: PlayedStatus) -> Self {
        self.statuses.push(status);
        self
    }
}

/// How a run begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Beginning {
    Runs,
    WaitsForApproval,
    FailsToStart,
}

/// A workflow that runs.
#[derive(Clone, Debug)]
pub struct PlayedWorkflow {
    pub(super) file: String,
    pub(super) name: String,
    pub(super) event: Option<String>,
    pub(super) beginning: Beginning,
    pub(super) skips_drafts: bool,
    pub(super) jobs: Vec<PlayedJob>,
}

impl PlayedWorkflow {
    /// The file below `.github/workflows`, and the workflow's name.
    #[must_use]
    pub fn new(file: &str, name: &str) -> Self {
        Self {
            file: file.to_owned(),
            name: name.to_owned(),
            event: None,
            beginning: Beginning::Runs,
            skips_drafts: false,
            jobs: Vec::new(),
        }
    }

    /// `ci.yml`, called `CI`.
    #[must_use]
    pub fn ci() -> Self {
        Self::new("ci.yml", "CI")
    }

    /// It has this job too.
    #[must_use]
    pub fn job(mut self, job: PlayedJob) -> Self {
        self.jobs.push(job);
        self
    }

    /// What started it; else `pull_request` for a pull request and `push` for a branch.
    #[must_use]
    pub fn on(mut self, event: &str) -> Self {
        self.event = Some(event.to_owned());
        self
    }

    /// Somebody has to approve the run first: completed, `action_required`, without a job.
    #[must_use]
    pub const fn waits_for_approval(mut self) -> Self {
        self.beginning = Beginning::WaitsForApproval;
        self
    }

    /// Its file is broken: completed, `startup_failure`, without a job.
    #[must_use]
    pub const fn fails_to_start(mut self) -> Self {
        self.beginning = Beginning::FailsToStart;
        self
    }

    /// Its jobs are skipped while the pull request is a draft; it runs when that is marked ready.
    #[must_use]
    pub const fn skips_drafts(mut self) -> Self {
        self.skips_drafts = true;
        self
    }
}

/// How a job ends, if it does.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// `success`.
    Passes,
    /// `success`, and its command said this.
    PassesWith(String),
    /// `failure`, and its command said this. A text whose first line has a timestamp already is
    /// the whole log.
    Fails(String),
    /// In progress, until the test says more.
    Hangs,
    /// Queued, until the test says more.
    Queued,
    /// `cancelled`, without a log.
    Cancelled,
    /// `skipped`, without a log.
    Skipped,
    /// `timed_out`, and its command said this.
    TimedOut(String),
    /// `stale`: GitHub gave up on it after two weeks.
    Stale,
}

/// A job of a workflow.
#[derive(Clone, Debug)]
pub struct PlayedJob {
    pub(super) name: String,
    pub(super) command: String,
    pub(super) outcome: Outcome,
    pub(super) again: Vec<Outcome>,
}

impl PlayedJob {
    /// A job that ends so, each time.
    #[must_use]
    pub fn new(name: &str, outcome: Outcome) -> Self {
        Self {
            name: name.to_owned(),
            command: "make test".to_owned(),
            outcome,
            again: Vec::new(),
        }
    }

    /// A job that passes.
    #[must_use]
    pub fn passes(name: &str) -> Self {
        Self::new(name, Outcome::Passes)
    }

    /// A job that fails with this log.
    #[must_use]
    pub fn fails(name: &str, log: &str) -> Self {
        Self::new(name, Outcome::Fails(log.to_owned()))
    }

    /// Its one `run:` step is this.
    #[must_use]
    pub fn runs(mut self, command: &str) -> Self {
        command.clone_into(&mut self.command);
        self
    }

    /// Run again, it ends so; called twice, the second is for the time after that.
    #[must_use]
    pub fn again(mut self, outcome: Outcome) -> Self {
        self.again.push(outcome);
        self
    }

    /// How it ends in an attempt, counted from 1.
    pub(super) fn outcome_of(&self, attempt: i64) -> &Outcome {
        let at = usize::try_from(attempt - 2).ok();
        at.and_then(|at| self.again.get(at).or_else(|| self.again.last()))
            .unwrap_or(&self.outcome)
    }
}

/// A check run of another App than GitHub Actions and Castellan.
#[derive(Clone, Debug)]
pub struct PlayedCheck {
    pub(super) app: i64,
    pub(super) slug: String,
    pub(super) name: String,
    pub(super) conclusion: Option<String>,
    pub(super) title: String,
    pub(super) summary: String,
}

impl PlayedCheck {
    /// The App's number and slug, the check's name, and how it ended; `None` is in progress.
    #[must_use]
    pub fn new(app: i64, slug: &str, name: &str, conclusion: Option<&str>) -> Self {
        Self {
            app,
            slug: slug.to_owned(),
            name: name.to_owned(),
            conclusion: conclusion.map(str::to_owned),
            title: String::new(),
            summary: String::new(),
        }
    }

    /// What it says.
    #[must_use]
    pub fn says(mut self, title: &str, summary: &str) -> Self {
        title.clone_into(&mut self.title);
        summary.clone_into(&mut self.summary);
        self
    }
}

/// A commit status.
#[derive(Clone, Debug)]
pub struct PlayedStatus {
    pub(super) context: String,
    pub(super) state: String,
    pub(super) description: String,
    pub(super) creator: String,
}

impl PlayedStatus {
    /// Context, state (`error`, `failure`, `pending`, `success`), and who sets it.
    #[must_use]
    pub fn new(context: &str, state: &str, creator: &str) -> Self {
        Self {
            context: context.to_owned(),
            state: state.to_owned(),
            description: String::new(),
            creator: creator.to_owned(),
        }
    }

    /// What it says.
    #[must_use]
    pub fn says(mut self, description: &str) -> Self {
        description.clone_into(&mut self.description);
        self
    }
}

/// What a branch requires of what is merged into it.
#[derive(Clone, Debug)]
pub enum Requirement {
    /// By a ruleset: contexts, each with the number of the App that must report it, and whether
    /// the head must be up to date.
    Ruleset {
        /// Context and App.
        checks: Vec<(String, Option<i64>)>,
        /// Up to date.
        strict: bool,
    },
    /// The same by branch protection.
    Protection {
        /// Context and App.
        checks: Vec<(String, Option<i64>)>,
        /// Up to date.
        strict: bool,
    },
    /// By a ruleset: these workflow files must pass.
    Workflows(Vec<String>),
    /// By a ruleset: these reviews.
    Reviews(Reviewing),
    /// By a ruleset: whatever is merged goes through a merge queue.
    Queue(Queueing),
}

/// Which reviews a branch asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reviewing {
    /// How many approvals.
    pub approvals: i64,
    /// One of them of a code owner of each touched path.
    pub owners: bool,
    /// A push that changes the difference dismisses approvals.
    pub dismisses_stale: bool,
    /// Somebody else than the last pusher has approved the head.
    pub last_push: bool,
    /// All threads are resolved.
    pub threads: bool,
}

/// How a merge queue works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Queueing {
    /// For how long a group waits for its checks.
    pub timeout_minutes: i64,
    /// Whether each entry must pass, or only the last of a group (G9).
    pub all_green: bool,
}

impl Default for Queueing {
    fn default() -> Self {
        Self {
            timeout_minutes: 60,
            all_green: true,
        }
    }
}
