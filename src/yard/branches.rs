//! The base comes into the head of a pull request: by GitHub's button, or by somebody's own hand.

use serde_json::json;

use super::YardError;
use super::git::Signature;
use super::model::Permission;
use super::people::Actor;
use super::refs::{FileChange, RefChange};
use super::world::World;
use crate::domain::ids::Oid;

/// Who commits what people click together.
const GITHUB: (&str, &str) = ("GitHub", "noreply@github.com");

impl Actor {
    /// Presses "Update branch": a merge of the base into the head, which is GitHub's own commit
    /// and verified. Write or better; the new head.
    ///
    /// # Errors
    /// May not, there is nothing to merge, or the merge has conflicts.
    pub async fn updates_branch(&self, n: i64) -> Result<Oid, YardError> {
        self.does(move |world, repo, me| {
            let at_s = world.clock.now().0.div_euclid(1000);
            let (name, email) = (GITHUB.0.to_owned(), GITHUB.1.to_owned());
            let github = Signature { name, email, at_s };
            let oid = world.merge_base_in(repo, n, me, (&[], &github))?;
            world.repo_mut(repo)?.verified.insert(oid.clone());
            world.move_head(repo, n, me, &oid)
        })
        .await
    }

    /// Merges the base into the head on their own machine, and changes these files while at it: a
    /// merge whose tree is not the one that git would make. Write or better; the new head.
    ///
    /// # Errors
    /// May not, there is nothing to merge, or the merge has conflicts.
    pub async fn merges_base_in(&self, n: i64, files: &[(&str, &str)]) -> Result<Oid, YardError> {
        let file = |(path, content): &(&str, &str)| FileChange {
            path: (*path).to_owned(),
            content: Some(content.as_bytes().to_vec()),
            executable: false,
        };
        let files: Vec<FileChange> = files.iter().map(file).collect();
        self.does(move |world, repo, me| {
            let who = world.signature_of(me);
            let oid = world.merge_base_in(repo, n, me, (&files, &who))?;
            world.move_head(repo, n, me, &oid)
        })
        .await
    }

    /// Gives a pull request another base. Write or better.
    ///
    /// # Errors
    /// May not, or there is no such branch.
    pub async fn retargets(&self, n: i64, base: &str) -> Result<(), YardError> {
        let base = base.to_owned();
        self.does(move |world, repo, me| {
            world.needs(repo, me, Permission::Write)?;
            let tip = world.commit(repo, &base)?;
            let pull = world.thread_mut(repo, n)?.pull.as_mut();
            let pull = pull.ok_or(YardError::NoSuch("pull request"))?;
            let from = std::mem::replace(&mut pull.base, base);
            let sha = std::mem::replace(&mut pull.base_oid, tip);
            pull.mergeable = None;
            let changes = json!({"base": {"ref": {"from": from}, "sha": {"from": sha}}});
            world.tell_thread(repo, n, "edited", me, json!({"changes": changes}))
        })
        .await
    }
}

impl World {
    fn merge_base_in(
        &self,
        repo: i64,
        n: i64,
        actor: &str,
        (files, committer): (&[FileChange], &Signature),
    ) -> Result<String, YardError> {
        self.needs(repo, actor, Permission::Write)?;
        let known = self.repo(repo)?;
        let pull = self.thread(repo, n)?.pull.as_ref();
        let pull = pull.ok_or(YardError::NoSuch("pull request"))?;
        let base = known.tip(&pull.base).ok_or(YardError::NoSuch("branch"))?;
        if pull.fork.is_some() || known.git.is_ancestor(base, &pull.head_oid) {
            return Err(YardError::NoSuch("new commit on the base branch"));
        }
        let parents = [pull.head_oid.clone(), base.to_owned()];
        let message = format!("Merge branch '{}' into {}\n", pull.base, pull.head);
        let who = self.signature_of(actor);
        let clean = self.merge_commit(repo, &parents, &message, (&who, committer))?;
        if files.is_empty() {
            return Ok(clean);
        }
        let edited = self.commit_files(repo, actor, &[clean], files, &message)?;
        let tree = known
            .git
            .text(&["rev-parse", &format!("{edited}^{{tree}}")], b"")?;
        Ok(known
            .git
            .write_commit(&tree, &parents, &message, &who, committer)?)
    }

    fn move_head(&mut self, repo: i64, n: i64, actor: &str, to: &str) -> Result<Oid, YardError> {
        let pull = self.thread(repo, n)?.pull.as_ref();
        let pull = pull.ok_or(YardError::NoSuch("pull request"))?;
        let change = RefChange {
            name: format!("refs/heads/{}", pull.head),
            old: Some(pull.head_oid.clone()),
            new: Some(to.to_owned()),
        };
        self.move_ref(repo, actor, change)?;
        to.parse().map_err(|_| YardError::NoSuch("commit"))
    }
}
