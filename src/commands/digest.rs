//! `castellan digest`: says of a failed job's log what failed in it. Reads text, gzip, and the
//! archive that GitHub gives of a run's logs.

use std::fs::File;
use std::io::{self, BufReader, Read, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use castellan::digest::{
    Baseline, Digest, Options, TOKENS, Test, digest, failed_step, failed_tests,
};
use clap::Args;

/// Largest report or list of steps that is read, in bytes: more than any test runner writes of
/// failures that a person would look at.
const REPORT_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// The first bytes of gzip and of an archive.
const GZIP: [u8; 2] = [0x1f, 0x8b];
const ZIP: [u8; 4] = *b"PK\x03\x04";

/// Say what failed in a job's log.
#[derive(Args)]
pub(crate) struct DigestLog {
    /// The log: text, gzip, or the archive of a run's logs; `-` reads standard input
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
    /// The job's steps, as JSON of GitHub's API
    #[arg(long, value_name = "FILE")]
    step_list: Option<PathBuf>,
    /// A report in JUnit's XML; may be given several times
    #[arg(long, value_name = "FILE")]
    junit: Vec<PathBuf>,
}

impl DigestLog {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let baseline = match &self.baseline {
            Some(path) => Some(
                Baseline::read(open(path)?)
                    .with_context(|| format!("{} cannot be read", path.display()))?,
            ),
            None => None,
        };
        let step = match &self.step_list {
            Some(path) => failed_step(&text(path)?).with_context(|| {
                format!(
                    "{} is no list of steps; give what GitHub's API says of the job",
                    path.display()
                )
            })?,
            None => None,
        };
        let mut tests: Vec<Test> = Vec::new();
        for path in &self.junit {
            tests.extend(failed_tests(&text(path)?));
        }
        let options = Options {
            tokens: self.tokens,
            baseline: baseline.as_ref(),
            step: step.as_deref(),
            tests: &tests,
        };
        let digest = self
            .digest(options)
            .with_context(|| format!("{} cannot be read", self.file.display()))?;
        let mut out = io::stdout().lock();
        if self.json {
            serde_json::to_writer(&mut out, &digest)?;
            writeln!(out)?;
        } else {
            write!(out, "{}", digest.markdown)?;
        }
        Ok(ExitCode::SUCCESS)
    }

    fn digest(&self, options: Options<'_>) -> anyhow::Result<Digest> {
        if self.file.as_os_str() != "-" && starts_with(&self.file, &ZIP)? {
            return of_archive(&self.file, options);
        }
        Ok(digest(open(&self.file)?, options)?)
    }
}

/// The digest of the first job in an archive that failed, or of its first job.
fn of_archive(path: &Path, options: Options<'_>) -> anyhow::Result<Digest> {
    let mut archive = zip::ZipArchive::new(BufReader::new(File::open(path)?))
        .context("it is no whole archive; download it again")?;
    let mut first = None;
    for at in 0..archive.len() {
        let entry = archive.by_index(at)?;
        // Each job's whole log stands at the top; the folders hold its steps once more.
        let name = entry.name()?.into_owned();
        let text = Path::new(&name).extension().is_some_and(|end| end == "txt");
        let whole = text && entry.is_file() && !name.contains('/');
        if !whole {
            continue;
        }
        let found = digest(entry, options)?;
        if found.failed {
            return Ok(found);
        }
        first.get_or_insert(found);
    }
    first.context("the archive holds no job's log; give the archive of a run, or one log")
}

/// A log, unpacked where it is gzip.
fn open(path: &Path) -> anyhow::Result<Box<dyn Read>> {
    if path.as_os_str() == "-" {
        return unpacked(io::stdin());
    }
    unpacked(File::open(path).with_context(|| format!("{} cannot be opened", path.display()))?)
}

fn unpacked(source: impl Read + 'static) -> anyhow::Result<Box<dyn Read>> {
    let mut source = source;
    let mut start = [0; 2];
    let mut read = 0;
    while read < start.len() {
        match source.read(&mut start[read..])? {
            0 => break,
            more => read += more,
        }
    }
    let gzip = start == GZIP;
    let whole = io::Cursor::new(start).take(read as u64).chain(source);
    Ok(if gzip {
        Box::new(flate2::read::MultiGzDecoder::new(whole))
    } else {
        Box::new(whole)
    })
}

fn starts_with(path: &Path, bytes: &[u8]) -> anyhow::Result<bool> {
    let file = File::open(path).with_context(|| format!("{} cannot be opened", path.display()))?;
    let mut start = Vec::new();
    file.take(bytes.len() as u64).read_to_end(&mut start)?;
    Ok(start == bytes)
}

fn text(path: &Path) -> anyhow::Result<String> {
    let mut bytes = Vec::new();
    let read =
        File::open(path).and_then(|file| file.take(REPORT_BYTES_MAX).read_to_end(&mut bytes));
    read.with_context(|| format!("{} cannot be read", path.display()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
