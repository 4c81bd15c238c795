//! `castellan digest`: says of a failed job's log what failed in it. Reads text, gzip, and the
//! archive that GitHub gives of a run's logs.

mod archive;
mod budget;
mod source;

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use castellan::digest::{
    Annotations, Baseline, Digest, Options, TOKENS, Test, digest, failed_step, failed_tests,
};
use clap::Args;

use archive::Archive;
use source::{Log, Source};

/// Largest report or list of steps that is read, in bytes: more than any test runner writes of
/// failures that a person would look at.
const REPORT_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Say what failed in a job's log.
#[derive(Args)]
pub(crate) struct DigestLog {
    /// The log: text, gzip, or the archive of a run's logs, of which every failed job is told;
    /// `-` reads standard input
    file: PathBuf,
    /// The most tokens that the digest may take, of four characters each
    #[arg(long, default_value_t = TOKENS)]
    tokens: usize,
    /// Print everything that was found, as JSON
    #[arg(long)]
    json: bool,
    /// The same job's last passing log
    #[arg(long, value_name = "PASSING_LOG")]
    baseline: Option<PathBuf>,
    /// The job's steps, or those of all jobs of the run, as JSON of GitHub's API
    #[arg(long, value_name = "FILE")]
    step_list: Option<PathBuf>,
    /// A report in JUnit's XML; may be given several times
    #[arg(long, value_name = "FILE")]
    junit: Vec<PathBuf>,
    /// The annotations of the job's check run, as JSON of GitHub's API; may be given several times
    #[arg(long, value_name = "FILE")]
    annotations: Vec<PathBuf>,
}

impl DigestLog {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let baseline = match &self.baseline {
            Some(path) => Some(baseline(path).with_context(|| unreadable(path))?),
            None => None,
        };
        let (mut step, mut step_list) = (None, None);
        if let Some(path) = &self.step_list {
            let list = text(path)?;
            step = failed_step(&list, None).with_context(|| {
                format!(
                    "{} is no list of steps; give what GitHub's API says of the job",
                    path.display()
                )
            })?;
            step_list = Some(list);
        }
        let mut tests: Vec<Test> = Vec::new();
        for path in &self.junit {
            tests.extend(failed_tests(&text(path)?));
        }
        let annotations = self.annotations()?;
        let options = Options {
            tokens: self.tokens,
            baseline: baseline.as_ref(),
            tests: &tests,
            annotations: Some(&annotations).filter(|some| !some.is_empty()),
            ..Options::default()
        };
        let source = Source::open(&self.file).with_context(|| unreadable(&self.file))?;
        let mut out = io::stdout().lock();
        match source {
            Source::Log(log) => {
                let options = Options {
                    step: step.as_deref(),
                    ..options
                };
                let digest = self.one(log, options)?;
                self.print(&mut out, &digest.markdown, &digest)?;
            }
            Source::Archive(file) => {
                let mut warn = |said| eprintln!("castellan: {}: {said}", self.file.display());
                let run = Archive::open(file, options, step_list.as_deref())
                    .and_then(|archive| archive.read(&mut warn))
                    .with_context(|| unreadable(&self.file))?;
                self.print(&mut out, &run.first.markdown, &run)?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }

    /// The digest of one job's log.
    fn one(&self, mut log: Log<Box<dyn Read>>, options: Options<'_>) -> anyhow::Result<Digest> {
        let digest = digest(&mut log, options).with_context(|| unreadable(&self.file))?;
        let Some(error) = log.broken() else {
            return Ok(digest);
        };
        let file = self.file.display();
        // What is not there may have failed.
        anyhow::ensure!(
            digest.failed,
            "{file} breaks off ({error}), and nothing failed before that; download it again"
        );
        eprintln!("castellan: {file} breaks off ({error}); what is there was read");
        Ok(digest)
    }

    fn annotations(&self) -> anyhow::Result<Annotations> {
        let mut all = Annotations::default();
        for path in &self.annotations {
            all.extend(Annotations::read(&text(path)?).with_context(|| {
                format!(
                    "{} is no list of annotations; give what GitHub's API says of the check run",
                    path.display()
                )
            })?);
        }
        Ok(all)
    }

    fn print(
        &self,
        out: &mut impl Write,
        markdown: &str,
        whole: &impl serde::Serialize,
    ) -> anyhow::Result<()> {
        if self.json {
            serde_json::to_writer(&mut *out, whole)?;
            writeln!(out)?;
        } else {
            write!(out, "{markdown}")?;
        }
        Ok(())
    }
}

/// The lines of a passing log.
fn baseline(path: &Path) -> anyhow::Result<Baseline> {
    match Source::open(path)? {
        // Of a passing log that breaks off what is there did pass.
        Source::Log(log) => Ok(Baseline::read(log)?),
        Source::Archive(_) => anyhow::bail!("it is an archive; give the log of the same job in it"),
    }
}

fn unreadable(path: &Path) -> String {
    format!("{} cannot be read", path.display())
}

fn text(path: &Path) -> anyhow::Result<String> {
    let mut bytes = Vec::new();
    let read =
        File::open(path).and_then(|file| file.take(REPORT_BYTES_MAX).read_to_end(&mut bytes));
    read.with_context(|| unreadable(path))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
