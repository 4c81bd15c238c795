//! The archive that GitHub gives of a run's logs: a digest of every job in it that failed, all
//! of them within one budget. Jobs that failed in the same way, as those of a matrix do, are told
//! once.

use std::cell::Cell;
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::rc::Rc;

use anyhow::{Context as _, ensure};
use castellan::digest::{Digest, Options, digest, failed_step};
use serde::Serialize;
use zip::ZipArchive;

use super::budget::{self, Told};
use super::source::{Log, UNPACKED_BYTES_MAX};

/// Bytes that opening an archive may read, which bounds what is kept of its directory: some ten
/// thousand logs of steps, more than a run has.
const DIRECTORY_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// Failed jobs that are kept: as many as a matrix may have. Beyond, they are only counted.
const FAILED_MAX: usize = 256;
/// Bytes of a job's name.
const NAME_BYTES: usize = 200;

/// What the jobs of an archive said.
#[derive(Serialize)]
pub(super) struct Run {
    /// The first failed job's digest, or of a run without one its first job's; its text is that
    /// of all.
    #[serde(flatten)]
    pub(super) first: Digest,
    /// Jobs whose logs the archive holds.
    jobs_read: usize,
    /// Every job that failed.
    jobs: Vec<Failed>,
    /// Failed jobs beyond those.
    more_jobs: usize,
}

/// A job that failed.
#[derive(Serialize)]
struct Failed {
    /// The name of its log.
    log: String,
    /// The place in `jobs`, from 0, of the first one that failed in the same way.
    #[serde(skip_serializing_if = "Option::is_none")]
    same_as: Option<usize>,
    #[serde(flatten)]
    digest: Digest,
    #[serde(skip)]
    at: usize,
}

/// An archive that was opened.
pub(super) struct Archive<'a> {
    zip: ZipArchive<BufReader<Metered>>,
    options: Options<'a>,
    /// The JSON of the run's jobs and their steps.
    step_list: Option<&'a str>,
    /// The logs of whole jobs: their places and names.
    logs: Vec<(usize, String)>,
    /// Bytes that may still be unpacked.
    left: u64,
}

impl<'a> Archive<'a> {
    pub(super) fn open(
        file: File,
        options: Options<'a>,
        step_list: Option<&'a str>,
    ) -> anyhow::Result<Self> {
        let left = Rc::new(Cell::new(DIRECTORY_BYTES_MAX));
        let metered = Metered {
            file,
            left: Rc::clone(&left),
        };
        let zip = ZipArchive::new(BufReader::new(metered))
            .context("it is no whole archive; download it again, or give one job's log")?;
        // From here on what is unpacked is counted instead.
        left.set(u64::MAX);
        let mut logs = Vec::new();
        for at in 0..zip.len() {
            // Each job's whole log stands at the top; the folders hold its steps once more.
            let name = zip.name_for_index(at).transpose()?.unwrap_or_default();
            if name.ends_with(".txt") && !name.contains(['/', '\\']) {
                logs.push((at, name.chars().filter(|char| !char.is_control()).collect()));
            }
        }
        ensure!(
            !logs.is_empty(),
            "the archive holds no job's log; give the archive of a run, or one log"
        );
        let reported = !options.tests.is_empty() || options.annotations.is_some();
        ensure!(
            logs.len() == 1 || !reported,
            "reports and annotations are of one job, and the archive holds {}; give that job's log",
            logs.len()
        );
        Ok(Self {
            zip,
            options,
            step_list,
            logs,
            left: UNPACKED_BYTES_MAX,
        })
    }

    /// Reads every job's log. `warn` is told of what breaks off.
    pub(super) fn read(mut self, warn: &mut dyn FnMut(String)) -> anyhow::Result<Run> {
        let (mut jobs, mut passed, mut more) = (Vec::new(), None, 0);
        let mut cut = None;
        for (at, log) in self.logs.clone() {
            let (digest, broken) = self.digest(at, &log, self.options.tokens)?;
            if let Some(error) = broken {
                warn(format!(
                    "{log} breaks off ({error}); what is there was read"
                ));
                cut = cut.or_else(|| (!digest.failed).then(|| log.clone()));
            }
            if !digest.failed {
                passed.get_or_insert(digest);
            } else if jobs.len() < FAILED_MAX {
                jobs.push(Failed {
                    log,
                    same_as: None,
                    digest,
                    at,
                });
            } else {
                more += 1;
            }
        }
        if let Some(log) = cut.filter(|_| jobs.is_empty()) {
            anyhow::bail!("{log} breaks off, and nothing failed before that; download it again");
        }
        find_same(&mut jobs);
        self.told(jobs, passed.unwrap_or_default(), more)
    }

    /// Writes down what failed, within the budget.
    fn told(mut self, mut jobs: Vec<Failed>, passed: Digest, more: usize) -> anyhow::Result<Run> {
        let jobs_read = self.logs.len();
        if jobs.is_empty() {
            let mut first = passed;
            if jobs_read > 1 {
                first.markdown = budget::cut(
                    &format!("Nothing failed in the logs of {jobs_read} jobs.\n"),
                    self.options.tokens,
                );
            }
            return Ok(Run {
                first,
                jobs_read,
                jobs,
                more_jobs: more,
            });
        }
        let told: Vec<Told> = (0..jobs.len())
            .filter(|at| jobs[*at].same_as.is_none())
            .map(|at| Told {
                name: name_of(&jobs[at].log),
                size: jobs[at].digest.markdown.chars().count(),
                same: (at + 1..jobs.len())
                    .filter(|other| jobs[*other].same_as == Some(at))
                    .map(|other| name_of(&jobs[other].log))
                    .collect(),
            })
            .collect();
        let plan = budget::plan(&told, jobs.len() + more, jobs_read, self.options.tokens);
        // The second reading is of what the first one bore.
        self.left = UNPACKED_BYTES_MAX;
        let firsts = jobs.iter_mut().filter(|job| job.same_as.is_none());
        let mut texts = Vec::new();
        for (job, tokens) in firsts.zip(&plan.tokens) {
            if let Some(tokens) = tokens {
                job.digest = self.digest(job.at, &job.log, *tokens)?.0;
            }
            texts.push(job.digest.markdown.as_str());
        }
        let markdown = plan.written(&texts, self.options.tokens);
        let mut first = jobs[0].digest.clone();
        first.markdown = markdown;
        Ok(Run {
            first,
            jobs_read,
            jobs,
            more_jobs: more,
        })
    }

    /// The digest of one job's log, and why the log broke off.
    fn digest(
        &mut self,
        at: usize,
        log: &str,
        tokens: usize,
    ) -> anyhow::Result<(Digest, Option<io::Error>)> {
        let unreadable = || format!("{log} cannot be read");
        let name = name_of(log);
        let several = self.logs.len() > 1;
        let step = match self.step_list {
            Some(list) => failed_step(list, several.then_some(name.as_str()))?,
            None => None,
        };
        let options = Options {
            tokens,
            step: step.as_deref(),
            job: Some(&name),
            ..self.options
        };
        let entry = self.zip.by_index(at).with_context(unreadable)?;
        let mut source = Log::unpacked(entry, self.left);
        let digest = digest(&mut source, options).with_context(unreadable)?;
        self.left = source.left();
        Ok((digest, source.broken()))
    }
}

/// Marks the jobs that failed as an earlier one did.
fn find_same(jobs: &mut [Failed]) {
    let mut seen: HashMap<String, usize> = HashMap::new();
    for (at, job) in jobs.iter_mut().enumerate() {
        let Some(print) = &job.digest.fingerprint else {
            continue;
        };
        match seen.get(&print.loose) {
            Some(first) => job.same_as = Some(*first),
            None => drop(seen.insert(print.loose.clone(), at)),
        }
    }
}

/// A job's name, from its log's: `3_test (linux).txt`.
fn name_of(log: &str) -> String {
    let name = log.strip_suffix(".txt").unwrap_or(log);
    let plain = match name.split_once('_') {
        Some((number, rest)) if number.bytes().all(|byte| byte.is_ascii_digit()) => rest,
        _ => name,
    };
    plain[..plain.floor_char_boundary(NAME_BYTES)].to_owned()
}

/// A file of which only so much is read.
struct Metered {
    file: File,
    left: Rc<Cell<u64>>,
}

impl Read for Metered {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(into)?;
        let left = self.left.get().checked_sub(read as u64).ok_or_else(|| {
            io::Error::other(format!(
                "its directory has more than {DIRECTORY_BYTES_MAX} bytes"
            ))
        })?;
        self.left.set(left);
        Ok(read)
    }
}

impl Seek for Metered {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}
