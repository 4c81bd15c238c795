//! What it means that a ref moves: pushes are told, heads of pull requests follow, CI starts.
//!
//! Knows the two rules of GitHub that matter to an App: the exact old id, and workflow drift (H26).

use serde_json::{Value, json};

use super::YardError;
use super::git::{Signature, TreeChange};
use super::model::{Entry, Repository, Violation};
use super::world::World;

/// A ref that moved.
#[derive(Clone, Debug)]
pub(super) struct RefChange {
    pub(super) name: String,
    pub(super) old: Option<String>,
    pub(super) new: Option<String>,
}

/// What GitHub writes where there is no object.
pub(super) const ZERO: &str = "0000000000000000000000000000000000000000";

impl World {
    /// The workflow file that keeps an App without the `workflows` permission from setting a ref to `new`.
    pub(super) fn workflow_drift(
        &self,
        repo: i64,
        new: &str,
        old: Option<&str>,
    ) -> Result<Option<String>, YardError> {
        const FOLDER: &str = ".github/workflows";
        let known = self.repo(repo)?;
        let folder =
            |oid: Option<&str>| oid.and_then(|oid| known.git.resolve(&format!("{oid}:{FOLDER}")));
        let tip = known.tip(&known.default_branch);
        let wanted = folder(Some(new));
        if wanted == folder(tip) || (old.is_some() && wanted == folder(old)) {
            return Ok(None);
        }
        let differs = known.git.text(
            &[
                "diff-tree",
                "-r",
                "--name-only",
                tip.unwrap_or(ZERO),
                new,
                "--",
                FOLDER,
            ],
            b"",
        );
        let first = differs
            .unwrap_or_default()
            .lines()
            .next()
            .map(str::to_owned);
        Ok(Some(first.unwrap_or_else(|| format!("{FOLDER}/?"))))
    }

    /// Moves one ref in git, then in the model.
    pub(super) fn move_ref(
        &mut self,
        repo: i64,
        actor: &str,
        change: RefChange,
    ) -> Result<(), YardError> {
        self.repo(repo)?.git.move_ref(
            &change.name,
            change.old.as_deref(),
            change.new.as_deref(),
        )?;
        self.moved(repo, actor, change)
    }

    /// Gives a branch another name, as a person does on its page: open pull requests into it, its
    /// rules and, where it is that, the default branch go along. GitHub documents no push for it.
    pub(super) fn rename_branch(
        &mut self,
        repo: i64,
        from: &str,
        to: &str,
    ) -> Result<(), YardError> {
        let known = self.repo_mut(repo)?;
        let [old, new] = [from, to].map(|name| format!("refs/heads/{name}"));
        let tip = known.refs.remove(&old);
        let tip = tip.ok_or(YardError::NoSuch("branch"))?;
        known.git.move_ref(&new, None, Some(&tip))?;
        known.git.move_ref(&old, Some(&tip), None)?;
        known.refs.insert(new, tip);
        if known.default_branch == from {
            to.clone_into(&mut known.default_branch);
        }
        if let Some(rules) = known.reports.requirements.remove(from) {
            known.reports.requirements.insert(to.to_owned(), rules);
        }
        for thread in known.threads.values_mut() {
            if let Some(pull) = thread.pull.as_mut().filter(|pull| pull.base == from) {
                to.clone_into(&mut pull.base);
            }
        }
        Ok(())
    }

    /// Finds what a push over HTTP changed, and tells of it.
    pub(super) fn notice_push(&mut self, repo: i64, actor: &str) -> Result<(), YardError> {
        let known = self.repo(repo)?;
        let now = known.git.refs()?;
        let mut changes = Vec::new();
        for (name, oid) in &now {
            let old = known.refs.get(name);
            if old != Some(oid) {
                changes.push(RefChange {
                    name: name.clone(),
                    old: old.cloned(),
                    new: Some(oid.clone()),
                });
            }
        }
        for (name, oid) in known
            .refs
            .iter()
            .filter(|(name, _)| !now.contains_key(*name))
        {
            changes.push(RefChange {
                name: name.clone(),
                old: Some(oid.clone()),
                new: None,
            });
        }
        for change in changes {
            self.moved(repo, actor, change)?;
        }
        Ok(())
    }

    fn moved(&mut self, repo: i64, actor: &str, change: RefChange) -> Result<(), YardError> {
        let now = self.clock.now();
        let bot = self.bot();
        let known = self.repo_mut(repo)?;
        known.pushed_at = now;
        // Whoever may write contents can merge without asking for a merge.
        let merges = actor == bot && change.name == known.default_ref();
        match &change.new {
            Some(oid) => known.refs.insert(change.name.clone(), oid.clone()),
            None => known.refs.remove(&change.name),
        };
        if merges {
            self.violations.push(Violation::Merged(change.name.clone()));
        }
        // Of other refs nobody is told: GitHub's push is for branches and tags.
        if !change.name.starts_with("refs/heads/") && !change.name.starts_with("refs/tags/") {
            return Ok(());
        }
        let what = self.show_push(repo, actor, &change)?;
        self.tell("push", None, repo, actor, what);
        let Some(branch) = change.name.strip_prefix("refs/heads/") else {
            return Ok(());
        };
        for n in self.repo(repo)?.open_pulls_of(branch) {
            self.pull_followed(repo, n, actor, &change)?;
        }
        if let Some(new) = &change.new {
            self.play_branch(repo, branch, new, actor)?;
        }
        self.turn_queues(repo)
    }

    pub(super) fn pull_followed(
        &mut self,
        repo: i64,
        n: i64,
        actor: &str,
        change: &RefChange,
    ) -> Result<(), YardError> {
        let now = self.clock.now();
        let Some(new) = &change.new else {
            self.thread_mut(repo, n)?.story.push(Entry::BranchDeleted {
                actor: actor.to_owned(),
            });
            return self.set_open(repo, n, actor, false);
        };
        let known = self.repo(repo)?;
        let old = change.old.as_deref();
        let forced = old.is_some_and(|old| !known.git.is_ancestor(old, new));
        let oids = known.git.commits_between(old, new);
        let base = self
            .thread(repo, n)?
            .pull
            .as_ref()
            .map(|pull| pull.base.clone())
            .unwrap_or_default();
        let base_oid = self.repo(repo)?.tip(&base).map(str::to_owned);
        let thread = self.thread_mut(repo, n)?;
        thread.updated_at = now;
        thread.story.push(Entry::Pushed {
            actor: actor.to_owned(),
            oids,
            forced,
        });
        if let Some(pull) = thread.pull.as_mut() {
            pull.head_oid.clone_from(new);
            if let Some(base_oid) = base_oid {
                pull.base_oid = base_oid;
            }
        }
        let before = old.unwrap_or(ZERO);
        self.dismiss_stale(repo, n, actor, before)?;
        self.tell_thread(
            repo,
            n,
            "synchronize",
            actor,
            json!({"before": before, "after": new}),
        )?;
        self.ask_owners(repo, n, actor)?;
        self.start_ci(repo, n, actor)
    }

    fn show_push(&self, repo: i64, actor: &str, change: &RefChange) -> Result<Value, YardError> {
        let known = self.repo(repo)?;
        let (old, new) = (change.old.as_deref(), change.new.as_deref());
        let from = old.or_else(|| {
            known
                .tip(&known.default_branch)
                .filter(|tip| Some(*tip) != new)
        });
        let oids = new
            .map(|new| known.git.commits_between(from, new))
            .unwrap_or_default();
        let shown = |oid: &str| self.show_pushed(known, oid);
        let commits: Vec<Value> = oids.iter().map(|oid| shown(oid)).collect();
        let forced =
            matches!((old, new), (Some(old), Some(new)) if !known.git.is_ancestor(old, new));
        Ok(json!({
            "ref": change.name, "before": old.unwrap_or(ZERO), "after": new.unwrap_or(ZERO),
            "created": old.is_none(), "deleted": new.is_none(), "forced": forced, "base_ref": null,
            "compare": format!("{}/{}/compare/{}...{}", self.base_url, known.full_name(), old.unwrap_or(ZERO), new.unwrap_or(ZERO)),
            "head_commit": new.map(shown), "commits": commits,
            "pusher": {"name": actor, "email": format!("{actor}@users.noreply.github.com")},
            "repository": {"created_at": known.created_at.0.div_euclid(1000), "pushed_at": known.pushed_at.0.div_euclid(1000)},
        }))
    }

    /// A commit, as a push shows it.
    pub(super) fn show_pushed(&self, known: &Repository, oid: &str) -> Value {
        let format = "--format=%T%x00%cI%x00%an%x00%ae%x00%cn%x00%ce%x00%B";
        let text = known
            .git
            .text(&["show", "--no-patch", format, oid], b"")
            .unwrap_or_default();
        let part: Vec<&str> = text.splitn(7, '\0').collect();
        let part = |at: usize| part.get(at).copied().unwrap_or_default();
        json!({"id": oid, "tree_id": part(0), "distinct": true, "message": part(6).trim_end(), "timestamp": part(1),
               "url": format!("{}/{}/commit/{oid}", self.base_url, known.full_name()),
               "author": {"name": part(2), "email": part(3)}, "committer": {"name": part(4), "email": part(5)},
               "added": [], "removed": [], "modified": []})
    }

    /// Who a person is, for a commit.
    pub(super) fn signature_of(&self, login: &str) -> Signature {
        let id = self.accounts.get(login).map_or(0, |account| account.id);
        Signature {
            name: login.to_owned(),
            email: format!("{id}+{login}@users.noreply.github.com"),
            at_s: self.clock.now().0.div_euclid(1000),
        }
    }

    /// A commit on top of `parents` with these files (`None`: taken away); its name.
    pub(super) fn commit_files(
        &self,
        repo: i64,
        author: &str,
        parents: &[String],
        files: &[FileChange],
        message: &str,
    ) -> Result<String, YardError> {
        let git = &self.repo(repo)?.git;
        let mut changes = Vec::new();
        for file in files {
            let oid = file
                .content
                .as_deref()
                .map(|content| git.write_blob(content))
                .transpose()?;
            let mode = if file.executable { "100755" } else { "100644" };
            changes.push(TreeChange {
                path: file.path.clone(),
                mode: mode.to_owned(),
                oid,
            });
        }
        let tree = git.write_tree(parents.first().map(String::as_str), &changes)?;
        let who = self.signature_of(author);
        Ok(git.write_commit(&tree, parents, message, &who, &who)?)
    }
}

/// A file as somebody pushes it.
#[derive(Clone, Debug)]
pub(super) struct FileChange {
    pub(super) path: String,
    pub(super) content: Option<Vec<u8>>,
    pub(super) executable: bool,
}
