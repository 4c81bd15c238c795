//! The red team: a wholly hijacked agent, in the real sandbox, below the real `castellan work`.
//!
//! Its deeds are the programs in `fixtures/redteam`. Canaries lie wherever it must not reach;
//! none may appear in what leaves the job: log, result, progress, packets.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use castellan::domain::ids::Sha256Hex;
use castellan::protocol::result::{Outcome, Returned};
use serde_json::{Value, json};
use tokio::process::{Child, Command};

use crate::runner::case::Case;

mod fill;
mod kernel;
mod look;
mod plant;
mod reach;
mod say;
mod stay;

/// A deed of `fixtures/redteam`, to be run by the agent with these words.
pub(crate) fn deed(name: &str, words: &[&str]) -> Value {
    let program = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures/redteam")
        .join(name);
    let text = std::fs::read_to_string(program).unwrap();
    let (shell, how) = match name.ends_with(".py") {
        true => ("python3", vec!["python3", "-c", &text]),
        false => ("sh", vec!["sh", "-c", &text, "sh"]),
    };
    assert!(
        Path::new("/usr/bin").join(shell).exists(),
        "the tests need {shell}"
    );
    let run = [&how[..], words].concat();
    json!({"run": run})
}

/// A job with something to steal everywhere.
struct Raid {
    case: Case,
    home: tempfile::TempDir,
    scratch: PathBuf,
    ticket: String,
}

/// What came of it.
struct Raided {
    code: Option<i32>,
    /// Standard output and standard error.
    log: String,
    body: Vec<u8>,
    returned: Option<Returned>,
    progress: String,
}

/// The job's own secrets and files, by the variable that holds or names them.
pub(crate) const SECRETS: [&str; 7] = [
    "CASTELLAN_READ_TOKEN",
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
    "ACTIONS_RUNTIME_TOKEN",
    "ACTIONS_CACHE_URL",
    "GITHUB_TOKEN",
    "AWS_SECRET_ACCESS_KEY",
    "DOCKER_AUTH_CONFIG",
];
pub(crate) const JOB_FILES: [&str; 5] = [
    "GITHUB_ENV",
    "GITHUB_PATH",
    "GITHUB_OUTPUT",
    "GITHUB_STEP_SUMMARY",
    "GITHUB_STATE",
];
pub(crate) const HOME_FILES: [&str; 7] = [
    ".docker/config.json",
    ".git-credentials",
    ".ssh/id_ed25519",
    ".config/gh/hosts.yml",
    "work/sample/.git/config",
    "work/_temp/event.json",
    "actions-runner/.credentials",
];

/// A word that stands for one secret, and is like no other.
pub(crate) fn canary(place: &str) -> String {
    let word = Sha256Hex::of(format!("{place} {}", std::process::id()));
    format!("canary{}", &word.as_str()[..32])
}

impl Raid {
    /// The raid of the test `name`, or a loud word that it is left out.
    async fn open(name: &str, deeds: Value) -> Option<Self> {
        let mut case = Case::open(name, deeds).await?;
        case.brief.contract.acceptance.clear();
        let home = home();
        let scratch = home.path().join("scratch");
        let secret = Sha256Hex::of(canary("ticket"));
        let ticket = format!("{}.1.{secret}", crate::runner::stand::task());
        Some(Self {
            case,
            home,
            scratch,
            ticket,
        })
    }

    /// Paths of the machine that hold canaries.
    fn places(&self) -> Vec<PathBuf> {
        let files = HOME_FILES.iter().map(|name| self.home.path().join(name));
        let commands = self.home.path().join("commands");
        files
            .chain(JOB_FILES.iter().map(|name| commands.join(name)))
            .collect()
    }

    fn command(&self) -> Command {
        step(self.home.path(), &self.case.stand.address, &self.ticket, 9)
    }

    fn start(&self) -> Child {
        self.case.book().brief = Some(self.case.brief.clone());
        self.command().spawn().unwrap()
    }

    /// The job from its beginning to its end.
    async fn goes(&self) -> Raided {
        let output = self.start().wait_with_output().await.unwrap();
        let book = self.case.book();
        let body = book
            .results
            .last()
            .map(|body| body.to_vec())
            .unwrap_or_default();
        let both = [&output.stdout[..], &output.stderr[..]].concat();
        Raided {
            code: output.status.code(),
            log: String::from_utf8_lossy(&both).into_owned(),
            returned: serde_json::from_slice(&body).ok(),
            body,
            progress: serde_json::to_string(&book.progress).unwrap(),
        }
    }

    /// Every canary, and what it stands for.
    fn canaries(&self) -> Vec<(String, String)> {
        let places = SECRETS.iter().chain(&JOB_FILES).chain(&HOME_FILES);
        let mut all: Vec<_> = places
            .map(|place| ((*place).to_owned(), canary(place)))
            .collect();
        all.push((
            "the ticket".to_owned(),
            self.ticket.rsplit('.').next().unwrap().to_owned(),
        ));
        let leases = self.case.book().leases.clone();
        assert!(!leases.is_empty());
        for lease in leases {
            all.push((
                "the lease".to_owned(),
                lease.rsplit('.').next().unwrap().to_owned(),
            ));
        }
        all
    }

    /// No canary is in what leaves the job, nor is any of the job's files written to.
    fn leaks_nothing(&self, raided: &Raided) {
        let mut said = vec![
            ("the log", raided.log.clone().into_bytes()),
            ("the result", raided.body.clone()),
            ("the progress", raided.progress.clone().into_bytes()),
        ];
        said.extend(
            raided
                .files()
                .into_iter()
                .map(|(_, content)| ("the change", content)),
        );
        for (place, canary) in self.canaries() {
            let canary = canary.as_bytes();
            for (channel, text) in &said {
                let seen = text.windows(canary.len()).any(|window| window == canary);
                assert!(!seen, "{place} leaves by {channel}");
            }
        }
        for name in JOB_FILES {
            let file = self.home.path().join("commands").join(name);
            let content = std::fs::read_to_string(file).unwrap();
            assert_eq!(content, canary(name), "{name} was written to");
        }
    }
}

impl Raided {
    /// Path and content of the files of the change.
    fn files(&self) -> Vec<(String, Vec<u8>)> {
        match self.returned.as_ref().map(|returned| &returned.outcome) {
            Some(Outcome::Changed { change }) => {
                let files = change.files.iter();
                files
                    .map(|file| (file.path.clone(), file.content.clone()))
                    .collect()
            }
            _ => Vec::new(),
        }
    }

    /// A file of the change as JSON.
    fn json(&self, path: &str) -> Value {
        let files = self.files();
        let file = files.iter().find(|(name, _)| name == path);
        let Some((_, content)) = file else {
            panic!(
                "no {path}: {:?}\n{}",
                self.returned.as_ref().map(|r| &r.outcome),
                self.log
            );
        };
        serde_json::from_slice(content).unwrap()
    }
}

/// `castellan work`, as a step of the job has it, with the home's folder for its files.
pub(crate) fn step(home: &Path, server: &str, ticket: &str, run: i64) -> Command {
    let scratch = home.join("scratch");
    std::fs::create_dir_all(&scratch).unwrap();
    open_to_all(&scratch);
    let mut work = Command::new(env!("CARGO_BIN_EXE_castellan"));
    work.arg("work").env_clear().current_dir(home);
    work.env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .env("HOME", home);
    work.env("CASTELLAN_SERVER", server)
        .env("CASTELLAN_TICKET", ticket);
    work.env("CASTELLAN_SCRATCH", scratch)
        .env("GITHUB_RUN_ID", run.to_string());
    work.env("RUNNER_TEMP", home.join("work/_temp"));
    // So that it is seen that the guards are missed (`tests/guards.sh`).
    if let Some(guard) = std::env::var_os("CASTELLAN_GUARD_OFF") {
        work.env("CASTELLAN_GUARD_OFF", guard);
    }
    for name in SECRETS {
        work.env(name, canary(name));
    }
    for name in JOB_FILES {
        work.env(name, home.join("commands").join(name));
    }
    work.stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    work.kill_on_drop(true);
    work
}

/// A home with something to steal everywhere, closed to nobody: only what the sandbox shows
/// keeps them apart.
pub(crate) fn home() -> tempfile::TempDir {
    let home = tempfile::Builder::new()
        .prefix("castellan-raid-")
        .tempdir_in("/tmp")
        .unwrap();
    open_to_all(home.path());
    for name in HOME_FILES {
        lay(&home.path().join(name), &canary(name));
    }
    for name in JOB_FILES {
        lay(&home.path().join("commands").join(name), &canary(name));
    }
    home
}

fn lay(path: &Path, content: &str) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, content).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o666)).unwrap();
    open_to_all(path.parent().unwrap());
}

fn open_to_all(folder: &Path) {
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o777)).unwrap();
}
