//! Workflow runs and check runs: how they begin and end, and what the App is told of it.
//!
//! What runs in a job stands in `jobs` and `ci`.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::YardError;
use super::jobs::end_group;
use super::model::{Check, Entry, Job, Run};
use super::permissions::{Grants, Level};
use super::world::World;

/// For how long the token of a run lives: as long as a job on a hosted runner may take.
const RUN_TOKEN_LIFE_S: i64 = 6 * 3600;

impl World {
    /// A new run, queued.
    pub(super) fn new_run(
        &mut self,
        repo: i64,
        workflow: &str,
        event: &str,
        (branch, head): (&str, &str),
        actor: &str,
    ) -> Result<Run, YardError> {
        let (id, suite) = (self.next("run"), self.next("suite"));
        let grants = Grants::from([
            ("contents".to_owned(), Level::Read),
            ("metadata".to_owned(), Level::Read),
        ]);
        let token = self.mint_for_run(repo, grants, RUN_TOKEN_LIFE_S);
        let id_token_request = self.secret("id-token");
        let now = self.clock.now();
        let known = self.repo(repo)?;
        let number = known
            .runs
            .values()
            .filter(|run| run.workflow == workflow)
            .count();
        let name = workflow
            .trim_end_matches(".yml")
            .trim_end_matches(".yaml")
            .to_owned();
        Ok(Run {
            id,
            suite,
            workflow: workflow.to_owned(),
            title: name.clone(),
            name,
            event: event.to_owned(),
            branch: branch.to_owned(),
            head: head.to_owned(),
            attempt: 1,
            attempt_at: now,
            number: i64::try_from(number).unwrap_or(0) + 1,
            actor: actor.to_owned(),
            status: "queued",
            conclusion: None,
            created_at: now,
            updated_at: now,
            inputs: BTreeMap::new(),
            token,
            id_token_request,
            process: None,
            cancelled: false,
            output: String::new(),
        })
    }

    /// Dispatches a workflow; the run's number.
    pub(super) fn dispatch(
        &mut self,
        repo: i64,
        workflow: &str,
        branch: &str,
        inputs: BTreeMap<String, String>,
        actor: &str,
    ) -> Result<i64, YardError> {
        let known = self.repo(repo)?;
        let head = known.tip(branch).ok_or(YardError::NoSuch("branch"))?;
        let (event, head) = ("workflow_dispatch", head.to_owned());
        let mut run = self.new_run(repo, workflow, event, (branch, &head), actor)?;
        if let Some(title) = self.run_name(repo, workflow, &inputs) {
            run.title = title;
        }
        run.inputs = inputs;
        let id = run.id;
        self.repo_mut(repo)?.runs.insert(id, run);
        self.tell_run(repo, id, "requested")?;
        if self.dispatched_runs_report {
            self.new_job(repo, id, "work")?;
        }
        self.jobs.push_back(Job::Dispatched { repo, run: id });
        Ok(id)
    }

    /// What the file's `run-name` says of these inputs; no other expression is known here.
    fn run_name(
        &self,
        repo: i64,
        workflow: &str,
        inputs: &BTreeMap<String, String>,
    ) -> Option<String> {
        let known = self.repo(repo).ok()?;
        let path = format!(".github/workflows/{workflow}");
        let text = known.git.file(known.tip(&known.default_branch)?, &path)?;
        let file: Value = serde_saphyr::from_str(&String::from_utf8_lossy(&text)).ok()?;
        let mut title = file.get("run-name")?.as_str()?.to_owned();
        for (name, value) in inputs {
            title = title.replace(&format!("${{{{ inputs.{name} }}}}"), value);
        }
        Some(title)
    }

    /// Tells of a run.
    pub(super) fn tell_run(&mut self, repo: i64, id: i64, action: &str) -> Result<(), YardError> {
        let known = self.repo(repo)?;
        let run = known.runs.get(&id).ok_or(YardError::NoSuch("run"))?;
        let what = json!({"workflow_run": self.show_run(known, run), "workflow": self.show_workflow(known, run)});
        let actor = run.actor.clone();
        self.tell("workflow_run", Some(action), repo, &actor, what);
        Ok(())
    }

    pub(super) fn run_mut(&mut self, repo: i64, id: i64) -> Result<&mut Run, YardError> {
        self.repo_mut(repo)?
            .runs
            .get_mut(&id)
            .ok_or(YardError::NoSuch("run"))
    }

    /// A run begins.
    pub(super) fn begin_run(&mut self, repo: i64, id: i64) -> Result<(), YardError> {
        let now = self.clock.now();
        let run = self.run_mut(repo, id)?;
        if run.status != "queued" {
            return Ok(());
        }
        run.status = "in_progress";
        run.updated_at = now;
        self.tell_run(repo, id, "in_progress")
    }

    /// A run ends; one that ended stays as it is.
    pub(super) fn end_run(
        &mut self,
        repo: i64,
        id: i64,
        conclusion: &str,
        output: &str,
    ) -> Result<(), YardError> {
        let now = self.clock.now();
        let run = self.run_mut(repo, id)?;
        run.process = None;
        run.output.push_str(output);
        if run.status == "completed" {
            return Ok(());
        }
        run.status = "completed";
        let conclusion = if run.cancelled {
            "cancelled"
        } else {
            conclusion
        };
        run.conclusion = Some(conclusion.to_owned());
        run.updated_at = now;
        let (token, actor) = (run.token.clone(), run.actor.clone());
        self.tokens.remove(&token);
        self.close_jobs(repo, id, conclusion)?;
        self.tell_run(repo, id, "completed")?;
        let suite = self.run_mut(repo, id)?.suite;
        self.tell_suite(repo, suite, &actor)
    }

    /// Tells that a suite is complete.
    pub(super) fn tell_suite(&mut self, repo: i64, id: i64, sender: &str) -> Result<(), YardError> {
        let known = self.repo(repo)?;
        let suite = known.suite(id).ok_or(YardError::NoSuch("check suite"))?;
        let what = json!({"check_suite": self.show_suite(known, &suite)});
        self.tell("check_suite", Some("completed"), repo, sender, what);
        Ok(())
    }

    /// Cancels a run: its program is ended, if it has one.
    pub(super) fn cancel_run(&mut self, repo: i64, id: i64) -> Result<(), YardError> {
        let run = self.run_mut(repo, id)?;
        run.cancelled = true;
        match run.process {
            Some(process) => {
                end_group(process);
                Ok(())
            }
            None => self.end_run(repo, id, "cancelled", ""),
        }
    }

    /// A check run that is not known yet.
    pub(super) fn new_check(&mut self, app: i64, name: &str, head: &str, suite: i64) -> Check {
        Check {
            id: self.next("check"),
            suite,
            app,
            name: name.to_owned(),
            head: head.to_owned(),
            status: "queued".to_owned(),
            conclusion: None,
            external_id: String::new(),
            details_url: None,
            output: json!({}),
            annotations: Vec::new(),
            actions: Vec::new(),
            created_at: self.clock.now(),
            started_at: self.clock.now(),
            completed_at: None,
        }
    }

    /// The suite that an App's check runs on a commit are in, made where there is none yet.
    pub(super) fn suite_for(&mut self, repo: i64, app: i64, head: &str) -> Result<i64, YardError> {
        if app == self.app.id {
            return Ok(self.own_suite(repo, head));
        }
        let mut known = self.repo(repo)?.checks.values();
        let found = known.find(|check| check.app == app && check.head == head);
        let found = found.map(|check| check.suite);
        Ok(found.unwrap_or_else(|| self.next("suite")))
    }

    /// Our App's suite of a commit.
    pub(super) fn own_suite(&mut self, repo: i64, head: &str) -> i64 {
        let id = self.next("suite");
        let known = self.repos.get_mut(&repo);
        known.map_or(id, |known| {
            let suites = &mut known.reports.own_suites;
            *suites.entry(head.to_owned()).or_insert(id)
        })
    }

    /// The bot of an App.
    pub(super) fn bot_of(&self, app: i64) -> String {
        if app == self.app.id {
            return self.bot();
        }
        let slug = self.apps.get(&app).map_or("github-actions", String::as_str);
        format!("{slug}[bot]")
    }

    /// Stores a check run, new or changed, and tells of it.
    pub(super) fn put_check(&mut self, repo: i64, check: Check) -> Result<(), YardError> {
        let (id, done) = (check.id, check.completed_at.is_some());
        let sender = self.bot_of(check.app);
        let known = self.repo_mut(repo)?;
        let head = check.head.clone();
        let before = known.checks.insert(id, check);
        if before.is_none() {
            let on_head = |thread: &&mut super::model::Thread| {
                thread
                    .pull
                    .as_ref()
                    .is_some_and(|pull| pull.head_oid == head)
            };
            for thread in known.threads.values_mut().filter(on_head) {
                thread.story.push(Entry::Checked { check: id });
            }
        }
        let finished = before
            .as_ref()
            .is_some_and(|one| one.completed_at.is_some());
        if before.is_none() {
            self.tell_check(repo, id, "created", &sender, json!({}))?;
        }
        if done && !finished {
            self.tell_check(repo, id, "completed", &sender, json!({}))?;
        }
        self.turn_queues(repo)
    }

    /// Tells of a check run.
    pub(super) fn tell_check(
        &mut self,
        repo: i64,
        id: i64,
        action: &str,
        sender: &str,
        more: Value,
    ) -> Result<(), YardError> {
        let known = self.repo(repo)?;
        let check = known
            .checks
            .get(&id)
            .ok_or(YardError::NoSuch("check run"))?;
        let what = json!({"check_run": self.show_check(known, check)});
        let what = super::templates::patched(what, more);
        self.tell("check_run", Some(action), repo, sender, what);
        Ok(())
    }
}
