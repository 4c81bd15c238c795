//! What is found out about failed checks: their logs are read, and the base is looked at.

use super::super::{Engine, EngineError};
use super::Head;
use crate::digest::{self, Class, Digest, Packed};
use crate::domain::ci::checks::{Check, Conclusion, Observed, Source, Standing, WorkflowRun};
use crate::domain::ci::failure::{FIRST_CHARS, Failure, OnBase, Print, READ_MAX, Said};
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
/// How sure a digest must be of its class for it to count, of 100.
const SURE: u8 = 50;

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

impl Engine {
    /// All that can be found out about `failed`, the first [`READ_MAX`] of them in full.
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
            failure.said = said_of(&kept.class);
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
        let class = read.as_ref().map(|read| sure_class(&read.digest));
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
            class: class.unwrap_or(class_word(Class::Unknown)),
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
        let github = self.github()?;
        if base.observed.is_none() {
            let commit = &looked.task.base.oid;
            base.observed = Some(github.checks(&looked.target, commit).await?);
        }
        let observed = base.observed.as_ref();
        let checks = observed.map(|observed| observed.checks.as_slice());
        let same = |one: &&Check| one.name == check.name && one.source.app() == check.source.app();
        let mut standing = checks.unwrap_or_default().iter().filter(same);
        let failed = |one: &&Check| matches!(one.standing, Standing::Ended(end) if !end.passes());
        let all: Vec<&Check> = standing.by_ref().collect();
        if let Some(broken) = all.iter().copied().find(|one| failed(one)) {
            return self.broken(looked, broken).await;
        }
        let passed = |one: &&&Check| one.standing == Standing::Ended(Conclusion::Success);
        if all.iter().any(|one| passed(&one)) {
            return Ok(OnBase::Passed);
        }
        match self.last_on_branch(looked, base.runs, check).await? {
            Some(last) if failed(&&last) => self.broken(looked, &last).await,
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
        let is_over = |one: &BranchRun| matches!(one.run.standing, Standing::Ended(_));
        let Some(last) = recent.into_iter().find(|one| is_over(one)) else {
            return Ok(None);
        };
        let observed = github.checks(&looked.target, &last.head).await?;
        let same = |one: &Check| {
            one.run == Some(last.run.id)
                && one.name == check.name
                && matches!(one.standing, Standing::Ended(end) if end != Conclusion::Skipped)
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
    failure.said = said_of(sure_class(digest));
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

/// The class of a digest, where that is sure enough to act on.
fn sure_class(digest: &Digest) -> &'static str {
    match digest.confidence >= SURE {
        true => class_word(digest.class),
        false => class_word(Class::Unknown),
    }
}

/// What a class means for whose failure it is.
fn said_of(class: &str) -> Said {
    match class {
        "permission_or_secret" => Said::PermissionOrSecret,
        "network_or_flaky" | "infrastructure" => Said::Infrastructure,
        "timeout" => Said::Timeout,
        "out_of_memory" => Said::OutOfRoom,
        "passed" | "unknown" => Said::Unknown,
        _ => Said::Code,
    }
}

/// The word of a class, as `castellan digest --json` has it.
fn class_word(class: Class) -> &'static str {
    match class {
        Class::Passed => "passed",
        Class::CompileError => "compile_error",
        Class::TypeError => "type_error",
        Class::LintError => "lint_error",
        Class::TestAssertion => "test_assertion",
        Class::SnapshotDiff => "snapshot_diff",
        Class::DependencyInstall => "dependency_install",
        Class::DockerBuild => "docker_build",
        Class::PermissionOrSecret => "permission_or_secret",
        Class::NetworkOrFlaky => "network_or_flaky",
        Class::Timeout => "timeout",
        Class::OutOfMemory => "out_of_memory",
        Class::Infrastructure => "infrastructure",
        Class::Configuration => "configuration",
        Class::RuntimeError => "runtime_error",
        Class::Unknown => "unknown",
    }
}
