//! Git as a hardened subprocess over bare, blobless mirrors: what a tree holds, whether one
//! commit leads to another. Never checks anything out, never runs a hook, a filter or a
//! helper, reads no configuration but ours. Knows nothing of the store or of GitHub's API.

mod checkout;
mod command;
mod history;
mod merge;
mod objects;

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::Mutex;

use crate::domain::change::TreeEntry;
use crate::domain::ids::{Oid, RepositoryId};
use crate::domain::risk::Lines;
pub use checkout::Checkout;
pub use command::GitError;
use command::{Credentials, Git};
pub use history::Step;
pub use merge::{MERGE_TREE, Merged};
pub use objects::Changed;

/// The mirrors of all repositories, a folder each.
#[derive(Clone, Debug)]
pub struct Mirrors {
    root: PathBuf,
    locks: Arc<Mutex<HashMap<RepositoryId, Arc<Mutex<()>>>>>,
}

/// The mirror of one repository. Holds its lock: one git at a time works on it.
#[derive(Debug)]
pub struct Mirror {
    git: Git,
    /// Over the same objects, but of no promise: what a fetch left out is missing there, where
    /// git would otherwise break off because it may not fetch it.
    held: Git,
    _lock: tokio::sync::OwnedMutexGuard<()>,
}

/// Folder of [`Mirror::held`] within a mirror.
const HELD: &str = "held";

/// Files by which git keeps others out of a mirror.
const LOCKS: [&str; 5] = [
    "HEAD.lock",
    "config.lock",
    "packed-refs.lock",
    "shallow.lock",
    "refs/castellan/base.lock",
];

/// Where a mirror is fetched from.
#[derive(Clone)]
pub struct Remote {
    /// Address without credentials.
    pub url: String,
    /// Installation token that may read the code.
    pub token: String,
}

/// What the fetch of a branch and a commit came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fetched {
    /// Both are there; this is the branch's tip.
    Tip(Oid),
    /// The remote has no such branch.
    NoBranch,
    /// The remote has no such commit any more.
    NoCommit,
}

impl Mirrors {
    /// Mirrors below `root`, which is made when the first is needed.
    #[must_use]
    pub fn new(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
            locks: Arc::default(),
        }
    }

    /// The mirror of a repository, made where it is missing.
    ///
    /// # Errors
    /// The folder cannot be made, or git is not there.
    pub async fn open(&self, repository: RepositoryId) -> Result<Mirror, GitError> {
        let lock = {
            let mut locks = self.locks.lock().await;
            Arc::clone(locks.entry(repository).or_default())
        };
        let guard = lock.lock_owned().await;
        let folder = self.root.join(format!("{repository}.git"));
        let git = Git::new(&folder);
        // Nobody else works here: a lock that lies about is one of a git that was killed.
        for name in LOCKS {
            match tokio::fs::remove_file(folder.join(name)).await {
                Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                    let operation = "clear a mirror's stale lock";
                    return Err(GitError::Start { operation, source });
                }
                _ => {}
            }
        }
        let bare = folder.join(HELD);
        let held = Git::over(&bare, &folder.join("objects"));
        begun(&git, &folder).await?;
        begun(&held, &bare).await?;
        Ok(Mirror {
            git,
            held,
            _lock: guard,
        })
    }
}

/// Makes a repository where there is none.
async fn begun(git: &Git, folder: &Path) -> Result<(), GitError> {
    if folder.join("HEAD").exists() {
        return Ok(());
    }
    let operation = "make a mirror";
    let made = tokio::fs::create_dir_all(folder).await;
    made.map_err(|source| GitError::Start { operation, source })?;
    let arguments = ["init", "--quiet", "--bare", "."];
    git.run(operation, &arguments, None).await.map(drop)
}

impl Mirror {
    /// Fetches `branch` without its files' contents, and commit `also` where it is not there
    /// yet.
    ///
    /// # Errors
    /// The remote did not answer, or refused.
    pub async fn fetch(
        &self,
        remote: &Remote,
        branch: &str,
        also: &Oid,
    ) -> Result<Fetched, GitError> {
        let credentials = Credentials::of_token(&remote.token);
        let refspec = format!("+refs/heads/{branch}:refs/castellan/base");
        let arguments = fetch_arguments(&remote.url, &refspec);
        let fetched = self
            .git
            .run("fetch a branch", &arguments, Some(&credentials))
            .await;
        match fetched {
            Err(GitError::Failed { said, .. }) if said.contains("couldn't find remote ref") => {
                return Ok(Fetched::NoBranch);
            }
            fetched => fetched.map(drop)?,
        }
        if !self.has(also).await? {
            let arguments = fetch_arguments(&remote.url, also.as_str());
            let fetched = self
                .git
                .run("fetch a commit", &arguments, Some(&credentials))
                .await;
            match fetched {
                Err(error) if is_not_there(&error) => return Ok(Fetched::NoCommit),
                fetched => fetched.map(drop)?,
            }
        }
        let tip = self
            .git
            .run("read a branch", &["rev-parse", "refs/castellan/base"], None)
            .await?;
        parse_oid("read a branch", &tip).map(Fetched::Tip)
    }

    /// Whether the mirror holds a commit.
    ///
    /// # Errors
    /// Git did not run.
    pub async fn has(&self, commit: &Oid) -> Result<bool, GitError> {
        let object = format!("{commit}^{{commit}}");
        let arguments = ["cat-file", "-e", object.as_str()];
        match self.git.run("look for a commit", &arguments, None).await {
            Ok(_) => Ok(true),
            Err(GitError::Failed { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Whether `later` is `earlier` or comes after it.
    ///
    /// # Errors
    /// Git did not run, or one of them is not in the mirror.
    pub async fn leads_to(&self, earlier: &Oid, later: &Oid) -> Result<bool, GitError> {
        let arguments = [
            "merge-base",
            "--is-ancestor",
            earlier.as_str(),
            later.as_str(),
        ];
        match self.git.run("compare two commits", &arguments, None).await {
            Ok(_) => Ok(true),
            Err(GitError::Failed { code: Some(1), .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The newest commit from which both come; `None` where they have nothing in common.
    ///
    /// # Errors
    /// Git did not run, or one of them is not in the mirror.
    pub async fn merge_base(&self, one: &Oid, other: &Oid) -> Result<Option<Oid>, GitError> {
        self.git.merge_base(one, other).await
    }

    /// Every path that differs between two commits, without any guess at renames.
    ///
    /// # Errors
    /// Git did not run, or a tree is not in the mirror.
    pub async fn changed(&self, old: &Oid, new: &Oid) -> Result<Vec<Changed>, GitError> {
        self.git.changed(old, new).await
    }

    /// The lines of every path that differs between two commits, whose contents were read before.
    ///
    /// # Errors
    /// Git did not run, or a content is not in the mirror.
    pub async fn lines(&self, old: &Oid, new: &Oid) -> Result<BTreeMap<Vec<u8>, Lines>, GitError> {
        self.git.lines(old, new).await
    }

    /// Every file of a commit's tree, in git's order.
    ///
    /// # Errors
    /// Git did not run, the commit is not in the mirror, or the tree is beyond all bounds.
    pub async fn tree(&self, commit: &Oid) -> Result<Vec<TreeEntry>, GitError> {
        let operation = "list a tree";
        let arguments = ["ls-tree", "-r", "-z", "--full-tree", commit.as_str()];
        let listed = self.git.run(operation, &arguments, None).await?;
        listed
            .split(|byte| *byte == 0)
            .filter(|line| !line.is_empty())
            .map(|line| parse_entry(line).ok_or(GitError::Odd { operation }))
            .collect()
    }

    /// The contents of blobs, fetched where they are not there yet, and `most` bytes of them
    /// together. Those that the remote does not have are left out, and so is what goes beyond.
    ///
    /// # Errors
    /// Git did not run, or the remote did not answer.
    pub async fn contents(
        &self,
        remote: &Remote,
        blobs: &[Oid],
        most: u64,
    ) -> Result<HashMap<Oid, Vec<u8>>, GitError> {
        self.bring(remote, blobs).await?;
        self.held.contents(blobs, most, most).await
    }

    /// Fetches the blobs that are not there yet; those that the remote does not have stay away.
    async fn bring(&self, remote: &Remote, blobs: &[Oid]) -> Result<(), GitError> {
        let sizes = self.held.sizes(blobs).await?;
        let sized = blobs.iter().zip(sizes);
        let missing = sized.filter(|(_, size)| size.is_none());
        let missing: Vec<&str> = missing.map(|(blob, _)| blob.as_str()).collect();
        if !missing.is_empty() {
            let credentials = Credentials::of_token(&remote.token);
            let mut arguments = vec!["fetch", "--quiet", "--no-tags", "--no-write-fetch-head"];
            arguments.extend(["--no-auto-gc", remote.url.as_str()]);
            arguments.extend(missing);
            let fetched = self
                .git
                .run("fetch blobs", &arguments, Some(&credentials))
                .await;
            // Any other trouble passes, and must not make of old words new ones.
            match fetched {
                Err(error) if is_not_there(&error) => {}
                fetched => fetched.map(drop)?,
            }
        }
        Ok(())
    }

    /// The names in the folder `path` of a commit's tree; none where there is no such folder.
    ///
    /// # Errors
    /// Git did not run.
    pub async fn names_in(&self, commit: &Oid, path: &str) -> Result<Vec<Vec<u8>>, GitError> {
        let Some(folder) = self.object_at(commit, path).await? else {
            return Ok(Vec::new());
        };
        let arguments = ["ls-tree", "-z", "--name-only", folder.as_str()];
        let listed = match self.git.run("list a folder", &arguments, None).await {
            // It is a file.
            Err(GitError::Failed { .. }) => return Ok(Vec::new()),
            listed => listed?,
        };
        let names = listed.split(|byte| *byte == 0);
        Ok(names
            .filter(|name| !name.is_empty())
            .map(<[u8]>::to_vec)
            .collect())
    }

    /// The object at `path` in a commit's tree; `None` where there is none.
    ///
    /// # Errors
    /// Git did not run.
    pub async fn object_at(&self, commit: &Oid, path: &str) -> Result<Option<Oid>, GitError> {
        self.git.object_at(commit, path).await
    }
}

/// Whether a remote said that it does not have an object, or shows it to nobody.
fn is_not_there(error: &GitError) -> bool {
    let GitError::Failed { said, .. } = error else {
        return false;
    };
    said.contains("not our ref") || said.contains("unadvertised object")
}

/// Only what is asked for: no tags, no contents of files, nothing kept of the address.
fn fetch_arguments<'a>(url: &'a str, refspec: &'a str) -> [&'a str; 8] {
    [
        "fetch",
        "--quiet",
        "--no-tags",
        "--no-write-fetch-head",
        "--filter=blob:none",
        "--no-auto-gc",
        url,
        refspec,
    ]
}

fn parse_oid(operation: &'static str, output: &[u8]) -> Result<Oid, GitError> {
    std::str::from_utf8(output)
        .ok()
        .and_then(|text| text.trim().parse().ok())
        .ok_or(GitError::Odd { operation })
}

/// `MODE TYPE OID<TAB>PATH`, as `git ls-tree -z` writes it.
fn parse_entry(line: &[u8]) -> Option<TreeEntry> {
    let tab = line.iter().position(|byte| *byte == b'\t')?;
    let (head, path) = line.split_at(tab);
    let mut words = std::str::from_utf8(head).ok()?.split(' ');
    let mode = words.next()?.to_owned();
    let oid = words.nth(1)?.parse().ok()?;
    Some(TreeEntry {
        path: path.get(1..)?.to_vec(),
        mode,
        oid,
    })
}
