//! Pull requests from forks, and whether a pull request can be merged.
//!
//! A fork is only the side of a pull request: its commits lie in the base's own objects, below
//! `refs/pull`, as GitHub shows them there. It has no branches and cannot be cloned by name.

use serde_json::{Value, json};

use super::YardError;
use super::beside::{Fork, Mergeability};
use super::git::Signature;
use super::model::{Pull, Repository};
use super::people::Actor;
use super::refs::{FileChange, RefChange};
use super::shapes::node_id;
use super::world::World;

impl Pull {
    /// Who owns the repository of the head.
    pub(super) fn owner<'a>(&'a self, repo: &'a Repository) -> &'a str {
        let fork = self.fork.as_ref();
        fork.map_or(repo.owner.as_str(), |fork| fork.owner.as_str())
    }
}

impl Repository {
    /// Whether a pull request can be merged, if that is known, and GitHub's word for its state.
    pub(super) fn mergeability(&self, pull: &Pull) -> (Option<bool>, &'static str) {
        let base = self.tip(&pull.base);
        let known = pull.mergeable.as_ref();
        match known.filter(|one| one.head == pull.head_oid && Some(one.base.as_str()) == base) {
            None => (None, "unknown"),
            Some(one) if one.merge.is_none() => (Some(false), "dirty"),
            Some(_) if pull.draft => (Some(true), "draft"),
            Some(_) => (Some(true), "clean"),
        }
    }
}

impl Repository {
    /// The merge of head and base that GitHub tried last, if both are still what they were.
    pub(super) fn test_merge<'a>(&'a self, pull: &'a Pull) -> Option<&'a str> {
        let base = self.tip(&pull.base);
        let known = pull.mergeable.as_ref();
        let known =
            known.filter(|one| one.head == pull.head_oid && Some(one.base.as_str()) == base);
        known?.merge.as_deref()
    }
}

impl World {
    /// Tries the merge of an open pull request.
    pub(super) fn try_merge(&mut self, repo: i64, n: i64) -> Result<(), YardError> {
        let known = self.repo(repo)?;
        let thread = self.thread(repo, n)?;
        let Some(pull) = thread.pull.as_ref().filter(|_| thread.open) else {
            return Ok(());
        };
        let Some(base) = known.tip(&pull.base).map(str::to_owned) else {
            return Ok(());
        };
        let head = pull.head_oid.clone();
        if known.mergeability(pull).0.is_some() {
            return Ok(());
        }
        let github = Signature {
            name: "GitHub".to_owned(),
            email: "noreply@github.com".to_owned(),
            at_s: self.clock.now().0.div_euclid(1000),
        };
        let parents = [base.clone(), head.clone()];
        let message = format!("Merge {head} into {base}\n");
        let made = self.merge_commit(repo, &parents, &message, (&github, &github));
        let merge = made.ok();
        let name = format!("refs/pull/{n}/merge");
        let old = known.refs.get(&name).cloned();
        if let Some(new) = merge.clone().filter(|_| merge != old) {
            // Nobody pushed it, so nothing follows from it.
            let known = self.repo_mut(repo)?;
            known.git.move_ref(&name, old.as_deref(), Some(&new))?;
            known.refs.insert(name, new);
        }
        let tried = Mergeability { head, base, merge };
        if let Some(pull) = self.thread_mut(repo, n)?.pull.as_mut() {
            pull.mergeable = Some(tried);
        }
        Ok(())
    }

    /// What differs in the head of a pull request from a fork.
    pub(super) fn show_fork(&self, repo: &Repository, fork: &Fork, branch: &str) -> Value {
        let full = format!("{}/{}", fork.owner, repo.name);
        json!({"label": format!("{}:{branch}", fork.owner), "user": self.show_user(&fork.owner), "repo": {
            "id": fork.repository, "node_id": node_id("R", fork.repository), "full_name": full, "fork": true,
            "owner": self.show_user(&fork.owner), "url": format!("{}/repos/{full}", self.api()),
            "html_url": format!("{}/{full}", self.base_url), "clone_url": format!("{}/{full}.git", self.base_url)}})
    }

    fn commit_to_fork(
        &mut self,
        repo: i64,
        author: &str,
        parent: &str,
        files: &[FileChange],
    ) -> Result<String, YardError> {
        let parents = [parent.to_owned()];
        self.commit_files(repo, author, &parents, files, "Change it\n")
    }

    fn set_pull_ref(&mut self, repo: i64, n: i64, change: RefChange) -> Result<(), YardError> {
        let change = RefChange {
            name: format!("refs/pull/{n}/head"),
            ..change
        };
        self.move_ref(repo, "ghost", change)
    }
}

impl Actor {
    /// Opens a pull request from a fork of their own, with these files changed; its number.
    ///
    /// # Errors
    /// There is no such branch, or git fails.
    pub async fn opens_pull_from_fork(
        &self,
        (branch, base): (&str, &str),
        files: &[(&str, &str)],
        title: &str,
    ) -> Result<i64, YardError> {
        let (branch, base, title) = (branch.to_owned(), base.to_owned(), title.to_owned());
        let files = changes(files);
        self.does(move |world, repo, me| {
            let base_oid = world.commit(repo, &base)?;
            let head_oid = world.commit_to_fork(repo, me, &base_oid, &files)?;
            let fork = Fork {
                owner: me.to_owned(),
                repository: world.next("repository"),
            };
            let pull = Pull {
                id: world.next("pull"),
                head: branch,
                head_oid: head_oid.clone(),
                base,
                base_oid,
                draft: false,
                merged_by: None,
                merge_oid: None,
                fork: Some(fork),
                mergeable: None,
                asked: Default::default(),
            };
            let n = world.open_pull_of(repo, me, pull, (&title, ""))?;
            let change = RefChange {
                name: String::new(),
                old: None,
                new: Some(head_oid),
            };
            world.set_pull_ref(repo, n, change)?;
            Ok(n)
        })
        .await
    }

    /// Pushes another commit to the fork's branch of a pull request. Of that the base hears only
    /// through the pull request.
    ///
    /// # Errors
    /// There is no such pull request, or git fails.
    pub async fn pushes_to_fork(&self, n: i64, files: &[(&str, &str)]) -> Result<(), YardError> {
        let files = changes(files);
        self.does(move |world, repo, me| {
            let pull = world.thread(repo, n)?.pull.as_ref();
            let pull = pull.ok_or(YardError::NoSuch("pull request"))?;
            let old = pull.head_oid.clone();
            let new = world.commit_to_fork(repo, me, &old, &files)?;
            let change = RefChange {
                name: String::new(),
                old: Some(old),
                new: Some(new),
            };
            world.set_pull_ref(repo, n, change.clone())?;
            world.pull_followed(repo, n, me, &change)
        })
        .await
    }
}

fn changes(files: &[(&str, &str)]) -> Vec<FileChange> {
    let change = |(path, content): &(&str, &str)| FileChange {
        path: (*path).to_owned(),
        content: Some(content.as_bytes().to_vec()),
        executable: false,
    };
    files.iter().map(change).collect()
}
