//! A bare repository, through git's plumbing.
//!
//! Synchronous, and knows nothing of GitHub: callers stand on a blocking thread.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What went wrong with git.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// git could not be started or spoken to.
    #[error("running git {command}: {source}")]
    Run {
        /// The subcommand.
        command: String,
        /// Why.
        source: std::io::Error,
    },
    /// git said no.
    #[error("git {command}: {said}")]
    Refused {
        /// The subcommand.
        command: String,
        /// Its standard error.
        said: String,
    },
}

/// A bare repository.
#[derive(Clone, Debug)]
pub(super) struct Git {
    pub(super) dir: PathBuf,
}

/// An entry of a tree to change: `oid: None` takes the path away.
pub(super) struct TreeChange {
    pub(super) path: String,
    pub(super) mode: String,
    pub(super) oid: Option<String>,
}

/// Who and when, as a commit names it.
pub(super) struct Signature {
    pub(super) name: String,
    pub(super) email: String,
    pub(super) at_s: i64,
}

/// An entry of a listed tree.
pub(super) struct Listed {
    pub(super) mode: String,
    pub(super) kind: String,
    pub(super) oid: String,
    pub(super) size: Option<u64>,
    pub(super) path: String,
}

/// git without the surroundings' settings.
pub(super) fn plain_git() -> Command {
    let mut command = Command::new("git");
    for name in [
        "GIT_DIR",
        "GIT_WORK_TREE",
        "GIT_INDEX_FILE",
        "GIT_OBJECT_DIRECTORY",
        "GIT_PREFIX",
    ] {
        command.env_remove(name);
    }
    command
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("LC_ALL", "C");
    command
}

/// Workflow drift (H26), for pushes over HTTP: asks only where the yard names the default branch.
const UPDATE_HOOK: &str = r#"#!/bin/sh
[ -n "$YARD_DEFAULT_REF" ] || exit 0
workflows() { git rev-parse --verify --quiet "$1:.github/workflows"; }
new=$(workflows "$3")
[ "$new" = "$(workflows "$YARD_DEFAULT_REF")" ] && exit 0
case $2 in *[!0]*) [ "$new" = "$(workflows "$2")" ] && exit 0 ;; esac
case $3 in *[!0]*) ;; *) exit 0 ;; esac
echo "refusing to allow a GitHub App to create or update workflow without \`workflows\` permission" >&2
exit 1
"#;

impl Git {
    /// Makes an empty bare repository that may be served over HTTP.
    pub(super) fn create(dir: &Path, default_branch: &str) -> Result<Self, GitError> {
        let git = Self {
            dir: dir.to_path_buf(),
        };
        let mut init = plain_git();
        init.args([
            "init",
            "--quiet",
            "--bare",
            "--template=",
            "--initial-branch",
            default_branch,
        ])
        .arg(dir);
        run("init", init, b"")?;
        let settings = "[http]\n\treceivepack = true\n[uploadpack]\n\tallowFilter = true\n\tallowAnySHA1InWant = true\n[gc]\n\tauto = 0\n[receive]\n\tautogc = false\n";
        let append = || -> std::io::Result<()> {
            let mut file = std::fs::OpenOptions::new()
                .append(true)
                .open(dir.join("config"))?;
            file.write_all(settings.as_bytes())?;
            let hook = dir.join("hooks").join("update");
            std::fs::create_dir_all(dir.join("hooks"))?;
            std::fs::write(&hook, UPDATE_HOOK)?;
            std::fs::set_permissions(&hook, std::fs::Permissions::from_mode(0o755))
        };
        append().map_err(|source| GitError::Run {
            command: "init".to_owned(),
            source,
        })?;
        Ok(git)
    }

    /// Runs a subcommand; standard output, verbatim.
    pub(super) fn bytes(&self, args: &[&str], input: &[u8]) -> Result<Vec<u8>, GitError> {
        let mut command = plain_git();
        command.arg("--git-dir").arg(&self.dir).args(args);
        run(args.first().unwrap_or(&""), command, input)
    }

    /// Runs a subcommand; standard output as text without the last newline.
    pub(super) fn text(&self, args: &[&str], input: &[u8]) -> Result<String, GitError> {
        let out = self.bytes(args, input)?;
        Ok(String::from_utf8_lossy(&out)
            .trim_end_matches('\n')
            .to_owned())
    }

    /// Stores a blob.
    pub(super) fn write_blob(&self, content: &[u8]) -> Result<String, GitError> {
        self.text(&["hash-object", "-w", "--stdin"], content)
    }

    /// A tree: `base` with `changes`.
    pub(super) fn write_tree(
        &self,
        base: Option<&str>,
        changes: &[TreeChange],
    ) -> Result<String, GitError> {
        let index = tempfile::Builder::new()
            .prefix("index")
            .tempdir_in(&self.dir)
            .map_err(|source| GitError::Run {
                command: "write-tree".to_owned(),
                source,
            })?;
        let file = index.path().join("index");
        let with_index = |args: &[&str], input: &[u8]| {
            let mut command = plain_git();
            command
                .env("GIT_INDEX_FILE", &file)
                .arg("--git-dir")
                .arg(&self.dir)
                .args(args);
            run(args.first().unwrap_or(&""), command, input)
        };
        match base {
            Some(base) => with_index(&["read-tree", base], b"")?,
            None => with_index(&["read-tree", "--empty"], b"")?,
        };
        let mut lines = Vec::new();
        for change in changes {
            let zero = "0".repeat(40);
            let (mode, oid) = match &change.oid {
                Some(oid) => (change.mode.as_str(), oid.as_str()),
                None => ("0", zero.as_str()),
            };
            lines.extend_from_slice(format!("{mode} {oid}\t{}\0", change.path).as_bytes());
        }
        with_index(&["update-index", "-z", "--index-info"], &lines)?;
        let tree = with_index(&["write-tree"], b"")?;
        Ok(String::from_utf8_lossy(&tree).trim().to_owned())
    }

    /// Stores a commit.
    pub(super) fn write_commit(
        &self,
        tree: &str,
        parents: &[String],
        message: &str,
        author: &Signature,
        committer: &Signature,
    ) -> Result<String, GitError> {
        let mut command = plain_git();
        command
            .env("GIT_AUTHOR_NAME", &author.name)
            .env("GIT_AUTHOR_EMAIL", &author.email)
            .env("GIT_AUTHOR_DATE", format!("{} +0000", author.at_s))
            .env("GIT_COMMITTER_NAME", &committer.name)
            .env("GIT_COMMITTER_EMAIL", &committer.email)
            .env("GIT_COMMITTER_DATE", format!("{} +0000", committer.at_s));
        command
            .arg("--git-dir")
            .arg(&self.dir)
            .args(["commit-tree", tree]);
        for parent in parents {
            command.args(["-p", parent]);
        }
        let oid = run("commit-tree", command, message.as_bytes())?;
        Ok(String::from_utf8_lossy(&oid).trim().to_owned())
    }

    /// Moves a ref from exactly `old` (`None`: it must not exist) to `new` (`None`: away with it).
    pub(super) fn move_ref(
        &self,
        name: &str,
        old: Option<&str>,
        new: Option<&str>,
    ) -> Result<(), GitError> {
        let zero = "0".repeat(40);
        let (old, new) = (old.unwrap_or(&zero), new.unwrap_or(&zero));
        let line = if new == zero {
            format!("delete {name} {old}\n")
        } else {
            format!("update {name} {new} {old}\n")
        };
        self.bytes(&["update-ref", "--stdin"], line.as_bytes())
            .map(|_| ())
    }

    /// All refs.
    pub(super) fn refs(&self) -> Result<BTreeMap<String, String>, GitError> {
        let listed = self.text(&["for-each-ref", "--format=%(refname) %(objectname)"], b"")?;
        let pair = |line: &str| {
            line.split_once(' ')
                .map(|(name, oid)| (name.to_owned(), oid.to_owned()))
        };
        Ok(listed.lines().filter_map(pair).collect())
    }

    /// The object that `expression` names, where there is one.
    pub(super) fn resolve(&self, expression: &str) -> Option<String> {
        self.text(
            &[
                "rev-parse",
                "--verify",
                "--quiet",
                "--end-of-options",
                expression,
            ],
            b"",
        )
        .ok()
        .filter(|oid| !oid.is_empty())
    }

    /// blob, tree, commit or tag.
    pub(super) fn kind(&self, oid: &str) -> Option<String> {
        self.text(&["cat-file", "-t", oid], b"").ok()
    }

    /// Whether `ancestor` is reachable from `oid`.
    pub(super) fn is_ancestor(&self, ancestor: &str, oid: &str) -> bool {
        self.bytes(&["merge-base", "--is-ancestor", ancestor, oid], b"")
            .is_ok()
    }

    /// The commits of `to` that `from` does not have, oldest first.
    pub(super) fn commits_between(&self, from: Option<&str>, to: &str) -> Vec<String> {
        let range = from.map_or_else(|| to.to_owned(), |from| format!("{from}..{to}"));
        let listed = self
            .text(&["rev-list", "--reverse", "--max-count=250", &range], b"")
            .unwrap_or_default();
        listed.lines().map(str::to_owned).collect()
    }

    /// The entries of a tree, recursively or not.
    pub(super) fn tree(&self, tree: &str, recursive: bool) -> Result<Vec<Listed>, GitError> {
        let mut args = vec!["ls-tree", "-z", "--long"];
        if recursive {
            args.extend(["-r", "-t"]);
        }
        args.push(tree);
        let out = self.bytes(&args, b"")?;
        let listed = |line: &[u8]| {
            let line = String::from_utf8_lossy(line);
            let (head, path) = line.split_once('\t')?;
            let mut parts = head.split_whitespace();
            Some(Listed {
                mode: parts.next()?.to_owned(),
                kind: parts.next()?.to_owned(),
                oid: parts.next()?.to_owned(),
                size: parts.next()?.parse().ok(),
                path: path.to_owned(),
            })
        };
        Ok(out.split(|byte| *byte == 0).filter_map(listed).collect())
    }

    /// What a file holds at a commit.
    pub(super) fn file(&self, commit: &str, path: &str) -> Option<Vec<u8>> {
        self.bytes(&["cat-file", "blob", &format!("{commit}:{path}")], b"")
            .ok()
    }
}

fn run(name: &str, mut command: Command, input: &[u8]) -> Result<Vec<u8>, GitError> {
    let failed = |source| GitError::Run {
        command: name.to_owned(),
        source,
    };
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().map_err(failed)?;
    if let Some(mut stdin) = child.stdin.take() {
        let input = input.to_vec();
        // A thread, so that neither side waits for the other with a full pipe.
        std::thread::spawn(move || stdin.write_all(&input).ok());
    }
    let output = child.wait_with_output().map_err(failed)?;
    if output.status.success() {
        Ok(output.stdout)
    } else {
        Err(GitError::Refused {
            command: name.to_owned(),
            said: String::from_utf8_lossy(&output.stderr).trim().to_owned(),
        })
    }
}
