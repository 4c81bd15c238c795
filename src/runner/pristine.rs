//! The repository as it was fetched: a bare one outside of every sandbox, read by `git`.
//!
//! Git is told nothing by this machine's or the repository's configuration, runs no hook, asks
//! nobody, speaks HTTP only, and never sees a folder that a stranger could write to.

use std::collections::{BTreeMap, HashSet};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use base64::Engine;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use url::Url;

use super::WorkOptions;
use super::failure::Failure;
use crate::domain::change::TreeEntry;
use crate::domain::ids::Oid;
use crate::protocol::brief::Checkout;
use crate::protocol::progress::Phase;
use crate::sandbox::{clean_line, locate};

/// Time for fetching one commit; large repositories take minutes.
const FETCH: Duration = Duration::from_secs(15 * 60);
/// Bytes of one file of the repository: GitHub accepts none above 100 MB.
pub(super) const BLOB_BYTES_MAX: u64 = 128 * 1024 * 1024;

/// What stands before a path that git is asked about.
const DOT: &[u8] = b"./";

/// What git is told in place of all configuration files.
const SETTINGS: [(&str, &str); 13] = [
    ("protocol.allow", "never"),
    ("protocol.http.allow", "always"),
    ("protocol.https.allow", "always"),
    ("core.hooksPath", "/dev/null"),
    ("core.fsmonitor", "false"),
    ("core.attributesFile", "/dev/null"),
    ("core.excludesFile", "/dev/null"),
    ("credential.helper", ""),
    ("submodule.recurse", "false"),
    ("fetch.recurseSubmodules", "false"),
    ("gc.auto", "0"),
    ("maintenance.auto", "false"),
    ("advice.detachedHead", "false"),
];

/// Mode and blob of each file and link, by path.
pub(super) type Files = BTreeMap<Vec<u8>, (&'static str, Oid)>;

/// A bare repository that holds the commits of one attempt.
pub(super) struct Pristine {
    git: PathBuf,
    search: std::ffi::OsString,
    folder: PathBuf,
}

impl Pristine {
    /// Fetches exactly the commits that `checkout` names, without history, submodules and large
    /// files.
    pub(super) async fn fetch(
        options: &WorkOptions,
        checkout: &Checkout,
        folder: PathBuf,
    ) -> Result<Self, Failure> {
        let git = locate("git", &options.search).ok_or_else(|| {
            let remedy = "install git, for example with `sudo apt-get install git`";
            failure("git is not installed on the runner", remedy)
        })?;
        let search = std::env::join_paths(&options.search).map_err(|error| {
            Failure::of_machine(Phase::Checkout, "joining the search path", &error)
        })?;
        let pristine = Self {
            git,
            search,
            folder,
        };
        let format = if checkout.start.as_str().len() == 64 {
            "sha256"
        } else {
            "sha1"
        };
        let mut init = pristine.bare_git();
        init.args(["init", "--quiet", "--bare", "--template="])
            .arg(format!("--object-format={format}"))
            .arg(&pristine.folder);
        pristine.say(init, "making a repository").await?;
        let mut fetch = pristine.git();
        fetch.args([
            "fetch",
            "--quiet",
            "--depth=1",
            "--no-tags",
            "--no-recurse-submodules",
            "--",
        ]);
        fetch.args([checkout.clone_url.as_str(), checkout.start.as_str()]);
        let merge = checkout.merge.iter();
        let mut others: Vec<&Oid> = merge.flat_map(|merge| [&merge.tip, &merge.base]).collect();
        others.push(&checkout.base);
        others.retain(|other| **other != checkout.start);
        others.sort_unstable_by_key(|other| other.as_str());
        others.dedup();
        fetch.args(others.iter().map(|other| other.as_str()));
        authorise(&mut fetch, checkout, options.read_token.as_deref());
        match tokio::time::timeout(FETCH, fetch.output()).await {
            Err(_) => Err(failure(
                format!(
                    "fetching {} took more than {} minutes",
                    checkout.repository,
                    FETCH.as_secs() / 60
                ),
                "look at the network between the runner and GitHub",
            )),
            Ok(Err(error)) => Err(Failure::of_machine(Phase::Checkout, "starting git", &error)),
            Ok(Ok(output)) if !output.status.success() => Err(failure(
                format!(
                    "git could not fetch {} of {}: {}",
                    checkout.start.short(),
                    checkout.repository,
                    words(&output)
                ),
                "see that the commit still exists and that the job may read the repository \
                 (`permissions: contents: read`)",
            )),
            Ok(Ok(_)) => Ok(pristine),
        }
    }

    /// All files, links and submodules of `commit`, in the order of their paths' bytes.
    pub(super) async fn list(&self, commit: &Oid) -> Result<Vec<TreeEntry>, Failure> {
        let mut list = self.git();
        list.args(["ls-tree", "-r", "-z", "--full-tree", commit.as_str()]);
        let output = self.say(list, "listing the tree").await?;
        let mut entries = Vec::new();
        for line in output
            .stdout
            .split(|b| *b == 0)
            .filter(|line| !line.is_empty())
        {
            entries.push(entry(line).ok_or_else(|| {
                let said = String::from_utf8_lossy(line).into_owned();
                failure(
                    format!("git listed a tree in an unknown way: {said}"),
                    "update git",
                )
            })?);
        }
        entries.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(entries)
    }

    /// Which of `paths` (none of them tracked) are ignored by the rules in the folder `rules`.
    pub(super) async fn ignored(
        &self,
        rules: &Path,
        paths: &[Vec<u8>],
    ) -> Result<HashSet<Vec<u8>>, Failure> {
        if paths.is_empty() {
            return Ok(HashSet::new());
        }
        let mut check = self.git();
        check.arg("--work-tree").arg(rules).current_dir(rules);
        check.args(["check-ignore", "--no-index", "-z", "--stdin"]);
        check
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let broken = |error: std::io::Error| {
            Failure::of_machine(Phase::Agent, "asking git which files are ignored", &error)
        };
        let mut child = check.spawn().map_err(broken)?;
        let mut stdin = child.stdin.take();
        // `./` keeps a name such as `:(top)` from being understood.
        let mut input = Vec::new();
        for path in paths {
            input.extend([DOT, path, &[0]].concat());
        }
        let write = async {
            if let Some(stdin) = stdin.as_mut() {
                stdin.write_all(&input).await?;
            }
            drop(stdin.take());
            Ok(())
        };
        let (written, output) = tokio::join!(write, child.wait_with_output());
        written.map_err(broken)?;
        let output = output.map_err(broken)?;
        // 1 means that none is ignored.
        if !matches!(output.status.code(), Some(0 | 1)) {
            let cause = format!("git check-ignore failed: {}", words(&output));
            return Err(Failure::new(
                Phase::Agent,
                cause,
                "see what git says: the disk may be full, or git older than 2.36",
            ));
        }
        let lines = output.stdout.split(|b| *b == 0);
        Ok(lines
            .filter_map(|line| line.strip_prefix(DOT))
            .map(<[u8]>::to_vec)
            .collect())
    }

    /// Starts to read contents.
    pub(super) fn blobs(&self) -> Result<Blobs, Failure> {
        let broken =
            |error: std::io::Error| Failure::of_machine(Phase::Checkout, "starting git", &error);
        let mut batch = self.git();
        batch
            .args(["cat-file", "--batch"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut child = batch.stderr(Stdio::null()).spawn().map_err(broken)?;
        match (child.stdin.take(), child.stdout.take()) {
            (Some(ask), Some(answer)) => Ok(Blobs {
                ask,
                answer: BufReader::new(answer),
                _child: child,
            }),
            _ => Err(broken(std::io::ErrorKind::BrokenPipe.into())),
        }
    }

    /// Git over this repository, not started yet.
    pub(super) fn git(&self) -> Command {
        let mut command = self.bare_git();
        command.arg("--git-dir").arg(&self.folder);
        command
    }

    fn bare_git(&self) -> Command {
        let mut command = Command::new(&self.git);
        command.env_clear().kill_on_drop(true).stdin(Stdio::null());
        command
            .env("PATH", &self.search)
            .env("HOME", "/nonexistent")
            .env("LC_ALL", "C")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_ATTR_NOSYSTEM", "1")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_NO_REPLACE_OBJECTS", "1")
            .env("GIT_CONFIG_COUNT", SETTINGS.len().to_string());
        for (at, (key, value)) in SETTINGS.iter().enumerate() {
            setting(&mut command, at, key, value);
        }
        command
    }

    async fn say(&self, mut command: Command, what: &str) -> Result<Output, Failure> {
        let output = command
            .output()
            .await
            .map_err(|error| Failure::of_machine(Phase::Checkout, what, &error))?;
        if output.status.success() {
            return Ok(output);
        }
        Err(failure(
            format!("{what} failed: {}", words(&output)),
            "see what git says: the disk may be full, or git older than 2.36",
        ))
    }
}

fn setting(command: &mut Command, at: usize, key: impl AsRef<OsStr>, value: impl AsRef<OsStr>) {
    command.env(format!("GIT_CONFIG_KEY_{at}"), key);
    command.env(format!("GIT_CONFIG_VALUE_{at}"), value);
}

/// Gives git the token for the clone's own host, by its environment: arguments can be read by
/// every process of the machine.
fn authorise(fetch: &mut Command, checkout: &Checkout, token: Option<&str>) {
    let (Some(token), Ok(url)) = (token, Url::parse(&checkout.clone_url)) else {
        return;
    };
    let host = url.origin().ascii_serialization();
    let basic = base64::engine::general_purpose::STANDARD.encode(format!("x-access-token:{token}"));
    let at = SETTINGS.len();
    fetch.env("GIT_CONFIG_COUNT", (at + 1).to_string());
    let header = format!("Authorization: Basic {basic}");
    setting(fetch, at, format!("http.{host}/.extraHeader"), header);
}

/// Contents of files, one after another, by one `git cat-file`.
pub(super) struct Blobs {
    ask: ChildStdin,
    answer: BufReader<ChildStdout>,
    _child: Child,
}

impl Blobs {
    /// The content of `blob`.
    pub(super) async fn read(&mut self, blob: &Oid) -> Result<Vec<u8>, Failure> {
        let broken = |error: std::io::Error| {
            Failure::of_machine(Phase::Checkout, "reading a file of the repository", &error)
        };
        self.ask
            .write_all(format!("{blob}\n").as_bytes())
            .await
            .map_err(broken)?;
        self.ask.flush().await.map_err(broken)?;
        let mut line = String::new();
        self.answer.read_line(&mut line).await.map_err(broken)?;
        let size = line
            .strip_prefix(blob.as_str())
            .and_then(|rest| rest.strip_prefix(" blob "));
        let size: u64 = size
            .and_then(|size| size.trim().parse().ok())
            .ok_or_else(|| {
                failure(
                    format!("git has no file {blob} ({})", line.trim()),
                    "start the task again",
                )
            })?;
        if size > BLOB_BYTES_MAX {
            return Err(failure(
                format!("a file of the repository has {size} bytes, more than {BLOB_BYTES_MAX}"),
                "keep such files out of the repository",
            ));
        }
        // One more for the line end that follows.
        let mut content = vec![0; usize::try_from(size).unwrap_or(usize::MAX) + 1];
        self.answer.read_exact(&mut content).await.map_err(broken)?;
        content.pop();
        Ok(content)
    }
}

/// One line of `ls-tree -z`: mode, kind, name, a tab, path.
fn entry(line: &[u8]) -> Option<TreeEntry> {
    let tab = line.iter().position(|b| *b == b'\t')?;
    let (facts, path) = (std::str::from_utf8(&line[..tab]).ok()?, &line[tab + 1..]);
    let mut facts = facts.split(' ');
    let mode = facts.next()?.to_owned();
    let oid = facts.nth(1)?.parse().ok()?;
    Some(TreeEntry {
        path: path.to_vec(),
        mode,
        oid,
    })
}

/// What git complained of.
pub(super) fn words(output: &Output) -> String {
    clean_line(&String::from_utf8_lossy(&output.stderr), 300)
}

fn failure(cause: impl AsRef<str>, remedy: impl AsRef<str>) -> Failure {
    Failure::new(Phase::Checkout, cause, remedy)
}
