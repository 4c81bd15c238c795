//! Programs of this machine inside of the sandbox.
//!
//! What lies below `/usr`, or in a folder that the caller made readable, is seen inside anyway.
//! Any other program is one file that is copied into a folder of the attempt, because its own
//! folder may be a home that the sandbox's account cannot pass, and holds more than it.

use std::ffi::OsString;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::WorkOptions;
use super::failure::Failure;
use crate::protocol::progress::Phase;
use crate::sandbox::{Bind, locate};

/// Where the copied programs are seen inside.
const TOOLS_INSIDE: &str = "/opt/castellan";

/// Where agents' settings lie among them.
const SETTINGS: &str = "settings";

/// The attempt's folder of copied programs.
pub(super) struct Tools {
    folder: PathBuf,
}

impl Tools {
    /// Makes the folder.
    pub(super) fn open(folder: PathBuf) -> Result<Self, Failure> {
        let made = std::fs::create_dir(&folder).and_then(|()| readable(&folder));
        made.map_err(|error| broken("making a folder for programs", &error))?;
        Ok(Self { folder })
    }

    /// The folders that programs need inside.
    pub(super) fn binds(&self, options: &WorkOptions) -> Vec<Bind> {
        let mut binds: Vec<Bind> = options.read_only.iter().cloned().map(Bind::same).collect();
        binds.push(Bind {
            outside: self.folder.clone(),
            inside: TOOLS_INSIDE.into(),
        });
        binds
    }

    /// Where the agent's program is seen inside.
    pub(super) fn program(&self, options: &WorkOptions, name: &str) -> Result<OsString, Failure> {
        let found = locate(name, &options.search).ok_or_else(|| {
            Failure::new(
                Phase::Agent,
                format!("the agent's program {name} is not installed on the runner"),
                "install it before `castellan work`, or name another with the server's agent setting",
            )
        })?;
        // A link below /usr that leads elsewhere would lead nowhere inside.
        let real = found.canonicalize().unwrap_or_else(|_| found.clone());
        let seen = std::iter::once(Path::new("/usr"))
            .chain(options.read_only.iter().map(PathBuf::as_path))
            .any(|folder| real.starts_with(folder));
        if seen {
            return Ok(found.into());
        }
        let name = real.file_name().unwrap_or(real.as_os_str());
        self.copy(&real)?;
        Ok(Path::new(TOOLS_INSIDE).join(name).into())
    }

    /// Copies one file to where the sandbox's account can read it, and returns the copy.
    pub(super) fn copy(&self, program: &Path) -> Result<PathBuf, Failure> {
        let name = program.file_name().unwrap_or(program.as_os_str());
        let copy = self.folder.join(name);
        if !copy.exists() {
            std::fs::copy(program, &copy)
                .and_then(|_| readable(&copy))
                .map_err(|error| broken("copying a program", &error))?;
        }
        Ok(copy)
    }

    /// Writes an agent's settings, to be seen inside at `inside`.
    pub(super) fn settings(&self, inside: PathBuf, content: &str) -> Result<Bind, Failure> {
        let folder = self.folder.join(SETTINGS);
        let name = inside.file_name().unwrap_or(inside.as_os_str());
        let outside = folder.join(name);
        std::fs::create_dir_all(&folder)
            .and_then(|()| readable(&folder))
            .and_then(|()| std::fs::write(&outside, content))
            .and_then(|()| readable(&outside))
            .map_err(|error| broken("writing the agent's settings", &error))?;
        Ok(Bind { outside, inside })
    }
}

fn readable(path: &Path) -> std::io::Result<()> {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755))
}

fn broken(what: &str, error: &std::io::Error) -> Failure {
    Failure::of_machine(Phase::Agent, what, error)
}
