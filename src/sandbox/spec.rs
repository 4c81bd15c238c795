//! What to run, where, and with what.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

use super::door::Doors;
use super::limits::Limits;

/// One program for the sandbox.
#[derive(Clone, Debug)]
pub struct Spec {
    /// Folder of this machine that is bound writable at [`super::WORKSPACE`].
    pub workspace: PathBuf,
    /// Folder of this machine that is the home inside, writable; without one it is held in memory
    /// and gone with the program.
    pub home: Option<PathBuf>,
    /// Further folders and files to be read.
    pub read_only: Vec<Bind>,
    /// Further folders to be written.
    pub writable: Vec<Bind>,
    /// Environment inside, beside `PATH`, `HOME`, `LANG` and `TMPDIR`, which it may replace.
    /// Every process of this machine can read it: no secrets.
    pub environment: BTreeMap<String, String>,
    /// What the program may use.
    pub limits: Limits,
    /// The program and its arguments, as seen from inside. No secrets.
    pub command: Vec<OsString>,
    /// The ways out; without them there is none.
    pub doors: Option<Doors>,
}

/// A folder or file of this machine and where it is seen inside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bind {
    /// Absolute path on this machine.
    pub outside: PathBuf,
    /// Absolute path inside.
    pub inside: PathBuf,
}

impl Bind {
    /// The same path outside and inside.
    #[must_use]
    pub fn same(path: PathBuf) -> Self {
        Self {
            outside: path.clone(),
            inside: path,
        }
    }
}

impl Spec {
    /// `command` in `workspace`, with the limits of [`Limits::default`] and nothing else.
    #[must_use]
    pub fn new<I>(workspace: PathBuf, command: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<OsString>,
    {
        Self {
            workspace,
            home: None,
            read_only: Vec::new(),
            writable: Vec::new(),
            environment: BTreeMap::new(),
            limits: Limits::default(),
            command: command.into_iter().map(Into::into).collect(),
            doors: None,
        }
    }

    /// One line for `sh -c`, otherwise as [`Spec::new`].
    #[must_use]
    pub fn shell(workspace: PathBuf, line: &str) -> Self {
        Self::new(workspace, ["/bin/sh", "-c", line])
    }
}
