//! What is found out about failed checks: their logs are read, and the base is looked at.

use super::super::{Engine, EngineError};
use super::Head;
use crate::digest::{self, Digest, Packed};
use crate::domain::ci::checks::{Check, Conclusion, Observed, Source, Standing, WorkflowRun};
use crate::domain::ci::failure::{
    FIRST_CHARS, Failure, NO_CLASS, OnBase, Print, READ_MAX, Said, sure_class,
};
use crate::domain::ids::{JobId, Sha256Hex};
use crate::domain::text;
use crate::github::Target;
use crate::github::checks::BranchRun;
use crate::github::logs::LOG_BYTES_MAX;
use crate::store::{KeptFailure, NewFailure, Sought};

/// Days for which a failure of another task says something about this one.
const ELSEWHERE_DAYS: i64 = 7;
/// Runs of the base branch that are looked through for one that is over.
const RECENT_RUNS: u8 = 10;

/// A log that was read.
struct ReadLog {
    digest: Digest,
    packed: Packed,
}

/// The checks of the base, asked for when the first failure needs them.
pub(super) struct Base<'a> {
    pub(super) observed: Option<Observed>,
    /// The runs of the head: which workflow a job is of.
    pub(super) runs: &'a [WorkflowRun],
}

const SUCCESS: Standing = Standing::Ended(Conclusion::Success);

impl Base<'_> {
    /// The checks of the base that have the name and the App of this one.
    fn same(&self, check: &Check) -> impl Iterator<Item = &Check> {
        let observed = self.observed.iter();
        let (name, app) = (check.name.clone(), check.source.app());
        let same = move |one: &&Check| one.name == name && one.source.app() == app;
        observed.flat_map(|observed| &observed.checks).filter(same)
    }

    /// How a check stands on the base, without a look at its log.
    fn by_name(&self, check: &Check) -> OnBase {
        if self.same(check).any(|one| one.standing.fails()) {
            return OnBase::Failed { print: None };
        }
        match self.same(check).any(|one| one.standing == SUCCESS) {
            true => OnBase::Passed,
            false => OnBase::NotAsked,
        }
    }
}

impl Engine {
    /// All that can be found out about `failed`: of the first [`READ_MAX`] the logs are read, the
    /// others are held against the base by their names.
    pub(super) async fn failures(
        &self,
        looked: &Head<'_>,
        observed: &Observed,
        failed: &[Check],
    ) -> Result<Vec<Failure>, EngineError> {
        let known = self.store.failures_of(&looked.task.id, looked.oid).await?;
        let mut base = Base {
            observed: None,
            runs: &observed.runs,
        };
        let mut failures = Vec::new();
        for (at, check) in failed.iter().enumerate() {
            let mut failure = plain(check);
            if at < READ_MAX {
                self.read_failure(looked, &base, check, &known, &mut failure)
                    .await?;
                self.compare(looked, &mut base, check, &mut failure).await?;
            } else if base.observed.is_some() {
                failure.on_base = base.by_name(check);
            }
            failures.push(failure);
        }
        Ok(failures)
    }

    /// Its log, digested; what was read before is not read again.
    pub(super) async fn read_failure(
        &self,
        looked: &Head<'_>,
        base: &Base<'_>,
        check: &Check,
        known: &[KeptFailure],
        failure: &mut Failure,
    ) -> Result<(), EngineError> {
        let is_it = |kept: &&KeptFailure| {
            let same_app = kept.app == check.source.app();
            kept.check == check.name && same_app && kept.job == check.job && kept.job.is_some()
        };
        if let Some(kept) = known.iter().find(is_it) {
            failure.print = kept.print.clone();
            failure.said = Said::of(&kept.class);
            failure.tests = kept.tests;
            failure.first.clone_from(&kept.first);
            failure.digest = kept.digest_sha256.parse().ok();
            return Ok(());
        }
        let read = match check.job {
            Some(job) => self.digested(&looked.target, job).await?,
            None => None,
        };
        let markdown = match &read {
            Some(read) => {
                fill(failure, &read.digest);
                read.digest.markdown.clone()
            }
            None => text::code_block(&text::plain(&check.summary, SUMMARY_CHARS), SUMMARY_CHARS),
        };
        let class = read.as_ref().map(|read| class_of(&read.digest));
        let packed = read.as_ref().map(|read| &read.packed);
        let is_it = |run: &&WorkflowRun| Some(run.id) == check.run;
        let run = base.runs.iter().find(is_it);
        let kept = NewFailure {
            repository: looked.task.repository,
            task: &looked.task.id,
            head: looked.oid,
            check: &check.name,
            app: check.source.app(),
            job: check.job,
            attempt: run.map_or(1, |run| run.attempt),
            print: failure.print.as_ref(),
            class: class.unwrap_or(NO_CLASS),
            tests: failure.tests,
            first: &failure.first,
            digest: &markdown,
            log: packed.map(|packed| packed.bytes.as_slice()),
            log_lines: packed.map_or(0, |packed| packed.lines),
            at: self.clock.now(),
        };
        self.store.put_failure(&kept).await?;
        failure.digest = Some(Sha256Hex::of(&markdown));
        Ok(())
    }

    /// What a job's log says; `None` where there is none any more.
    async fn digested(&self, target: &Target, job: JobId) -> Result<Option<ReadLog>, EngineError> {
        let Some(log) = self.github()?.job_log(target, job, LOG_BYTES_MAX).await? else {
            return Ok(None);
        };
        let read = tokio::task::spawn_blocking(move || -> std::io::Result<ReadLog> {
            Ok(ReadLog {
                digest: digest::digest(log.bytes.as_slice(), digest::Options::default())?,
                packed: digest::pack(log.bytes.as_slice())?,
            })
        });
        let read = read.await.map_err(std::io::Error::other).flatten();
        let read = read.map_err(|error| EngineError::Defect(format!("a log: {error}")))?;
        Ok(Some(read))
    }

    /// How the same check stands on the base, and whether others fail in the same way.
    async fn compare(
        &self,
        looked: &Head<'_>,
        base: &mut Base<'_>,
        check: &Check,
        failure: &mut Failure,
    ) -> Result<(), EngineError> {
        let own_end = matches!(
            failure.said,
            Said::PermissionOrSecret | Said::Infrastructure
        );
        if own_end
            || !matches!(
                failure.conclusion,
                Conclusion::Failure | Conclusion::TimedOut
            )
        {
            return Ok(());
        }
        failure.on_base = match looked_up(looked, failure) {
            Some(known) => known,
            None => self.on_base(looked, base, check).await?,
        };
        let (OnBase::NeverRan, Some(print)) = (&failure.on_base, &failure.print) else {
            return Ok(());
        };
        let since = self.clock.now().plus_s(-ELSEWHERE_DAYS * 24 * 3600);
        let sought = Sought {
            repository: looked.task.repository,
            task: &looked.task.id,
            check: &failure.check,
            app: failure.app,
            print,
            since,
        };
        failure.elsewhere = self.store.same_elsewhere(sought).await?;
        Ok(())
    }

    async fn on_base(
        &self,
        looked: &Head<'_>,
        base: &mut Base<'_>,
        check: &Check,
    ) -> Result<OnBase, EngineError> {
        if base.observed.is_none() {
            let commit = &looked.task.base.oid;
            base.observed = Some(self.checks_of(&looked.target, commit).await?);
        }
        let same: Vec<&Check> = base.same(check).collect();
        if let Some(broken) = same.iter().find(|one| one.standing.fails()) {
            return self.broken(looked, broken).await;
        }
        if same.iter().any(|one| one.standing == SUCCESS) {
            return Ok(OnBase::Passed);
        }
        match self.last_on_branch(looked, base.runs, check).await? {
            Some(last) if last.standing.fails() => self.broken(looked, &last).await,
            Some(_) => Ok(OnBase::Passed),
            None => Ok(OnBase::NeverRan),
        }
    }

    /// The same job in the last run of its workflow on the base branch that is over.
    async fn last_on_branch(
        &self,
        looked: &Head<'_>,
        runs: &[WorkflowRun],
        check: &Check,
    ) -> Result<Option<Check>, EngineError> {
        let Some(run) = runs.iter().find(|run| Some(run.id) == check.run) else {
            return Ok(None);
        };
        let github = self.github()?;
        let branch = &looked.task.base.branch;
        let recent = github
            .recent_runs(&looked.target, &run.path, branch, RECENT_RUNS)
            .await?;
        let is_over = |one: &BranchRun| one.run.standing.is_over();
        let Some(last) = recent.into_iter().find(is_over) else {
            return Ok(None);
        };
        let observed = self.checks_of(&looked.target, &last.head).await?;
        let same = |one: &Check| {
            one.run == Some(last.run.id) && one.name == check.name && one.standing.has_run()
        };
        Ok(observed.checks.into_iter().find(|one| same(one)))
    }

    /// In which way a check of the base fails.
    async fn broken(&self, looked: &Head<'_>, check: &Check) -> Result<OnBase, EngineError> {
        let read = match check.job {
            Some(job) => self.digested(&looked.target, job).await?,
            None => None,
        };
        let print = read.and_then(|read| print_of(&read.digest));
        Ok(OnBase::Failed { print })
    }
}

/// How the same check stood on the base when it failed before its jobs were run again.
fn looked_up(looked: &Head<'_>, failure: &Failure) -> Option<OnBase> {
    let before = looked.watch.reruns.iter().flat_map(|rerun| &rerun.failures);
    let same = |one: &&Failure| one.check == failure.check && one.app == failure.app;
    let known = before.into_iter().find(same)?;
    (known.on_base != OnBase::NotAsked).then(|| known.on_base.clone())
}

/// Characters of what a check says of itself that are kept where there is no log.
const SUMMARY_CHARS: usize = 4_000;

pub(super) fn plain(check: &Check) -> Failure {
    let (app, slug) = match &check.source {
        Source::App { id, slug } => (Some(*id), slug.clone()),
        Source::Status => (None, String::new()),
    };
    Failure {
        check: check.name.clone(),
        app,
        slug,
        conclusion: match check.standing {
            Standing::Ended(conclusion) => conclusion,
            Standing::NotBegun | Standing::AwaitsApproval | Standing::Running => Conclusion::Other,
        },
        run: check.run,
        job: check.job,
        said: Said::Unknown,
        print: None,
        tests: 0,
        first: text::line(&check.summary, FIRST_CHARS),
        on_base: OnBase::NotAsked,
        elsewhere: false,
        digest: None,
    }
}

fn fill(failure: &mut Failure, digest: &Digest) {
    let tests = digest.tests.len() as u64 + digest.more_tests;
    failure.tests = u32::try_from(tests).unwrap_or(u32::MAX);
    failure.print = print_of(digest);
    failure.said = Said::of(class_of(digest));
    if let Some(primary) = &digest.primary {
        failure.first = text::line(&primary.text, FIRST_CHARS);
    }
}

fn print_of(digest: &Digest) -> Option<Print> {
    digest.fingerprint.as_ref().map(|print| Print {
        strict: print.strict.clone(),
        loose: print.loose.clone(),
        coarse: print.coarse.clone(),
    })
}

fn class_of(digest: &Digest) -> &'static str {
    sure_class(digest.class.word(), digest.confidence)
}
