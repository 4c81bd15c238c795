//! Looks whether the sandbox can start here, by starting it, and says what to do where it cannot.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::Sandbox;
use super::account::Account;
use super::floor::Floor;
use super::spec::Spec;
use crate::guard::{self, Guard};

/// Where programs of the system lie, for callers who do not want to look elsewhere.
pub const SYSTEM_PROGRAMS: [&str; 3] = ["/usr/local/bin", "/usr/bin", "/bin"];

/// Starting `true` takes some ten milliseconds; this is for very busy machines.
const TRIAL: Duration = Duration::from_secs(20);

/// The sandbox cannot start on this machine, so nothing is run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}; {remedy}")]
pub struct Unavailable {
    /// What was found, in one sentence without its full stop.
    pub what: String,
    /// What a person can do about it.
    pub remedy: String,
}

impl Sandbox {
    /// Finds bubblewrap in the folders of `search` and really starts `true` with all its options.
    ///
    /// # Errors
    /// What is missing, with its remedy.
    pub async fn find(search: &[PathBuf]) -> Result<Self, Unavailable> {
        let found = locate("bwrap", search);
        let bwrap = match guard::holds(Guard::Sandbox) {
            true => found,
            false => found.or_else(|| Some("bwrap".into())),
        };
        let bwrap = bwrap.ok_or_else(|| Unavailable {
            what: "bubblewrap (the program bwrap) is not installed".to_owned(),
            remedy: "install it, for example with `sudo apt-get install bubblewrap`".to_owned(),
        })?;
        // It runs inside, where only /usr is seen.
        let system = SYSTEM_PROGRAMS.map(PathBuf::from);
        let tool = |name: &str, package: &str| {
            locate(name, &system).ok_or_else(|| Unavailable {
                what: format!("{name} is not installed below /usr"),
                remedy: format!(
                    "install {package}, for example with `sudo apt-get install {package}`"
                ),
            })
        };
        let prlimit = tool("prlimit", "util-linux")?;
        let choom = tool("choom", "util-linux")?;
        let nice = tool("nice", "coreutils")?;
        let floor = Floor::lay().map_err(|error| Unavailable {
            what: format!("a folder below /tmp could not be made ({error})"),
            remedy: "make /tmp writable, with room for a few small files".to_owned(),
        })?;
        let sandbox = Self {
            bwrap,
            prlimit,
            nice,
            choom,
            account: Account::of_this_process(),
            floor: Arc::new(floor),
        };
        if guard::holds(Guard::Sandbox) {
            sandbox.check().await?;
        }
        Ok(sandbox)
    }

    /// Starts `true` in the sandbox, with all its options.
    ///
    /// # Errors
    /// What bubblewrap said, and what can be done about it.
    pub async fn check(&self) -> Result<(), Unavailable> {
        let spec = Spec::new(self.floor.empty(), ["/usr/bin/true"]);
        let said = match self.run(&spec, TRIAL).await {
            Ok(finished) if finished.passed() => return Ok(()),
            Ok(finished) => match finished.ended_by {
                None => finished.output_tail.trim().to_owned(),
                Some(limit) => format!("a trial was ended by its limit on {limit:?}"),
            },
            Err(error) => format!("{error}: {}", root_cause(&error)),
        };
        Err(Unavailable {
            remedy: remedy(&said, &Kernel::read()),
            what: format!("bubblewrap cannot start a sandbox here ({said})"),
        })
    }
}

/// The first program of that name in `search`; a name with a slash stands for itself.
#[must_use]
pub fn locate(program: &str, search: &[PathBuf]) -> Option<PathBuf> {
    use std::os::unix::fs::PermissionsExt;
    let runnable = |path: &Path| {
        path.metadata()
            .is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
    };
    if program.contains('/') {
        let path = PathBuf::from(program);
        return runnable(&path).then_some(path);
    }
    let mut found = search.iter().map(|folder| folder.join(program));
    found.find(|path| runnable(path))
}

fn root_cause(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}

/// What the kernel says of user namespaces.
#[derive(Default)]
struct Kernel {
    apparmor_restricts: bool,
    switched_off: bool,
}

impl Kernel {
    fn read() -> Self {
        let is = |path: &str, value: &str| {
            std::fs::read_to_string(path).is_ok_and(|text| text.trim() == value)
        };
        Self {
            apparmor_restricts: is(
                "/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
                "1",
            ),
            switched_off: is("/proc/sys/kernel/unprivileged_userns_clone", "0")
                || is("/proc/sys/user/max_user_namespaces", "0"),
        }
    }
}

fn remedy(said: &str, kernel: &Kernel) -> String {
    let remedy = if said.contains("Unknown option") {
        "install bubblewrap 0.8.0 or newer"
    } else if kernel.switched_off {
        "switch user namespaces on: `sudo sysctl -w user.max_user_namespaces=10000 \
         kernel.unprivileged_userns_clone=1` (the second where it exists)"
    } else if kernel.apparmor_restricts {
        "AppArmor keeps user namespaces from bubblewrap: install the profile with \
         `sudo install -m 644 deploy/apparmor/bwrap /etc/apparmor.d/bwrap` and \
         `sudo apparmor_parser -r /etc/apparmor.d/bwrap`"
    } else {
        "allow unprivileged user namespaces; in a container its seccomp profile must allow \
         them and its /proc must not be masked (Docker: `--security-opt seccomp=unconfined \
         --security-opt systempaths=unconfined`)"
    };
    remedy.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_cause_has_its_own_remedy() {
        let open = Kernel::default();
        let apparmor = Kernel {
            apparmor_restricts: true,
            ..Kernel::default()
        };
        let off = Kernel {
            switched_off: true,
            ..Kernel::default()
        };
        let denied = "bwrap: setting up uid map: Permission denied";
        assert!(remedy("bwrap: Unknown option --disable-userns", &open).contains("0.8.0"));
        assert!(remedy(denied, &apparmor).contains("deploy/apparmor/bwrap"));
        assert!(remedy(denied, &off).contains("max_user_namespaces"));
        assert!(remedy(denied, &open).contains("container"));
    }
}
