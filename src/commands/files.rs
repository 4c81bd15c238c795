//! Commands that look at one file: `castellan contract`, `castellan check-policy`.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use castellan::domain::request::contract::{self, Source};
use castellan::domain::request::policy::{self, Policy};
use clap::Args;

/// Largest file that is read, in bytes: more than GitHub takes as an issue's text.
const FILE_BYTES_MAX: usize = 1024 * 1024;

/// Show what contract would be understood.
#[derive(Args)]
pub(crate) struct Contract {
    /// The text; `-` reads standard input
    file: PathBuf,
    /// The title
    #[arg(long, default_value = "(title)")]
    title: String,
    /// Login of the person who asks
    #[arg(long, default_value = "you")]
    requester: String,
    /// The repository's policy [default: .github/castellan.yml where it exists]
    #[arg(long)]
    policy: Option<PathBuf>,
}

impl Contract {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let usual = Path::new(".github/castellan.yml");
        let policy = match &self.policy {
            Some(path) => read_policy(path)?,
            None if usual.exists() => read_policy(usual)?,
            None => Policy::default(),
        };
        let body = read(&self.file)?;
        let source = Source {
            title: self.title,
            body: String::from_utf8_lossy(&body).into_owned(),
            comments: Vec::new(),
            requester_login: self.requester,
        };
        let reading = contract::read(&source, &policy);
        println!("{}", contract::explain(&reading).trim_end());
        Ok(if reading.problems.is_empty() {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    }
}

/// Check a policy.
#[derive(Args)]
pub(crate) struct CheckPolicy {
    /// The policy; `-` reads standard input
    #[arg(required_unless_present = "schema")]
    file: Option<PathBuf>,
    /// Print the JSON schema for editors instead
    #[arg(long)]
    schema: bool,
}

impl CheckPolicy {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        if self.schema {
            println!("{}", serde_json::to_string_pretty(&policy::schema())?);
            return Ok(ExitCode::SUCCESS);
        }
        let file = self.file.context("no file was given")?;
        read_policy(&file)?;
        println!("{}: good", file.display());
        Ok(ExitCode::SUCCESS)
    }
}

/// The policy in that file; a mistake is told with the file's own name.
pub(super) fn read_policy(path: &Path) -> anyhow::Result<Policy> {
    policy::parse(&read(path)?).map_err(|error| {
        let policy::PolicyError {
            line,
            column,
            message,
            remedy,
        } = error;
        anyhow::anyhow!("{}:{line}:{column}: {message}; {remedy}", path.display())
    })
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    read_at_most(path, FILE_BYTES_MAX)
}

/// The bytes of a file; `-` is standard input.
pub(super) fn read_at_most(path: &Path, most: usize) -> anyhow::Result<Vec<u8>> {
    let limit = most as u64 + 1;
    let mut bytes = Vec::new();
    if path == Path::new("-") {
        std::io::stdin().take(limit).read_to_end(&mut bytes)?;
    } else {
        let file = std::fs::File::open(path).with_context(|| path.display().to_string())?;
        let read = file.take(limit).read_to_end(&mut bytes);
        read.with_context(|| path.display().to_string())?;
    }
    anyhow::ensure!(
        bytes.len() <= most,
        "{}: larger than {most} bytes; that is not what belongs here",
        path.display()
    );
    Ok(bytes)
}
