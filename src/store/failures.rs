//! What failed checks said, one row a check of a head: digest, fingerprints and packed log; and
//! which checks are known to be unsteady.
//!
//! Knows no log's format: the bytes of a log are whatever was given.

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row as _};

use super::{Store, StoreError, failed};
use crate::domain::ci::failure::Print;
use crate::domain::ids::{AppId, JobId, Oid, RepositoryId, Sha256Hex, TaskId};
use crate::domain::time::Timestamp;

/// Bytes of a digest that are kept; one of the usual budget has an eighth of that.
pub const DIGEST_BYTES_MAX: usize = 64 * 1024;
/// Failures of one head that are read at once: more jobs than any digest is shown of.
const READ_MAX: i64 = 200;

/// A failure to keep.
#[derive(Clone, Copy, Debug)]
pub struct NewFailure<'a> {
    /// The repository.
    pub repository: RepositoryId,
    /// The task.
    pub task: &'a TaskId,
    /// The head that failed.
    pub head: &'a Oid,
    /// The check's name; foreign, one line.
    pub check: &'a str,
    /// The App that reported it; `None`: a commit status.
    pub app: Option<AppId>,
    /// The job, where it is one.
    pub job: Option<JobId>,
    /// Attempt of the run, from 1.
    pub attempt: u32,
    /// What it is recognised by, where there was a log.
    pub print: Option<&'a Print>,
    /// What kind of failure it is, in one word.
    pub class: &'a str,
    /// Tests that failed in it.
    pub tests: u32,
    /// The first line of its first cause; foreign, one line.
    pub first: &'a str,
    /// The digest as markdown; cut off at [`DIGEST_BYTES_MAX`].
    pub digest: &'a str,
    /// The packed log, as [`crate::digest::pack`] makes it.
    pub log: Option<&'a [u8]>,
    /// Lines of the log.
    pub log_lines: u64,
    /// When it was read.
    pub at: Timestamp,
}

/// A failure that is kept, without its log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptFailure {
    /// The check's name; foreign, one line.
    pub check: String,
    /// The App that reported it; `None`: a commit status.
    pub app: Option<AppId>,
    /// The job, where it is one.
    pub job: Option<JobId>,
    /// Attempt of the run, from 1.
    pub attempt: u32,
    /// What it is recognised by, where there was a log.
    pub print: Option<Print>,
    /// What kind of failure it is, in one word.
    pub class: String,
    /// Tests that failed in it.
    pub tests: u32,
    /// The first line of its first cause; foreign, one line.
    pub first: String,
    /// The digest as markdown; may be empty.
    pub digest: String,
    /// SHA-256 of the digest, as it is kept.
    pub digest_sha256: String,
    /// Whether the log is kept, too.
    pub has_log: bool,
    /// Lines of the log.
    pub log_lines: u64,
    /// When it was read.
    pub at: Timestamp,
}

/// A failure that is looked for in other tasks.
#[derive(Clone, Copy, Debug)]
pub struct Sought<'a> {
    /// The repository.
    pub repository: RepositoryId,
    /// The task that is asked for; its own failures do not count.
    pub task: &'a TaskId,
    /// The check's name.
    pub check: &'a str,
    /// The App that reported it; `None`: a commit status.
    pub app: Option<AppId>,
    /// What it is recognised by.
    pub print: &'a Print,
    /// Older failures do not count.
    pub since: Timestamp,
}

/// A way in which a check of a repository fails and then passes.
#[derive(Clone, Copy, Debug)]
pub struct FlakeKey<'a> {
    /// The repository.
    pub repository: RepositoryId,
    /// The check's name.
    pub check: &'a str,
    /// The App that reported it; `None`: a commit status.
    pub app: Option<AppId>,
    /// The coarse fingerprint of the failure.
    pub print: &'a str,
}

/// An unsteady check, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flake {
    /// The check's name; foreign, one line.
    pub check: String,
    /// The App that reported it; `None`: a commit status.
    pub app: Option<AppId>,
    /// The coarse fingerprint of the failure.
    pub print: String,
    /// When it was seen first.
    pub first_at: Timestamp,
    /// When it was seen last.
    pub last_at: Timestamp,
    /// How often.
    pub times: u64,
}

impl Store {
    /// Keeps a failure in place of what was kept of the same check. Gives whether it is kept: not
    /// where a later attempt of the run is there. The log of a closed task is not kept; the task may
    /// be one that is still to be opened.
    ///
    /// # Errors
    /// The database did not answer.
    pub async fn put_failure(&self, failure: &NewFailure<'_>) -> Result<bool, StoreError> {
        let digest = &failure.digest[..failure.digest.floor_char_boundary(DIGEST_BYTES_MAX)];
        let print = |part: fn(&Print) -> &String| failure.print.map_or("", |print| part(print));
        sqlx::query(
            "INSERT INTO failures (repository, task_id, head, check_name, app, job, attempt,
                 strict, loose, coarse, class, digest, digest_sha256, log, log_lines, at, tests,
                 first_line)
             SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13,
                 CASE WHEN EXISTS (SELECT 1 FROM tasks WHERE id = $2 AND live_key IS NULL)
                     THEN NULL ELSE $14 END, $15, $16, $17, $18
             WHERE 1 = 1
             ON CONFLICT (task_id, head, check_name, app, job) DO UPDATE SET
                 attempt = excluded.attempt, strict = excluded.strict, loose = excluded.loose,
                 coarse = excluded.coarse, class = excluded.class, digest = excluded.digest,
                 digest_sha256 = excluded.digest_sha256, log = excluded.log,
                 log_lines = excluded.log_lines, at = excluded.at, tests = excluded.tests,
                 first_line = excluded.first_line
             WHERE failures.attempt <= excluded.attempt",
        )
        .bind(failure.repository.0)
        .bind(failure.task.as_str())
        .bind(failure.head.as_str())
        .bind(failure.check)
        .bind(app_number(failure.app))
        .bind(failure.job.map_or(0, |job| job.0))
        .bind(i64::from(failure.attempt))
        .bind(print(|print| &print.strict))
        .bind(print(|print| &print.loose))
        .bind(print(|print| &print.coarse))
        .bind(failure.class)
        .bind(digest)
        .bind(Sha256Hex::of(digest).as_str())
        .bind(failure.log)
        .bind(i64::try_from(failure.log_lines).unwrap_or(i64::MAX))
        .bind(failure.at.0)
        .bind(i64::from(failure.tests))
        .bind(failure.first)
        .execute(&self.pool)
        .await
        .map(|done| done.rows_affected() == 1)
        .map_err(failed("keep a failure"))
    }

    /// What is kept of the failed checks of a task's head, by name, without the logs.
    ///
    /// # Errors
    /// The database did not answer.
    pub async fn failures_of(
        &self,
        task: &TaskId,
        head: &Oid,
    ) -> Result<Vec<KeptFailure>, StoreError> {
        let rows = sqlx::query(
            "SELECT check_name, app, job, attempt, strict, loose, coarse, class, digest,
                 digest_sha256, log_lines, at, tests, first_line,
                 CASE WHEN log IS NULL THEN CAST(0 AS BIGINT) ELSE CAST(1 AS BIGINT) END AS has_log
             FROM failures WHERE task_id = $1 AND head = $2
             ORDER BY check_name, app, job LIMIT $3",
        )
        .bind(task.as_str())
        .bind(head.as_str())
        .bind(READ_MAX)
        .fetch_all(&self.pool)
        .await
        .map_err(failed("read failures"))?;
        let kept = rows.iter().map(read).collect::<Result<Vec<_>, _>>();
        kept.map_err(failed("read failures"))
    }

    /// The packed log of a failed check, where it is kept.
    ///
    /// # Errors
    /// The database did not answer.
    pub async fn failure_log(
        &self,
        task: &TaskId,
        head: &Oid,
        failure: &KeptFailure,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        sqlx::query(
            "SELECT log FROM failures
             WHERE task_id = $1 AND head = $2 AND check_name = $3 AND app = $4 AND job = $5
                 AND log IS NOT NULL",
        )
        .bind(task.as_str())
        .bind(head.as_str())
        .bind(failure.check.as_str())
        .bind(app_number(failure.app))
        .bind(failure.job.map_or(0, |job| job.0))
        .fetch_optional(&self.pool)
        .await
        .and_then(|row| row.map(|row| row.try_get(0)).transpose())
        .map_err(failed("read the log of a failure"))
    }

    /// Whether a head of another task that is open failed in this way.
    ///
    /// # Errors
    /// The database did not answer.
    pub async fn same_elsewhere(&self, sought: Sought<'_>) -> Result<bool, StoreError> {
        sqlx::query(
            "SELECT failures.at FROM failures JOIN tasks ON tasks.id = failures.task_id
             WHERE failures.repository = $1 AND failures.task_id <> $2
                 AND failures.check_name = $3 AND failures.app = $4 AND failures.at >= $5
                 AND tasks.live_key IS NOT NULL
                 AND ((failures.loose <> '' AND failures.loose = $6)
                     OR (failures.coarse <> '' AND failures.coarse = $7))
             LIMIT 1",
        )
        .bind(sought.repository.0)
        .bind(sought.task.as_str())
        .bind(sought.check)
        .bind(app_number(sought.app))
        .bind(sought.since.0)
        .bind(sought.print.loose.as_str())
        .bind(sought.print.coarse.as_str())
        .fetch_optional(&self.pool)
        .await
        .map(|row| row.is_some())
        .map_err(failed("look for the same failure"))
    }

    /// Forgets failures that were read before that time. Gives their number.
    ///
    /// # Errors
    /// The database did not answer.
    pub async fn drop_failures(&self, before: Timestamp) -> Result<u64, StoreError> {
        sqlx::query("DELETE FROM failures WHERE at < $1")
            .bind(before.0)
            .execute(&self.pool)
            .await
            .map(|done| done.rows_affected())
            .map_err(failed("forget failures"))
    }

    /// Notes that a check failed in a way and passed when it was run again. The same time counts once.
    ///
    /// # Errors
    /// The database did not answer.
    pub async fn put_flake(&self, flake: FlakeKey<'_>, at: Timestamp) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO flakes (repository, check_name, app, print, first_at, last_at, times)
             VALUES ($1, $2, $3, $4, $5, $5, 1)
             ON CONFLICT (repository, check_name, app, print) DO UPDATE SET
                 last_at = excluded.last_at, times = flakes.times + 1
             WHERE flakes.last_at < excluded.last_at",
        )
        .bind(flake.repository.0)
        .bind(flake.check)
        .bind(app_number(flake.app))
        .bind(flake.print)
        .bind(at.0)
        .execute(&self.pool)
        .await
        .map(drop)
        .map_err(failed("keep an unsteady check"))
    }

    /// The unsteady checks of a repository, the ones seen last first, at most so many.
    ///
    /// # Errors
    /// The database did not answer.
    pub async fn flakes(
        &self,
        repository: RepositoryId,
        most: u32,
    ) -> Result<Vec<Flake>, StoreError> {
        let rows = sqlx::query(
            "SELECT check_name, app, print, first_at, last_at, times FROM flakes
             WHERE repository = $1 ORDER BY last_at DESC, check_name, app, print LIMIT $2",
        )
        .bind(repository.0)
        .bind(i64::from(most))
        .fetch_all(&self.pool)
        .await
        .map_err(failed("read unsteady checks"))?;
        let flakes = rows.iter().map(read_flake).collect::<Result<Vec<_>, _>>();
        flakes.map_err(failed("read unsteady checks"))
    }
}

fn app_number(app: Option<AppId>) -> i64 {
    app.map_or(0, |app| app.0)
}

fn read(row: &AnyRow) -> Result<KeptFailure, sqlx::Error> {
    let (app, job): (i64, i64) = (row.try_get("app")?, row.try_get("job")?);
    let (attempt, lines): (i64, i64) = (row.try_get("attempt")?, row.try_get("log_lines")?);
    let print = Print {
        strict: row.try_get("strict")?,
        loose: row.try_get("loose")?,
        coarse: row.try_get("coarse")?,
    };
    Ok(KeptFailure {
        check: row.try_get("check_name")?,
        app: (app != 0).then_some(AppId(app)),
        job: (job != 0).then_some(JobId(job)),
        attempt: u32::try_from(attempt).unwrap_or(0),
        print: (!print.loose.is_empty()).then_some(print),
        class: row.try_get("class")?,
        tests: u32::try_from(row.try_get::<i64, _>("tests")?).unwrap_or(0),
        first: row.try_get("first_line")?,
        digest: row.try_get("digest")?,
        digest_sha256: row.try_get("digest_sha256")?,
        has_log: row.try_get::<i64, _>("has_log")? != 0,
        log_lines: u64::try_from(lines).unwrap_or(0),
        at: Timestamp(row.try_get("at")?),
    })
}

fn read_flake(row: &AnyRow) -> Result<Flake, sqlx::Error> {
    let (app, times): (i64, i64) = (row.try_get("app")?, row.try_get("times")?);
    Ok(Flake {
        check: row.try_get("check_name")?,
        app: (app != 0).then_some(AppId(app)),
        print: row.try_get("print")?,
        first_at: Timestamp(row.try_get("first_at")?),
        last_at: Timestamp(row.try_get("last_at")?),
        times: u64::try_from(times).unwrap_or(0),
    })
}

/// Forgets the logs of a task, within a recording; what was made of them stays.
pub(super) async fn forget_logs(
    connection: &mut AnyConnection,
    task: &TaskId,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE failures SET log = NULL WHERE task_id = $1 AND log IS NOT NULL")
        .bind(task.as_str())
        .execute(connection)
        .await
        .map(drop)
        .map_err(failed("forget the logs of failures"))
}
