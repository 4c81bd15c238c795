//! Repositories come into being, the App is installed, people get their tokens.
//!
//! The part of the people's face that is about the world, not about one of them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::YardError;
use super::git::Git;
use super::model::{AccountKind, Bearer, Installation, Permission, Repository, Token};
use super::people::Repo;
use super::permissions::Grants;
use super::refs::{FileChange, RefChange};
use super::world::World;
use super::yard::Yard;
use crate::domain::ids::Oid;

/// For how long a person's token lives.
const PERSON_TOKEN_LIFE_S: i64 = 365 * 24 * 3600;

/// A file of a new repository: path, content, whether it may be run.
pub type File<'a> = (&'a str, &'a str, bool);

impl Yard {
    /// Makes a public repository with one commit on `main`, and installs the App on it.
    ///
    /// # Errors
    /// git fails.
    pub async fn repository(&self, full: &str, files: &[File<'_>]) -> Result<Repo, YardError> {
        let (owner, name) = full
            .split_once('/')
            .ok_or(YardError::NoSuch("owner/name"))?;
        let (owner, name) = (owner.to_owned(), name.to_owned());
        let files: Vec<FileChange> = files
            .iter()
            .map(|(path, content, executable)| FileChange {
                path: (*path).to_owned(),
                content: Some(content.as_bytes().to_vec()),
                executable: *executable,
            })
            .collect();
        let id = self
            .shared
            .change(move |world| world.create_repository(&owner, &name, &files))
            .await?;
        Ok(Repo {
            yard: self.clone(),
            id,
        })
    }

    /// Where a branch stands; `None` where there is none.
    #[must_use]
    pub fn branch_tip(&self, repo: &str, branch: &str) -> Option<Oid> {
        self.shared
            .look(|world| world.repo_named(repo)?.tip(branch)?.parse().ok())
    }

    /// All refs of a repository that begin with this, by name.
    #[must_use]
    pub fn refs(&self, repo: &str, prefix: &str) -> BTreeMap<String, String> {
        self.shared.look(|world| {
            let refs = world.repo_named(repo).map(|known| known.refs.iter());
            let matching = refs.into_iter().flatten();
            matching
                .filter(|(name, _)| name.starts_with(prefix))
                .map(|(name, oid)| (name.clone(), oid.clone()))
                .collect()
        })
    }

    /// The files of a commit: path, then mode and content.
    ///
    /// # Errors
    /// There is no such repository or commit.
    pub async fn files_at(
        &self,
        repo: &str,
        oid: &Oid,
    ) -> Result<BTreeMap<String, (String, Vec<u8>)>, YardError> {
        let (repo, oid) = (repo.to_owned(), oid.to_string());
        self.shared
            .change(move |world| {
                let known = world
                    .repo_named(&repo)
                    .ok_or(YardError::NoSuch("repository"))?;
                let mut files = BTreeMap::new();
                for one in known
                    .git
                    .tree(&oid, true)?
                    .into_iter()
                    .filter(|one| one.kind == "blob")
                {
                    let content = known.git.bytes(&["cat-file", "blob", &one.oid], b"")?;
                    files.insert(one.path, (one.mode, content));
                }
                Ok(files)
            })
            .await
    }

    /// The commits of a branch that its default branch does not have, newest first: names and messages.
    ///
    /// # Errors
    /// There is no such repository or branch.
    pub async fn commits_of(
        &self,
        repo: &str,
        branch: &str,
    ) -> Result<Vec<(Oid, String)>, YardError> {
        let (repo, branch) = (repo.to_owned(), branch.to_owned());
        self.shared
            .change(move |world| {
                let known = world
                    .repo_named(&repo)
                    .ok_or(YardError::NoSuch("repository"))?;
                let range = format!("{}..refs/heads/{branch}", known.default_ref());
                let told = known
                    .git
                    .text(&["log", "-z", "--format=%H%n%B", &range], b"")?;
                let commit = |one: &str| {
                    let (oid, message) = one.trim_start().split_once('\n')?;
                    Some((oid.parse().ok()?, message.to_owned()))
                };
                Ok(told.split('\0').filter_map(commit).collect())
            })
            .await
    }

    /// The open pull requests of a repository: number and head branch.
    #[must_use]
    pub fn open_pulls(&self, repo: &str) -> Vec<(i64, String)> {
        self.shared.look(|world| {
            let threads = world.repo_named(repo).map(|known| known.threads.values());
            threads
                .into_iter()
                .flatten()
                .filter(|thread| thread.open)
                .filter_map(|thread| Some((thread.number, thread.pull.as_ref()?.head.clone())))
                .collect()
        })
    }

    /// Whether GitHub shows a commit as verified.
    #[must_use]
    pub fn is_verified(&self, oid: &Oid) -> bool {
        self.shared.look(|world| {
            world
                .repos
                .values()
                .any(|repo| repo.verified.contains(oid.as_str()))
        })
    }
}

impl World {
    fn create_repository(
        &mut self,
        owner: &str,
        name: &str,
        files: &[FileChange],
    ) -> Result<i64, YardError> {
        self.account(owner, AccountKind::Organization);
        let (id, now) = (self.next("repository"), self.clock.now());
        let git = Git::create(&self.dir.join(format!("{id}.git")), "main")?;
        let repo = Repository {
            id,
            owner: owner.to_owned(),
            name: name.to_owned(),
            former_names: BTreeSet::new(),
            default_branch: "main".to_owned(),
            private: false,
            archived: false,
            created_at: now,
            pushed_at: now,
            git,
            refs: BTreeMap::new(),
            verified: BTreeSet::new(),
            threads: BTreeMap::new(),
            comments: BTreeMap::new(),
            collaborators: BTreeMap::new(),
            runs: BTreeMap::new(),
            checks: BTreeMap::new(),
            rulesets: BTreeMap::new(),
            actions_approve: false,
            queues: Default::default(),
            reports: Default::default(),
            reviews: Default::default(),
        };
        self.repos.insert(id, repo);
        let oid = self.commit_files(id, owner, &[], files, "Initial commit\n")?;
        self.move_ref(
            id,
            owner,
            RefChange {
                name: "refs/heads/main".to_owned(),
                old: None,
                new: Some(oid),
            },
        )?;
        self.install(id)?;
        Ok(id)
    }

    /// Installs the App on a repository, or adds it to the owner's installation.
    fn install(&mut self, repo: i64) -> Result<(), YardError> {
        let (owner, brief) = (
            self.repo(repo)?.owner.clone(),
            Self::show_repo_briefly(self.repo(repo)?),
        );
        let present = self
            .installations
            .values()
            .find(|one| one.account == owner)
            .map(|one| one.id);
        if let Some(id) = present {
            if let Some(one) = self.installations.get_mut(&id) {
                one.repos.insert(repo);
            }
            let shown = self
                .installations
                .get(&id)
                .map(|one| self.show_installation(one));
            let what = json!({"installation": shown, "repositories_added": [brief], "repositories_removed": []});
            self.tell_installation(
                "installation_repositories",
                Some("added"),
                id,
                None,
                &owner,
                what,
            );
            return Ok(());
        }
        let installation = Installation {
            id: self.next("installation"),
            account: owner.clone(),
            repos: BTreeSet::from([repo]),
            suspended: false,
            permissions: self.manifest.default_permissions.clone(),
            created_at: self.clock.now(),
        };
        let id = installation.id;
        let what =
            json!({"installation": self.show_installation(&installation), "repositories": [brief]});
        self.installations.insert(id, installation);
        self.tell_installation("installation", Some("created"), id, None, &owner, what);
        Ok(())
    }

    pub(super) fn person(
        &mut self,
        repo: i64,
        login: &str,
        permission: Permission,
    ) -> Result<String, YardError> {
        let kind = if login.ends_with("[bot]") {
            AccountKind::Bot
        } else {
            AccountKind::User
        };
        self.account(login, kind);
        self.repo_mut(repo)?
            .collaborators
            .insert(login.to_owned(), permission);
        let text = format!("ghp_{login}_{}", self.secret("person"));
        let token = Token {
            bearer: Bearer::Person(login.to_owned()),
            repos: None,
            permissions: Grants::new(),
            expires_at: self.clock.now().plus_s(PERSON_TOKEN_LIFE_S),
        };
        self.tokens.insert(text.clone(), token);
        Ok(text)
    }

    pub(super) fn needs(&self, repo: i64, login: &str, least: Permission) -> Result<(), YardError> {
        if self.role_in(self.repo(repo)?, login) >= least {
            Ok(())
        } else {
            Err(YardError::NotAllowed(login.to_owned()))
        }
    }
}
