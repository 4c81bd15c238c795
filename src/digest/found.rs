//! What a digest says, as data: the words that `--json` prints and that others build on.
//!
//! Knows nothing of how it was found.

use serde::{Serialize, Serializer};

/// What kind of failure a log shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// Nothing failed.
    Passed,
    /// A compiler or linker refused the code.
    CompileError,
    /// A type checker refused the code.
    TypeError,
    /// A linter or a formatter refused the code.
    LintError,
    /// A test ran and did not hold.
    TestAssertion,
    /// A stored snapshot and the new output differ.
    SnapshotDiff,
    /// A dependency could not be resolved, installed, or passed by an audit.
    DependencyInstall,
    /// An image could not be built.
    DockerBuild,
    /// A right, a token or a secret is missing.
    PermissionOrSecret,
    /// Another machine could not be reached, or answered with a fault of its own.
    NetworkOrFlaky,
    /// Something took too long.
    Timeout,
    /// Memory or disk ran out.
    OutOfMemory,
    /// The runner itself failed.
    Infrastructure,
    /// A tool was called wrongly, or its configuration cannot be read.
    Configuration,
    /// A program ended with an error of its own.
    RuntimeError,
    /// Nothing known was recognised.
    #[default]
    Unknown,
}

impl Class {
    /// Its word, as `castellan digest --json` and the store have it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::CompileError => "compile_error",
            Self::TypeError => "type_error",
            Self::LintError => "lint_error",
            Self::TestAssertion => "test_assertion",
            Self::SnapshotDiff => "snapshot_diff",
            Self::DependencyInstall => "dependency_install",
            Self::DockerBuild => "docker_build",
            Self::PermissionOrSecret => "permission_or_secret",
            Self::NetworkOrFlaky => "network_or_flaky",
            Self::Timeout => "timeout",
            Self::OutOfMemory => "out_of_memory",
            Self::Infrastructure => "infrastructure",
            Self::Configuration => "configuration",
            Self::RuntimeError => "runtime_error",
            Self::Unknown => "unknown",
        }
    }
}

impl Serialize for Class {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.word())
    }
}

/// A test that failed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Test {
    /// The program that ran it, such as `pytest`.
    pub framework: &'static str,
    /// Its name, as the framework writes it.
    pub id: String,
    /// The file in which it failed, where the log says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Its line, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// What was said about it.
    pub message: String,
}

/// What a compiler, a checker or a linter said of a place in the code.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// The tool, such as `rustc`.
    pub tool: &'static str,
    /// The file, where one is named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The line in it, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// The column, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
    /// The tool's code for it, such as `E0308`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// What is wrong.
    pub message: String,
    /// How often it was said.
    pub times: u32,
}

/// The step that failed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FailedStep {
    /// Its name, or the first line of its command.
    pub name: String,
    /// The command, where the log shows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// The exit code, where the log shows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
}

/// One line of the log, and its number from 1.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LogLine {
    /// Its number.
    pub line: u64,
    /// Its text without colours, time stamp, control characters and secrets.
    pub text: String,
}

/// Consecutive lines of the log about one cause.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Excerpt {
    /// The rule that found it.
    pub rule: &'static str,
    /// How often the same was said; 1 for once.
    pub times: u32,
    /// Whether the passing log does not hold it; `None` without a passing log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new: Option<bool>,
    /// The lines, ascending; where numbers jump, lines were left out.
    pub lines: Vec<LogLine>,
}

/// Whether two failures are the same.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Fingerprint {
    /// The same in every place: class, step, tests, and all causes.
    pub strict: String,
    /// The same first cause, whatever else failed beside it.
    pub loose: String,
    /// The same first cause, though its numbers are others: lines moved, another value came out.
    pub coarse: String,
}

/// What one failed job said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Digest {
    /// Whether anything failed.
    pub failed: bool,
    /// What kind of failure it is.
    pub class: Class,
    /// How sure that is, from 0 to 100.
    pub confidence: u8,
    /// The job's name, where the log says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job: Option<String>,
    /// The step that failed, where the log has steps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<FailedStep>,
    /// The first line of the first cause.
    pub primary: Option<LogLine>,
    /// The tests that failed, at most [`super::TESTS`].
    pub tests: Vec<Test>,
    /// Tests that failed beyond those.
    pub more_tests: u64,
    /// What compilers and linters said, at most [`super::DIAGNOSTICS`].
    pub diagnostics: Vec<Diagnostic>,
    /// Such beyond those.
    pub more_diagnostics: u64,
    /// The causes that do not stand in the markdown, for want of room.
    pub causes_left_out: u64,
    /// Verbatim lines, one excerpt a cause.
    pub excerpts: Vec<Excerpt>,
    /// Lines of the log.
    pub lines: u64,
    /// Bytes of the log.
    pub bytes: u64,
    /// Secrets that were masked in what is shown.
    pub masked: u32,
    /// Whether the same failure was seen before.
    pub fingerprint: Option<Fingerprint>,
    /// All of this for an agent to read, within its budget.
    pub markdown: String,
}
