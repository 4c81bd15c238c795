//! The kinds of weakening, each with a sentence for people and a remedy towards the agent.

use serde::{Deserialize, Serialize};

use crate::domain::change::shown;
use crate::domain::text;

/// Longest excerpt of a file that a weakening carries, in characters.
const WHAT_CHARS: usize = 160;
/// Longest path that it carries, in characters; git's paths are shorter in practice.
const PATH_CHARS: usize = 400;

/// What became weaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A test is gone.
    TestDeleted,
    /// A test is there and does not run.
    TestSkipped,
    /// A test checks less: an assertion is gone or compares less exactly.
    TestLoosened,
    /// A test is there under a name or in a place where its runner does not look.
    TestRenamedAway,
    /// What continuous integration runs was changed.
    CiChanged,
    /// How coverage is measured or demanded was changed.
    CoverageChanged,
    /// A failure no longer counts: `|| true` and its kin.
    FailureIgnored,
    /// A recorded expectation was written anew.
    SnapshotRewritten,
    /// A linter or type checker was told to look away.
    CheckSuppressed,
    /// A file that might weaken tests could not be read.
    Unread,
    /// There is more than is listed.
    More,
}

impl Kind {
    /// What happened, as the end of a sentence that begins with a place.
    #[must_use]
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::TestDeleted => "a test was deleted",
            Self::TestSkipped => "a test no longer runs",
            Self::TestLoosened => "a test checks less than before",
            Self::TestRenamedAway => "a test is no longer found by its runner",
            Self::CiChanged => "what continuous integration runs was changed",
            Self::CoverageChanged => "how coverage is measured or demanded was changed",
            Self::FailureIgnored => "a failure no longer counts",
            Self::SnapshotRewritten => "a recorded snapshot was rewritten",
            Self::CheckSuppressed => "a linter or type checker is told to look away",
            Self::Unread => "it could not be compared",
            Self::More => "further tests or checks were weakened",
        }
    }

    /// What the agent can do.
    #[must_use]
    pub const fn remedy(self) -> &'static str {
        match self {
            Self::TestDeleted => "bring the test back and make the code pass it",
            Self::TestSkipped => "let the test run and make the code pass it",
            Self::TestLoosened => "keep every assertion as exact as it was and mend the code",
            Self::TestRenamedAway => "keep the name and place by which the test is collected",
            Self::CiChanged => "put it back; such files are changed by people",
            Self::CoverageChanged => "put it back and cover the code with tests",
            Self::FailureIgnored => "let the command fail and mend what makes it fail",
            Self::SnapshotRewritten => {
                "put the snapshot back; where it has to change, let the issue name its path in scope"
            }
            Self::CheckSuppressed => "mend what the check complains of",
            Self::Unread => "keep the file text of an ordinary size",
            Self::More => "mend those that are listed first",
        }
    }
}

/// One thing that is weaker at the head than at the base. Its texts come from files and are
/// data: one line each and bounded, and to be shown as code.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Weakening {
    /// The file.
    pub path: String,
    /// The line at the head, from 1; at the base where the thing is gone; `None` for the whole.
    pub line: Option<u32>,
    /// What became weaker.
    pub kind: Kind,
    /// What exactly: a test's name, an excerpt.
    pub what: String,
}

impl Weakening {
    /// A weakening whose texts are bounded.
    pub(super) fn new(kind: Kind, path: &str, line: Option<u32>, what: &str) -> Self {
        Self {
            path: text::line(path, PATH_CHARS),
            line,
            kind,
            what: text::line(what, WHAT_CHARS),
        }
    }

    /// The place, as `path` or `path:line`, for one line of code.
    #[must_use]
    pub fn place(&self) -> String {
        match self.line {
            Some(line) => format!("{}:{line}", self.path),
            None => self.path.clone(),
        }
    }

    /// One sentence with place, what and remedy.
    #[must_use]
    pub fn sentence(&self) -> String {
        if self.kind == Kind::More {
            return format!("Beside these, {} weaken tests or checks.", self.what);
        }
        format!(
            "In {} {} ({}); {}.",
            shown(&self.place()),
            self.kind.sentence(),
            text::inline_code(&self.what, WHAT_CHARS),
            self.kind.remedy()
        )
    }
}
